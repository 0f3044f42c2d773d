import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Claims")
struct ClaimTests {
    @Test("a damaged piece is refunded by the merchant, and the supplier's late credit comes back to it")
    func credited() async throws {
        try await World.open { world in
            let claimed = try await world.reported(2)
            try await world.settle()
            #expect(world.count("refund.create") == 0)
            var letters = try await world.letters()
            #expect(
                letters.contains(
                    "We have received your report about order \(claimed.order.number) at Lumina & Co"))
            #expect(letters.contains("A shopper reported a problem with order \(claimed.order.number)"))

            try await world.decide(.refund, claimed)
            try await world.settle()
            #expect(try await world.refunds(of: claimed.order.id).map(\.breakdown.amount) == [.eur(1_500)])
            #expect(try await world.refunds(of: claimed.order.id).map(\.breakdown.feeRefund) == [.eur(45)])
            #expect(try await world.claim(claimed.id).settlement == .refunded)

            let supplier = try await world.supplier(of: claimed.order.id)
            let wallet = try await world.booked(.supplierWallet(supplier))
            try await world.answer(.credited(.eur(1_000)), claimed)
            try await world.settle()

            let fees = try await world.refunds(of: claimed.order.id).map(\.breakdown)
            #expect(fees.map(\.amount) == [.eur(1_500), .eur(0)])
            #expect(fees.map(\.feeRefund) == [.eur(45), .eur(1_050)])
            #expect(try await world.booked(.supplierWallet(supplier)) == wallet + .eur(1_000))
            #expect(try await world.booked(.supplierPayable(supplier)) == .zero(.eur))
            #expect(try await world.booked(.expense(.goodwill)) == .zero(.eur))
            #expect(try await world.claim(claimed.id).ending == .credited)
            #expect(try world.end(of: claimed.settling) == .credited)
            letters = try await world.letters()
            #expect(letters.contains("Money back for order \(claimed.order.number)"))
            #expect(try await world.order(of: claimed.run)?.status.payment == .partiallyRefunded)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a higher price that the merchant had accepted is owed no more when the supplier gives it all back")
    func creditedOverrun() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let (run, _) = try await world.heldCheckout(1, supplier)
            let order = try #require(try await world.order(of: run))
            try world.answer(.acceptPrice(upTo: .eur(1_200)), to: try await world.question(of: order.id))
            try await world.settle()
            await supplier.track("Delivered")
            try await world.fleet.settle(upTo: .seconds(6 * 3_600))
            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(150))
            let accepted = try await world.transaction {
                try await Overruns().accepted(for: order.id, in: $0)
            }
            #expect(accepted == .eur(150))

            let (id, settling) = try await world.claim(1, from: order.id)
            let claimed = Claimed(run: run, order: order, id: id, settling: settling)
            try await world.decide(.refund, claimed)
            try await world.settle()
            try await world.answer(.credited(.eur(1_200)), claimed)
            try await world.settle()

            #expect(try await world.booked(.merchantReceivable(world.tenant)) == .eur(0))
            #expect(try await world.booked(.expense(.supplierVariance)) == .eur(0))
            let group = try await world.supplier(of: order.id)
            #expect(try await world.booked(.supplierPayable(group)) == .eur(0))
            #expect(try await world.booked(.supplierWallet(group)) == .eur(0))
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("what the supplier refuses and the platform makes good is the platform's goodwill")
    func borne() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.decide(.refund, claimed)
            try await world.answer(.borne, claimed)
            try await world.settle()

