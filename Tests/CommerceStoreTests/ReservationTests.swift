import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite struct ReservationTests {
    private static let afterHold = TestShop.now.addingTimeInterval(Reservations.defaultHold + 1)

    private func states(_ order: Order, _ shop: TestShop) async throws -> [String] {
        try await shop.transaction { tx in
            try await tx.execute(
                """
                select state from shop.reservation where order_id = \(order.id.rawValue)
                order by warehouse, reference
                """
            ).column(0, as: String.self)
        }
    }

    private func supplierOrders(_ order: Order, _ shop: TestShop) async throws -> [SupplierOrder] {
        try await shop.transaction { tx in
            try await SupplierOrders().plan(order.id, in: tx).sorted {
                $0.warehouse.rawValue < $1.warehouse.rawValue
            }
        }
    }

    @Test("units that nobody paid for in time come back once, in every store")
    func lapsedUnitsComeBack() async throws {
        let platform = TestPlatform()
        let shops = [
            try await TestShop.open(stock: 3, on: platform), try await TestShop.open(stock: 3, on: platform),
        ]
        var orders: [Order] = []
        for shop in shops { orders.append(try await shop.order(2)) }
        let lapses = Lapses(shops[0].database)

        let early = try await lapses.sweep(at: TestShop.now.addingTimeInterval(60))
        let freed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try await lapses.sweep(at: Self.afterHold).freed } }
            return try await group.reduce(0, +)
        }

        #expect(early.freed == 0)
        #expect(freed == 2)
        for (shop, order) in zip(shops, orders) {
            #expect(try await states(order, shop) == ["expired"])
            #expect(try await shop.available() == 3)
        }
        #expect(try await lapses.sweep(at: Self.afterHold) == Lapses.Found())
    }

    @Test("a payment that is being recorded while the units lapse keeps them")
    func sweepMeetsPayment() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(stock: 3, on: platform)
        let servers = try await platform.servers()
        let order = try await shop.order(2)

        try await shop.transaction { tx in
            let payment = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            _ = try await Payments().recordIntent("pi_lapse", clientSecret: nil, of: payment.id, in: tx)
        }
        let sweep = try await shop.transaction { tx in
            _ = try await Payments().markPaid(
                intent: "pi_lapse", captured: order.total.gross, charge: "ch", stripeFee: nil,
                at: TestShop.now, in: tx)
            // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
            let waiting = Task { try await Lapses(shop.database).sweep(at: Self.afterHold) }
            try await servers.untilSomebodyWaits()
            return waiting
        }

        #expect(try await sweep.value.freed == 0)
        #expect(try await states(order, shop) == ["held"])
    }

    @Test("while the bank decides the units are kept, but not for ever")
    func bankDecides() async throws {
        let shop = try await TestShop.open(stock: 3, on: TestPlatform())
        let order = try await shop.order(2)
        try await shop.transaction { tx in
            let payment = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            _ = try await Payments().recordIntent("pi_bank", clientSecret: nil, of: payment.id, in: tx)
            try await Payments().recordStatus(.processing, ofIntent: "pi_bank", at: TestShop.now, in: tx)
        }

        let soon = try await Lapses(shop.database).sweep(at: Self.afterHold)
        let late = try await Lapses(shop.database).sweep(at: Self.afterHold.addingTimeInterval(8 * 86_400))

        #expect(soon.freed == 0)
        #expect(late.freed == 1)
    }

    @Test("a payment that was reported keeps its units while its run is kept from taking it")
    func reportedPayment() async throws {
        let shop = try await TestShop.open(stock: 3, on: TestPlatform())
        let order = try await shop.order(2)
        try await shop.transaction { tx in
            let payment = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            _ = try await Payments().recordIntent("pi_reported", clientSecret: nil, of: payment.id, in: tx)
            _ = try await Payments().reportPaid(payment.id, at: TestShop.now, in: tx)
        }

        let soon = try await Lapses(shop.database).sweep(at: Self.afterHold)
        let late = try await Lapses(shop.database).sweep(at: Self.afterHold.addingTimeInterval(8 * 86_400))

        #expect(soon.freed == 0)
        #expect(late.freed == 1)
    }

    @Test("money that was reported and that no run took asks for a person, once")
    func unservedMoney() async throws {
        let shop = try await TestShop.open(on: TestPlatform())
        let order = try await shop.order()
        let payment = try await shop.transaction { tx in
            let opened = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            _ = try await Payments().recordIntent("pi_unserved", clientSecret: nil, of: opened.id, in: tx)
            _ = try await Payments().reportPaid(opened.id, at: TestShop.now, in: tx)
            return opened.id
        }
        let lapses = Lapses(shop.database)

        let soon = try await lapses.sweep(at: TestShop.now.addingTimeInterval(60))
        let late = try await lapses.sweep(at: TestShop.now.addingTimeInterval(3_700))
        let again = try await lapses.sweep(at: TestShop.now.addingTimeInterval(3_800))

        #expect((soon.unserved, late.unserved, again.unserved) == (0, 1, 0))
        let items = try await shop.transaction { try await Attention().openItems(in: $0) }
        #expect(items.map(\.subject) == ["pi_unserved"])
        await #expect(throws: StoreError.notFound(.payment, "\(payment)")) {
            try await shop.transaction { tx in
                _ = try await Payments().recordIntent("pi_unserved", clientSecret: "s", of: payment, in: tx)
            }
        }
    }

    @Test("one group's units leave the shelf, and another's come back, without touching each other")
    func groupsEndApart() async throws {
        let shop = try await TestShop.open(warehouses: ["east", "west"])
        let (order, _) = try await shop.paidOrder(2, lines: 2)
        let groups = try await supplierOrders(order, shop)
        try #require(groups.map(\.warehouse.rawValue) == ["east", "west"])

        try await shop.transaction {
            try await Reservations().settle(groups[0], accepted: [SKU(unchecked: "SKU-1")], in: $0)
        }
        #expect(try await states(order, shop) == ["committed", "held"])
        #expect(try await shop.available(1) == 8)

        for _ in 0..<2 {
            try await shop.transaction { try await Reservations().settle(groups[1], accepted: [], in: $0) }
        }
        #expect(try await states(order, shop) == ["committed", "released"])
        #expect(try await shop.available(0) == 8)
        #expect(try await shop.available(1) == 10)
    }

    @Test("of a group that was accepted in part the refused units come back")
    func groupAcceptedInPart() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder(3, lines: 2)
        let group = try await supplierOrders(order, shop)[0]

        try await shop.transaction {
            try await Reservations().settle(group, accepted: [SKU(unchecked: "SKU-2")], in: $0)
        }

        #expect(try await states(order, shop) == ["released", "committed"])
        #expect(try await shop.available(0) == 10)
        #expect(try await shop.available(1) == 7)
    }

    @Test("the same reference in two warehouses is held once for each")
    func sameReferenceTwice() async throws {
        let shop = try await TestShop.open(reference: "TWICE", warehouses: ["east", "west"])
        let (order, _) = try await shop.paidOrder(2, lines: 2)
        let groups = try await supplierOrders(order, shop)

        try await shop.transaction {
            try await Reservations().settle(groups[0], accepted: [SKU(unchecked: "TWICE")], in: $0)
        }

        #expect(try await states(order, shop) == ["committed", "held"])
        #expect(try await shop.available() == 6)
    }

    @Test("units of an order that is paid late are held again while they are there")
    func lateMoneyHoldsAgain() async throws {
        let shop = try await TestShop.open(stock: 3)
        let order = try await shop.order(2)
        try await shop.transaction { tx in
            _ = try await Orders().expire(order.id, at: TestShop.now, in: tx)
        }
        #expect(try await shop.available() == 3)

        for _ in 0..<2 { try await shop.transaction { try await Reservations().regain(order.id, in: $0) } }

        #expect(try await states(order, shop) == ["held"])
        #expect(try await shop.available() == 1)
    }

    @Test("units that somebody else holds by then are not held twice, and still leave the shelf when they go")
    func lateMoneyFindsThemGone() async throws {
        let shop = try await TestShop.open(stock: 3)
        let order = try await shop.order(2)
        try await shop.transaction { tx in
            _ = try await Orders().expire(order.id, at: TestShop.now, in: tx)
        }
        _ = try await shop.order(2)

        try await shop.transaction { try await Reservations().regain(order.id, in: $0) }
        #expect(try await states(order, shop) == ["released"])
        #expect(try await shop.available() == 1)

        let group = try await supplierOrders(order, shop)[0]
        try await shop.transaction {
            try await Reservations().settle(group, accepted: [SKU(unchecked: "SKU-1")], in: $0)
        }
        #expect(try await states(order, shop) == ["committed"])
        #expect(try await shop.available() == 0)
    }

    @Test("refused checkouts of the same products take turns and pause them without a deadlock")
    func refusalsTakeTurns() async throws {
        let shop = try await TestShop.open(plan: .free)
        var checkouts: [Checkout] = []
        for _ in 0..<8 { checkouts.append(try await shop.checkout(shop.quote(lines: 2))) }
        try await shop.transaction { tx in
            for product in shop.products {
                try await Products().recordCost(.eur(1_600), of: product, in: tx)
            }
        }

        let refused = try await withThrowingTaskGroup(of: Int.self) { group in
            for checkout in checkouts {
                group.addTask {
                    try await shop.transaction { tx in
                        do {
                            _ = try await Quotes().confirm(checkout, holding: .changing, in: tx)
                            return 0
                        } catch StoreError.saleRefused(let refusal, let products) {
                            try await Products().takeOffSale(products, after: refusal, in: tx)
                        } catch StoreError.notForSale {}
                        return 1
                    }
                }
            }
            return try await group.reduce(0, +)
        }

        #expect(refused == 8)
        let states = try await shop.transaction { try await Products().load(shop.products, in: $0) }
        #expect(states.map(\.status) == [.paused, .paused])
    }
}

extension TestPlatform.Servers {
    /// Looks until some transaction of this database waits for another's lock. It looks a bounded number of
    /// times; a test that needs more has failed.
    func untilSomebodyWaits() async throws {
        for _ in 0..<20_000 {
            let waiting = try await platform.execute(
                """
                select count(*) from pg_locks l join pg_stat_activity a on a.pid = l.pid
                where not l.granted and a.datname = current_database()
                """
            ).rows[0].decode(0, as: Int.self)
            if waiting > 0 { return }
        }
        Issue.record("nobody came to wait for the lock")
    }
}
