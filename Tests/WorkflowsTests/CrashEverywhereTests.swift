import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@Suite("Killed at every write")
struct CrashEverywhereTests {
    /// Effects that each may happen once and only once, however often the worker dies.
    private static let effects = ["payment_intent.create", "order.create", "invoice.create", "email.create"]

    @Test("the main path has the same outside effects", .timeLimit(.minutes(20)))
    func mainPath() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await World.open(seenAs: crash) { world in
                let run = try await world.paidCheckout()
                try await world.deliverParcels()
                try await world.fleet.settle()
                let counts = Self.effects.map { "\($0): \(world.count($0))" }
                let imbalance = try await world.imbalance()
                return counts + ["\(try world.output(of: run)?.end as Any)", "\(imbalance)"]
            }
        }
        #expect(survived > 40)
    }

    @Test("a refund after the payment has the same outside effects", .timeLimit(.minutes(20)))
    func refund() async throws {
        let survived = try await CrashRunner.survive { crash in
            let supplier = StandInSupplier()
            return try await World.open(supplier: supplier, seenAs: crash) { world in
                await supplier.sellOutBetween("SKU-1")
                let run = try await world.paidCheckout()
                let counts = ["refund.create", "fee_refund.create", "order.create"].map {
                    "\($0): \(world.count($0))"
                }
                let imbalance = try await world.imbalance()
                return counts + ["\(try world.output(of: run)?.end as Any)", "\(imbalance)"]
            }
        }
        #expect(survived > 40)
    }
}