            let fees = try await world.refunds(of: claimed.order.id).map(\.breakdown.feeRefund)
            #expect(fees == [.eur(45), .eur(1_050)])
            #expect(try await world.booked(.expense(.goodwill)) == .eur(1_000))
            #expect(try await world.claim(claimed.id).ending == .borne)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a credit above the cost is handed on up to the cost, and the rest is the platform's")
    func surplus() async throws {
        try await World.open { world in
            let claimed = try await world.reported(2)
            let supplier = try await world.supplier(of: claimed.order.id)
            let variance = try await world.booked(.expense(.supplierVariance))
            try await world.decide(.refund, claimed)
            try await world.answer(.credited(.eur(1_200)), claimed)
            try await world.settle()

            #expect(try await world.refunds(of: claimed.order.id).last?.breakdown.supplier == .eur(1_000))
            #expect(try await world.booked(.expense(.supplierVariance)) == variance - .eur(200))
            #expect(try await world.booked(.supplierPayable(supplier)) == .zero(.eur))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a replacement that the supplier sends ends it without any refund")
    func replaced() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.decide(.replacement, claimed)
            try await world.settle()
            try await world.answer(.replaced(tracking: "RO77"), claimed)
            try await world.settle()

            #expect(world.count("refund.create") == 0)
            let claim = try await world.claim(claimed.id)
            #expect(claim.settlement == .replaced)
            #expect(claim.ending == .replaced)
            #expect(
                try await world.letters().contains(
                    "Your report about order \(claimed.order.number) at Lumina & Co"))
        }
    }

    @Test("where the supplier sends no replacement the merchant is asked again, and refunds")
    func noReplacement() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.decide(.replacement, claimed)
            try await world.answer(.refused, claimed)
            try await world.settle()
            #expect(try await world.asks(about: claimed.id))

            try await world.decide(.refund, claimed)
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(claimed.id).ending == .supplierRefused)
            #expect(try await !world.asks(about: claimed.id))
            let letters = try await world.letters()
            #expect(letters.contains("The claim about order \(claimed.order.number) is closed"))
        }
    }

    @Test("a merchant who does not decide is reminded, then asked, and a refusal is told with its reason")
    func undecided() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.fleet.settle(upTo: .seconds(10 * 86_400 + 3_600))

            #expect(try await world.asks(about: claimed.id))
            let waiting = "The claim about order \(claimed.order.number) is waiting"
            #expect(try await world.letters().count { $0 == waiting } == 3)

            try await world.decide(.refused, claimed)
            try await world.settle()

            #expect(world.count("refund.create") == 0)
            #expect(try world.end(of: claimed.settling) == .refused)
            #expect(try await !world.asks(about: claimed.id))
        }
    }

    @Test("a supplier that never answers comes to a person, and after a year to an end")
    func unanswered() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.decide(.refund, claimed)
            try await world.settle()
            try await world.fleet.settle(upTo: .seconds(46 * 86_400))
            #expect(try await world.asks(about: claimed.id))
            #expect(try await world.claim(claimed.id).closedAt == nil)

            try await world.fleet.settle(upTo: .seconds(330 * 86_400))

            #expect(try world.end(of: claimed.settling) == .unanswered)
            #expect(try await world.refunds(of: claimed.order.id).map(\.breakdown.feeRefund) == [.eur(45)])
            #expect(try await !world.asks(about: claimed.id))
        }
    }

    @Test("what a shopper returned is credited to the merchant when the supplier takes it back")
    func returned() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let (withdrawal, withdrawing) = try await world.withdraw(1, from: order.id)
            try await world.receive(withdrawal, withdrawing)
            try await world.settle()
            let now = world.fleet.clock.now
            let claims = try await world.transaction {
                try await OrderClaims().claimReturned(withdrawal, by: "user:test", at: now, in: $0)
            }
            let id = try #require(claims.first?.id)
            let settling = try world.start(id)
            try await world.settle()
            let before = world.count("email.create")
            try await world.answer(
                .credited(.eur(600)), Claimed(run: run, order: order, id: id, settling: settling))
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.refunds(of: order.id).map(\.breakdown.supplier) == [.eur(0), .eur(600)])
            // The merchant alone is told; the shopper was refunded long ago.
            #expect(world.count("email.create") == before + 1)
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }
}
