internal import Glibc

/// An instant on the monotonic clock, in the unit that `poll` deadlines are computed in.
struct Moment: Sendable, Comparable {
    private(set) var nanoseconds: Int64

    static let distantFuture = Moment(nanoseconds: .max)

    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (one: Moment, other: Moment) -> Bool { one.nanoseconds < other.nanoseconds }

    static func + (moment: Moment, duration: Duration) -> Moment {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .distantFuture }
        let (sum, beyond) = moment.nanoseconds.addingReportingOverflow(product + attoseconds / 1_000_000_000)
        return beyond ? .distantFuture : Moment(nanoseconds: sum)
    }

    /// Milliseconds until then for `poll`, rounded up so that it never returns before the deadline; -1 for
    /// never.
    func pollTimeout(from now: Moment) -> Int32 {
        if self == .distantFuture { return -1 }
        if self <= now { return 0 }
        let milliseconds = (nanoseconds - now.nanoseconds + 999_999) / 1_000_000
        return Int32(clamping: milliseconds)
    }
}
