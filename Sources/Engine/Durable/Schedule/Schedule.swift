// A schedule is a rule read in a zone, with what to do when the clocks change, when a run is still going,
// and when the fleet was not there in time. Its firing instants are the set of instants of its local times:
// two local times that a spring change pushes onto one instant are one firing, and one that autumn repeats
// has one instant. `next` answers the least member of that set after a given one, so the series rises
// strictly, skips nothing and repeats nothing, wherever it is entered.

import Foundation

/// The stored name of a schedule, unique in the fleet.
public struct ScheduleName: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }
    public var description: String { rawValue }
}

/// One nominal time: what the wall clock of the schedule's zone is meant to show, and the instant that is.
public struct Occurrence: Sendable, Hashable, CustomStringConvertible {
    public let local: LocalTime
    public let instant: Date

    public init(local: LocalTime, instant: Date) {
        self.local = local
        self.instant = instant
    }

    public var description: String { "\(local) = \(instant.formatted(.iso8601))" }
}

/// When a workflow is to be started, again and again.
public struct Schedule: Sendable, Hashable, Codable {
    public let name: ScheduleName
    public var rule: ScheduleRule
    public var zone: ScheduleZone
    public var gap: GapRule
    public var repeated: RepeatRule
    public var overlap: OverlapPolicy
    public var catchUp: CatchUpPolicy
    /// Firings are put off by up to this much, always by the same part of it for one schedule, so that many
    /// schedules of one time do not start at once. The nominal time stays what it is.
    public var jitter: Duration
    /// For whom its runs are.
    public var tenant: Tenant
    /// From -100 to 100.
    public var priority: Int

    public static let jitterLimit: Duration = .seconds(86_400)

    /// Throws `ScheduleError` with the part that is wrong and how to mend it.
    public init(
        _ name: ScheduleName, _ rule: ScheduleRule, in zone: String, gap: GapRule = .firstInstantAfter,
        repeated: RepeatRule = .first, overlap: OverlapPolicy = .skip, catchUp: CatchUpPolicy = .latest,
        jitter: Duration = .zero, for tenant: Tenant = .none, priority: Int = 0
    ) throws(ScheduleError) {
        self.name = name
        self.rule = rule
        self.zone = try ScheduleZone(zone)
        self.gap = gap
        self.repeated = repeated
        self.overlap = overlap
        self.catchUp = catchUp
        self.jitter = jitter
        self.tenant = tenant
        self.priority = priority
        try check()
    }

    /// The first nominal time after an instant; nil where there is none any more.
    public func next(after instant: Date) -> Occurrence? {
        next(after: zone.lastLocalSurelyNotAfter(instant), later: instant)
    }

    /// The nominal time after another one, computed from its local time. With the same zone data this is what
    /// the series had anyway; with newer data it neither repeats a local time nor leaves one out.
    public func next(after last: Occurrence) -> Occurrence? { next(after: last.local, later: last.instant) }

    /// The nominal times after `instant` up to `end`, at most `limit`.
    public func occurrences(after instant: Date, through end: Date, limit: Int) -> [Occurrence] {
        var found: [Occurrence] = []
        var turn = next(after: instant)
        while let occurrence = turn, occurrence.instant <= end, found.count < limit {
            found.append(occurrence)
            turn = next(after: occurrence)
        }
        return found
    }

    /// The same local time under the zone data of this process; nil where the rule leaves it out now.
    public func reread(_ occurrence: Occurrence) -> Occurrence? {
        if case .elapsed = rule { return occurrence }
        return zone.instant(of: occurrence.local, gap: gap, repeated: repeated)
            .map { Occurrence(local: occurrence.local, instant: $0) }
    }

    /// How long after its nominal time this schedule fires: a fixed part of its jitter.
    public var spread: Duration {
        let span = UInt64(clamping: jitter.components.seconds) + 1
        return .seconds(Int64(StableHash.of(name.rawValue) % span))
    }

    /// The key under which the run of a nominal time is started, so that it exists once.
    public func key(of nominal: Date) -> String { Self.key(of: nominal, in: name) }

    public static func key(of nominal: Date, in name: ScheduleName) -> String {
        "schedule:\(name):\(nominal.formatted(.iso8601))"
    }

    private func next(after local: LocalTime, later than: Date) -> Occurrence? {
        if case .elapsed(let rule) = rule {
            let instant = rule.next(after: than)
            return Occurrence(local: zone.local(of: instant), instant: instant)
        }
        var last = local
        // Ends: instants rise with local times, but for those that a gap leaves out or pushes together.
        while let candidate = rule.next(after: last) {
            if let instant = zone.instant(of: candidate, gap: gap, repeated: repeated), instant > than {
                return Occurrence(local: candidate, instant: instant)
            }
            last = candidate
        }
        return nil
    }

    private func check() throws(ScheduleError) {
        let text = name.rawValue
        guard !text.isEmpty, text.utf8.count <= 200, !text.contains("\0") else {
            throw .badPolicy("name", text: text, mend: "give it 1 to 200 bytes")
        }
        guard jitter >= .zero, jitter <= Self.jitterLimit else {
            throw .badPolicy("jitter", text: "\(jitter)", mend: "spread over at most a day")
        }
        guard (-100...100).contains(priority) else {
            throw .badPolicy("priority", text: "\(priority)", mend: "priorities go from -100 to 100")
        }
        try catchUp.check()
    }
}

/// FNV-1a, mixed once more so that names which differ in their last letter end far apart. The same text gives
/// the same number for ever, in every process.
enum StableHash {
    static func of(_ text: String) -> UInt64 {
        var hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        return hash ^ (hash >> 31)
    }
}
