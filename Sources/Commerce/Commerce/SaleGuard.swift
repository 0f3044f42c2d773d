/// Whether a sale may happen: `N < 0` is refused, `N = 0` is allowed.
///
/// Asked when a product is published, put in a cart, quoted, and once more when the order is confirmed,
/// each time with that moment's costs. The card processor's limits are checked here too: a charge that it
/// would refuse is refused before an order exists.
package enum SaleDecision: Hashable, Sendable {
    case allowed
    case refused(SaleRefusal)

    package init(_ breakdown: MarginBreakdown, limits: ChargeLimits = .stripe) {
        if breakdown.margin.isNegative {
            self = .refused(.marginNegative(breakdown))
        } else if let minimum = limits.minimum(in: breakdown.currency), breakdown.gross < minimum {
            self = .refused(.tooSmallToCharge(total: breakdown.gross, minimum: minimum))
        } else if breakdown.gross > limits.maximum(in: breakdown.currency) {
            self = .refused(
                .tooLargeToCharge(total: breakdown.gross, maximum: limits.maximum(in: breakdown.currency)))
        } else {
            self = .allowed
        }
    }

    package var refusal: SaleRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    package var isAllowed: Bool { refusal == nil }
}

/// Why a sale is refused. What the shopper reads and what the merchant reads are two things: a shopper never
/// learns a cost.
package enum SaleRefusal: Hashable, Sendable {
    case marginNegative(MarginBreakdown)
    case tooSmallToCharge(total: Money, minimum: Money)
    case tooLargeToCharge(total: Money, maximum: Money)

    package var shopperNotice: ShopperNotice {
        switch self {
        case .marginNegative: .temporarilyUnavailable
        case .tooSmallToCharge(_, let minimum): .orderTooSmall(minimum)
        case .tooLargeToCharge(_, let maximum): .orderTooLarge(maximum)
        }
    }

    /// For the merchant's attention item and e-mail.
    package var merchantReason: String {
        switch self {
        case .marginNegative(let sale):
            "this sale would lose \(sale.margin.magnitude): of \(sale.gross) that the shopper pays, "
                + "\(sale.supplier) is supplier cost, \(sale.markup) markup, \(sale.commission) commission, "
                + "\(sale.processing) card processing; raise the price or end the discount"
        case .tooSmallToCharge(let total, let minimum):
            "a total of \(total) is below the smallest card payment, \(minimum)"
        case .tooLargeToCharge(let total, let maximum):
            "a total of \(total) is above the largest card payment, \(maximum)"
        }
    }

    /// The product is taken off sale until someone acts: only when selling it loses money.
    package var pausesProduct: Bool {
        if case .marginNegative = self { true } else { false }
    }
}

/// What a shopper is told. The words in four languages belong to the pages.
package enum ShopperNotice: Hashable, Sendable {
    case temporarilyUnavailable
    case orderTooSmall(Money)
    case orderTooLarge(Money)

    package var english: String {
        switch self {
        case .temporarilyUnavailable: "this item is temporarily unavailable"
        case .orderTooSmall(let minimum): "the smallest order is \(minimum)"
        case .orderTooLarge(let maximum): "the largest order is \(maximum)"
        }
    }
}
