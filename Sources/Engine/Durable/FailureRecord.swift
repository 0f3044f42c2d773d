import FoundationEssentials

/// A failure in a form that can be stored, compared and grouped.
public struct FailureRecord: Codable, Sendable, Hashable {
    /// The error's stable word; see `Classified.code`.
    public let code: String
    public let message: String
    public let step: String?
    /// Who must decide what comes next; nil where nobody needs to.
    public let owner: AttentionOwner?
    /// Groups this failure with others of the same cause.
    public let fingerprint: Fingerprint

    public init(code: String, message: String, step: String? = nil, owner: AttentionOwner? = nil) {
        self.code = code
        self.message = String(message.prefix(Self.messageLimit)).replacing("\0", with: "")
        self.step = step
        self.owner = owner
        fingerprint = Fingerprint(step: step, code: code, message: self.message)
    }

    public init(_ error: any Error, step: StepKey?) {
        switch error {
        case let error as StepFailed where error.failure.step != nil: self = error.failure
        case let error as StepFailed:
            let failure = error.failure
            self.init(
                code: failure.code, message: failure.message, step: step?.description, owner: failure.owner)
        case let error as any Classified:
            self.init(
                code: error.code, message: "\(error)", step: step?.description,
                owner: error.disposition.attentionOwner)
        default:
            self.init(code: "\(type(of: error))", message: "\(error)", step: step?.description)
        }
    }

    /// Records from before there were fingerprints get theirs here.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        code = try container.decode(String.self, forKey: .code)
        message = try container.decode(String.self, forKey: .message)
        step = try container.decodeIfPresent(String.self, forKey: .step)
        owner = try container.decodeIfPresent(AttentionOwner.self, forKey: .owner)
        fingerprint =
            try container.decodeIfPresent(Fingerprint.self, forKey: .fingerprint)
            ?? Fingerprint(step: step, code: code, message: message)
    }

    /// The same failure where nobody, or somebody else, must decide.
    func owned(by owner: AttentionOwner?) -> FailureRecord {
        FailureRecord(code: code, message: message, step: step, owner: owner)
    }

    /// The same failure in other words, such as sealed ones: its code and its fingerprint stay.
    public func saying(_ message: String) -> FailureRecord {
        FailureRecord(code, message, step, owner, fingerprint)
    }

    private init(
        _ code: String, _ message: String, _ step: String?, _ owner: AttentionOwner?,
        _ fingerprint: Fingerprint
    ) {
        self.code = code
        self.message = message
        self.step = step
        self.owner = owner
        self.fingerprint = fingerprint
    }

    private static let messageLimit = 4_000
}
