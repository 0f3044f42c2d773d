// How a changed specification takes effect: from now on. What was owed under the old one is fired under the
// old one first; the new series begins after both the moment of the change and the last nominal time that was
// dealt with. So a change fires no nominal time again, and leaves none out that either specification names in
// its own time.

import Durable
import Foundation

enum ScheduleChange {
    enum Verdict: Sendable, Equatable {
        case none
        /// Nominal times are owed under the old specification: fire them first.
        case notYet
        case change(next: Occurrence?)
    }

    /// What becomes of `stored` when its specification is to be `new`.
    static func verdict(_ stored: StoredSchedule, _ new: ScheduleSpecification, now: Date) -> Verdict {
        let isSame =
            stored.schedule == new.schedule && stored.workflow == new.workflow
            && stored.version == new.version && stored.queue == new.queue && stored.input == new.input
        if isSame, stored.retiredAt == nil { return .none }
        if stored.isActive, let next = stored.next, next.instant <= now { return .notYet }
        if stored.retiredAt == nil, hasSameSeries(stored.schedule, new.schedule) {
            return .change(next: stored.next)
        }
        return .change(next: new.schedule.next(after: max(now, stored.lastNominal ?? now)))
    }

    private static func hasSameSeries(_ one: Schedule, _ other: Schedule) -> Bool {
        one.rule == other.rule && one.zone == other.zone && one.gap == other.gap
            && one.repeated == other.repeated
    }

    /// The next nominal time under the zone data of this process. The local time that was meant stays; where
    /// the new data put it at or before what was dealt with, the series goes on after that.
    static func reread(_ stored: StoredSchedule) -> Occurrence? {
        guard let next = stored.next else { return nil }
        let last = stored.lastNominal ?? .distantPast
        if let reread = stored.schedule.reread(next), reread.instant > last { return reread }
        return stored.schedule.next(after: Occurrence(local: next.local, instant: last))
    }
}
