/// A calendar month as the platform bills it, such as `2026-11`. Which instants belong to it is decided in
/// Europe/Bucharest, by the database.
package struct BillingMonth: ValidatedText {
    package static var noun: String { "month" }

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package init(year: Int, month: Int) {
        precondition((2000...2999).contains(year) && (1...12).contains(month), "no such month")
        self.init(unchecked: "\(year)-\(month < 10 ? "0" : "")\(month)")
    }

    package static func problem(in text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 4, parts[1].count == 2, let year = Int(parts[0]),
            let month = Int(parts[1]), parts.allSatisfy({ $0.allSatisfy(\.isDigit) }),
            (2000...2999).contains(year), (1...12).contains(month)
        else { return "a year and a month are needed, like 2026-11" }
        return nil
    }

    package var year: Int { Int(rawValue.prefix(4)) ?? 2000 }
    package var month: Int { Int(rawValue.suffix(2)) ?? 1 }

    /// The first day, as databases write it.
    package var firstDay: String { rawValue + "-01" }

    package var next: BillingMonth {
        month == 12 ? BillingMonth(year: year + 1, month: 1) : BillingMonth(year: year, month: month + 1)
    }

    package var previous: BillingMonth {
        month == 1 ? BillingMonth(year: year - 1, month: 12) : BillingMonth(year: year, month: month - 1)
    }

    /// The month that ended last before a day of the given month.
    package static func ended(before year: Int, _ month: Int) -> BillingMonth {
        BillingMonth(year: year, month: month).previous
    }

    /// `November 2026`.
    package var title: String { "\(Self.names[month - 1]) \(rawValue.prefix(4))" }

    private static let names = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]
}
