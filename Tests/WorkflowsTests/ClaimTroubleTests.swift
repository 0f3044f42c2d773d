import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Claims, when something comes in between")
struct ClaimTroubleTests {
    @Test("during a dispute nothing is refunded, and what the bank gave back is not given again")
    func disputed() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            let dispute = try await world.dispute(claimed.run)
            try await world.decide(.refund, claimed)
            try await world.settle()
            #expect(world.count("refund.create") == 0)

            try await world.decide(dispute, "lost")
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 0)
            #expect(try await world.claim(claimed.id).settlement == .paidByBank)
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("a refund that somebody made meanwhile is the claim's, and no second one is made")
    func refundedElsewhere() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.settle()
            try await world.refund(nil, of: claimed.run, cause: .goodwill, once: "by hand")

            try await world.decide(.refund, claimed)
            try await world.settle()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(claimed.id).settlement == .refunded)
            #expect(try await world.refunds(of: claimed.order.id).map(\.breakdown.amount) == [.eur(1_500)])
        }
    }

    @Test("a refund that Stripe refuses asks for a person; once one has made it the claim goes on by itself")
    func refusedRefund() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .status, status: 403, count: 1))
            try await world.decide(.refund, claimed)
            try await world.settle()
            #expect(world.count("refund.create") == 0)
            #expect(try await world.claim(claimed.id).settlement == nil)
            #expect(try await world.order(of: claimed.run)?.status.attention == .refundFailed)

            let units = try await world.transaction {
                try await SupplierOrders().units(ofOrder: claimed.order.id, in: $0).map(\.id)
            }
            try await world.refund(units, of: claimed.run, cause: .withdrawal, once: "by hand")
            try await world.fleet.settle(upTo: .seconds(8 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(claimed.id).settlement == .refunded)
        }
    }

    @Test("where the answer to the second fee refund is lost, it is found again and not repeated")
    func lostAnswer() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.decide(.refund, claimed)
            try await world.settle()
            world.stripe.workbench.inject(
                Fault("POST /v1/application_fees/{id}/refunds", .dropAfter, count: 1))
            try await world.answer(.credited(.eur(1_000)), claimed)
            try await world.settle()

            #expect(world.count("fee_refund.create") == 2)
            let fees = try await world.refunds(of: claimed.order.id).map(\.breakdown.feeRefund)
            #expect(fees.total(.eur) == .eur(1_095))
            #expect(try await world.claim(claimed.id).ending == .credited)
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("a refund that Stripe has not answered is no money yet, and nobody is told that it is")
    func heldUp() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.settle()
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .dropBefore))
            let payment = try #require(try await world.payment(of: claimed.run))
            try world.fleet.journal.start(
                RefundOrder.self,
                RefundOrder.Input(
                    order: claimed.order.id, payment: payment.id, cause: .goodwill, units: nil),
                once: "by hand", for: Tenant(world.tenant))
            try await world.fleet.settle(turningClock: false)
            #expect(try await world.refunds(of: claimed.order.id).map(\.status) == [.reserved])

            try await world.decide(.refund, claimed)
            try await world.fleet.settle(turningClock: false)

            #expect(try await world.claim(claimed.id).settlement == nil)
            let told = "Your report about order \(claimed.order.number) at Lumina & Co"
            #expect(try await !world.letters().contains(told))
            #expect(try await world.refunds(of: claimed.order.id).count == 1)
            world.stripe.workbench.clearFaults()
            try await world.settle()
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(claimed.id).settlement == .refunded)
            #expect(try await world.letters().contains(told))
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("a refund by others that fails after all is the claim's to make")
    func heldUpAndRefused() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.settle()
            let units = try await world.transaction {
                try await SupplierOrders().units(ofOrder: claimed.order.id, in: $0).map(\.id)
            }
            let payment = try #require(try await world.payment(of: claimed.run))
            let reserved = try await world.transaction {
                try await Refunds().reserve(
                    units, of: claimed.order.id, paidBy: payment.id, cause: .goodwill, key: "by hand", in: $0)
            }
            let other = try #require(reserved)
            try await world.decide(.refund, claimed)
            try await world.settle()
            #expect(try await world.claim(claimed.id).settlement == nil)

            try await world.transaction { try await Refunds().fail(other.id, problem: "refused", in: $0) }
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(world.count("refund.create") == 1)
            #expect(try await world.claim(claimed.id).settlement == .refunded)
        }
    }

    @Test("an answer whose word to the run was lost is told again until the run has looked")
    func lostWord() async throws {
        try await World.open { world in
            let claimed = try await world.reported()
            try await world.decide(.refund, claimed)
            try await world.settle()
            let wakes = ClaimWakes(world.database, signals: MemorySignals(journal: world.fleet.journal))
            // The tables have the database's time, which the test's clock has left behind.
            #expect(try await wakes.tell(world.tenant, at: world.fleet.clock.now) == 0)

            #expect(try await world.write(.credited(.eur(1_000)), claimed.id) == nil)
            try await world.settle()
            #expect(try await world.claim(claimed.id).closedAt == nil)
            let told = try await wakes.tell(world.tenant, at: world.fleet.clock.now)
            #expect(told == 1)
            #expect(try await wakes.tell(world.tenant, at: world.fleet.clock.now) == 0)
            try await world.settle()

            #expect(try await world.claim(claimed.id).ending == .credited)
            let later = world.fleet.clock.now.addingTimeInterval(7 * 86_400)
            #expect(try await wakes.tell(world.tenant, at: later) == 0)
        }
    }

    @Test("an answer between the run's last look and the end comes first, and one after the end is told so")
    func atTheEnd() async throws {
        let interruption = Interruption(before: "close")
        try await World.open(seenAs: interruption.watch) { world in
            let claimed = try await world.reported()
            try await world.decide(.refund, claimed)
            try await world.settle()
            interruption.arm(of: claimed.settling) {
                let refusal = try await world.write(.credited(.eur(1_000)), claimed.id)
                #expect(refusal == nil)
            }

            try await world.fleet.settle(upTo: .seconds(366 * 86_400))

            #expect(try world.end(of: claimed.settling) == .credited)
            #expect(try await world.claim(claimed.id).ending == .credited)
            #expect(
                try await world.refunds(of: claimed.order.id).map(\.breakdown.feeRefund)
                    == [.eur(45), .eur(1_050)])
            #expect(try await world.write(.refused, claimed.id) == .closed)
        }
    }

    @Test("killed after every write while it refunds, it refunds and writes once", .timeLimit(.minutes(20)))
    func crashesWhileRefunding() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let claimed = try await world.reported()
                try await world.settle()
                trigger.pull()
                try await world.decide(.refund, claimed)
                try await world.settle()
                return try await world.claimEffects(of: claimed.order.id)
            }
        }
        #expect(survived > 8)
    }

    @Test("killed after every write while it hands on, it pays and writes once", .timeLimit(.minutes(20)))
    func crashesWhileHandingOn() async throws {
        let survived = try await CrashRunner.survive([.after]) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let claimed = try await world.reported()
                try await world.decide(.refund, claimed)
                try await world.settle()
                trigger.pull()
                try await world.answer(.credited(.eur(1_000)), claimed)
                try await world.settle()
                return try await world.claimEffects(of: claimed.order.id)
            }
        }
        #expect(survived > 5)
    }
}
