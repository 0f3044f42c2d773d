import Commerce
import Foundation
import Testing

@testable import CommerceStore

@Suite struct OrderTests {
    @Test("a quote is read back exactly as it was frozen")
    func quoteSurvives() async throws {
        let shop = try await TestShop.open(plan: .free)
        let quote = try await shop.quote(3, lines: 2)

        let stored = try await shop.transaction { try await Quotes().load(quote.id, in: $0) }

        #expect(stored == quote)
        #expect(stored.total.gross == .eur(9000))
        #expect(stored.total.withheld + stored.total.margin == stored.total.gross)
    }

    @Test("an expired quote and another total are refused by name")
    func expiredAndDrifted() async throws {
        let shop = try await TestShop.open()
        let quote = try await shop.quote()

        await #expect(throws: StoreError.quoteExpired(at: quote.expiresAt)) {
            try await shop.transaction { tx in
                _ = try await Checkouts().create(try TestShop.request(quote), at: quote.expiresAt, in: tx)
            }
        }
        await #expect(throws: StoreError.totalChanged(seen: .eur(1), now: .eur(1500))) {
            try await shop.transaction { tx in
                _ = try await Checkouts().create(
                    try TestShop.request(quote, seen: .eur(1)), at: TestShop.now, in: tx)
            }
        }
    }

    @Test("a basket refuses quantity 0, a million, another store's product and one that is paused")
    func basketLimits() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        try await shop.transaction { tx in
            let cart = try await Carts().open(token: "t", language: .english, country: .romania, in: tx)
            for bad in [0, -1, 1_000_000] {
                await #expect(throws: StoreError.quantityOutOfRange(asked: bad, limit: 99)) {
                    try await Carts().add(bad, of: shop.products[0], to: cart.id, in: tx)
                }
            }
            await #expect(throws: StoreError.notFound(.product, "\(other.products[0])")) {
                try await Carts().add(1, of: other.products[0], to: cart.id, in: tx)
            }
            try await Products().pause(shop.products[0], reason: "cost rose", in: tx)
            await #expect(throws: StoreError.notForSale(SKU(unchecked: "SKU-1"))) {
                try await Carts().add(1, of: shop.products[0], to: cart.id, in: tx)
            }
        }
    }

    @Test("a sale below cost is refused when it is frozen and again when it is confirmed")
    func guardHolds() async throws {
        let shop = try await TestShop.open(plan: .free)
        let checkout = try await shop.checkout(shop.quote())
        try await shop.transaction {
            try await Products().recordCost(.eur(1450), of: shop.products[0], in: $0)
        }

        await #expect(throws: StoreError.self) { _ = try await shop.quote() }
        await #expect(throws: StoreError.self) { _ = try await shop.place(checkout) }
    }

    @Test("placing one checkout from many tasks at once makes one order")
    func placedOnce() async throws {
        let shop = try await TestShop.open()
        let checkout = try await shop.checkout(shop.quote(2))

        let orders = try await withThrowingTaskGroup(of: Order.self) { group in
            for _ in 0..<8 { group.addTask { try await shop.place(checkout) } }
            return try await group.reduce(into: [Order]()) { $0.append($1) }
        }

        #expect(Set(orders.map(\.id)).count == 1)
        let units = try await shop.transaction {
            try await SupplierOrders().units(ofOrder: orders[0].id, in: $0)
        }
        #expect(units.count == 2)
        #expect(orders[0].number == .first)
        let left = try await shop.transaction {
            try await Products().load(shop.products[0], in: $0).available
        }
        #expect(left == 8)
    }

    @Test("a double click is one checkout")
    func oneCheckoutPerQuote() async throws {
        let shop = try await TestShop.open()
        let quote = try await shop.quote()

        let made = try await withThrowingTaskGroup(of: (CheckoutID, Bool).self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await shop.transaction { tx in
                        let (checkout, first) = try await Checkouts().create(
                            try TestShop.request(quote), at: TestShop.now, in: tx)
                        return (checkout.id, first)
                    }
                }
            }
            return try await group.reduce(into: [(CheckoutID, Bool)]()) { $0.append($1) }
        }

        #expect(Set(made.map(\.0)).count == 1)
        #expect(made.filter(\.1).count == 1)
    }

    @Test("of many buyers of the last unit, in several stores, one is served")
    func lastUnit() async throws {
        let reference = "LAST-\(UUID().uuidString)"
        var checkouts: [(TestShop, Checkout)] = []
        for _ in 0..<3 {
            let shop = try await TestShop.open(
                stock: 1, products: 1, shared: "test", reference: reference)
            for _ in 0..<3 { checkouts.append((shop, try await shop.checkout(shop.quote()))) }
        }

        let outcomes = await withTaskGroup(of: Problem?.self) { group in
            for (shop, checkout) in checkouts {
                group.addTask {
                    (try? await problem { _ = try await shop.place(checkout) }) ?? .none
                }
            }
            return await group.reduce(into: [Problem?]()) { $0.append($1) }
        }

        #expect(outcomes.filter { $0 == nil }.count == 1)
        #expect(outcomes.filter { $0 == .unitsNotAvailable }.count == 8)
    }

    @Test("an expired order frees its units, and a second release frees nothing more")
    func expiryFreesUnits() async throws {
        let shop = try await TestShop.open(stock: 3)
        let order = try await shop.order(2)

        let status = try await shop.transaction {
            try await Orders().expire(order.id, at: TestShop.now, in: $0)
        }
        try await shop.transaction { try await Reservations().release(order.id, in: $0) }

        #expect(status.payment == .canceled)
        let left = try await shop.transaction {
            try await Products().load(shop.products[0], in: $0).available
        }
        #expect(left == 3)
    }

    @Test("an order that was paid in time does not expire and keeps its units")
    func paidDoesNotExpire() async throws {
        let shop = try await TestShop.open(stock: 3)
        let (order, _) = try await shop.paidOrder(2)

        let status = try await shop.transaction {
            try await Orders().expire(order.id, at: TestShop.now, in: $0)
        }

        #expect(status.payment == .paid)
        let left = try await shop.transaction {
            try await Products().load(shop.products[0], in: $0).available
        }
        #expect(left == 1)
    }

    @Test("the database refuses to lower a status and to change frozen amounts")
    func statusesOnlyRise() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder()

        let lowered = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.orders set payment_status = 'failed' where id = \(order.id.rawValue)")
            }
        }
        let id = order.id.rawValue
        let changed = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.orders set g_minor = 1, n_minor = 1 - w_minor where id = \(id)"
                )
            }
        }
        let unknown = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.orders set fulfilment_status = 'lost' where id = \(order.id.rawValue)")
            }
        }

        #expect(lowered == .statusNeverLowers)
        #expect(changed == .orderAmountsFrozen)
        #expect(unknown == .statusUnknown)
    }

    @Test("statuses follow the records: paid, forwarded, delivered, invoiced")
    func statusesFollowRecords() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder(2)

        let status = try await shop.transaction { tx in
            let planned = try await SupplierOrders().plan(order.id, in: tx)
            #expect(planned.count == 1)
            #expect(try await SupplierOrders().plan(order.id, in: tx) == planned)
            let id = planned[0].id
            #expect(planned[0].expectedCost == .eur(2000))
            for state: SupplierOrderState in [.checking, .submitting, .submitted, .accepted] {
                try await SupplierOrders().move(id, to: state, at: TestShop.now, in: tx)
            }
            try await SupplierOrders().recordExternal(
                ["88", "89", "88"], actualCost: .eur(2010), of: id, in: tx)
            #expect(try await SupplierOrders().moveUnits(of: id, to: .forwarded, in: tx).count == 2)
            #expect(try await Orders().refreshStatus(order.id, in: tx).fulfilment == .inProgress)
            #expect(try await SupplierOrders().moveUnits(of: id, to: .forwarded, in: tx).isEmpty)
            try await SupplierOrders().moveUnits(of: id, to: .delivered, in: tx)
            let invoice = try await Invoices().open(.invoice, for: order.id, in: tx)
            try await Invoices().markIssued(
                invoice.id, series: "CFX", number: "1", url: nil, at: TestShop.now, in: tx)
            #expect(try await SupplierOrders().load(id, in: tx).externalIDs == ["88", "89"])
            return try await Orders().refreshStatus(order.id, in: tx)
        }

        #expect(status == OrderStatus(payment: .paid, fulfilment: .delivered, invoice: .issued))
    }

    @Test("who closes an item while its order is being written waits, and finds it closed with its cause")
    func closingMeetsTheOrder() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let servers = try await platform.servers()
        let (order, _) = try await shop.paidOrder()
        let subject = "\(RefundID())"
        let item = try await shop.transaction { tx in
            try await Attention().open(
                .order(.refundFailed), subject: subject, order: order.id, message: "the bank refused", in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
            return try #require(try await Attention().openItems(in: tx).first)
        }

        let closing = try await shop.transaction { tx in
            try await tx.lockOrder(order.id)
            // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
            let waiting = Task {
                try await shop.transaction {
                    try await Attention().close(item.id, by: "ana", because: "paid back by transfer", in: $0)
                }
            }
            try await servers.untilSomebodyWaits()
            try await Attention().resolve(.order(.refundFailed), subject: subject, by: "workflow", in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
            return waiting
        }

        #expect(try await closing.value == .gone)
        let attention = try await shop.transaction {
            try await Orders().load(order.id, in: $0).status.attention
        }
        #expect(attention == .none)
    }

    @Test("an item about no record of its topic is closed, one whose record still waits is not")
    func closingLooksAtTheRecord() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder()

        let closings = try await shop.transaction { tx in
            let invoice = try await Invoices().open(.invoice, for: order.id, in: tx)
            try await Invoices().markWaiting(invoice.id, .manual, problem: "no series", in: tx)
            var closings: [String: Attention.Closing] = [:]
            for subject in ["\(invoice.id)", "\(InvoiceID())", "no id"] {
                try await Attention().open(.order(.invoice), subject: subject, message: "m", in: tx)
            }
            for item in try await Attention().openItems(in: tx) {
                closings[item.subject] = try await Attention().close(
                    item.id, by: "ana", because: "looked at", in: tx)
            }
            return (known: closings.removeValue(forKey: "\(invoice.id)"), others: Array(closings.values))
        }

        #expect(closings.others == [.closed, .closed])
        guard case .stands? = closings.known else {
            Issue.record("the paper is not issued, and its item was closed")
            return
        }
    }

    @Test("a supplier order moves only along its machine, and a unit is forwarded once")
    func supplierOrderMoves() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder()
        let planned = try await shop.transaction { try await SupplierOrders().plan(order.id, in: $0) }[0]

        let illegal = try await problem {
            try await shop.transaction { tx in
                try await SupplierOrders().move(planned.id, to: .accepted, at: TestShop.now, in: tx)
            }
        }
        let twice = try await problem {
            try await shop.transaction { tx in
                try await tx.execute(
                    "update shop.unit set supplier_order_id = null where order_id = \(order.id.rawValue)")
            }
        }

        #expect(illegal == .supplierOrderMove)
        #expect(twice == .unitForwardedOnce)
    }
}
