import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox
import Workflows

/// The vendor did what was asked, and the answer never came.
@Suite("Answers that are lost after their effect")
struct LostAnswerTests {
    struct Loss: Sendable, CustomTestStringConvertible {
        let vendor: KeyPath<World, SandboxServer> & Sendable
        let endpoint: String
        let effect: String
        var testDescription: String { endpoint }
    }

    static let losses = [
        Loss(vendor: \.stripe, endpoint: "POST /v1/payment_intents", effect: "payment_intent.create"),
        Loss(
            vendor: \.bigBuy, endpoint: "POST /rest/order/create/multishipping.json", effect: "order.create"),
        Loss(vendor: \.smartBill, endpoint: "POST /SBORO/api/invoice", effect: "invoice.create"),
        Loss(vendor: \.resend, endpoint: "POST /emails", effect: "email.create"),
    ]

    @Test("the effect happens exactly once", arguments: losses)
    func onePerOrder(_ loss: Loss) async throws {
        try await World.open { world in
            world[keyPath: loss.vendor].workbench.inject(Fault(loss.endpoint, .dropAfter, count: 1))

            let run = try await world.paidCheckout()

            #expect(try await world.order(of: run)?.status.payment == .paid)
            for effect in Self.losses.map(\.effect) { #expect(world.count(effect) == 1, "\(effect)") }
            #expect(try await world.order(of: run)?.status.invoice == .issued)
            #expect(try await world.order(of: run)?.status.attention == AttentionKind.none)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a request that is lost before its effect is made again", arguments: losses)
    func droppedBefore(_ loss: Loss) async throws {
        try await World.open { world in
            world[keyPath: loss.vendor].workbench.inject(Fault(loss.endpoint, .dropBefore, count: 2))

            let run = try await world.paidCheckout()

            for effect in Self.losses.map(\.effect) { #expect(world.count(effect) == 1, "\(effect)") }
            #expect(try await world.order(of: run)?.status.attention == AttentionKind.none)
        }
    }

    @Test(
        "Stripe's conflicts, limits and failures are waited out, and everything is made once",
        arguments: [409, 429, 500])
    func notNow(status: Int) async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            for call in ["payment_intents", "refunds", "application_fees/{id}/refunds"] {
                world.stripe.workbench.inject(
                    Fault("POST /v1/\(call)", .status, status: status, retryAfterSeconds: 7, count: 2))
            }

            let run = try await world.paidCheckout()

            for effect in ["payment_intent.create", "refund.create", "fee_refund.create"] {
                #expect(world.count(effect) == 1, "\(effect)")
            }
            #expect(try await world.order(of: run)?.status.payment == .refunded)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a refund and the fee's refund are made once when both answers are lost")
    func refund() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")
            world.stripe.workbench.inject(Fault("POST /v1/refunds", .dropAfter, count: 1))
            world.stripe.workbench.inject(
                Fault("POST /v1/application_fees/{id}/refunds", .dropAfter, count: 1))

            let run = try await world.paidCheckout()

            #expect(world.count("refund.create") == 1)
            #expect(try await world.order(of: run)?.status.payment == .refunded)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("while the look-up fails the supplier is not asked to order again")
    func lookUpFails() async throws {
        try await World.open { world in
            let desk = world.bigBuy.workbench
            desk.inject(Fault("POST /rest/order/create/multishipping.json", .dropAfter, count: 1))
            desk.inject(Fault("GET /rest/order/reference/{reference}", .status, status: 500, count: 3))

            _ = try await world.paidCheckout()

            #expect(world.count("order.create") == 1)
            #expect(desk.calls.calls("POST", "/rest/order/create/multishipping.json").count == 1)
            #expect(desk.calls.calls("GET", "/rest/order/reference/{reference}").count == 4)
        }
    }
}
