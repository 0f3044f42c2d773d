/// What a refund costs whom.
///
/// The shopper gets R from the charge, and the whole of R is taken back from the merchant's account
/// (`reverse_transfer`). The application fee is not refunded by the vendor's proportion but by an exact
/// amount F, which depends on the cause. What the merchant is left with moves by `F - R`.
///
/// Proportions are rounded on the running total: after R* in all, `half-up(C x R* / G)` of the commission
/// has been given back, whatever the number and the size of the steps, so that a full refund returns
/// exactly C.
package struct RefundComputation: Sendable, Hashable {
    /// The order as it was paid.
    package let order: MarginBreakdown
    /// Units of the order that bear the platform's markup.
    package let markedUpUnits: Int
    /// What was refunded before, failed refunds left out.
    package let earlier: RefundTotals

    package init(order: MarginBreakdown, markedUpUnits: Int, earlier: RefundTotals? = nil) {
        self.order = order
        self.markedUpUnits = markedUpUnits
        self.earlier = earlier ?? RefundTotals(order.currency)
    }

    /// What can still be refunded to the shopper.
    package var left: Money { order.gross - earlier.amount }

    /// Works out a refund, or refuses it: too much money, too many units, another currency.
    package func refund(_ request: RefundRequest) throws(CommerceError) -> RefundBreakdown {
        _ = try request.amount.required(in: order.currency)
        guard request.amount.isPositive else {
            throw .amountOutOfRange(
                what: "the refund", reason: "\(request.amount) is not an amount to pay back")
        }
        guard request.amount <= left else { throw .refundExceedsCaptured(asked: request.amount, left: left) }
        return try breakdown(request)
    }

    /// The second refund of the fee, when the supplier's credit comes after the shopper was paid: the
    /// shopper gets nothing more, the merchant gets what the supplier gave back and the markup of those
    /// units.
    package func lateCredit(
        _ credit: SupplierCredit, cause: RefundCause
    ) throws(CommerceError) -> RefundBreakdown {
        let nothing = Money.zero(order.currency)
        return try breakdown(
            RefundRequest(
                cause: cause, amount: nothing, supplierCost: nothing, markedUpUnits: 0, credit: credit))
    }

    private func breakdown(_ request: RefundRequest) throws(CommerceError) -> RefundBreakdown {
        let rule = request.cause.rule
        _ = try request.supplierCost.required(in: order.currency)
        _ = try request.credit?.cost.required(in: order.currency)
        let units =
            switch rule.markup {
            case .units: request.markedUpUnits
            case .credited: request.credit?.markedUpUnits ?? 0
            case .nothing, .proRata, .snapshot: 0
            }
        let unitsLeft = markedUpUnits - earlier.markedUpUnits
        guard (0...max(0, unitsLeft)).contains(units) else {
            throw .refundExceedsUnits(asked: units, left: unitsLeft)
        }
        let commission = proRata(order.commission, on: earlier.amount, adding: request.amount)
        return RefundBreakdown(
            cause: request.cause, amount: request.amount,
            commission: min(commission, order.commission - earlier.commission),
            markup: markup(rule.markup, units: units, request),
            supplier: supplier(rule.supplier, request),
            processing: processing(rule.processing, request), markedUpUnits: units)
    }

    private func markup(_ share: RefundRule.Share, units: Int, _ request: RefundRequest) -> Money {
        let left = order.markup - earlier.markup
        if share == .proRata {
            return min(left, proRata(order.markup, on: earlier.undone, adding: request.amount))
        }
        guard units > 0 else { return .zero(order.currency) }
        return min(
            left, order.markup.share(ofPieces: units, after: earlier.markedUpUnits, outOf: markedUpUnits))
    }

    private func supplier(_ share: RefundRule.Share, _ request: RefundRequest) -> Money {
        let left = order.supplier - earlier.supplier
        let wanted =
            switch share {
            case .nothing, .units: Money.zero(order.currency)
            case .proRata: proRata(order.supplier, on: earlier.undone, adding: request.amount)
            case .snapshot: request.supplierCost
            case .credited: request.credit?.cost ?? .zero(order.currency)
            }
        return min(left, wanted)
    }

    private func processing(_ share: RefundRule.Share, _ request: RefundRequest) -> Money {
        guard share == .proRata else { return .zero(order.currency) }
        let wanted = proRata(order.processing, on: earlier.processingBase, adding: request.amount)
        return min(order.processing - earlier.processing, wanted)
    }

    /// `half-up(whole x (before + amount) / G) - half-up(whole x before / G)`
    private func proRata(_ whole: Money, on before: Money, adding amount: Money) -> Money {
        guard order.gross.isPositive else { return .zero(order.currency) }
        let total = order.gross.minorUnits
        return whole.scaled(by: (before + amount).minorUnits, over: total, rounding: .halfUp)
            - whole.scaled(by: before.minorUnits, over: total, rounding: .halfUp)
    }
}

