import FoundationEssentials

/// A price that stands for fifteen minutes: rates, costs and totals as they were when it was made.
///
/// A later change of plan, price or exchange rate never reaches it, nor the payment that is made from it.
/// It keeps the share of every component per line and per parcel, so that refunding a part later needs no
/// arithmetic on the whole.
package struct Quote: Sendable, Hashable, Codable {
    package static let lifetime: TimeInterval = 15 * 60

    package let id: QuoteID
    package let plan: PlanID
    package let pricing: Pricing
    package let discount: BasisPoints
    package let createdAt: Date
    package let expiresAt: Date
    package let lines: [QuoteLine]
    package let shipments: [QuoteShipment]

    package init(
        id: QuoteID, plan: PlanID, pricing: Pricing, discount: BasisPoints, createdAt: Date, expiresAt: Date,
        lines: [QuoteLine], shipments: [QuoteShipment]
    ) {
        self.id = id
        self.plan = plan
        self.pricing = pricing
        self.discount = discount
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lines = lines
        self.shipments = shipments
    }

    package var currency: Currency { pricing.currency }

    /// G, S, M, C, P, W and N of the order: the sum of its parts.
    package var total: MarginBreakdown {
        (lines.map(\.share) + shipments.map(\.share)).total(currency)
    }

    /// The goods before discounts.
    package var goods: Money { lines.map(\.goods).total(currency) }

    package var discountTotal: Money { lines.map(\.discount).total(currency) }

    /// What the shopper pays for shipping.
    package var shipping: Money { shipments.map(\.share.gross).total(currency) }

    package var unitCount: Int { lines.reduce(0) { $0 + $1.wish.quantity.rawValue } }

    package var markedUpUnits: Int { lines.reduce(0) { $0 + $1.wish.markedUpUnits } }

    /// Whether this may be sold.
    package var decision: SaleDecision { SaleDecision(total) }

    /// A quote is good up to its last instant, exclusive.
    package func isExpired(at now: Date) -> Bool { now >= expiresAt }

    /// Compares what is to be paid with what the shopper saw. A difference in either direction is shown
    /// and confirmed again, never silently charged.
    package func drift(fromSeen seen: Money) -> TotalDrift {
        seen == total.gross ? .none : .changed(old: seen, new: total.gross)
    }

    /// The lines of each supplier order, with S of the group in the store's currency.
    package var supplierGroups: [QuoteGroup] {
        lines.grouped(bySupplier: \.wish.group).map { key, members in
            let shipment = shipments.first { $0.group == key }
            let costs = members.map(\.share.supplier) + (shipment.map { [$0.share.supplier] } ?? [])
            return QuoteGroup(key: key, lines: members, shipment: shipment, supplier: costs.total(currency))
        }
    }
}

/// One product of a quote, with its share of everything.
package struct QuoteLine: Sendable, Hashable, Codable {
    package let wish: DraftLine
    /// Its part of the order's discount.
    package let discount: Money
    package let share: MarginBreakdown

    package init(wish: DraftLine, discount: Money, share: MarginBreakdown) {
        self.wish = wish
        self.discount = discount
        self.share = share
    }

    /// Before the discount.
    package var goods: Money { wish.unitPrice * wish.quantity.rawValue }
}

/// The shipping of one supplier group: what the shopper pays for it and what it costs.
package struct QuoteShipment: Sendable, Hashable, Codable {
    package let group: SupplierGroupKey
    /// In the supplier's currency.
    package let cost: Money
    /// Its gross is the group's part of the shipping the shopper pays.
    package let share: MarginBreakdown

    package init(group: SupplierGroupKey, cost: Money, share: MarginBreakdown) {
        self.group = group
        self.cost = cost
        self.share = share
    }
}

/// What will become one supplier order.
package struct QuoteGroup: Sendable, Hashable {
    package let key: SupplierGroupKey
    package let lines: [QuoteLine]
    package let shipment: QuoteShipment?
    /// S of the group in the store's currency, shipping included.
    package let supplier: Money

    /// What the supplier is expected to charge, in its own currency: the snapshot that a later bill is
    /// held against.
    package var snapshotCost: Money {
        let goods = lines.map { $0.wish.unitCost * $0.wish.quantity.rawValue }
        return (goods + (shipment.map { [$0.cost] } ?? [])).total(lines[0].wish.unitCost.currency)
    }
}

/// Whether the shopper's total moved since they saw it.
package enum TotalDrift: Sendable, Hashable {
    case none
    case changed(old: Money, new: Money)
}
