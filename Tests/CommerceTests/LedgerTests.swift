import FoundationEssentials
import Testing

@testable import Commerce

@Suite struct LedgerTests {
    let store = TenantID()
    let order = OrderID()
    let supplier = SupplierID()

    @Test("an account's text form is exact and is read back")
    func accountForms() throws {
        let id = "0198f3a0-0000-7000-8000-000000000001"
        let forms: [(LedgerAccount, String)] = [
            (.stripePlatform, "stripe:platform"),
            (.stripeConnected(try TenantID(parsing: id)), "stripe:connected:\(id)"),
            (.merchantFunds(try TenantID(parsing: id)), "merchant_funds:\(id)"),
            (.supplierPayable(try SupplierID(parsing: id)), "supplier_payable:\(id)"),
            (.supplierWallet(try SupplierID(parsing: id)), "supplier_wallet:\(id)"),
            (.merchantReceivable(try TenantID(parsing: id)), "merchant_receivable:\(id)"),
            (.revenue(.commission), "revenue:commission"), (.revenue(.subscription), "revenue:subscription"),
            (.expense(.stripeFees), "expense:stripe_fees"),
            (.expense(.supplierVariance), "expense:supplier_variance"),
            (.expense(.disputeLoss), "expense:dispute_loss"), (.expense(.goodwill), "expense:goodwill"),
            (.vatPayable(.romania), "vat_payable:RO"),
            (.affiliatePayable(try AffiliateID(parsing: id)), "affiliate_payable:\(id)"),
            (.clearing(.exchange), "clearing:exchange"),
        ]

        for (account, text) in forms {
            #expect(account.rawValue == text)
            #expect(LedgerAccount(rawValue: text) == account)
        }
        for text in [
            "", "stripe", "stripe:", "revenue:luck", "vat_payable:Romania", "supplier_payable:7", "x:y",
        ] {
            #expect(LedgerAccount(rawValue: text) == nil)
        }
    }

