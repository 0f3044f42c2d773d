// How members that many Stripe objects share are read: amounts, references that may be expanded, instants.

import Commerce
import FoundationEssentials
import VendorHTTP

extension JSON {
    /// An amount in minor units beside the object's own currency code.
    func needMoney(_ name: String) throws(JSONMismatch) -> Money {
        Money(minorUnits: try need(name, \.int64), currency: try needCurrency())
    }

    func money(_ name: String) throws(JSONMismatch) -> Money? {
        self[name].isNull ? nil : try needMoney(name)
    }

    func needCurrency() throws(JSONMismatch) -> Currency {
        try need("currency") { $0.string.flatMap(Currency.init(rawValue:)) }
    }

    /// A reference: the id itself, or the id of the object when it was expanded.
    func reference<Object>(_ name: String) -> StripeID<Object>? {
        (self[name].string ?? self[name]["id"].string).map(StripeID.init(rawValue:))
    }

    func needID<Object>() throws(JSONMismatch) -> StripeID<Object> {
        StripeID(rawValue: try needText("id"))
    }

    func instant(_ name: String) -> Date? {
        self[name].int64.map { Date(timeIntervalSince1970: TimeInterval($0)) }
    }

    func needInstant(_ name: String) throws(JSONMismatch) -> Date {
        Date(timeIntervalSince1970: TimeInterval(try need(name, \.int64)))
    }
}