/// What is to be refunded, in the terms of the order.
package struct RefundRequest: Sendable, Hashable, Codable {
    package var cause: RefundCause
    /// R: what the shopper gets back.
    package var amount: Money
    /// The snapshot's S for what is refunded, in the store's currency. Counts when it is not payable any
    /// more.
    package var supplierCost: Money
    /// How many of the refunded units bear the platform's markup.
    package var markedUpUnits: Int
    /// What the supplier has already given back for it.
    package var credit: SupplierCredit?

    package init(
        cause: RefundCause, amount: Money, supplierCost: Money, markedUpUnits: Int,
        credit: SupplierCredit? = nil
    ) {
        self.cause = cause
        self.amount = amount
        self.supplierCost = supplierCost
        self.markedUpUnits = markedUpUnits
        self.credit = credit
    }

    /// A refund of money alone: goodwill, or a payment that is undone.
    package init(cause: RefundCause, amount: Money) {
        self.init(cause: cause, amount: amount, supplierCost: .zero(amount.currency), markedUpUnits: 0)
    }
}

/// What a supplier gave back, in the store's currency.
package struct SupplierCredit: Sendable, Hashable, Codable {
    package var cost: Money
    package var markedUpUnits: Int

    package init(cost: Money, markedUpUnits: Int) {
        self.cost = cost
        self.markedUpUnits = markedUpUnits
    }
}

/// One refund, worked out: R for the shopper, F and its parts for the merchant.
package struct RefundBreakdown: Sendable, Hashable, Codable {
    package let cause: RefundCause
    /// R.
    package let amount: Money
    package let commission: Money
    package let markup: Money
    package let supplier: Money
    package let processing: Money
    package let markedUpUnits: Int

    package init(
        cause: RefundCause, amount: Money, commission: Money, markup: Money, supplier: Money,
        processing: Money,
        markedUpUnits: Int
    ) {
        self.cause = cause
        self.amount = amount
        self.commission = commission
        self.markup = markup
        self.supplier = supplier
        self.processing = processing
        self.markedUpUnits = markedUpUnits
    }

    /// F: what is refunded of the application fee.
    package var feeRefund: Money { commission + markup + supplier + processing }

    /// How the merchant's account moves: `F - R`, negative when the merchant pays.
    package var merchantChange: Money { feeRefund - amount }
}

/// What has been refunded of an order so far: the running totals that rounding needs.
package struct RefundTotals: Sendable, Hashable, Codable {
    package private(set) var amount: Money
    package private(set) var commission: Money
    package private(set) var markup: Money
    package private(set) var supplier: Money
    package private(set) var processing: Money
    package private(set) var markedUpUnits: Int
    /// The part of `amount` whose cause gives processing back.
    package private(set) var processingBase: Money
    /// The part of `amount` whose cause undoes the payment.
    package private(set) var undone: Money

    package init(_ currency: Currency) {
        let nothing = Money.zero(currency)
        (amount, commission, markup, supplier) = (nothing, nothing, nothing, nothing)
        (processing, processingBase, undone) = (nothing, nothing, nothing)
        markedUpUnits = 0
    }

    /// The totals of the refunds that stand: those that failed are left out.
    package init(_ refunds: some Sequence<RefundBreakdown>, _ currency: Currency) {
        self.init(currency)
        for refund in refunds { add(refund) }
    }

    package mutating func add(_ refund: RefundBreakdown) {
        amount += refund.amount
        commission += refund.commission
        markup += refund.markup
        supplier += refund.supplier
        processing += refund.processing
        markedUpUnits += refund.markedUpUnits
        if refund.cause.rule.processing == .proRata { processingBase += refund.amount }
        if refund.cause.undoesThePayment { undone += refund.amount }
    }

    /// F in all.
    package var feeRefund: Money { commission + markup + supplier + processing }
}
