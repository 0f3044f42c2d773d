import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("What a shopper is told about an order")
struct OrderNewsTests {
    private func letters(_ world: World, about subject: String) async -> [JSON] {
        await (world.resend.vendor.objects("emails") ?? []).filter { $0["subject"].string == subject }
    }

    @Test("the confirmation holds the terms themselves, as text")
    func terms() async throws {
        try await World.open { world in
            try await world.transaction {
                try await LegalPages().edit(.terms, in: .english, body: "One.\n<b>Two</b>", in: $0)
                try await LegalPages().edit(.withdrawal, in: .english, body: "Fourteen days.", in: $0)
            }

            let run = try await world.paidCheckout()

            let order = try #require(try await world.order(of: run))
            let subject = "Your order \(order.number) at Lumina & Co is confirmed"
            let letter = try #require(await letters(world, about: subject).first)
            #expect(letter["html"].string?.contains("<p>One.<br>&lt;b&gt;Two&lt;/b&gt;</p>") == true)
            #expect(letter["html"].string?.contains("Fourteen days.") == true)
            #expect(letter["text"].string?.contains("Terms\n\nOne.\n<b>Two</b>\n\nWithdrawal") == true)
        }
    }

    @Test("a parcel that leaves is told once, and one that has arrived already is no news")
    func sent() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))
            let subject = "Your order \(order.number) at Lumina & Co is on its way"
            #expect(await letters(world, about: subject).isEmpty)

            try await world.pull(
                world.bigBuy, "progress",
                ["ship_after_seconds": 0, "deliver_after_seconds": .integer(100 * 86_400)])
            try await world.fleet.settle(upTo: .seconds(12 * 3_600))

            let letter = try #require(await letters(world, about: subject).first)
            #expect(letter["html"].string?.contains(order.token.rawValue) == true)
            try await world.deliverParcels()
            try await world.fleet.settle()
            #expect(await letters(world, about: subject).count == 1)
            #expect(try await world.order(of: run)?.status.fulfilment == .delivered)
        }
    }

    @Test("what cannot be delivered is refunded, and the shopper reads why and how much")
    func refunded() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            await supplier.sellOutBetween("SKU-1")

            let run = try await world.paidCheckout()

            let order = try #require(try await world.order(of: run))
            #expect(order.status.payment == .refunded)
            let told = await letters(world, about: "Your refund for order \(order.number) at Lumina & Co")
            #expect(told.count == 1)
            let text = told.first?["text"].string ?? ""
            #expect(text.contains("can no longer be delivered") && text.contains("refunded 15.00 EUR"))
        }
    }
}
