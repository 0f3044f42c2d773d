// What SmartBill says about documents, series and taxes.

import Commerce
import VendorHTTP

/// A document by series and number. The number keeps its leading zeros: it is a name, not a quantity.
package struct SmartBillDocument: Sendable, Hashable, Codable, CustomStringConvertible {
    package let series: String
    package let number: String

    package init(series: String, number: String) {
        self.series = series
        self.number = number
    }

    package var description: String { "\(series) \(number)" }
}

/// An invoice or a storno that was issued.
package struct SmartBillIssued: Sendable, Hashable, Codable {
    /// Nil for a draft, which has no number.
    package let document: SmartBillDocument?
    /// A page to pay on, when one was asked for.
    package let url: String?

    init(_ json: JSON, isDraft: Bool) throws(JSONMismatch) {
        url = json["url"].filledText
        if isDraft, json["number"].filledText == nil {
            document = nil
        } else {
            document = SmartBillDocument(
                series: try json.needText("series"), number: try json.needText("number"))
        }
    }
}

/// A series of documents.
package struct SmartBillSeries: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Codable {
        case invoice = "f"
        case proForma = "p"
        case receipt = "c"
    }

    package let name: String
    package let nextNumber: Int
    /// Nil for a kind this version does not know.
    package let kind: Kind?

    init(_ json: JSON) throws(JSONMismatch) {
        name = try json.needText("name")
        nextNumber = try json.need("nextNumber", \.int)
        kind = json["type"].string.flatMap(Kind.init(rawValue:))
    }
}

/// A VAT rate as the account names it. The name and the percentage must be used together.
package struct SmartBillTax: Sendable, Hashable, Codable {
    package let name: String
    /// Plain, such as "21" or "9.5".
    package let percentage: String

    package init(name: String, percentage: String) {
        self.name = name
        self.percentage = percentage
    }

    init(_ json: JSON) throws(JSONMismatch) {
        name = try json.needText("name")
        percentage = Self.plain(try json.needText("percentage"))
    }

    /// 21.0 and 21 are the same rate.
    private static func plain(_ text: String) -> String {
        guard text.contains("."), !text.contains("e"), !text.contains("E") else { return text }
        let trimmed = text.reversed().drop { $0 == "0" }
        return String((trimmed.first == "." ? trimmed.dropFirst() : trimmed[...]).reversed())
    }
}

/// What an invoice amounts to and what of it was paid.
package struct SmartBillPaymentStatus: Sendable, Hashable, Codable {
    package let total: Money
    package let paid: Money
    package let unpaid: Money

    init(_ json: JSON, currency: Currency) throws(JSONMismatch) {
        func amount(_ name: String) throws(JSONMismatch) -> Money {
            try json.need(name) { value in
                value.text.flatMap { text in
                    // A text that is no amount is reported as the missing member.
                    try? Money(text, currency, rounding: .halfUp)
                }
            }
        }
        total = try amount("invoiceTotalAmount")
        paid = try amount("paidAmount")
        unpaid = try amount("unpaidAmount")
    }
}

/// A calendar day in Romania.
package struct SmartBillDate: Sendable, Hashable, Codable, Comparable {
    package let year: Int
    package let month: Int
    package let day: Int

    package init(year: Int, month: Int, day: Int) {
        precondition(
            (1...12).contains(month) && (1...31).contains(day), "a calendar date has a month and a day")
        self.year = year
        self.month = month
        self.day = day
    }

    /// `2026-11-22`
    package var text: String {
        func padded(_ value: Int, _ width: Int) -> String {
            let plain = String(value)
            return String(repeating: "0", count: max(0, width - plain.count)) + plain
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    package static func < (left: SmartBillDate, right: SmartBillDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}
