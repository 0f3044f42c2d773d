import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite("Webhooks in the database") struct WebhookStoreTests {
    private static let now = TestShop.now

    private static func book() throws -> WebhookEndpoints {
        WebhookEndpoints(try Credentials(Data(repeating: 7, count: 32).base64EncodedString()))
    }

    private func endpoint(
        _ shop: TestShop, for kinds: Set<WebhookKind> = Set(WebhookKind.allCases)
    ) async throws -> WebhookEndpointID {
        let id = WebhookEndpointID()
        let request = WebhookEndpoints.Request(url: "https://hooks.test/\(id)", title: "Till", kinds: kinds)
        let secret = try await shop.transaction { try await Self.book().add(id, request, in: $0) }
        #expect(secret?.hasPrefix("whsec_") == true)
        return id
    }

    private func kinds(_ shop: TestShop) async throws -> [String] {
        try await shop.transaction { try await WebhookEvents().list(limit: 1_000, in: $0) }.map(\.kind)
    }

    /// Says that a thing costs so much now, which is an event.
    private func reprice(_ shop: TestShop, _ place: Int, to price: Int, in tx: Transaction<OneTenant>)
        async throws
    {
        try await tx.execute(
            """
            update shop.product set price_minor = \(price)
            where tenant_id = \(shop.tenant.rawValue) and id = \(shop.products[place].rawValue)
            """)
    }

    // MARK: - What is told

    @Test("an order's way is told in the order in which it went, and without a word of who the shopper is")
    func story() async throws {
        let shop = try await TestShop.open()
        _ = try await endpoint(shop)
        let (order, _) = try await shop.paidOrder()
        try await shop.transaction { tx in
            let planned = try await SupplierOrders().plan(order.id, in: tx)[0]
            for next in [SupplierOrderState.checking, .submitting, .submitted, .accepted] {
                _ = try await SupplierOrders().move(planned.id, to: next, at: Self.now, in: tx)
            }
            for delivered in [nil, Self.now] {
                try await SupplierOrders().recordParcel(
                    carrier: "DPD", trackingNumber: "1", url: nil, delivered: delivered, shipped: Self.now,
                    of: planned.id, in: tx)
            }
        }

        let events = try await shop.transaction { try await WebhookEvents().list(in: $0) }

        #expect(
            events.map(\.kind) == [
                "order.placed", "order.paid", "shipment.created", "shipment.delivered",
            ])
        #expect(Set(events.map(\.object)) == ["order:\(order.id)"])
        for event in events {
            #expect(!event.body.contains("ana@example.test") && !event.body.contains("Strada"))
            #expect(event.body.contains(#""type": "\#(event.kind)""#))
        }
    }

    @Test("a claim's way is told once at each of its turns, and without the shopper's words")
    func claims() async throws {
        let shop = try await TestShop.open()
        let sold = try await shop.delivered()
        _ = try await endpoint(shop, for: [.claimOpened, .claimAnswered, .claimSettled])
        let claim = try await shop.reported(sold)
        try await shop.transaction { tx in
            _ = try await OrderClaims().decide(
                .refund, because: "", of: claim, by: "user:1", at: Self.now, in: tx)
            try await OrderClaims().settle(claim, as: .refunded, at: Self.now, in: tx)
            try await OrderClaims().settle(claim, as: .refunded, at: Self.now, in: tx)
        }
        _ = try await shop.answer(claim, .credited(.eur(1_000)))
        _ = try await shop.transaction {
            try await OrderClaims().close(claim, as: .refused, at: Self.now, in: $0)
        }

        let events = try await shop.transaction { try await WebhookEvents().list(in: $0) }

        #expect(events.map(\.kind) == ["claim.opened", "claim.settled", "claim.answered"])
        #expect(Set(events.map(\.object)) == ["order:\(sold.order.id)"])
        #expect(events.allSatisfy { $0.body.contains("\(claim)") && !$0.body.contains("lid") })
        #expect(events[1].body.contains(#""settlement": "refunded""#))
        #expect(events[2].body.contains(#""credit_minor": 1000"#))
    }

    @Test("what is rolled back is never told")
    func rollback() async throws {
        let shop = try await TestShop.open()
        _ = try await endpoint(shop)
        struct Rollback: Error {}

        await #expect(throws: Rollback.self) {
            try await shop.transaction { tx in
                try await reprice(shop, 0, to: 1700, in: tx)
                throw Rollback()
            }
        }

        #expect(try await kinds(shop).isEmpty)
    }

    @Test("nothing is written where nobody listens, and nothing that is no news")
    func silence() async throws {
        let shop = try await TestShop.open()
        try await shop.transaction { try await reprice(shop, 0, to: 1600, in: $0) }
        #expect(try await kinds(shop).isEmpty)
        _ = try await endpoint(shop, for: [.orderPaid])
        try await shop.transaction { try await reprice(shop, 0, to: 1700, in: $0) }
        #expect(try await kinds(shop).isEmpty)
        _ = try await endpoint(shop, for: [.productUpdated])

        try await shop.transaction { tx in
            try await reprice(shop, 0, to: 1700, in: tx)
            try await tx.execute(
                "update shop.product set cost_minor = 900 where tenant_id = \(shop.tenant.rawValue)")
        }

        #expect(try await kinds(shop).isEmpty)
        try await shop.transaction { try await reprice(shop, 0, to: 1800, in: $0) }
        #expect(try await kinds(shop) == ["product.updated"])
    }

    // MARK: - Secrets and limits

    @Test("a new secret signs at once, the one before it for a day, and the row holds neither")
    func rotation() async throws {
        let shop = try await TestShop.open()
        let id = try await endpoint(shop)
        let book = try Self.book()
        func secrets(after seconds: TimeInterval) async throws -> [String] {
            try await shop.transaction {
                try await book.secrets(of: id, at: Self.now.addingTimeInterval(seconds), in: $0)
            }
        }
        let first = try await secrets(after: 0)

        let second = try await shop.transaction { try await book.rotate(id, at: Self.now, in: $0) }

        #expect(first.count == 1 && second != first[0])
        #expect(try await secrets(after: 3_600) == [second, first[0]])
        #expect(try await secrets(after: 86_401) == [second])
        let dump = try await TestPlatform.shared.servers().raw.psql(
            """
            select e::text from shop.webhook_endpoint e where id = '\(id)';
            select c::text from shop.vendor_credential c where tenant_id = '\(shop.tenant)';
            """)
        #expect(!dump.contains(second) && !dump.contains(first[0]))
    }

    @Test("a form that is sent twice adds one endpoint, and the eleventh is refused")
    func limit() async throws {
        let shop = try await TestShop.open()
        let book = try Self.book()
        let wish = WebhookEndpoints.Request(url: "https://hooks.test/", title: "", kinds: [.orderPaid])
        let id = try await endpoint(shop)

        #expect(try await shop.transaction { try await book.add(id, wish, in: $0) } == nil)
        for _ in 1..<10 { _ = try await endpoint(shop) }
        let refusal = try await problem {
            try await shop.transaction { try await book.add(WebhookEndpointID(), wish, in: $0) }
        }

        #expect(refusal == .tooManyEndpoints)
        #expect(try await shop.transaction { try await book.all(in: $0) }.count == 10)
    }

    // MARK: - Lanes

    @Test("events of one object travel in one lane, one after the other; others go beside it")
    func lanes() async throws {
        let shop = try await TestShop.open()
        let id = try await endpoint(shop)
        try await shop.transaction { tx in
            try await reprice(shop, 0, to: 1600, in: tx)
            try await reprice(shop, 0, to: 1700, in: tx)
            try await reprice(shop, 1, to: 1800, in: tx)
        }

        let opened = try await shop.transaction {
            try await WebhookLanes().open(limit: 9, at: Self.now, in: $0)
        }
        let again = try await shop.transaction {
            try await WebhookLanes().open(limit: 9, at: Self.now, in: $0)
        }

        #expect(opened.map(\.object) == shop.products.map { "product:\($0)" })
        #expect(again.isEmpty)
        let lane = opened[0]
        var prices: [String] = []
        for _ in 0..<2 {
            prices += try await shop.transaction { tx in
                let turn = try #require(
                    try await WebhookLanes().next(lane, run: UUID(), at: Self.now, in: tx))
                let envelope = try #require(
                    try await WebhookDeliveries().envelope(of: turn.delivery, in: tx))
                try await WebhookDeliveries().markDelivered(turn.delivery, to: id, at: Self.now, in: tx)
                return envelope.body.contains(#""price_minor": 1600"#) ? ["1600"] : ["1700"]
            }
        }
        #expect(prices == ["1600", "1700"])
        // News that arrive before the lane is closed are carried in it; news after that open another one.
        try await shop.transaction { try await reprice(shop, 0, to: 1900, in: $0) }
        let joined = try await shop.transaction {
            try await WebhookLanes().open(limit: 9, at: Self.now, in: $0)
        }
        #expect(joined.isEmpty)
        try await shop.transaction { tx in
            let turn = try #require(try await WebhookLanes().next(lane, run: UUID(), at: Self.now, in: tx))
            try await WebhookDeliveries().markDelivered(turn.delivery, to: id, at: Self.now, in: tx)
            #expect(try await WebhookLanes().next(lane, run: UUID(), at: Self.now, in: tx) == nil)
        }
        try await shop.transaction { try await reprice(shop, 0, to: 2000, in: $0) }
        let reopened = try await shop.transaction {
            try await WebhookLanes().open(limit: 9, at: Self.now, in: $0)
        }
        #expect(reopened.map(\.object) == [lane.object])
    }

    @Test("a lane whose run was lost is opened anew, and the run that comes back late stops")
    func stale() async throws {
        let shop = try await TestShop.open()
        _ = try await endpoint(shop)
        try await shop.transaction { try await reprice(shop, 0, to: 1600, in: $0) }
        let lost = try await shop.transaction {
            try await WebhookLanes().open(limit: 9, at: Self.now, in: $0)
        }
        let later = Self.now.addingTimeInterval(28 * 3_600)

        let opened = try await shop.transaction { try await WebhookLanes().open(limit: 9, at: later, in: $0) }

        #expect(opened.count == 1 && opened != lost)
        try await shop.transaction { tx in
            let late = try await WebhookLanes().next(lost[0], run: UUID(), at: later, in: tx)
            let next = try await WebhookLanes().next(opened[0], run: UUID(), at: later, in: tx)
            #expect(late == nil && next != nil)
        }
    }

    // MARK: - Sending again, switching off, forgetting

    @Test("one event or a range is sent again, and only while the endpoint is on")
    func replay() async throws {
        let shop = try await TestShop.open()
        let id = try await endpoint(shop, for: [.productUpdated])
        let book = try Self.book()
        try await shop.transaction { tx in
            try await reprice(shop, 0, to: 1600, in: tx)
            try await book.disable(id, because: .merchant, at: Self.now, in: tx)
        }
        try await shop.transaction { try await reprice(shop, 1, to: 1600, in: $0) }
        let events = try await shop.transaction { try await WebhookEvents().list(in: $0) }
        func states() async throws -> [String] {
            try await shop.transaction { try await WebhookDeliveries().list(to: id, in: $0) }.reversed()
                .map { "\($0.cause.rawValue) \($0.state.rawValue)" }
        }

        // What happens while it is off is kept, for later.
        #expect(events.count == 2)
        #expect(try await states() == ["event dropped"])
        await #expect(throws: StoreError.self) {
            try await shop.transaction { try await WebhookEvents().replay(events[0].id, to: id, in: $0) }
        }
        try await shop.transaction { try await book.enable(id, in: $0) }
        try await shop.transaction { tx in
            try await WebhookEvents().replay(events[0].id, to: id, in: tx)
            let from = events[0].createdAt.addingTimeInterval(-1)
            let until = events[1].createdAt.addingTimeInterval(1)
            #expect(try await WebhookEvents().replay(from: from, until: until, to: id, in: tx) == 2)
            #expect(try await WebhookEvents().replay(from: until, until: until, to: id, in: tx) == 0)
        }
        #expect(
            try await states() == ["event dropped", "replay queued", "replay queued", "replay queued"])
    }

    @Test("events are forgotten after thirty days, unless they are still on their way")
    func retention() async throws {
        // Forgetting looks at all stores, so these are alone in their database.
        let shop = try await TestShop.open(on: TestPlatform())
        let id = try await endpoint(shop)
        try await shop.transaction { tx in
            try await reprice(shop, 0, to: 1600, in: tx)
            try await reprice(shop, 1, to: 1600, in: tx)
            let deliveries = try await WebhookDeliveries().list(to: id, in: tx)
            let attempt = WebhookAttempt(
                number: 1, startedAt: Self.now, milliseconds: 5, status: 200, problem: nil, answer: "ok")
            #expect(try await WebhookDeliveries().note(attempt, of: deliveries[0].id, in: tx))
            try await WebhookDeliveries().markDelivered(deliveries[0].id, to: id, at: Self.now, in: tx)
        }
        // The events were written at the database's own time.
        let later = Date().addingTimeInterval(31 * 86_400)

        _ = try await shop.database.platformTransaction {
            try await WebhookEvents().forget(at: later, in: $0)
        }

        #expect(try await shop.transaction { try await WebhookDeliveries().list(to: id, in: $0) }.count == 1)
        #expect(try await kinds(shop).count == 1)
    }

    @Test("removing an endpoint takes its deliveries along, and its secret")
    func removal() async throws {
        let shop = try await TestShop.open()
        let id = try await endpoint(shop)
        try await shop.transaction { try await reprice(shop, 0, to: 1600, in: $0) }

        try await shop.transaction { try await Self.book().remove(id, in: $0) }

        let left = try await TestPlatform.shared.servers().raw.psql(
            """
            select (select count(*) from shop.webhook_delivery where tenant_id = '\(shop.tenant)')
                + (select count(*) from shop.vendor_credential where tenant_id = '\(shop.tenant)')
            """)
        #expect(left.trimmingCharacters(in: .whitespacesAndNewlines) == "0")
    }

    // MARK: - Other stores

    @Test("with another store's identifiers nothing is seen, sent or changed")
    func foreign() async throws {
        let (shop, thief) = (try await TestShop.open(), try await TestShop.open())
        let id = try await endpoint(shop)
        let book = try Self.book()
        try await shop.transaction { try await reprice(shop, 0, to: 1600, in: $0) }
        let (event, delivery, lane) = try await shop.transaction { tx in
            (
                try await WebhookEvents().list(in: tx)[0].id,
                try await WebhookDeliveries().list(to: id, in: tx)[0].id,
                try await WebhookLanes().open(limit: 1, at: Self.now, in: tx)[0]
            )
        }

        try await thief.transaction { tx in
            let endpoints = try await book.all(in: tx)
            #expect(endpoints.isEmpty)
            #expect(try await WebhookEvents().list(in: tx).isEmpty)
            #expect(try await WebhookDeliveries().list(to: id, in: tx).isEmpty)
            #expect(try await WebhookDeliveries().envelope(of: delivery, in: tx)?.url == nil)
            #expect(try await WebhookLanes().open(limit: 9, at: Self.now, in: tx).isEmpty)
            #expect(try await WebhookLanes().next(lane, run: UUID(), at: Self.now, in: tx) == nil)
            #expect(try await !book.disable(id, because: .gone, at: Self.now, in: tx))
        }
        for attempt: @Sendable (Transaction<OneTenant>) async throws -> Void in [
            { _ = try await book.load(id, in: $0) }, { _ = try await book.rotate(id, at: Self.now, in: $0) },
            { try await book.remove(id, in: $0) }, { try await book.enable(id, in: $0) },
            { _ = try await book.secrets(of: id, at: Self.now, in: $0) },
            { _ = try await WebhookEvents().replay(event, to: id, in: $0) },
            { _ = try await WebhookEvents().test(id, at: Self.now, in: $0) },
            { _ = try await WebhookDeliveries().load(delivery, in: $0) },
        ] {
            await #expect(throws: StoreError.self) { try await thief.transaction { try await attempt($0) } }
        }
    }
}
