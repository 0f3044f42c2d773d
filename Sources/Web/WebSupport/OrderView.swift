// What the status page shows of an order: facts only, already limited to what somebody with the link may
// see (a first name and a city, no address, no e-mail), and never a cost.

import Commerce

package struct OrderView: Sendable, Equatable {
    /// Nil while the checkout is being checked and no order exists yet.
    package var number: OrderNumber?
    package var state: State
    package var firstName: String
    package var city: String
    package var lines: [Line]
    package var sums: Sums
    package var refunded: Money
    package var payment: Payment?
    package var parcels: [Parcel] = []
    package var invoiceNumber: String?
    package var returns = OrderReturns()
    package var problems = OrderProblems()

    package enum State: Sendable, Equatable {
        case preparing
        /// No order came of it: a price or stock had changed before anything could be paid.
        case refused
        case placed(PaymentStatus, FulfilmentStatus, isExpired: Bool)
    }

    package struct Line: Sendable, Equatable {
        package var product: ProductID
        package var title: String
        package var quantity: Int
        package var total: Money
        package var canceled = 0
        package var shipped = 0
        package var delivered = 0
    }

    /// The PaymentIntent that can be paid now.
    package struct Payment: Sendable, Equatable {
        package var intent: String
        package var clientSecret: String
        package var amount: Money
    }

    package struct Parcel: Sendable, Equatable {
        package var carrier: String
        package var number: String
        package var address: String?
        package var isDelivered: Bool
    }

    /// The rows of the total.
    package struct Sums: Sendable, Equatable {
        package var goods: Money
        package var discount: Money
        package var shipping: Money
        package var total: Money
        /// What the total was when the shopper last saw it, when it differs.
        package var before: Money?

        package init(goods: Money, discount: Money, shipping: Money, total: Money, before: Money? = nil) {
            self.goods = goods
            self.discount = discount
            self.shipping = shipping
            self.total = total
            self.before = before
        }

        package init(_ quote: Quote, before: Money? = nil) {
            self.init(
                goods: quote.goods, discount: quote.discountTotal, shipping: quote.shipping,
                total: quote.total.gross, before: before)
        }
    }

    /// Changes whenever the page would look different; sent to browsers so that they fetch only then.
    package var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in String(describing: self).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
