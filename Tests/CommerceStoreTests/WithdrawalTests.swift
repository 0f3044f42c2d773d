import Foundation
import Testing

@testable import Commerce
@testable import CommerceStore

@Suite struct WithdrawalTests {
    private static let arrival = TestShop.now.addingTimeInterval(86_400)

    private func draft(
        _ order: Order, _ units: [OrderLineID: Int], id: WithdrawalID = WithdrawalID()
    ) -> Withdrawals.Draft {
        Withdrawals.Draft(
            id: id, order: order.id, name: "Ana Pop", email: EmailAddress(unchecked: "ana@example.test"),
            language: .romanian, units: units)
    }

    /// A paid order of which everything has arrived.
    private func delivered(
        _ shop: TestShop, _ quantity: Int = 2
    ) async throws -> (order: Order, line: OrderLineID) {
        let (order, _) = try await shop.paidOrder(quantity)
        let line = try await shop.transaction { tx in
            let planned = try await SupplierOrders().plan(order.id, in: tx)[0].id
            for state: SupplierOrderState in [.checking, .submitting, .submitted, .accepted] {
                try await SupplierOrders().move(planned, to: state, at: TestShop.now, in: tx)
            }
            try await SupplierOrders().moveUnits(of: planned, to: .forwarded, in: tx)
            try await SupplierOrders().moveUnits(of: planned, to: .delivered, in: tx)
            for state: SupplierOrderState in [.shipped, .delivered] {
                try await SupplierOrders().move(planned, to: state, at: Self.arrival, in: tx)
            }
            try await Orders().refreshStatus(order.id, in: tx)
            return try await Orders().lines(of: order.id, in: tx)[0].id
        }
        return (order, line)
    }

    @Test("a supplier order on hold of which nothing is left is found among all stores, with what it asks")
    func nothingLeftToSend() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder(2)
        let run = UUID()
        let (held, item) = try await shop.transaction { tx in
            let planned = try await SupplierOrders().plan(order.id, in: tx)[0].id
            try await SupplierOrders().recordRun(run, of: planned, in: tx)
            for state: SupplierOrderState in [.checking, .onHold] {
                try await SupplierOrders().move(planned, to: state, at: TestShop.now, in: tx)
            }
            let item = try await Attention().ask(
                .order(.supplierPriceUp), subject: "\(planned)", order: order.id, message: "it is dearer",
                asked: .eur(1_200), in: tx)
            return (planned, item)
        }
        let units = try await shop.transaction {
            try await SupplierOrders().units(ofOrder: order.id, in: $0).map(\.id)
        }

        try await cancel([units[0]], of: order.id, shop)
        #expect(try await idle(shop).isEmpty)
        #expect(try await !storesWithAnswered(shop).contains(shop.tenant))
        try await cancel([units[1]], of: order.id, shop)

