import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

/// News from Stripe that arrive in another order than they were made, at the same moment.
@Suite struct ShuffledNewsTests {
    private func payout(_ status: Payout.Status) -> Payout {
        Payout(
            stripePayout: "po_1", status: status, amount: .eur(1000), arrivesAt: nil, failure: nil,
            createdAt: TestShop.now)
    }

    @Test("a payout of which two tell at once keeps the later status")
    func payouts() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let servers = try await platform.servers()

        let late = try await shop.transaction { tx in
            try await Payouts().record(payout(.paid), at: TestShop.now, in: tx)
            // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
            let waiting = Task {
                try await shop.transaction { tx in
                    try await Payouts().record(self.payout(.pending), at: TestShop.now, in: tx)
                }
            }
            try await servers.untilSomebodyWaits()
            return waiting
        }
        try await late.value

        #expect(try await shop.transaction { try await Payouts().recent(in: $0).map(\.status) } == [.paid])
    }

    @Test("what Stripe said about an account is not undone by an answer to an earlier question")
    func accounts() async throws {
        let shop = try await TestShop.open()
        let account = "acct_\(shop.tenant)"
        func record(_ state: Store.StripeState, asked seconds: TimeInterval) async throws {
            try await shop.transaction { tx in
                try await Stores().recordStripe(
                    account: account, state: state, requirements: [], disabledReason: nil, paysOut: true,
                    readAt: TestShop.now.addingTimeInterval(seconds), in: tx)
            }
        }

        try await record(.enabled, asked: 2)
        try await record(.restricted, asked: 1)
        #expect(try await shop.transaction { try await Stores().load(in: $0).stripeState } == .enabled)
        try await record(.restricted, asked: 3)
        #expect(try await shop.transaction { try await Stores().load(in: $0).stripeState } == .restricted)
    }

    @Test("a draft that rests for want of room in the plan leads nobody to it")
    func restingDraft() async throws {
        let shop = try await TestShop.open(plan: .pro)
        let draft = TenantID()
        let slug = Slug(unchecked: "d" + draft.description.replacing("-", with: "").suffix(20))
        try await shop.database.transaction(for: draft) { tx in
            try await Stores().open(
                StoreDraft(
                    owner: UserID(rawValue: shop.tenant.rawValue), slug: slug, name: "Draft",
                    country: .romania, currency: .eur, languages: [.english],
                    contactEmail: EmailAddress(unchecked: "d@example.test")), at: "\(slug).example.test",
                now: TestShop.now, in: tx)
        }
        func status() async throws -> Store.Status {
            try await shop.database.transaction(for: draft) { try await Stores().load(in: $0).status }
        }
        let later = TestShop.now.addingTimeInterval(365 * 86_400)

        _ = try await shop.transaction { try await AccountPlans().fall(at: later, because: .dunning, in: $0) }

        #expect(try await status() == .paused)
        #expect(try await Tenants(shop.database).tenant(ofHost: "\(slug).example.test") == nil)
        try await shop.transaction {
            try await AccountPlans().upgrade(to: .pro, at: later, because: .merchant, in: $0)
        }
        #expect(try await status() == .draft)
        #expect(try await Tenants(shop.database).tenant(ofHost: "\(slug).example.test") == draft)
    }
}
