/// What happens to a firing while a run of the same schedule is still alive.
public enum OverlapPolicy: String, Sendable, Hashable, Codable, CaseIterable {
    /// It does not start; the firing is recorded as skipped.
    case skip
    /// One waits until the run has ended; further ones are skipped meanwhile.
    case queueOne = "queue_one"
    /// The run is cancelled and the new one starts.
    case cancelOther = "cancel_other"
    /// Both run.
    case allow
}

/// What happens to firings that were due while nobody was there to fire them.
public enum CatchUpPolicy: Sendable, Hashable, CustomStringConvertible {
    /// Whatever is late by more than a minute is skipped.
    case none
    /// Of everything that is owed only the latest is started.
    case latest
    /// All are started, the latest so many at most.
    case all(upTo: Int)

    public static let limit = 500

    /// `none`, `latest` or `all:20`.
    public var description: String {
        switch self {
        case .none: "none"
        case .latest: "latest"
        case .all(let count): "all:\(count)"
        }
    }

    /// Throws `ScheduleError.badPolicy` for any other text.
    public init(_ text: String) throws(ScheduleError) {
        switch text {
        case "none": self = .none
        case "latest": self = .latest
        default:
            guard text.hasPrefix("all:"), let count = Int(text.dropFirst(4)) else {
                throw .badPolicy("catch-up", text: text, mend: "write none, latest, or all:20 for up to 20")
            }
            self = .all(upTo: count)
            try check()
        }
    }

    func check() throws(ScheduleError) {
        guard case .all(let count) = self, !(1...Self.limit).contains(count) else { return }
        throw .badPolicy("catch-up", text: "\(self)", mend: "catch up on 1 to \(Self.limit)")
    }
}

extension CatchUpPolicy: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
