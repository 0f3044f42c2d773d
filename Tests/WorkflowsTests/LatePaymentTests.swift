import Commerce
import CommerceStore
import Durable
import Foundation
import Stripe
import Testing
import Workflows

@testable import VendorSandbox

/// Stripe confirms a cancel and takes money all the same. It should not happen, so the sandbox is bent to do
/// it.
@Suite("Money that comes in another way than it was asked for")
struct LatePaymentTests {
    private func expire(_ world: World) async throws -> RunID {
        let run = try await world.checkout()
        try await world.settle()
        try await world.fleet.settle(upTo: .seconds(4_000))
        #expect(try await world.order(of: run)?.expiredAt != nil)
        return run
    }

    private func payAllTheSame(_ run: RunID, _ world: World) async throws {
        let intent = try #require(try await world.payment(of: run)?.intent)
        let stripe = try #require(world.stripe.vendor as? StripeSandbox)
        await stripe.bend(intent) { $0["status"] = "requires_payment_method" }
        try await world.pay(run)
        try await world.settle()
    }

    @Test("a success after the expiry is served while the supplier still has it")
    func served() async throws {
        try await World.open { world in
            let run = try await expire(world)

            try await payAllTheSame(run, world)

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .latePaid)
            #expect(world.count("order.create") == 1)
            #expect(world.count("refund.create") == 0)
            #expect(try await world.available() == 9)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a success after the expiry goes back in full when the article is gone")
    func refunded() async throws {
        try await World.open { world in
            let run = try await expire(world)
            try await world.fillShelf(0)

            try await payAllTheSame(run, world)

            #expect(try world.output(of: run)?.end == .refunded)
            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .refunded)
            let refund = try #require(
                try await world.transaction { try await Refunds().all(of: order.id, in: $0) }.first)
            #expect(refund.breakdown.cause == .latePaymentNotServed)
            #expect(refund.breakdown.amount == .eur(1_500))
            #expect(refund.breakdown.feeRefund == order.total.withheld)
            #expect(world.count("order.create") == 0)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a success after the run has ended asks for a person, once")
    func unmatched() async throws {
        try await World.open { world in
            let run = try await expire(world)
            try await world.fleet.settle()
            #expect(try world.output(of: run)?.end == .expired)

            try await payAllTheSame(run, world)
            let payment = try #require(try await world.payment(of: run))
            for raw in await world.stripe.vendor.objects("events") ?? [] {
                let event = try StripeEvent(parsing: raw.bytes)
                guard event.kind == .paymentSucceeded else { continue }
                let answer = try await world.transaction { tx in
                    try await PaymentCourier(
                        MemorySignals(journal: world.fleet.journal), starter: world.starter)
                        .deliver(event, about: payment, in: tx)
                }
                #expect(answer == .delivered)
            }

            let items = try await world.transaction { try await Attention().openItems(in: $0) }
            #expect(items.map(\.topic) == [AttentionKind.unmatchedPayment.rawValue])
            #expect(items.first?.subject == payment.intent)
            #expect(try await world.order(of: run)?.status.attention == .unmatchedPayment)
            #expect(world.count("order.create") == 0)
        }
    }

    @Test("a payment with another fee than was asked for is held, and nothing is served")
    func held() async throws {
        try await World.open { world in
            let run = try await world.checkout()
            try await world.settle()
            let intent = try #require(try await world.payment(of: run)?.intent)
            let stripe = try #require(world.stripe.vendor as? StripeSandbox)
            await stripe.bend(intent) { $0["application_fee_amount"] = 1 }

            try await world.pay(run)
            try await world.settle()

            #expect(try world.output(of: run)?.end == .held)
            #expect(try await world.order(of: run)?.status.attention == .unmatchedPayment)
            #expect(world.count("order.create") == 0)
            #expect(try await world.imbalance().isEmpty)
        }
    }
}

extension StripeSandbox {
    fileprivate func bend(_ intent: String, _ change: @Sendable (inout JSON) -> Void) {
        change(&world[.paymentIntent, intent])
    }
}
