import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Disputes")
struct DisputeTests {
    @Test("a dispute that is won leaves store, platform and books as they were")
    func won() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let before = try await world.ending(of: order.id)

            let dispute = try await world.dispute(run)
            let during = try #require(try await world.order(of: run))
            #expect(during.status.isDisputed)
            #expect(during.status.attention == .dispute)
            #expect(try await world.booked(.clearing(.disputes)) == .zero(.eur))
            #expect(try await world.booked(.expense(.stripeFees)) == .eur(2_000 + 48))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.dispute(of: order).recovered == .eur(1_500))
            #expect(try await world.dispute(of: order).evidenceSubmittedAt != nil)

            try await world.decide(dispute, "won")

            let after = try await world.ending(of: order.id)
            #expect(after.filter { !$0.hasPrefix("dispute") } == before)
            #expect(try await world.differencesFromStripe() == [])
            #expect(world.count("transfer_reversal.create") == 1)
            #expect(world.count("transfer.create") == 1)
        }
    }

    @Test("a dispute that is lost is the store's, with the fee on the platform, and the order shows it")
    func lost() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let margin = try await world.booked(.stripeConnected(world.tenant))

            try await world.decide(try await world.dispute(run), "lost")

            #expect(try await world.order(of: run)?.status.isDisputed == true)
            #expect(try await world.booked(.clearing(.disputes)) == .zero(.eur))
            #expect(try await world.booked(.expense(.disputeLoss)) == .zero(.eur))
            #expect(try await world.booked(.stripeConnected(world.tenant)) == margin - .eur(1_500))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.dispute(of: order).status == .lost)
        }
    }

    @Test("what the store's transfer does not give is the platform's loss")
    func notRecovered() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            world.stripe.workbench.inject(
                Fault("POST /v1/transfers/{id}/reversals", .status, status: 403, count: 1))

            try await world.decide(try await world.dispute(run), "lost")

            #expect(try await world.booked(.expense(.disputeLoss)) == .eur(1_500))
            #expect(try await world.differencesFromStripe() == [])
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a reversal whose answer and look-up were lost is found by the next look, and taken once")
    func recoveredInDoubt() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let order = try #require(try await world.order(of: run))
            let reversals = "/v1/transfers/{id}/reversals"
            world.stripe.workbench.inject(Fault("POST \(reversals)", .dropAfter, count: 1))
            world.stripe.workbench.inject(Fault("GET \(reversals)", .status, status: 403, count: 1))

            let dispute = try await world.dispute(run)

            #expect(try await world.dispute(of: order).recovered == .eur(1_500))
            try await world.decide(dispute, "lost")
            #expect(world.count("transfer_reversal.create") == 1)
            #expect(try await world.booked(.expense(.disputeLoss)) == .zero(.eur))
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("what may have been given back after a win is not called owed, and nobody is told to pay it")
    func givenBackInDoubt() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            let dispute = try await world.dispute(run)
            world.stripe.workbench.inject(Fault("POST /v1/transfers", .dropAfter, count: 1))
            world.stripe.workbench.inject(Fault("GET /v1/transfers", .status, status: 403, count: 1))

            try await world.decide(dispute, "won")

            #expect(world.count("transfer.create") == 1)
            let owed = try await world.transaction { try await Attention().openItems(in: $0) }
                .filter { $0.subject == "\(dispute):owed" }.map(\.message)
            #expect(owed.count == 1)
            #expect(owed.first?.contains("may have been given back") == true)
            // Nothing is booked before somebody knows.
            #expect(try await world.booked(.expense(.stripeFees)) == .eur(2_000 + 48))
        }
    }

    @Test("the answer tells what was recorded, and waits for a parcel no longer than it may")
    func answer() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))
            _ = try await world.dispute(run)
            #expect(try await world.dispute(of: order).evidenceSubmittedAt == nil)

            let begin = world.fleet.clock.now
            try await world.fleet.settle(upTo: .seconds(6 * 86_400))
            #expect(try await world.dispute(of: order).evidenceSubmittedAt == nil)
            // The clock stands at the last timer before, which may be hours earlier.
            world.fleet.clock.advance(to: begin.addingTimeInterval(6 * 86_400))
            try await world.fleet.settle(upTo: .seconds(86_400 + 3_600))

            #expect(try await world.dispute(of: order).evidenceSubmittedAt != nil)
            let theirs = try #require(await world.stripe.vendor.objects("disputes")?.first)
            #expect(theirs["status"].string == "under_review")
            let evidence = theirs["evidence"]
            #expect(evidence["customer_name"].string == "Ana Pop")
            #expect(evidence["access_activity_log"].string?.contains("record_payment") == true)
            #expect(evidence["uncategorized_text"].string?.contains("E-mail to the shopper") == true)
            #expect(evidence["refund_policy_disclosure"].string?.contains("14 days") == true)
            #expect(world.count("dispute.update") == 1)
        }
    }

    @Test("a dispute nobody could answer in time is lost when Stripe says so")
    func overdue() async throws {
        try await World.open { world in
            let run = try await world.deliveredCheckout()
            world.stripe.workbench.inject(Fault("POST /v1/disputes/{id}", .status, status: 400, count: 1))
            _ = try await world.dispute(run)
            let order = try #require(try await world.order(of: run))
            #expect(try await world.dispute(of: order).evidenceSubmittedAt == nil)

            try await world.passTimeAtStripe(10 * 86_400)

            #expect(try await world.dispute(of: order).status == .lost)
            #expect(try await world.differencesFromStripe() == [])
        }
    }

    @Test("events that come three times, in any order and late, end in the same books", arguments: 1...6)
    func mixed(seed: UInt64) async throws {
        let outcome = seed.isMultiple(of: 2) ? "won" : "lost"
        let expected = try await World.open { world in
            let run = try await world.deliveredCheckout()
            try await world.decide(try await world.dispute(run), outcome)
            return try await world.ending(of: try #require(try await world.order(of: run)).id)
        }
        let actual = try await World.open { world in
            let run = try await world.deliveredCheckout()
            var events = MixedEvents(seed: seed)
            let dispute = try await world.openDispute(run)
            for _ in 0..<2 where events.chance() {
                try await events.deliverSome(in: world)
                try await world.fleet.settle(upTo: .seconds(240))
            }
            try await world.pull(world.stripe, "disputes/\(dispute)", ["outcome": .string(outcome)])
            try await events.deliverSome(in: world)
            try await world.fleet.settle(upTo: .seconds(240))
            try await events.deliverAll(in: world)
            #expect(try await world.differencesFromStripe() == [], "seed \(seed)")
            return try await world.ending(of: try #require(try await world.order(of: run)).id)
        }
        #expect(actual == expected, "seed \(seed)")
    }

    @Test("killed at every write, it moves the same money once", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive(CrashingJournal.Side.allCases) { crash in
            let trigger = Trigger()
            return try await World.open(seenAs: trigger.arm(crash)) { world in
                let run = try await world.deliveredCheckout()
                trigger.pull()
                try await world.decide(try await world.dispute(run), "won")
                try await world.fleet.settle(upTo: .seconds(3_600))
                let counts = ["transfer_reversal.create", "dispute.update", "transfer.create"].map {
                    "\($0): \(world.count($0))"
                }
                let order = try #require(try await world.order(of: run))
                return try await counts + world.ending(of: order.id) + world.differencesFromStripe()
            }
        }
        #expect(survived > 30)
    }
}

extension World {
    /// An order that has arrived.
    func deliveredCheckout(
        _ quantity: Int = 1, lines: Int = 1, with method: String = "pm_card_visa"
    ) async throws -> RunID {
        let run = try await paidCheckout(quantity, lines: lines, with: method)
        try await deliverParcels()
        try await fleet.settle(upTo: .seconds(6 * 3_600))
        return run
    }

    /// The shopper's bank disputes the charge, and Stripe tells. Returns Stripe's name of the dispute.
    func dispute(_ run: RunID) async throws -> String {
        let name = try await openDispute(run)
        try await deliverEvents()
        try await settle()
        return name
    }

    /// The same before anybody was told.
    func openDispute(_ run: RunID) async throws -> String {
        let charge = try #require(try await payment(of: run)?.charge)
        try await pull(stripe, "charges/\(charge)/dispute", ["reason": "fraudulent"])
        return try #require(await stripe.vendor.objects("disputes")?.last?["id"].string)
    }

    func decide(_ dispute: String, _ outcome: String) async throws {
        try await pull(stripe, "disputes/\(dispute)", ["outcome": .string(outcome)])
        try await deliverEvents()
        try await settle()
    }

    func dispute(of order: Order) async throws -> Dispute {
        let disputes = try await transaction { try await Disputes().all(of: order.id, in: $0) }
        return try #require(disputes.first)
    }
}
