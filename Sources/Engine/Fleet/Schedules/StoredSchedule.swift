// A schedule as its row holds it. The row is the truth about when it fires next; the code that declared it is
// asked only for the input. Policies are columns of their own, in words, so that a person can read the table.

import Durable
import Foundation
import Postgres

/// A schedule of the fleet with where it stands.
public struct StoredSchedule: Sendable {
    /// Where a schedule comes from. The raw values are stored.
    public enum Source: String, Sendable {
        /// From the code; a deployment changes it.
        case declared
        /// From an operator or a program, with an input of its own.
        case byHand = "by_hand"
    }

    /// Who paused it, when and why.
    public struct Pause: Sendable {
        public let at: Date
        public let by: String
        public let reason: String
    }

    public let schedule: Schedule
    public let workflow: WorkflowName
    public let version: Int
    public let queue: String
    public let source: Source
    /// The input of every run; nil where the code computes one for each nominal time.
    public let input: Payload?
    /// The last nominal time that was dealt with.
    public let lastNominal: Date?
    /// The next nominal time; nil where the rule has none any more.
    public let next: Occurrence?
    /// When that fires: its instant and the schedule's part of the jitter.
    public let fireAt: Date?
    public let pause: Pause?
    /// Since when the code declares it no more.
    public let retiredAt: Date?
    let zoneData: String
    let revision: Int64

    public var isActive: Bool { pause == nil && retiredAt == nil }

    /// The columns that `init(row)` reads, in its order.
    static let columns: Query = """
        s.name, s.workflow, s.version, s.tenant, s.queue, s.priority, s.source, s.input, s.rule, s.zone,
        s.gap, s.repeated, s.overlap, s.catch_up, s.jitter_ms, s.last_nominal, s.next_local, s.next_nominal,
        s.fire_at, s.zone_data, s.revision, s.paused_at, s.paused_by, s.paused_reason, s.retired_at
        """
    static let columnCount = 25

    /// Throws `SchedulesError.unreadable` where this process cannot read the row, for instance because it
    /// does not know the zone.
    init(_ row: Row) throws {
        let name = ScheduleName(try row.decode(0, as: String.self))
        do {
            schedule = try Self.schedule(name, row)
        } catch let error as ScheduleError {
            throw SchedulesError.unreadable(name, "\(error)")
        }
        workflow = WorkflowName(rawValue: try row.decode(1, as: String.self))
        version = Int(try row.decode(2, as: Int32.self))
        queue = try row.decode(4, as: String.self)
        source = try Self.word(row, 6, of: name)
        input = try row.decode(7, as: JSONB?.self).map { Payload(json: $0.bytes) }
        lastNominal = try row.decode(15, as: Date?.self)
        next = try Self.occurrence(row)
        fireAt = try row.decode(18, as: Date?.self)
        zoneData = try row.decode(19, as: String.self)
        revision = try row.decode(20, as: Int64.self)
        pause = try row.decode(21, as: Date?.self).map { at in
            Pause(
                at: at, by: try row.decode(22, as: String?.self) ?? "",
                reason: try row.decode(23, as: String?.self) ?? "")
        }
        retiredAt = try row.decode(24, as: Date?.self)
    }

    private static func schedule(_ name: ScheduleName, _ row: Row) throws -> Schedule {
        try Schedule(
            name, ScheduleRule(try row.decode(8, as: String.self)), in: try row.decode(9, as: String.self),
            gap: try word(row, 10, of: name), repeated: try word(row, 11, of: name),
            overlap: try word(row, 12, of: name), catchUp: CatchUpPolicy(try row.decode(13, as: String.self)),
            jitter: .milliseconds(try row.decode(14, as: Int64.self)),
            for: Tenant(try row.decode(3, as: String.self)), priority: Int(try row.decode(5, as: Int16.self)))
    }

    private static func occurrence(_ row: Row) throws -> Occurrence? {
        guard let text = try row.decode(16, as: String?.self), let local = LocalTime(parsing: text),
            let instant = try row.decode(17, as: Date?.self)
        else { return nil }
        return Occurrence(local: local, instant: instant)
    }

    private static func word<Word: RawRepresentable<String>>(_ row: Row, _ column: Int, of name: ScheduleName)
        throws -> Word
    {
        let text = try row.decode(column, as: String.self)
        guard let word = Word(rawValue: text) else {
            throw SchedulesError.unreadable(name, "'\(text)' is not known to this version")
        }
        return word
    }
}

extension StoredSchedule {
    /// The nominal time of an instant of the series, with the local time that it stands for.
    func occurrence(at nominal: Date) -> Occurrence {
        let found = schedule.next(after: nominal.addingTimeInterval(-1))
        if let found, found.instant == nominal { return found }
        return Occurrence(local: schedule.zone.local(of: nominal), instant: nominal)
    }

    /// The input of the run for a nominal time.
    func input(for occurrence: Occurrence, from book: ScheduleBook) throws -> Payload {
        if let input { return input }
        guard let declared = book[schedule.name] else { throw SchedulesError.unknownCode(schedule.name) }
        return try declared.input(occurrence)
    }

    /// The version that its runs start with: that of the code which makes the input.
    func version(from book: ScheduleBook) -> Int {
        source == .declared ? book.workflows[workflow] ?? version : version
    }
}