    @Test("a transaction that does not balance in each currency cannot be made")
    func balances() throws {
        let source = LedgerSource(.payment, "1", .captured)

        #expect(throws: CommerceError.unbalanced(currency: .eur, excessMinorUnits: 1)) {
            try LedgerTransaction(
                source, at: Sample.now,
                [Posting(.stripePlatform, .eur(5)), Posting(.clearing(.bank), .eur(-4))])
        }
        #expect(throws: CommerceError.unbalanced(currency: .eur, excessMinorUnits: 5)) {
            try LedgerTransaction(
                source, at: Sample.now,
                [Posting(.stripePlatform, .eur(5)), Posting(.clearing(.bank), .ron(-5))])
        }
        #expect(throws: CommerceError.emptyTransaction) {
            try LedgerTransaction(
                source, at: Sample.now,
                [Posting(.stripePlatform, .eur(5)), Posting(.stripePlatform, .eur(-5))])
        }
    }

    @Test("a captured payment gives the store N, the platform W, and owes the supplier S")
    func captured() throws {
        let sale = RefundTests.sale(.merchant)
        let posted = try LedgerTransaction.paymentCaptured(
            PaymentID(), order: order, store: store, sale: sale, suppliers: [supplier: .eur(1000)],
            at: Sample.now)

        #expect(posted.change(of: .stripePlatform, in: .eur) == .eur(1143))
        #expect(posted.change(of: .stripeConnected(store), in: .eur) == .eur(357))
        #expect(posted.change(of: .supplierPayable(supplier), in: .eur) == .eur(-1000))
        #expect(posted.change(of: .revenue(.commission), in: .eur) == .eur(-45))
        #expect(posted.change(of: .revenue(.markup), in: .eur) == .eur(-50))
        #expect(posted.change(of: .revenue(.processing), in: .eur) == .eur(-48))
        #expect(throws: CommerceError.self) {
            try LedgerTransaction.paymentCaptured(
                PaymentID(), order: order, store: store, sale: sale, suppliers: [supplier: .eur(999)],
                at: Sample.now)
        }
    }

    @Test("out of stock: after the refund nobody has or owes anything")
    func refundedInFull() throws {
        let sale = RefundTests.sale()
        let refund = try RefundComputation(order: sale, markedUpUnits: 1)
            .refund(RefundTests.whole(.supplierUnavailable))
        var balances = LedgerBalances()

        balances.post(
            try .paymentCaptured(
                PaymentID(), order: order, store: store, sale: sale, suppliers: [supplier: .eur(1000)],
                at: Sample.now))
        balances.post(
            try .refunded(
                RefundID(), order: order, store: store, refund, suppliers: [supplier: .eur(1000)],
                at: Sample.now))

        for account in balances.amounts.keys { #expect(balances.balance(of: account, in: .eur) == .eur(0)) }
        #expect(balances.isBalanced)
    }

    @Test("platform error after the supplier was paid: the supplier's part is the platform's loss")
    func platformErrorAfterPaying() throws {
        let sale = RefundTests.sale()
        let refund = try RefundComputation(order: sale, markedUpUnits: 1).refund(
            RefundTests.whole(.platformError))

        let posted = try LedgerTransaction.refunded(
            RefundID(), order: order, store: store, refund, suppliers: [:], at: Sample.now)

        #expect(posted.change(of: .expense(.goodwill), in: .eur) == .eur(1000))
        #expect(posted.change(of: .stripePlatform, in: .eur) == .eur(-1095))
        #expect(throws: CommerceError.self) {
            try LedgerTransaction.refunded(
                RefundID(), order: order, store: store, refund, suppliers: [supplier: .eur(1001)],
                at: Sample.now)
        }
    }

    @Test("a supplier paid in its own currency leaves both currencies balanced")
    func supplierPaidAcrossCurrencies() throws {
        let bill = SupplierBill(
            supplier: supplier, withheld: .ron(5076), snapshot: .eur(1000), charged: .eur(1070),
            merchantPart: .eur(20))
        let posted = try LedgerTransaction.supplierOrderPaid(
            SupplierOrderID(), order: order, store: store, bill, at: Sample.now)

        #expect(posted.change(of: .supplierPayable(supplier), in: .ron) == .ron(5076))
        #expect(posted.change(of: .clearing(.exchange), in: .ron) == .ron(-5076))
        #expect(posted.change(of: .clearing(.exchange), in: .eur) == .eur(1000))
        #expect(posted.change(of: .supplierWallet(supplier), in: .eur) == .eur(-1070))
        #expect(posted.change(of: .expense(.supplierVariance), in: .eur) == .eur(50))
        #expect(posted.change(of: .merchantReceivable(store), in: .eur) == .eur(20))
    }

    @Test("a supplier that charges less leaves a credit on the variance")
    func supplierCheaper() throws {
        let bill = SupplierBill(
            supplier: supplier, withheld: .eur(1000), snapshot: .eur(1000), charged: .eur(940))
        let posted = try LedgerTransaction.supplierOrderPaid(
            SupplierOrderID(), order: order, store: store, bill, at: Sample.now)

        #expect(posted.change(of: .expense(.supplierVariance), in: .eur) == .eur(-60))
        #expect(posted.postings.count == 3)
    }

    @Test("a return credited later ends with the supplier's account even")
    func creditedReturn() throws {
        let sale = RefundTests.sale()
        let first = try RefundComputation(order: sale, markedUpUnits: 1).refund(
            RefundTests.whole(.withdrawal))
        let second = try RefundComputation(
            order: sale, markedUpUnits: 1, earlier: RefundTotals([first], .eur)
        )
        .lateCredit(SupplierCredit(cost: .eur(1000), markedUpUnits: 1), cause: .withdrawal)
        let refund = RefundID()
        let bill = SupplierBill(
            supplier: supplier, withheld: .eur(1000), snapshot: .eur(1000), charged: .eur(1000))
        let story: [LedgerTransaction] = [
            try .walletToppedUp("1", supplier: supplier, amount: .eur(1000), at: Sample.now),
            try .paymentCaptured(
                PaymentID(), order: order, store: store, sale: sale, suppliers: [supplier: .eur(1000)],
                at: Sample.now),
            try .supplierOrderPaid(SupplierOrderID(), order: order, store: store, bill, at: Sample.now),
            try .refunded(refund, order: order, store: store, first, suppliers: [:], at: Sample.now),
            try .supplierCredited(
                "credit-1", supplier: supplier, order: order, credit: .eur(1000), worth: .eur(1000),
                at: Sample.now),
            try .feeReturned(
                refund, order: order, store: store, second, suppliers: [supplier: .eur(1000)], at: Sample.now
            ),
        ]
        var random = SeededRandom(21)

        for _ in 0..<10 {
            var balances = LedgerBalances()
            for transaction in (story + story).shuffled(using: &random) { balances.post(transaction) }

            #expect(balances.balance(of: .supplierPayable(supplier), in: .eur) == .eur(0))
            #expect(balances.balance(of: .stripeConnected(store), in: .eur) == .eur(0))
            #expect(balances.balance(of: .supplierWallet(supplier), in: .eur) == .eur(1000))
            #expect(balances.balance(of: .revenue(.markup), in: .eur) == .eur(0))
            #expect(balances.isBalanced)
        }
    }

    @Test("disputes, failed refunds and goodwill clear")
    func clearing() throws {
        var balances = LedgerBalances()
        let refund = RefundID()
        balances.post(
            try .disputeOpened("dp_1", order: order, amount: .eur(1500), fee: .eur(2000), at: Sample.now))
        balances.post(
            try .disputeRecovered("dp_1", order: order, store: store, amount: .eur(405), at: Sample.now))
        balances.post(try .disputeLost("dp_1", order: order, loss: .eur(1095), at: Sample.now))
        balances.post(
            try .disputeOpened("dp_2", order: order, amount: .eur(700), fee: .eur(0), at: Sample.now))
        balances.post(
            try .disputeRecovered("dp_2", order: order, store: store, amount: .eur(100), at: Sample.now))
        balances.post(
            try .disputeWon(
                "dp_2", order: order, store: store, amount: .eur(700), recovered: .eur(100), at: Sample.now))
        balances.post(try .refundFailed(refund, order: order, amount: .eur(300), at: Sample.now))
        balances.post(try .refundRepeated(refund, order: order, amount: .eur(300), at: Sample.now))
        balances.post(try .goodwill("g1", amount: .eur(50), to: .store(store), order: order, at: Sample.now))
        balances.post(try .goodwill("g2", amount: .eur(70), to: .shopper, order: order, at: Sample.now))
        balances.post(try .stripeFee(.eur(48), of: PaymentID(), order: order, at: Sample.now))
        balances.post(try .unmatchedPayment("pi_1", amount: .eur(999), at: Sample.now))

        #expect(balances.balance(of: .clearing(.disputes), in: .eur) == .eur(0))
        #expect(balances.balance(of: .clearing(.failedRefunds), in: .eur) == .eur(0))
        #expect(balances.balance(of: .expense(.disputeLoss), in: .eur) == .eur(1095))
        #expect(balances.balance(of: .expense(.goodwill), in: .eur) == .eur(120))
        #expect(balances.balance(of: .stripeConnected(store), in: .eur) == .eur(-355))
        #expect(balances.isBalanced)
    }

    @Test("the month's invoice moves the tax out of the revenue and claims the subscription")
    func monthlyInvoice() throws {
        let statement = PlatformStatement(
            markups: .eur(350), commissions: .eur(547), processing: .eur(0), subscription: .eur(1900),
            vat: .percent(21))
        let invoice = PlatformInvoiceID()
        var balances = LedgerBalances()

        balances.post(
            try .platformInvoiceIssued(
                invoice, billedStore: store, statement, vatCountry: .romania, at: Sample.now))
        #expect(balances.balance(of: .vatPayable(.romania), in: .eur) == .eur(-555))
        #expect(balances.balance(of: .merchantReceivable(store), in: .eur) == statement.due)
        #expect(balances.balance(of: .revenue(.subscription), in: .eur) == .eur(-1900))

        balances.post(
            try .platformInvoicePaid(invoice, billedStore: store, amount: statement.due, at: Sample.now))
        #expect(balances.balance(of: .merchantReceivable(store), in: .eur) == .eur(0))

        let affiliate = AffiliateID()
        balances.post(
            try .affiliateAccrued("2026-11", affiliate: affiliate, amount: .eur(528), at: Sample.now))
        balances.post(
            try .affiliateAccrued("2026-11", affiliate: affiliate, amount: .eur(-28), at: Sample.now))
        balances.post(
            try .affiliatePaid("p1", affiliate: affiliate, store: store, amount: .eur(500), at: Sample.now))
        #expect(balances.balance(of: .affiliatePayable(affiliate), in: .eur) == .eur(0))
        #expect(balances.balance(of: .stripeConnected(store), in: .eur) == .eur(500))
        #expect(balances.isBalanced)
    }

    @Test("random sales with random refunds balance, whatever is repeated and reordered", arguments: seeds)
    func randomStories(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let quote = try Sample.soldQuote(&random)
        let sale = quote.total
        let suppliers = quote.supplierGroups.reduce(into: [SupplierID: Money]()) { sums, group in
            sums[group.key.supplier, default: .zero(sale.currency)] += group.supplier
        }
        var story = [
            try LedgerTransaction.paymentCaptured(
                PaymentID(), order: order, store: store, sale: sale, suppliers: suppliers, at: Sample.now)
        ]
        var totals = RefundTotals(sale.currency)
        for _ in 0..<random.int(0...4) where totals.amount < sale.gross {
            let computation = RefundComputation(
                order: sale, markedUpUnits: quote.markedUpUnits, earlier: totals)
            let amount = Int64(random.int(1...Int(computation.left.minorUnits)))
            let refund = try computation.refund(
                RefundRequest(
                    cause: RefundCause.allCases.randomElement(using: &random)!,
                    amount: Money(minorUnits: amount, currency: sale.currency)))
            totals.add(refund)
            story.append(
                try .refunded(RefundID(), order: order, store: store, refund, suppliers: [:], at: Sample.now)
            )
        }

        var straight = LedgerBalances()
        for transaction in story { straight.post(transaction) }
        var shuffled = LedgerBalances()
        for transaction in (story + story + story).shuffled(using: &random) { shuffled.post(transaction) }

        #expect(straight.amounts == shuffled.amounts, "seed \(seed)")
        #expect(shuffled.isBalanced, "seed \(seed)")
        #expect(
            shuffled.balance(of: .stripeConnected(store), in: sale.currency)
                == sale.margin + totals.feeRefund - totals.amount, "seed \(seed)")
        #expect(
            shuffled.balance(of: .stripePlatform, in: sale.currency) == sale.withheld - totals.feeRefund,
            "seed \(seed)")
    }
}
