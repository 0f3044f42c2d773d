import Foundation
import Postgres
import Testing

@testable import Commerce
@testable import CommerceStore

/// A shopper whose every word is found nowhere else, so that a walk through all tables can look for them.
struct TestPerson: Sendable {
    let email: EmailAddress
    let name: String
    let phone: String
    let street: String
    let parcel: String

    init() {
        let mark = UUID().uuidString.prefix(8).lowercased()
        email = EmailAddress(unchecked: "P\(mark)@example.test")
        name = "Zsofia\(mark)"
        phone = "+4079\(UInt32.random(in: 10_000_000...99_999_999))"
        street = "Aleea \(mark) 9"
        parcel = "RO\(mark)77"
    }

    var words: [String] { [email.rawValue, name, phone, street, parcel] }

    var address: Address {
        Address(
            firstName: name, lastName: "Pop", company: nil, vatNumber: nil, line: street,
            city: "Cluj-Napoca", county: "Cluj", postcode: "400001", country: .romania)
    }
}

@Suite struct PersonalDataTests {
    private let credentials: Credentials

    init() throws {
        credentials = try Credentials(Data(repeating: 7, count: 32).base64EncodedString())
    }

    private var requests: PersonalDataRequests { PersonalDataRequests(credentials) }

    /// The tables of all schemas that hold any of the words, as text or as bytes.
    private func tables(holding words: [String]) async throws -> [String] {
        let raw = try await TestPlatform.shared.servers().raw
        let names = try await raw.psql(
            """
            select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('shop', 'engine') and c.relkind in ('r', 'p') and not c.relispartition
            """
        ).split(separator: "\n").map(String.init)
        let patterns = words.flatMap { word in
            [word, word.utf8.map { String(format: "%02x", $0) }.joined()]
        }.map { "'%\($0)%'" }.joined(separator: ", ")
        let looks = names.map {
            "select '\($0)' where exists (select from \($0) t where t::text ilike any(array[\(patterns)]))"
        }
        let found = try await raw.psql(looks.joined(separator: "\nunion all ") + "\norder by 1")
        return found.split(separator: "\n").map(String.init)
    }

    private func order(by person: TestPerson, in shop: TestShop) async throws -> Order {
        let quote = try await shop.quote()
        return try await shop.transaction { tx in
            let request = Checkouts.Request(
                quote: quote.id, email: person.email, phone: person.phone, address: person.address,
                language: .romanian, seenTotal: quote.total.gross)
            let checkout = try await Checkouts().create(request, at: TestShop.now, in: tx).checkout
            let confirmed = try await Quotes().confirm(checkout, in: tx)
            return try await Orders().place(checkout, quote: confirmed, run: nil, at: TestShop.now, in: tx)
        }
    }

    private func pay(_ order: Order, by person: TestPerson, in shop: TestShop) async throws -> Payment {
        try await shop.transaction { tx in
            let opened = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            let intent = "pi_\(opened.id)"
            _ = try await Payments().recordIntent(intent, clientSecret: "secret", of: opened.id, in: tx)
            let paid = try await Payments().markPaid(
                intent: intent, captured: order.total.gross, charge: "ch_\(opened.id)", stripeFee: .eur(48),
                at: TestShop.now, in: tx
            ).payment
            try await Orders().refreshStatus(order.id, in: tx)
            return paid
        }
    }

