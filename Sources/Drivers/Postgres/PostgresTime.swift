import FoundationEssentials

/// The server counts microseconds since the first moment of the year 2000.
enum PostgresTime {
    static let infinity = Int64.max
    static let minusInfinity = Int64.min

    static func microseconds(of date: Date) -> Int64 {
        if date == .distantFuture { return infinity }
        if date == .distantPast { return minusInfinity }
        let microseconds = ((date.timeIntervalSinceReferenceDate + secondsTo2001) * 1_000_000).rounded()
        guard microseconds.magnitude < Double(Int64.max) else {
            return microseconds < 0 ? minusInfinity : infinity
        }
        return Int64(microseconds)
    }

    static func date(microseconds: Int64) -> Date {
        switch microseconds {
        case infinity: .distantFuture
        case minusInfinity: .distantPast
        default: Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - secondsTo2001)
        }
    }

    static func date(days: Int32) -> Date {
        switch days {
        case .max: .distantFuture
        case .min: .distantPast
        default: Date(timeIntervalSinceReferenceDate: Double(days) * secondsPerDay - secondsTo2001)
        }
    }

    static func microseconds(of duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        precondition(!overflow, "an interval of \(seconds) seconds does not fit")
        return product + attoseconds / 1_000_000_000_000
    }

    static let secondsPerDay = 86_400.0
    /// Foundation counts from 2001, one leap year later.
    private static let secondsTo2001 = 366.0 * 86_400
}
