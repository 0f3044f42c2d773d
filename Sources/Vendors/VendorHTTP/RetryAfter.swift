// When a vendor says to come back: `Retry-After` in seconds or as a date, or a reset instant in Unix
// seconds. An instant is compared with the `Date` header of the same answer when there is one: then a
// wrong clock on either side does not turn a wait of seconds into hours.

import FoundationEssentials

extension VendorResponse {
    /// No answer parks work for longer than this, whatever it says.
    package static let longestWait: Duration = .seconds(86_400)

    /// The wait asked for by `Retry-After`, in either form.
    package var retryAfter: Duration? {
        guard let value = header("Retry-After") else { return nil }
        if let seconds = Int64(value) { return Self.bounded(.seconds(seconds)) }
        return HTTPDate(value).map { wait(until: $0.secondsSince1970) }
    }

    /// The wait until the instant, in Unix seconds, that the header names.
    package func wait(untilInstantIn name: String) -> Duration? {
        header(name).flatMap(Int64.init).map { wait(until: $0) }
    }

    /// When to come back, on our clock.
    package func instant(after wait: Duration) -> Date {
        receivedAt.addingTimeInterval(TimeInterval(wait.components.seconds))
    }

    private func wait(until instant: Int64) -> Duration {
        let ours = Int64(receivedAt.timeIntervalSince1970)
        let theirs = header("Date").flatMap(HTTPDate.init)?.secondsSince1970
        return Self.bounded(.seconds(instant - (theirs ?? ours)))
    }

    private static func bounded(_ wait: Duration) -> Duration {
        min(max(wait, .zero), longestWait)
    }
}

/// An HTTP date in the one form that is still sent: `Sun, 22 Nov 2026 10:00:05 GMT`.
struct HTTPDate: Sendable, Equatable {
    let secondsSince1970: Int64

    init?(_ text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT",
            let day = Int64(parts[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(parts[2])),
            let year = Int64(parts[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        let days = Self.days(year: year, month: Int64(month + 1), day: day)
        secondsSince1970 = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// Days from 1 January 1970 in the Gregorian calendar, with years that begin in March.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let monthsFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthsFromMarch + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