    /// What vendors and people have said about the order since.
    private func talk(
        about order: Order, _ payment: Payment, by person: TestPerson, in shop: TestShop
    ) async throws {
        let inbox = Inbox(shop.database)
        let event = Inbox.Event(
            source: "stripe", id: "evt_\(UUID())", endpoint: "platform", kind: "charge.succeeded",
            subject: payment.intent,
            payload: try JSONB(encoding: ["name": person.name, "email": person.email.rawValue]),
            occurredAt: nil)
        _ = try await inbox.receive(event)
        try await shop.transaction { tx in
            try await inbox.markProcessed(source: "stripe", id: event.id, in: tx)
            for (cause, recipient) in [("c", person.email.rawValue), ("m", "shop@example.test")] {
                _ = try await Emails().queue(
                    Emails.Draft(
                        cause: "\(cause):\(order.id)", order: order.id, sender: "shop@example.test",
                        recipient: recipient, language: .romanian, subject: "Salut, \(person.name)",
                        html: "<p>\(person.street)</p>", plain: person.street), in: tx)
            }
            try await Emails().suppress(person.email.rawValue, reason: "bounced", in: tx)
            let dispute = "dp_\(order.id)"
            _ = try await Disputes().record(
                DisputeReport(
                    stripeDispute: dispute, status: .won, amount: .eur(1500), reason: "fraudulent",
                    evidenceDueBy: nil), of: payment.id, at: TestShop.now, in: tx)
            try await Disputes().keepEvidence(["customer_name": person.name], of: dispute, in: tx)
            try await Attention().open(
                .order(.address), subject: "address", order: order.id,
                message: "the supplier does not know \(person.street)", in: tx)
            let planned = try await SupplierOrders().plan(order.id, in: tx)
            try await tx.execute(
                """
                update shop.supplier_order set problem = \("no such street: \(person.street)")
                where tenant_id = \(tx.tenantUUID) and order_id = \(order.id.rawValue)
                """)
            try await SupplierOrders().recordParcel(
                carrier: "gls", trackingNumber: person.parcel, url: "https://gls.test/\(person.parcel)",
                delivered: nil, shipped: TestShop.now, of: try #require(planned.first).id, in: tx)
            try await tx.execute(
                """
                insert into shop.withdrawal (tenant_id, id, order_id, name, email, locale, submitted_at,
                    refund_due_at, tracking, sent_at, refunded_at)
                values (\(tx.tenantUUID), \(UUID()), \(order.id.rawValue), \(person.name),
                    \("other-\(person.email.rawValue)"), 'ro', \(TestShop.now),
                    \(TestShop.now.addingTimeInterval(86_400)), \(person.parcel), \(TestShop.now),
                    \(TestShop.now))
                """)
            let invoice = try await Invoices().open(.invoice, for: order.id, in: tx)
            try await Invoices().markIssued(
                invoice.id, series: "PD", number: "\(order.id)", url: nil, at: TestShop.now, in: tx)
            try await Invoices().storeDocument(
                Data("%PDF \(person.name) \(person.street)".utf8), of: invoice.id, in: tx)
        }
    }

    private func story(by person: TestPerson, in shop: TestShop) async throws -> Order {
        let order = try await order(by: person, in: shop)
        let payment = try await pay(order, by: person, in: shop)
        try await talk(about: order, payment, by: person, in: shop)
        return order
    }

    @Test("after an erasure no table names the shopper but the invoices that the law keeps")
    func erased() async throws {
        let shop = try await TestShop.open()
        let person = TestPerson()
        let order = try await story(by: person, in: shop)
        let before = try await tables(holding: person.words)
        let places = [
            "attention_item", "checkout", "dispute", "email", "email_suppression", "invoice_document",
            "orders", "parcel", "supplier_order", "webhook_inbox", "withdrawal",
        ].map { "shop.\($0)" }
        #expect(Set(before).isSuperset(of: places), "the walk finds too little: \(before)")

        let counts = try await shop.transaction { tx in
            try await Orders().close(order.id, at: TestShop.now, in: tx)
            #expect(try await ShopperData(person.email, in: tx).holds(at: TestShop.now) == [])
            return try await ShopperData(person.email, in: tx).erase()
        }

        #expect(counts["orders"] == 1 && counts["webhook_inbox"] == 1 && counts["email"] == 2)
        let kept = KeptByLaw.tables.map { "shop.\($0)" }
        #expect(try await tables(holding: person.words) == kept)
        try await shop.transaction { tx in
            let left = try await Orders().load(order.id, in: tx)
            #expect(left.address.country == .romania && left.address.firstName.isEmpty)
            #expect(left.total == order.total)
            #expect(try await !ShopperData(person.email, in: tx).isKnown)
            #expect(try await ShopperData(person.email, in: tx).erase() == [:])
        }
    }

    @Test("whatever is still open holds an erasure up, and says so")
    func holds() async throws {
        let shop = try await TestShop.open()
        let person = TestPerson()
        func holds() async throws -> [PersonalDataHold] {
            try await shop.transaction { try await ShopperData(person.email, in: $0).holds(at: TestShop.now) }
        }
        let order = try await order(by: person, in: shop)
        #expect(try await holds() == [.orderOpen])
        _ = try await shop.transaction { try await Orders().expire(order.id, at: TestShop.now, in: $0) }
        #expect(try await holds() == [.paymentLate])
        let later = TestShop.now.addingTimeInterval(9 * 86_400)
        let afterwards = try await shop.transaction {
            try await ShopperData(person.email, in: $0).holds(at: later)
        }
        #expect(afterwards == [])

        let second = TestPerson()
        let bought = try await self.order(by: second, in: shop)
        let payment = try await pay(bought, by: second, in: shop)
        let all = try await shop.transaction { tx in
            try await Orders().close(bought.id, at: TestShop.now, in: tx)
            _ = try await Invoices().open(.invoice, for: bought.id, in: tx)
            _ = try await Disputes().record(
                DisputeReport(
                    stripeDispute: "dp_\(bought.id)", status: .needsResponse, amount: .eur(1500),
                    reason: "fraudulent", evidenceDueBy: nil), of: payment.id, at: TestShop.now, in: tx)
            return try await ShopperData(second.email, in: tx).holds(at: TestShop.now)
        }
        #expect(all == [.disputeOpen, .invoicePending])
    }

    @Test("a copy holds everything of one shopper and nothing of another or of another store")
    func copied() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        let (person, stranger) = (TestPerson(), TestPerson())
        _ = try await story(by: person, in: shop)
        _ = try await story(by: stranger, in: shop)
        _ = try await story(by: person, in: other)

        let copy = try await shop.transaction {
            try await ShopperData(person.email, in: $0).copy(at: TestShop.now)
        }

        struct Copy: Decodable {
            struct Entry: Decodable {}
            let about: String
            let orders: [Entry]
            let letters: [Entry]
            let disputes: [Entry]
            let reports_of_vendors: [Entry]
        }
        let read = try JSONDecoder().decode(Copy.self, from: Data(copy.utf8))
        #expect(read.about == person.email.canonical)
        #expect(read.orders.count == 1 && read.letters.count == 2 && read.disputes.count == 1)
        #expect(read.reports_of_vendors.count == 1)
        for word in person.words { #expect(copy.localizedCaseInsensitiveContains(word), "\(word)") }
        for word in stranger.words { #expect(!copy.contains(word), "\(word)") }
        #expect(!copy.contains("client_secret"))
    }

    @Test("a request names nobody once it is answered, and the same one asked twice is one")
    func requestsKeepNothing() async throws {
        let shop = try await TestShop.open()
        let person = TestPerson()
        let draft = PersonalDataRequests.Draft(
            .erasure, of: person.email, askedBy: .merchant, actor: "user:1", language: .english)

        let (first, second) = try await shop.transaction { tx in
            (
                try await requests.open(draft, at: TestShop.now, in: tx),
                try await requests.open(draft, at: TestShop.now, in: tx)
            )
        }
        #expect(first.isFirst && !second.isFirst && first.request.id == second.request.id)
        try await shop.transaction { tx in
            #expect(try await requests.contact(of: first.request.id, in: tx) == person.email)
            try await requests.wait(first.request.id, for: [.orderOpen], in: tx)
            #expect(try await requests.load(first.request.id, in: tx).holds == [.orderOpen])
            try await requests.end(first.request.id, .done, at: TestShop.now, in: tx)
        }

        #expect(try await tables(holding: [person.email.rawValue]) == [])
        await #expect(throws: StoreError.self) {
            try await shop.transaction { _ = try await requests.contact(of: first.request.id, in: $0) }
        }
        let again = try await shop.transaction { try await requests.open(draft, at: TestShop.now, in: $0) }
        #expect(again.isFirst)
    }

    @Test("a link proves a mailbox once, for a day, and in its own store")
    func proofs() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        let draft = PersonalDataRequests.Draft(
            .export, of: TestPerson().email, askedBy: .person, actor: "the person", language: .german)
        let id = try await shop.transaction {
            try await requests.openUnproven(draft, at: TestShop.now, in: $0)
        }
        let token = try LetterTokens(credentials).token(of: id.rawValue)
        let nextDay = TestShop.now.addingTimeInterval(25 * 3_600)

        func unproven(_ shop: TestShop, at now: Date) async throws -> PersonalDataRequestID? {
            try await shop.transaction { try await requests.unproven(token, at: now, in: $0)?.id }
        }
        #expect(try await unproven(other, at: TestShop.now) == nil)
        #expect(try await unproven(shop, at: nextDay) == nil)
        #expect(try await unproven(shop, at: TestShop.now) == id)
        #expect(try await shop.transaction { try await requests.recent(in: $0) } == [])
        let begun = try await shop.transaction { try await requests.begin(id, in: $0)?.status }
        #expect(begun == .running)
        #expect(try await unproven(shop, at: TestShop.now) == nil)
    }

