import Foundation

// Vendors write the same amount as a number here and as text there. The sandboxes keep hundredths and
// round halves up, in decimal arithmetic throughout.

/// Amounts in hundredths of a currency.
enum SandboxAmount {
    /// The nearest hundredth, halves away from zero.
    static func hundredths(_ amount: Decimal) -> Int64 {
        var scaled = amount * 100
        var rounded = Decimal()
        NSDecimalRound(&rounded, &scaled, 0, .plain)
        return NSDecimalNumber(decimal: rounded).int64Value
    }

    /// An amount that was sent as a number or as text; nil when it is neither.
    static func decimal(_ json: JSON) -> Decimal? {
        json.decimal ?? json.string.flatMap { Decimal(string: $0) }
    }

    static func decimal(_ hundredths: Int64) -> Decimal { Decimal(hundredths) / 100 }

    /// As a JSON number, such as 14.02.
    static func json(_ hundredths: Int64) -> JSON { .decimal(decimal(hundredths)) }

    /// As text with two decimals, such as "10000.00".
    static func text(_ hundredths: Int64) -> String {
        let cents = hundredths.magnitude % 100
        return (hundredths < 0 ? "-" : "") + "\(hundredths.magnitude / 100)." + (cents < 10 ? "0" : "")
            + "\(cents)"
    }
}

extension Date {
    /// `2026-11-22 11:00:00`, in universal time.
    var plainText: String { String(ISO8601Format().prefix(19)).replacing("T", with: " ") }
}
