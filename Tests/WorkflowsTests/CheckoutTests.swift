import Commerce
import CommerceStore
import Durable
import Foundation
import Stripe
import Testing
import VendorSandbox
import Workflows

@Suite("From checkout to a closed order")
struct CheckoutTests {
    @Test("a paid order is forwarded, invoiced, confirmed, delivered and closed, each exactly once")
    func mainPath() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout(2)

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .paid)
            #expect(order.status.fulfilment == .inProgress)
            #expect(order.status.invoice == .issued)
            #expect(order.status.attention == .none)
            #expect(await world.soldLines() == ["2 x SKU-1"])
            let invoice = try #require(await world.smartBill.vendor.objects("invoices")?.first)
            #expect(invoice["total"].decimal == 30)
            #expect(try await world.available() == 8)
            let letter = try #require(await world.resend.vendor.objects("emails")?.first)
            #expect(letter["html"].string?.contains(order.token.rawValue) == true)

            try await world.deliverParcels()
            try await world.fleet.settle()

            #expect(try world.output(of: run)?.end == .closed)
            let closed = try #require(try await world.order(of: run))
            #expect(closed.status.fulfilment == .delivered)
            #expect(closed.closedAt != nil)
            for effect in ["payment_intent.create", "order.create", "invoice.create", "email.create"] {
                #expect(world.count(effect) == 1, "\(effect)")
            }
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a declined card leaves the order payable, and the next card pays it")
    func declinedThenPaid() async throws {
        try await World.open { world in
            let run = try await world.checkout()
            try await world.settle()
            try await world.pay(run, with: "pm_card_chargeDeclined")
            try await world.settle()
            #expect(try await world.order(of: run)?.status.payment == .failed)

            try await world.pay(run)
            try await world.settle()

            #expect(try await world.order(of: run)?.status.payment == .paid)
            #expect(world.count("payment_intent.create") == 1)
            #expect(world.count("order.create") == 1)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("nobody pays: the payment is cancelled, and only then the order expires and the units are free")
    func timeout() async throws {
        try await World.open { world in
            let run = try await world.checkout(3)
            try await world.settle()
            #expect(try await world.available() == 7)
            world.stripe.workbench.inject(
                Fault("POST /v1/payment_intents/{id}/cancel", .status, status: 500, count: 2))

            try await world.fleet.settle(upTo: .seconds(3_590))
            #expect(try await world.order(of: run)?.expiredAt == nil)
            try await world.fleet.settle(upTo: .seconds(4_000))

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .canceled)
            #expect(order.expiredAt != nil)
            #expect(try await world.available() == 10)
            try await world.fleet.settle()
            #expect(try world.output(of: run)?.end == .expired)
            #expect(world.count("order.create") == 0)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("the shopper was faster than the cancel: the money is taken and the order served")
    func paidAtTheLastMoment() async throws {
        try await World.open { world in
            let run = try await world.checkout()
            try await world.settle()
            // Stripe's event is late: the hour passes without it.
            try await world.pay(run)
            try await world.fleet.settle(upTo: .seconds(3_900))

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .paid)
            #expect(world.count("order.create") == 1)

            // The event comes at last, and is no news.
            try await world.settle()
            #expect(world.count("order.create") == 1)
            #expect(world.count("email.create") == 1)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a signal about a payment that Stripe says is canceled serves nothing")
    func signalAfterExpiry() async throws {
        try await World.open { world in
            let run = try await world.checkout()
            try await world.settle()
            try await world.fleet.settle(upTo: .seconds(4_000))
            let intent = try #require(try await world.payment(of: run)?.intent)

            try world.fleet.journal.send(
                .payment, PaymentSignal(.succeeded, intent: PaymentIntent.ID(rawValue: intent), at: Date()),
                to: run,
                once: "forged")
            try await world.fleet.settle()

            #expect(try world.output(of: run)?.end == .expired)
            #expect(try await world.order(of: run)?.status.payment == .canceled)
            #expect(world.count("order.create") == 0)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("an article that the supplier does not have is refused before anybody pays")
    func soldOutBefore() async throws {
        try await World.open { world in
            try await world.fillShelf(0)

            let run = try await world.checkout()
            try await world.fleet.settle()

            #expect(try world.output(of: run)?.end == .declined)
            #expect(world.count("payment_intent.create") == 0)
            #expect(try await world.available() == 10)
        }
    }

    @Test("of two shoppers who want the last piece one is told before paying")
    func lastPiece() async throws {
        try await World.open(stock: 1) { world in
            let first = try await world.checkout()
            let second = try await world.checkout()
            try await world.settle()

            let ends = [try world.output(of: first)?.end, try world.output(of: second)?.end]
            #expect(ends.compactMap(\.self) == [.declined])
            #expect(world.count("payment_intent.create") == 1)
        }
    }

    @Test("a store that Stripe restricts during the checkout is told, and nobody pays or loses the piece")
    func restrictedMeanwhile() async throws {
        try await World.open { world in
            let known = try await world.transaction { try await Stores().load(in: $0).stripeAccount }
            let account = try #require(known)
            let answer = try await SandboxCaller.send(
                "POST", "\(world.stripe.baseURL)/_sandbox/accounts/\(account)",
                headers: [
                    "Authorization": "Bearer sk_test_shop",
                    "Content-Type": "application/x-www-form-urlencoded",
                ], body: Array("outcome=restricted".utf8))
            #expect(answer.status < 300)

            let run = try await world.checkout()
            try await world.settle()

            #expect(try world.output(of: run)?.end == .declined)
            #expect(world.count("payment_intent.create") == 0)
            #expect(try await world.order(of: run)?.expiredAt != nil)
            #expect(try await world.available() == 10)
            let items = try await world.transaction { try await Attention().openItems(in: $0) }
            #expect(items.map(\.topic) == [AttentionKind.merchantRestricted.rawValue])
        }
    }

    @Test("a supplier that does not answer the question stops no sale")
    func silentSupplier() async throws {
        try await World.open { world in
            world.bigBuy.workbench.inject(
                Fault("POST /rest/order/check/multishipping.json", .status, status: 500, count: 4))

            let run = try await world.paidCheckout()

            #expect(try await world.order(of: run)?.status.payment == .paid)
            #expect(world.count("order.create") == 1)
        }
    }

    @Test("what happens twice at Stripe or comes shuffled ends in the same order")
    func repeatedEvents() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let intent = PaymentIntent.ID(rawValue: try #require(try await world.payment(of: run)?.intent))

            for kind in PaymentSignal.Kind.allCases.reversed() {
                try world.fleet.journal.send(
                    .payment, PaymentSignal(kind, intent: intent, at: Date()), to: run, once: "again-\(kind)")
            }
            try await world.settle()

            #expect(try await world.order(of: run)?.status.payment == .paid)
            #expect(world.count("order.create") == 1)
            #expect(world.count("refund.create") == 0)
            #expect(try await world.imbalance().isEmpty)
        }
    }
}