    @Test("a copy opens by its link until it expires, and goes with an erasure")
    func documents() async throws {
        let shop = try await TestShop.open()
        let person = TestPerson()
        let documents = PersonalDataDocuments(credentials)
        func draft(_ kind: PersonalDataKind) -> PersonalDataRequests.Draft {
            .init(kind, of: person.email, askedBy: .merchant, actor: "user:1", language: .english)
        }
        let late = TestShop.now.addingTimeInterval(8 * 86_400)

        try await shop.transaction { tx in
            let export = try await requests.open(draft(.export), at: TestShop.now, in: tx).request
            let kept = try await documents.keep("{\"a\": 1}", for: export.id, at: TestShop.now, in: tx)
            let token = try LetterTokens(credentials).token(of: kept.link)
            #expect(try await documents.find(token, at: TestShop.now, in: tx) == "{\"a\": 1}")
            #expect(try await documents.find(export.id, at: late, in: tx) == nil)
            let erasure = try await requests.open(draft(.erasure), at: TestShop.now, in: tx).request
            try await requests.lapseOthers(than: erasure.id, in: tx)
            #expect(try await documents.find(token, at: TestShop.now, in: tx) == nil)
            #expect(try await requests.load(export.id, in: tx).status == .lapsed)
        }
    }

    @Test("a person is forgotten when no store, bill or balance is theirs any more")
    func users() async throws {
        let shop = try await TestShop.open()
        let database = shop.database
        let person = TestPerson()
        let staff = UserID()
        try await database.transaction(for: staff.room) { room in
            try await Accounts(database).add(
                staff, email: person.email, name: person.name, language: .english, in: room)
            _ = try await Emails().queue(
                Emails.Draft(
                    cause: "verify:1", order: nil, sender: "a@b.test", recipient: person.email.canonical,
                    language: .english, subject: person.name, html: "", plain: ""), in: room)
        }
        try await shop.transaction { try await Memberships(database).set(.staff, for: staff, in: $0) }
        let owner = UserID(rawValue: shop.tenant.rawValue)

        let held = try await database.transaction(for: owner.room) { try await UserData(in: $0).holds() }
        #expect(held == [.storeOpen])
        let refusal = try await problem {
            try await database.transaction(for: owner.room) { _ = try await UserData(in: $0).erase() }
        }
        #expect(refusal == .userStillHeld)
        let copy = try await database.transaction(for: staff.room) {
            try await UserData(in: $0).copy(at: TestShop.now)
        }
        #expect(copy.contains(person.email.canonical) && copy.contains("staff"))
        #expect(!copy.contains("password_hash"))
        let counts = try await database.transaction(for: staff.room) { room in
            #expect(try await UserData(in: room).holds() == [])
            return try await UserData(in: room).erase()
        }

        #expect(counts["app_user"] == 1 && counts["store_member"] == 1 && counts["email"] == 1)
        #expect(try await tables(holding: [person.email.rawValue, person.name]) == [])
        #expect(try await Accounts(database).find(person.email) == nil)
        #expect(try await Memberships(database).all(of: staff) == [])
    }