        let found = try await idle(shop)
        #expect(found.map(\.supplierOrder) == [held])
        #expect(found.map(\.run) == [run])
        #expect(found.map(\.item) == [item])
        #expect(try await storesWithAnswered(shop).contains(shop.tenant))
    }

    private func cancel(_ units: [UnitID], of order: OrderID, _ shop: TestShop) async throws {
        _ = try await shop.transaction {
            try await SupplierOrders().cancelUnforwarded(units, of: order, because: "a test", in: $0)
        }
    }

    private func idle(_ shop: TestShop) async throws -> [SupplierOrders.Held] {
        try await shop.transaction { try await SupplierOrders().answered(limit: 10, in: $0) }
    }

    private func storesWithAnswered(_ shop: TestShop) async throws -> [TenantID] {
        try await shop.database.platformTransaction {
            try await SupplierOrders().storesWithAnswered(limit: 100_000, in: $0)
        }
    }

    @Test("a declaration sent from many tasks at once is one, and each unit is withdrawn from once")
    func declaredOnce() async throws {
        let shop = try await TestShop.open()
        let (order, line) = try await delivered(shop)
        let draft = draft(order, [line: 1])

        let outcomes = try await withThrowingTaskGroup(of: Withdrawals.Outcome.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await shop.transaction {
                        try await Withdrawals().submit(draft, at: Self.arrival, in: $0)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }

        let first = outcomes.filter { if case .declared(_, isFirst: true) = $0 { true } else { false } }
        let again = outcomes.filter { if case .declared(_, isFirst: false) = $0 { true } else { false } }
        #expect((first.count, again.count) == (1, 5))
        let (left, more) = try await shop.transaction { tx in
            (
                try await Withdrawals().offer(of: order.id, in: tx).lines[0].units.count,
                try await Withdrawals().submit(self.draft(order, [line: 2]), at: Self.arrival, in: tx)
            )
        }
        #expect(left == 1)
        #expect(more == .notThese)
    }

    @Test("the period begins with the arrival of the last item and ends by itself")
    func period() async throws {
        let shop = try await TestShop.open()
        let (order, line) = try await delivered(shop)

        let offer = try await shop.transaction { try await Withdrawals().offer(of: order.id, in: $0) }
        let end = try #require(offer.endsAt)
        let late = try await shop.transaction {
            try await Withdrawals().submit(draft(order, [line: 1]), at: end, in: $0)
        }

        #expect(end == WithdrawalPeriod(days: nil).end(afterArrival: Self.arrival))
        #expect(end >= Self.arrival.addingTimeInterval(14 * 86_400))
        #expect(offer.isOpen(at: end.addingTimeInterval(-1)))
        #expect(late == .tooLate)
    }

    @Test("an unpaid order and one that was refunded offer nothing")
    func nothingPaid() async throws {
        let shop = try await TestShop.open()
        let order = try await shop.order()

        let offer = try await shop.transaction { try await Withdrawals().offer(of: order.id, in: $0) }

        #expect(!offer.isOpen(at: TestShop.now))
    }

    @Test("a product that excludes it cannot be withdrawn from, as it was at the sale")
    func excluded() async throws {
        let shop = try await TestShop.open()
        try await shop.transaction {
            try await Products().setWithdrawalExclusion(.hygiene, of: shop.products[0], in: $0)
        }
        let (order, line) = try await delivered(shop)
        try await shop.transaction {
            try await Products().setWithdrawalExclusion(nil, of: shop.products[0], in: $0)
        }

        let offer = try await shop.transaction { try await Withdrawals().offer(of: order.id, in: $0) }
        let outcome = try await shop.transaction {
            try await Withdrawals().submit(draft(order, [line: 1]), at: Self.arrival, in: $0)
        }

        #expect(offer.lines[0].exclusion == .hygiene)
        #expect(outcome == .tooLate)
    }

    @Test("what was declared never changes, and goods that are back are returned units")
    func frozen() async throws {
        let shop = try await TestShop.open()
        let (order, line) = try await delivered(shop)
        let draft = draft(order, [line: 2])
        _ = try await shop.transaction { try await Withdrawals().submit(draft, at: Self.arrival, in: $0) }

        try await shop.transaction { tx in
            try await Withdrawals().prove("RR1", of: draft.id, at: Self.arrival, in: tx)
            try await Withdrawals().prove("RR2", of: draft.id, at: Self.arrival, in: tx)
            try await Withdrawals().receive(draft.id, by: "user:1", at: Self.arrival, in: tx)
        }
        let changed = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.withdrawal set submitted_at = now() where id = \(draft.id.rawValue)")
            }
        }

        #expect(changed == .withdrawalFrozen)
        let (stored, units) = try await shop.transaction { tx in
            (
                try await Withdrawals().load(draft.id, in: tx),
                try await SupplierOrders().units(ofOrder: order.id, in: tx).map(\.state)
            )
        }
        #expect(stored.tracking == "RR1")
        #expect(stored.receivedAt == Self.arrival)
        #expect(units == [.returned, .returned])
    }

    @Test("another store sees neither a withdrawal nor what could be withdrawn from")
    func isolation() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        let (order, line) = try await delivered(shop)
        let draft = draft(order, [line: 1])
        _ = try await shop.transaction { try await Withdrawals().submit(draft, at: Self.arrival, in: $0) }

        #expect(try await other.transaction { try await Withdrawals().find(draft.id, in: $0) } == nil)
        #expect(try await other.transaction { try await Withdrawals().recent(in: $0) }.isEmpty)
        await #expect(throws: StoreError.notFound(.order, "\(order.id)")) {
            try await other.transaction { _ = try await Withdrawals().offer(of: order.id, in: $0) }
        }
        await #expect(throws: StoreError.notFound(.withdrawal, "\(draft.id)")) {
            try await other.transaction {
                try await Withdrawals().receive(draft.id, by: "x", at: TestShop.now, in: $0)
            }
        }
    }
}

