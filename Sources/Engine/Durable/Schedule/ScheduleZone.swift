// From wall clocks to instants and back. The zone database is asked for nothing but offsets; what a change of
// the clocks means for a schedule is decided here. A local time has one instant, or two (the hour that autumn
// repeats), or none (the hour that spring skips); where the change itself lies is found by halving.

import Foundation

/// What happens to a nominal time that the clocks skip.
public enum GapRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// It fires at the first instant after the gap.
    case firstInstantAfter = "first_instant_after"
    /// It does not fire that day.
    case leaveOut = "leave_out"
}

/// Which of its two instants a nominal time has that the clocks repeat. It fires once in any case.
public enum RepeatRule: String, Sendable, Hashable, Codable, CaseIterable {
    case first, second
}

/// A zone of the time zone database.
public struct ScheduleZone: Sendable, Hashable, CustomStringConvertible {
    public let name: String
    private let zone: TimeZone

    /// Throws `ScheduleError.unknownZone` where the database has no such zone; there is no default.
    public init(_ name: String) throws(ScheduleError) {
        guard let zone = TimeZone(identifier: name) else { throw .unknownZone(name) }
        self.name = name
        self.zone = zone
    }

    public var description: String { name }

    /// The release of the zone data in this process: instants computed with another one may differ.
    public static var dataVersion: String { TimeZone.timeZoneDataVersion }

    /// What the clock on the wall shows at an instant.
    public func local(of instant: Date) -> LocalTime {
        let second = instant.wholeSeconds
        return LocalTime(minutes: (second + offset(at: second)).quotient(60))
    }

    /// The instant of a local time; nil where the clocks skip it and the rule leaves it out.
    public func instant(
        of local: LocalTime, gap: GapRule = .firstInstantAfter, repeated: RepeatRule = .first
    ) -> Date? {
        let wall = local.minutes * 60
        let early = wall - Self.reach
        let late = wall + Self.reach
        let before = offset(at: early)
        let after = offset(at: late)
        if before == after { return Date(wholeSeconds: wall - before) }
        let change = change(from: early, to: late, before: before)
        let isBefore = wall - before < change
        let isAfter = wall - after >= change
        switch (isBefore, isAfter) {
        case (true, true):
            return Date(wholeSeconds: repeated == .first ? wall - before : wall - after)
        case (true, false): return Date(wholeSeconds: wall - before)
        case (false, true): return Date(wholeSeconds: wall - after)
        case (false, false): return gap == .leaveOut ? nil : Date(wholeSeconds: change)
        }
    }

    /// A local time from which on every time is later than `instant`, whatever the clocks do around it, and
    /// the last such.
    func lastLocalSurelyNotAfter(_ instant: Date) -> LocalTime {
        let second = instant.wholeSeconds
        let least = min(offset(at: second), offset(at: second - Self.reach), offset(at: second + Self.reach))
        return LocalTime(minutes: (second + least).quotient(60))
    }

    /// Farther than any offset from UTC, so that a window of twice this around a local time, taken as if it
    /// were UTC, holds its instant. No zone changes twice within such a window.
    private static let reach = 16 * 3_600

    private func offset(at second: Int) -> Int { zone.secondsFromGMT(for: Date(wholeSeconds: second)) }

    /// The first second at which the offset is not `before` any more.
    private func change(from early: Int, to late: Int, before: Int) -> Int {
        var known = early
        var changed = late
        while changed - known > 1 {
            let middle = known + (changed - known) / 2
            if offset(at: middle) == before { known = middle } else { changed = middle }
        }
        return changed
    }
}

extension ScheduleZone: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

extension Date {
    var wholeSeconds: Int { Int(timeIntervalSince1970.rounded(.down)) }
    init(wholeSeconds: Int) { self.init(timeIntervalSince1970: Double(wholeSeconds)) }
}
