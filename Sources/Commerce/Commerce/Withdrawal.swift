import FoundationEssentials

/// Why a shopper cannot withdraw from a sale. Raw values are stored.
package enum WithdrawalExclusion: String, Codable, Sendable, Hashable, CaseIterable {
    /// Sealed for hygiene.
    case hygiene
    case perishable
    case customMade = "custom_made"
    case digital
}

/// How long a shopper may withdraw.
///
/// Days are counted as the Union counts them: the day of the arrival is not one of them, the period ends with
/// the end of its last day, and a last day on a weekend moves to the Monday. The end of the day is taken
/// where it comes last in the Union, on the Azores in winter, so no shopper loses an hour. Public holidays
/// differ by country and are not looked up: the merchant may accept a later notice.
package struct WithdrawalPeriod: Sendable, Hashable {
    package static let legalDays = 14
    /// The law's limit for paying back, from the notice on.
    package static let refundDays = 14
    /// A store has at most this long to deliver.
    package static let longestDelivery: TimeInterval = 30 * day

    private static let day: TimeInterval = 86_400
    private static let latestMidnight: TimeInterval = 3_600

    package let days: Int

    /// - Parameter days: what the store grants; the law's days where that is less.
    package init(days: Int?) {
        self.days = max(days ?? Self.legalDays, Self.legalDays)
    }

    /// The first moment at which it is over.
    package func end(afterArrival arrival: Date) -> Date {
        let arrived = ((arrival.timeIntervalSince1970 - Self.latestMidnight) / Self.day).rounded(.down)
        var last = Int(arrived) + days
        // The day 0 was a Thursday.
        switch (last + 4) % 7 {
        case 6: last += 2
        case 0: last += 1
        default: break
        }
        return Date(timeIntervalSince1970: TimeInterval(last + 1) * Self.day + Self.latestMidnight)
    }

    /// When the refund of a notice must have been made.
    package static func refundDue(afterNotice notice: Date) -> Date {
        notice.addingTimeInterval(TimeInterval(refundDays) * day)
    }
}
