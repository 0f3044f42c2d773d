import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("The books beside Stripe's balances")
struct ReconcileTests {
    @Test("a store that was disconnected holds up no other, and who is equal again is left alone")
    func differing() async throws {
        try await BillingWorld.open { world in
            let good = try await world.account(.free)
            let gone = try await world.account(.free)
            try await world.openAccount(of: good)
            try await world.connect(gone, as: "acct_gone")
            // The books say that the store was paid; Stripe knows nothing of it.
            try await world.bookPayout(500, to: good)

            let first = try await world.reconcile("2026-12-01")

            #expect(first.accounts == 2)
            #expect(first.unread == [gone.home])
            let store = LedgerAccount.stripeConnected(good.home)
            #expect(first.differences.first { $0.account == store }?.booked == .eur(500))
            #expect(try await world.attention(of: good) == ["ledger"])
            #expect(try await world.attention(of: gone) == [])

            try await world.transfer(500, to: good)
            let second = try await world.reconcile("2026-12-02")

            #expect(!second.differences.contains { $0.account == store })
            #expect(try await world.attention(of: good) == [])
        }
    }

    @Test("a difference that the second look finds changed is money on its way, and not believed")
    func moving() async throws {
        try await BillingWorld.open { world in
            let good = try await world.account(.free)
            try await world.openAccount(of: good)
            try await world.bookPayout(500, to: good)
            let run = try world.startReconciling("2026-12-01")
            try await world.fleet.settle(upTo: .seconds(60))
            try await world.bookPayout(200, to: good)

            let report = try await world.finish(run)

            #expect(report.differences == [])
            #expect(try await world.attention(of: good) == [])
        }
    }
}

extension BillingWorld {
    fileprivate func connect(_ account: TestAccount, as name: String) async throws {
        try await raw.psql(
            "update shop.store set stripe_account = '\(name)', stripe_state = 'enabled' "
                + "where tenant_id = '\(account.home)'")
    }

    fileprivate func bookPayout(_ amount: Int64, to account: TestAccount) async throws {
        try await database.transaction(for: account.home) { tx in
            _ = try await Ledger().post(
                .affiliatePaid(
                    "\(AffiliatePayoutID())", affiliate: AffiliateID(), store: account.home,
                    amount: .eur(amount), at: Self.night), in: tx)
        }
    }

    /// The same at Stripe.
    fileprivate func transfer(_ amount: Int64, to account: TestAccount) async throws {
        let name = try await database.transaction(for: account.home) {
            try await Stores().load(in: $0).stripeAccount ?? ""
        }
        _ = try await post("/v1/transfers", ["amount": "\(amount)", "currency": "eur", "destination": name])
    }

    fileprivate func startReconciling(_ day: String) throws -> RunID {
        try fleet.journal.start(ReconcileLedger.self, .init(day: day), once: day, for: .none)
    }

    fileprivate func finish(_ run: RunID) async throws -> Comparison {
        try await fleet.settle(upTo: .seconds(3_600))
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else {
            throw NoReport(outcome: "\(fleet.journal.outcome(of: run) as Any)")
        }
        return try payload.decode(Comparison.self, .output)
    }

    fileprivate func reconcile(_ day: String) async throws -> Comparison {
        try await finish(try startReconciling(day))
    }
}

private struct NoReport: Error { let outcome: String }