    @Test("an invoice's document goes five years after the July that follows its year, and not a day before")
    func lapsedPapers() async throws {
        // What looks at all stores at once has a database of its own.
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        let (order, _) = try await shop.paidOrder()
        let invoice = try await shop.transaction { tx in
            let invoice = try await Invoices().open(.invoice, for: order.id, in: tx)
            try await Invoices().markIssued(
                invoice.id, series: "A", number: "1", url: nil, at: TestShop.now, in: tx)
            try await Invoices().storeDocument(Data("%PDF".utf8), of: invoice.id, in: tx)
            return invoice.id
        }
        let papers = LapsedPapers(shop.database)
        // Issued in November 2026: kept to the end of June 2032 in Bucharest.
        let lastDay = Date(timeIntervalSince1970: 1_972_239_000)
        let dayAfter = lastDay.addingTimeInterval(86_400)

        #expect(try await papers.purge(at: lastDay) == 0)
        #expect(try await papers.purge(at: dayAfter) == 1)
        #expect(try await papers.purge(at: dayAfter) == 0)

        let (document, kept) = try await shop.transaction { tx in
            let document = try await Invoices().document(of: invoice, in: tx)
            return (document, try await Invoices().find(.invoice, for: order.id, in: tx))
        }
        #expect(document == nil)
        #expect(kept?.number == "1")
    }
}
