import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite struct MoneyTests {
    private func refund(
        _ shop: TestShop, _ paid: (order: Order, payment: Payment), _ amount: Int64, key: String
    ) async throws -> Refund {
        try await shop.transaction { tx in
            let computation = RefundComputation(
                order: paid.order.total, markedUpUnits: 0,
                earlier: try await Refunds().totals(of: paid.payment.id, currency: .eur, in: tx))
            let left = computation.left
            // The database is to refuse, not the rule: so the rule is asked for no more than it allows.
            let breakdown = try computation.refund(
                RefundRequest(cause: .goodwill, amount: min(left, .eur(amount))))
            let asked = RefundBreakdown(
                cause: .goodwill, amount: .eur(amount), commission: breakdown.commission, markup: .eur(0),
                supplier: .eur(0), processing: .eur(0), markedUpUnits: 0)
            return try await Refunds().reserve(
                Refunds.Draft(order: paid.order.id, payment: paid.payment.id, key: key, breakdown: asked),
                in: tx)
        }
    }

    @Test("refunds in parallel never exceed what was captured")
    func refundsStayWithinCaptured() async throws {
        let shop = try await TestShop.open()
        let paid = try await shop.paidOrder()

        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<6 {
                group.addTask { (try? await refund(shop, paid, 400, key: "part-\(number)")) != nil }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }

        #expect(outcomes.filter { $0 }.count == 3)
        let refused = try await problem { _ = try await refund(shop, paid, 400, key: "one more") }
        #expect(refused == .refundAboveCaptured)
    }

    @Test("a refund of the same key is the same refund, and a failed one frees its amount")
    func refundsAreIdempotent() async throws {
        let shop = try await TestShop.open()
        let paid = try await shop.paidOrder()

        let first = try await refund(shop, paid, 1500, key: "whole")
        let again = try await shop.transaction { tx in
            try await Refunds().reserve(
                Refunds.Draft(
                    order: paid.order.id, payment: paid.payment.id, key: "whole", breakdown: first.breakdown),
                in: tx)
        }
        try await shop.transaction { try await Refunds().fail(first.id, problem: "account closed", in: $0) }
        let second = try await refund(shop, paid, 1500, key: "whole again")

        #expect(first == again)
        #expect(second.id != first.id)
        let status = try await shop.transaction { tx in
            try await Refunds().markSent(second.id, stripeRefund: "re_1", in: tx)
            #expect(try await Refunds().settle(second.id, in: tx))
            #expect(try await Refunds().settle(second.id, in: tx) == false)
            return try await Orders().refreshStatus(paid.order.id, in: tx)
        }
        #expect(status.payment == .refunded)
    }

    @Test("one payment is open per order, and webhooks in any order end in the same state")
    func paymentRanks() async throws {
        let shop = try await TestShop.open()
        let order = try await shop.order()
        let opened = try await withThrowingTaskGroup(of: Payment.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    try await shop.transaction { tx in
                        try await Payments().open(for: order.id, amount: .eur(1500), fee: .eur(1045), in: tx)
                    }
                }
            }
            return try await group.reduce(into: [Payment]()) { $0.append($1) }
        }
        #expect(Set(opened.map(\.id)).count == 1)

        let intent = "pi_\(order.id)"
        let later = TestShop.now.addingTimeInterval(5)
        try await shop.transaction { tx in
            _ = try await Payments().recordIntent(intent, clientSecret: nil, of: opened[0].id, in: tx)
            let failed = try await Payments().recordStatus(.failed, ofIntent: intent, at: later, in: tx)
            let stale = try await Payments().recordStatus(
                .processing, ofIntent: intent, at: TestShop.now, in: tx)
            #expect(failed.status == .failed && stale.status == .failed)
            #expect(try await Orders().refreshStatus(order.id, in: tx).payment == .failed)
            let paid = try await Payments().markPaid(
                intent: intent, captured: .eur(1500), charge: nil, stripeFee: nil, at: later, in: tx)
            let repeated = try await Payments().markPaid(
                intent: intent, captured: .eur(1500), charge: nil, stripeFee: nil, at: later, in: tx)
            #expect(paid.first && !repeated.first)
            let afterwards = try await Payments().recordStatus(.canceled, ofIntent: intent, at: later, in: tx)
            #expect(afterwards.status == .succeeded)
            #expect(try await Orders().refreshStatus(order.id, in: tx).payment == .paid)
        }
        let found = try await Tenants(shop.database).tenant(ofPaymentIntent: intent)
        #expect(found == shop.tenant)
    }

    private func sale(_ shop: TestShop, id: String) throws -> LedgerTransaction {
        try LedgerTransaction(
            LedgerSource(.goodwill, id, .given), at: TestShop.now,
            [Posting(.expense(.goodwill), .eur(500)), Posting(.stripePlatform, .eur(-500))])
    }

    @Test("a ledger transaction is posted once, and the trial balance is nothing")
    func postedOnce() async throws {
        let shop = try await TestShop.open()
        let transaction = try sale(shop, id: "g1")

        let (first, second, balances) = try await shop.transaction { tx in
            (
                try await Ledger().post(transaction, in: tx), try await Ledger().post(transaction, in: tx),
                try await Ledger().trialBalance(in: tx)
            )
        }

        #expect(first && !second)
        #expect(balances == [Posting(.expense(.goodwill), .eur(500)), Posting(.stripePlatform, .eur(-500))])
        let imbalance = try await shop.database.platformTransaction { try await Ledger().imbalance(in: $0) }
        #expect(imbalance.isEmpty)
    }

    @Test(
        "the database refuses a transaction that does not balance, or has no entries, at commit",
        arguments: [0, 1, 2])
    func unbalancedIsRefused(entries: Int) async throws {
        let shop = try await TestShop.open()
        let id = UUID()

        let refused = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    """
                    insert into shop.ledger_transaction (tenant_id, id, source, source_id, kind, occurred_at)
                    values (\(shop.tenant.rawValue), \(id), 'payment', 'x', 'captured', now())
                    """)
                for position in 0..<entries {
                    try await tx.execute(
                        """
                        insert into shop.ledger_entry
                        values (\(shop.tenant.rawValue), \(id), \(position), 'stripe:platform',
                            \(position == 0 ? "EUR" : "RON"), \(position == 0 ? 5 : -5))
                        """)
                }
            }
        }

        #expect(refused == .ledgerUnbalanced)
    }

    @Test("nothing in the ledger is changed or removed, by anyone")
    func appendOnly() async throws {
        let shop = try await TestShop.open()
        let servers = try await TestPlatform.shared.servers()
        try await shop.transaction { _ = try await Ledger().post(sale(shop, id: "g2"), in: $0) }

        await #expect(throws: PostgresError.self) {
            try await shop.transaction { try await $0.execute("delete from shop.ledger_entry") }
        }
        for change in [
            "update shop.ledger_entry set amount_minor = 1", "delete from shop.ledger_transaction",
        ] {
            await #expect(throws: (any Error).self) { try await servers.raw.psql(change) }
        }
    }
}