@Suite struct CorrectionTests {
    private func planned(_ shop: TestShop) async throws -> (
        order: Order, group: SupplierOrder, units: [UnitID]
    ) {
        let (order, _) = try await shop.paidOrder(2)
        return try await shop.transaction { tx in
            let group = try await SupplierOrders().plan(order.id, in: tx)[0]
            try await SupplierOrders().move(group.id, to: .checking, at: TestShop.now, in: tx)
            let units = try await SupplierOrders().units(ofOrder: order.id, in: tx).map(\.id)
            return (order, group, units)
        }
    }

    private var elsewhere: Address {
        Address(
            firstName: "Ana", lastName: "Pop", company: nil, vatNumber: nil, line: "Strada Scurta 2",
            city: "Cluj-Napoca", county: "Cluj", postcode: "400002", country: .romania)
    }

    @Test("who cancels while the order is being submitted waits, and then finds nothing to cancel")
    func cancelMeetsSubmitting() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let servers = try await platform.servers()
        let (order, group, units) = try await planned(shop)

        let cancel = try await shop.transaction { tx in
            try await tx.lockOrder(order.id)
            // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
            let waiting = Task {
                try await shop.transaction {
                    try await SupplierOrders().cancelUnforwarded(units, of: order.id, because: "x", in: $0)
                }
            }
            try await servers.untilSomebodyWaits()
            try await SupplierOrders().move(group.id, to: .submitting, at: TestShop.now, in: tx)
            return waiting
        }

        #expect(try await cancel.value.isEmpty)
        let states = try await shop.transaction {
            try await SupplierOrders().units(of: group.id, in: $0).map(\.state)
        }
        #expect(states == [.allocated, .allocated])
    }

    @Test("who submits while units are being canceled waits, and then finds them canceled")
    func submittingMeetsCancel() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let servers = try await platform.servers()
        let (order, group, units) = try await planned(shop)

        let submit = try await shop.transaction { tx in
            let canceled = try await SupplierOrders().cancelUnforwarded(
                [units[0]], of: order.id, because: "x", in: tx)
            #expect(canceled == [units[0]])
            // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
            let waiting = Task {
                try await shop.transaction { inner in
                    try await inner.lockOrder(order.id)
                    try await SupplierOrders().move(group.id, to: .submitting, at: TestShop.now, in: inner)
                    return try await SupplierOrders().units(of: group.id, in: inner).count {
                        $0.state != .canceled
                    }
                }
            }
            try await servers.untilSomebodyWaits()
            return waiting
        }

        #expect(try await submit.value == 1)
    }

    @Test("who corrects the address while the order is being submitted waits, and is refused")
    func addressMeetsSubmitting() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let servers = try await platform.servers()
        let (order, group, _) = try await planned(shop)
        let elsewhere = elsewhere

        let correction = try await shop.transaction { tx in
            try await tx.lockOrder(order.id)
            // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
            let waiting = Task {
                try await shop.transaction {
                    try await Orders().correctAddress(of: order.id, to: elsewhere, phone: nil, in: $0)
                }
            }
            try await servers.untilSomebodyWaits()
            try await SupplierOrders().move(group.id, to: .submitting, at: TestShop.now, in: tx)
            return waiting
        }

        #expect(try await correction.value == .tooLate)
        let stored = try await shop.transaction { try await Orders().load(order.id, in: $0).address }
        #expect(stored == order.address)
    }

    @Test("an address is corrected within its country, and not to where taxes differ")
    func address() async throws {
        let shop = try await TestShop.open()
        let (order, _, _) = try await planned(shop)
        var form = TestShop.form
        (form.country, form.postcode, form.county, form.city) = ("DE", "10115", "", "Berlin")
        let abroad = try form.checked()
        let near = elsewhere

        let (refused, done, stored) = try await shop.transaction { tx in
            let refused = try await Orders().correctAddress(of: order.id, to: abroad, phone: nil, in: tx)
            let done = try await Orders().correctAddress(of: order.id, to: near, phone: nil, in: tx)
            return (refused, done, try await Orders().load(order.id, in: tx).address)
        }

        #expect(refused == .elsewhere)
        #expect(done == nil)
        #expect(stored == near)
    }

    @Test("what was given to the merchant to order by hand is not canceled here")
    func givenToMerchant() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder(1)

        let canceled = try await shop.transaction { tx in
            let group = try await SupplierOrders().plan(order.id, in: tx)[0]
            try await SupplierOrders().markGivenToMerchant(group.id, at: TestShop.now, in: tx)
            let units = try await SupplierOrders().units(of: group.id, in: tx).map(\.id)
            return try await SupplierOrders().cancelUnforwarded(units, of: order.id, because: "x", in: tx)
        }

        #expect(canceled.isEmpty)
    }
}
