import Testing

@testable import Commerce

@Suite struct RefundTests {
    /// 15.00 on Pro, processing on the merchant or not.
    static func sale(_ bearer: ProcessingFeeBearer = .platform) -> MarginBreakdown {
        Pricing(terms: Plan.pro.terms.bearing(bearer), rates: .same(.eur))
            .breakdown(gross: .eur(1500), supplier: .eur(1000), markedUpUnits: 1)
    }

    static func whole(_ cause: RefundCause, credit: SupplierCredit? = nil) -> RefundRequest {
        RefundRequest(
            cause: cause, amount: .eur(1500), supplierCost: .eur(1000), markedUpUnits: 1, credit: credit)
    }

    @Test("out of stock after payment: F is 10.95 and the merchant keeps nothing and loses nothing")
    func outOfStock() throws {
        let sale = Self.sale()
        let refund = try RefundComputation(order: sale, markedUpUnits: 1).refund(
            Self.whole(.supplierUnavailable))

        #expect(refund.amount == .eur(1500))
        #expect(refund.feeRefund == .eur(1095))
        #expect(sale.margin + refund.merchantChange == .eur(0))
    }

    @Test("returned and the supplier credits nothing: F is 0.45 and the merchant stands at -10.50")
    func returnedWithoutCredit() throws {
        let sale = Self.sale()
        let refund = try RefundComputation(order: sale, markedUpUnits: 1).refund(Self.whole(.withdrawal))

        #expect(refund.feeRefund == .eur(45))
        #expect(sale.margin + refund.merchantChange == .eur(-1050))
    }

    @Test("the supplier's credit comes later: the rest of the fee follows, the shopper gets nothing more")
    func lateCredit() throws {
        let sale = Self.sale()
        var totals = RefundTotals(.eur)
        let first = try RefundComputation(order: sale, markedUpUnits: 1).refund(Self.whole(.withdrawal))
        totals.add(first)

        let second = try RefundComputation(order: sale, markedUpUnits: 1, earlier: totals)
            .lateCredit(SupplierCredit(cost: .eur(1000), markedUpUnits: 1), cause: .withdrawal)
        totals.add(second)

        #expect(second.amount == .eur(0))
        #expect(second.feeRefund == .eur(1050))
        #expect(sale.margin + first.merchantChange + second.merchantChange == .eur(0))
        #expect(totals.feeRefund == sale.withheld)
    }

    static let table:
        [(
            cause: RefundCause, credited: Bool, commission: Int64, markup: Int64, supplier: Int64,
            processing: Int64
        )] = [
            (.supplierUnavailable, false, 45, 50, 1000, 48),
            (.ownSupplierUnavailable, false, 45, 0, 0, 0),
            (.ownSupplierUnavailable, true, 45, 0, 1000, 0),
            (.withdrawal, false, 45, 0, 0, 0),
            (.withdrawal, true, 45, 50, 1000, 0),
            (.goodwill, false, 45, 0, 0, 0),
            (.goodwill, true, 45, 0, 0, 0),
            (.platformError, false, 45, 50, 1000, 48),
            (.duplicatePayment, false, 45, 50, 1000, 48),
            (.latePaymentNotServed, false, 45, 50, 1000, 48),
        ]

    @Test("each cause gives back what the table says", arguments: table)
    func causes(
        cause: RefundCause, credited: Bool, commission: Int64, markup: Int64, supplier: Int64,
        processing: Int64
    ) throws {
        let credit = credited ? SupplierCredit(cost: .eur(1000), markedUpUnits: 1) : nil
        let refund = try RefundComputation(order: Self.sale(.merchant), markedUpUnits: 1)
            .refund(Self.whole(cause, credit: credit))

        #expect(refund.commission == .eur(commission))
        #expect(refund.markup == .eur(markup))
        #expect(refund.supplier == .eur(supplier))
        #expect(refund.processing == .eur(processing))
    }

