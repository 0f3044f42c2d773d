import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite struct PaperTests {
    private func draft(_ cause: String, to recipient: String = "ana@example.test", subject: String = "Hello")
        -> Emails.Draft
    {
        Emails.Draft(
            cause: cause, order: nil, sender: "shop@example.test", recipient: recipient, language: .english,
            subject: subject, html: "<p>Hello</p>", plain: "Hello")
    }

    @Test("one cause is written about once, in the words of the first")
    func oneMailPerCause() async throws {
        let shop = try await TestShop.open()

        let (first, second) = try await shop.transaction { tx in
            (
                try await Emails().queue(draft("order-confirmed:1"), in: tx),
                try await Emails().queue(draft("order-confirmed:1", subject: "Other"), in: tx)
            )
        }

        #expect(first.id == second.id)
        #expect(second.draft.subject == "Hello")
    }

    @Test("a sent message is not claimed again, and a bounce closes the address")
    func sendOnce() async throws {
        let shop = try await TestShop.open()
        let provider = "re_\(UUID().uuidString)"

        try await shop.transaction { tx in
            let mail = try await Emails().queue(draft("a"), in: tx)
            #expect(try await Emails().claim(mail.id, in: tx)?.attempts == 1)
            #expect(try await Emails().claim(mail.id, in: tx)?.attempts == 2)
            try await Emails().markSent(mail.id, providerID: provider, at: TestShop.now, in: tx)
            #expect(try await Emails().claim(mail.id, in: tx) == nil)
            try await Emails().recordDelivery(providerID: provider, .bounced, in: tx)
            let next = try await Emails().queue(draft("b", to: "Ana@example.test"), in: tx)
            #expect(next.status == .suppressed)
            #expect(try await Emails().claim(next.id, in: tx) == nil)
        }

        #expect(try await Tenants(shop.database).tenant(ofEmail: provider) == shop.tenant)
    }

    @Test("a webhook that comes three times is new once, and what matches nothing comes up again")
    func inboxDedupes() async throws {
        let shop = try await TestShop.open()
        let inbox = Inbox(shop.database)
        let event = Inbox.Event(
            source: "stripe", id: "evt_\(UUID().uuidString)", endpoint: "platform",
            kind: "payment_intent.succeeded",
            subject: "pi_1", payload: JSONB("{\"id\": 1}"), occurredAt: nil)

        let results = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 { group.addTask { try await inbox.receive(event) } }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(results.filter { $0 }.count == 1)

        try await inbox.mark(source: "stripe", id: event.id, .unmatched, problem: "no such payment yet")
        let servers = try await TestPlatform.shared.servers()
        try await servers.raw.psql(
            """
            update shop.webhook_inbox set next_attempt_at = now() - interval '1 second'
            where event_id = '\(event.id)'
            """
        )
        let due = try await inbox.takeDue().first { $0.id == event.id }
        #expect(due?.attempts == 1)
        #expect(try await inbox.takeDue().contains { $0.id == event.id } == false)

        try await shop.transaction { try await inbox.markProcessed(source: "stripe", id: event.id, in: $0) }
        try await inbox.mark(source: "stripe", id: event.id, .failed, problem: "too late")
        #expect(try await inbox.event(source: "stripe", id: event.id)?.state == .processed)
        #expect(try await inbox.receive(event) == false)
    }

    @Test("what arrived is evidence: the payload cannot be changed by the application")
    func inboxPayloadIsFixed() async throws {
        let servers = try await TestPlatform.shared.servers()

        await #expect(throws: PostgresError.self) {
            _ = try await servers.app.execute("update shop.webhook_inbox set payload = '{}'")
        }
    }

    @Test("a secret opens for its store and kind alone, and not when it was touched")
    func credentials() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        let credentials = try Credentials(Data(repeating: 7, count: 32).base64EncodedString())

        try await shop.transaction { tx in
            try await credentials.save("user:old", kind: "smartbill", in: tx)
            try await credentials.save("user:token", kind: "smartbill", in: tx)
            #expect(try await credentials.load(kind: "smartbill", in: tx) == "user:token")
            #expect(try await credentials.load(kind: "bigbuy", in: tx) == nil)
        }
        let sealed = try credentials.seal("user:token", kind: "smartbill", tenant: shop.tenant)
        var touched = sealed
        touched[20] ^= 1

        #expect(sealed.range(of: Data("token".utf8)) == nil)
        func unreadable(_ kind: String, _ tenant: TenantID) -> StoreError {
            .credentialUnreadable(
                UnreadableCredential(UnreadableCredential.Name(kind, of: tenant), .doesNotOpen("k1")))
        }
        #expect(throws: unreadable("smartbill", shop.tenant)) {
            try credentials.open(touched, keyID: "k1", kind: "smartbill", tenant: shop.tenant)
        }
        #expect(throws: unreadable("smartbill", other.tenant)) {
            try credentials.open(sealed, keyID: "k1", kind: "smartbill", tenant: other.tenant)
        }
        #expect(throws: unreadable("bigbuy", shop.tenant)) {
            try credentials.open(sealed, keyID: "k1", kind: "bigbuy", tenant: shop.tenant)
        }
        #expect(throws: CredentialsKeyError.self) { try Credentials("c2hvcnQ=") }
    }

    @Test("an issued invoice keeps its number, and one order has one invoice")
    func invoices() async throws {
        let shop = try await TestShop.open()
        let (order, _) = try await shop.paidOrder()

        let (first, again) = try await shop.transaction { tx in
            let first = try await Invoices().open(.invoice, for: order.id, in: tx)
            try await Invoices().markWaiting(first.id, .retrying, problem: "503", in: tx)
            try await Invoices().markIssued(
                first.id, series: "CFX", number: "77", url: nil, at: TestShop.now, in: tx)
            try await Invoices().storeDocument(Data("%PDF-1.7".utf8), of: first.id, in: tx)
            #expect(try await Invoices().document(of: first.id, in: tx) == Data("%PDF-1.7".utf8))
            return (first, try await Invoices().open(.invoice, for: order.id, in: tx))
        }
        let changed = try await problem {
            try await shop.transaction { tx in
                try await Invoices().markIssued(
                    first.id, series: "CFX", number: "78", url: nil, at: TestShop.now, in: tx)
            }
        }

        #expect(again.id == first.id && again.number == "77")
        #expect(changed == .invoiceFinal)
    }

    @Test("every store of the demo has a company and a login of its own at SmartBill")
    func demoCompanies() async throws {
        let database = try await TestPlatform.shared.servers().database
        let credentials = try Credentials(Data(repeating: 9, count: 32).base64EncodedString())
        let logins = Dictionary(uniqueKeysWithValues: DemoSeed.stores.map { ($0.slug, "\($0.slug):token") })

        try await DemoSeed(database, credentials: credentials).apply(
            DemoSeed.Settings(baseDomain: "demo.test", smartBillLogins: logins, today: TestShop.now))

        var companies: Set<String> = []
        for demo in DemoSeed.stores {
            try await database.transaction(for: demo.tenant) { tx in
                companies.insert(try #require(try await Stores().load(in: tx).smartBillTaxID))
                #expect(try await credentials.load(kind: "smartbill", in: tx) == logins[demo.slug])
            }
        }
        #expect(companies.count == DemoSeed.stores.count)
    }

    @Test("the demo seeds twice without a change, and its stores are found by host")
    func demoSeed() async throws {
        let database = try await TestPlatform.shared.servers().database
        let credentials = try Credentials(Data(repeating: 9, count: 32).base64EncodedString())
        let settings = DemoSeed.Settings(
            baseDomain: "demo.test",
            stripeAccounts: ["lumina": "acct_1", "casa-verde": "acct_2", "nordlicht": "acct_3"],
            smartBillLogins: Dictionary(
                uniqueKeysWithValues: DemoSeed.stores.map { ($0.slug, "\($0.slug):token") }),
            today: TestShop.now)

        for _ in 0..<2 { try await DemoSeed(database, credentials: credentials).apply(settings) }

        for demo in DemoSeed.stores {
            let store = try #require(try await Tenants(database).store(atHost: "\(demo.slug).DEMO.test"))
            #expect(store.tenant == demo.tenant && store.takesPayments)
            #expect(
                try await Tenants(database).tenant(ofStripeAccount: store.stripeAccount ?? "") == demo.tenant)
            try await database.transaction(for: demo.tenant) { tx in
                let products = try await Products().published(limit: 50, in: tx)
                #expect(products.count == 12)
                let cart = try await Carts().open(
                    token: UUID().uuidString, language: .romanian, country: .romania, in: tx)
                try await Carts().add(1, of: products[0].id, to: cart.id, in: tx)
                try await Carts().applyCoupon("welcome10", to: cart.id, at: TestShop.now, in: tx)
                let quote = try await Quotes().freeze(cart.id, at: TestShop.now, in: tx)
                #expect(!quote.total.margin.isNegative && quote.currency == demo.currency)
            }
        }
    }
}
