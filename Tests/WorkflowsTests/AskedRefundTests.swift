import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Logging
import Postgres
import Redis
import TestServers
import Testing
import Workflows

/// With the engine's own client on the tests' database. No worker runs there: what was asked for is read from
/// the rows.
@Suite("Refunds that are asked for")
struct AskedRefundTests {
    private struct NothingLeft: Error {}
    private struct Undone: Error { var isFree = false }

    private func engine() async throws -> Runs {
        let logger = Logger(label: "asked-refunds") { _ in SwiftLogNoOpLogHandler() }
        let redis = RedisClient(
            try RedisConfiguration(try await TestServers.shared.freshRedisURL()), logger: logger)
        let fleet = FleetConfiguration(
            database: try PostgresConfiguration(try await TestServers.shared.url()))
        return Runs(fleet, redis: redis, pool: try await TestPlatform.shared.pool(), logger: logger)
    }

    /// What is left of a paid order: some of its pieces, or all.
    private func wish(
        _ pieces: Int?, of run: RunID, _ world: World
    ) async throws -> RefundOrder.Input {
        let payment = try #require(try await world.payment(of: run))
        let units = try await world.transaction {
            try await SupplierOrders().units(ofOrder: payment.order, in: $0)
        }
        return RefundOrder.Input(
            order: payment.order, payment: payment.id, cause: .goodwill,
            units: pieces.map { units.prefix($0).map(\.id) })
    }

    /// Asks as the faces do. False where nothing of it is left.
    private func ask(
        _ input: RefundOrder.Input, once key: String, _ engine: Runs, _ world: World
    ) async throws -> Bool {
        do {
            return try await world.transaction { tx in
                guard try await engine.refund(input, once: key, with: tx) != nil else { throw NothingLeft() }
                return true
            }
        } catch is NothingLeft {
            return false
        }
    }

    /// Whether no run has this key.
    private func isFree(
        _ key: String, _ input: RefundOrder.Input, _ engine: Runs, _ world: World
    ) async throws -> Bool {
        do {
            return try await world.transaction { tx in
                let run = try await engine.start(
                    RefundOrder.self, input, once: key, for: Tenant(world.tenant), in: tx.postgres)
                throw Undone(isFree: run.isNew)
            }
        } catch let undone as Undone {
            return undone.isFree
        }
    }

    @Test("of two who ask for the same piece at once one is told so, and no run is started for it")
    func atOnce() async throws {
        try await World.open { world in
            let engine = try await engine()
            let input = try await wish(1, of: try await world.paidCheckout(), world)

            async let first = ask(input, once: "a", engine, world)
            async let second = ask(input, once: "b", engine, world)
            let taken = try await [first, second]

            #expect(taken.count { $0 } == 1)
            #expect(try await isFree("a", input, engine, world) == !taken[0])
            #expect(try await isFree("b", input, engine, world) == !taken[1])
            #expect(try await world.refunds(of: input.order).map(\.status) == [.reserved])
            #expect(try await ask(input, once: taken[0] ? "a" : "b", engine, world), "the same wish again")
            #expect(try await world.refunds(of: input.order).count == 1)
        }
    }

    @Test("pieces and run are written together: of a transaction that is rolled back neither is there")
    func rolledBack() async throws {
        try await World.open { world in
            let engine = try await engine()
            let input = try await wish(nil, of: try await world.paidCheckout(), world)

            await #expect(throws: Undone.self) {
                try await world.transaction { tx in
                    #expect(try await engine.refund(input, once: "a", with: tx)?.isNew == true)
                    #expect(try await Refunds().all(of: input.order, in: tx).count == 1)
                    throw Undone()
                }
            }

            #expect(try await world.refunds(of: input.order).isEmpty)
            #expect(try await isFree("a", input, engine, world))
            #expect(try await ask(input, once: "a", engine, world))
            #expect(try await world.refunds(of: input.order).map(\.breakdown.amount) == [.eur(1_500)])
        }
    }

    @Test("an operator's wish takes no canceled piece, says what is left, and names who asked and why")
    func canceledPieces() async throws {
        let supplier = StandInSupplier()
        try await World.open(supplier: supplier) { world in
            let engine = try await engine()
            let (run, _) = try await world.heldCheckout(2, supplier)
            let order = try #require(try await world.order(of: run))
            let (item, units) = try await world.transaction { tx in
                (
                    try await Orders().lines(of: order.id, in: tx)[0].sku,
                    try await SupplierOrders().units(ofOrder: order.id, in: tx)
                )
            }
            let canceled = try await world.transaction {
                try await SupplierOrders().cancelUnforwarded(
                    [units[0].id], of: order.id, because: "a test", in: $0)
            }
            #expect(canceled == [units[0].id])
            func ask(_ item: SKU?, _ pieces: Int) async throws {
                let wish = RefundWish(
                    order: order.number, cause: .goodwill, item: item, pieces: pieces, once: "k\(pieces)")
                _ = try await world.transaction {
                    try await engine.refund(wish, by: "ana", because: "a scratch", with: $0)
                }
            }

            await #expect(throws: RefundRefusal.tooFew(order.number, item, left: 1, asked: 2)) {
                try await ask(item, 2)
            }
            await #expect(throws: RefundRefusal.nothingLeft(order.number)) { try await ask(nil, 1) }
            #expect(try await world.refunds(of: order.id).isEmpty)
            try await ask(item, 1)
            // With the same key nothing more goes back, and nobody is told that nothing is left.
            try await ask(item, 1)

            let taken = try await world.transaction {
                try await Refunds().refundedUnits(of: order.id, in: $0)
            }
            #expect(Set(taken) == [units[1].id])
            let acts = try await world.transaction { try await StoreOrders().annex(of: order, in: $0).acts }
            #expect(acts.filter { $0.action == "order.refund_asked" }.map(\.reason) == ["a scratch"])
        }
    }
}