    @Test("more than was captured, nothing, another currency and too many units are refused")
    func limits() throws {
        var totals = RefundTotals(.eur)
        totals.add(
            try RefundComputation(order: Self.sale(), markedUpUnits: 1).refund(
                RefundRequest(cause: .goodwill, amount: .eur(1000))))
        let rest = RefundComputation(order: Self.sale(), markedUpUnits: 1, earlier: totals)

        #expect(throws: CommerceError.refundExceedsCaptured(asked: .eur(501), left: .eur(500))) {
            try rest.refund(RefundRequest(cause: .goodwill, amount: .eur(501)))
        }
        #expect(throws: CommerceError.self) {
            try rest.refund(RefundRequest(cause: .goodwill, amount: .eur(0)))
        }
        #expect(throws: CommerceError.self) {
            try rest.refund(RefundRequest(cause: .goodwill, amount: .eur(-5)))
        }
        #expect(throws: CommerceError.self) {
            try rest.refund(RefundRequest(cause: .goodwill, amount: .ron(5)))
        }
        #expect(throws: CommerceError.refundExceedsUnits(asked: 2, left: 1)) {
            try rest.refund(
                RefundRequest(
                    cause: .supplierUnavailable, amount: .eur(5), supplierCost: .eur(0), markedUpUnits: 2))
        }
    }

    @Test("any partition of a full refund returns exactly C, whatever the causes", arguments: seeds)
    func commissionIsExact(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let order = try Sample.soldQuote(&random).total
        var totals = RefundTotals(order.currency)

        while totals.amount < order.gross {
            let computation = RefundComputation(order: order, markedUpUnits: 0, earlier: totals)
            let most = Int(computation.left.minorUnits)
            let amount = random.int(0...5) == 0 ? most : random.int(1...most)
            let cause = RefundCause.allCases.randomElement(using: &random)!
            let request = RefundRequest(
                cause: cause, amount: Money(minorUnits: Int64(amount), currency: order.currency))
            let refund = try computation.refund(request)
            totals.add(refund)

            let expected = order.commission.scaled(
                by: totals.amount.minorUnits, over: order.gross.minorUnits, rounding: .halfUp)
            #expect(totals.commission == expected, "seed \(seed)")
            #expect(!refund.feeRefund.isNegative && totals.feeRefund <= order.withheld, "seed \(seed)")
        }

        #expect(totals.amount == order.gross)
        #expect(totals.commission == order.commission, "seed \(seed)")
    }

    @Test("an order that suppliers cancel unit by unit leaves the merchant at nothing", arguments: seeds)
    func canceledUnitByUnit(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let quote = try Sample.soldQuote(&random)
        let order = quote.total
        var totals = RefundTotals(order.currency)
        var refunded = quote.lines.map { _ in 0 }
        var shippingLeft = quote.shipments.map(\.share)

        while let place = quote.lines.indices.filter({
            refunded[$0] < quote.lines[$0].wish.quantity.rawValue
        })
        .randomElement(using: &random) {
            let line = quote.lines[place]
            let quantity = line.wish.quantity.rawValue
            let part = try LineRefund(
                share: line.share, quantity: quantity, isPlatformCatalogue: line.wish.isPlatformCatalogue,
                refundedBefore: refunded[place], units: random.int(1...(quantity - refunded[place])))
            refunded[place] += part.units
            let request = try RefundRequest(
                cause: .supplierUnavailable, lines: [part], shipments: shippingLeft)
            shippingLeft = []
            guard request.amount.isPositive else {
                // A line given away for nothing leaves nothing to refund.
                continue
            }
            totals.add(
                try RefundComputation(order: order, markedUpUnits: quote.markedUpUnits, earlier: totals)
                    .refund(request))
        }

        #expect(totals.amount == order.gross, "seed \(seed)")
        #expect(totals.commission == order.commission, "seed \(seed)")
        #expect(totals.processing == order.processing, "seed \(seed)")
        if !quote.lines.contains(where: { $0.share.gross.minorUnits < Int64($0.wish.quantity.rawValue) }) {
            #expect(totals.feeRefund == order.withheld, "seed \(seed)")
            #expect(order.margin + totals.feeRefund - totals.amount == .zero(order.currency), "seed \(seed)")
        }
    }

    @Test("a line's units give back its money exactly, and no unit twice")
    func lineUnits() throws {
        let share = MarginBreakdown(
            gross: .eur(1000), supplier: .eur(500), markup: .eur(150), commission: .eur(30),
            processing: .eur(0))
        func take(_ units: Int, after before: Int) throws -> Money {
            try LineRefund(
                share: share, quantity: 3, isPlatformCatalogue: true, refundedBefore: before, units: units
            ).amount
        }

        #expect(try take(1, after: 0) == .eur(333))
        #expect(try take(1, after: 1) == .eur(334))
        #expect(try take(1, after: 2) == .eur(333))
        #expect(try take(3, after: 0) == .eur(1000))
        #expect(throws: CommerceError.refundExceedsUnits(asked: 2, left: 1)) { try take(2, after: 2) }
        #expect(throws: CommerceError.refundExceedsUnits(asked: 1, left: 0)) { try take(1, after: 3) }
        #expect(throws: CommerceError.refundExceedsUnits(asked: 0, left: 3)) { try take(0, after: 0) }
    }

    @Test(
        "a supplier's price rise is absorbed up to the tolerance",
        arguments: [
            (1000, 1000, SupplierVariance.within(saved: .eur(0))), (1000, 900, .within(saved: .eur(100))),
            (1000, 1050, .absorbed(.eur(50))), (1000, 1051, .overrun(absorbed: .eur(50), merchant: .eur(1))),
            (10_000, 10_200, .absorbed(.eur(200))),
            (10_000, 10_201, .overrun(absorbed: .eur(200), merchant: .eur(1))),
        ] as [(Int64, Int64, SupplierVariance)])
    func variance(snapshot: Int64, actual: Int64, expected: SupplierVariance) throws {
        let decision = try VarianceTolerance.standard.decide(snapshot: .eur(snapshot), actual: .eur(actual))

        #expect(decision == expected)
        #expect(decision.mayProceed == (actual - snapshot <= max(50, snapshot / 50)))
    }

    @Test("the tolerance in lei is the euros at the reference rate")
    func varianceInLei() throws {
        let rates = FrozenRates(reference: try ExchangeRate("5", from: .eur, to: .ron))

        #expect(try VarianceTolerance.standard.amount(for: .ron(1000), rates: rates) == .ron(250))
        #expect(throws: CommerceError.self) {
            try VarianceTolerance.standard.amount(for: .ron(1000), rates: .same(.eur))
        }
    }
}
