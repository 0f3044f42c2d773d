import CommerceStore
import Foundation
import Testing
import WebSupport

@testable import Commerce

/// Every step of the wizard with good and bad input, over HTTP. The run behind it is stood in for.
@Suite("The wizard")
struct WizardTests {
    private static let business = [
        "legal_name": "Casa Verde SRL", "country": "RO", "vat_number": "RO 18547290",
        "registration": "J40/1/2020", "address_line": "Strada Lunga 1", "postcode": "400001",
        "city": "Cluj-Napoca", "phone": "+40711111111", "email": "hello@casa-verde.test",
    ]
    private static let policies = [
        "shipping": "4,99", "days_from": "2", "days_to": "7", "withdrawal": "14", "return_cost": "shopper",
    ]
    private static let offer = ["take:bigbuy:LAMP": "1", "price:bigbuy:LAMP": "15.00"]
    private static let steps = [
        "business", "catalogue", "theme", "payments", "invoicing", "policies", "publish",
    ]

    private func location(_ answer: Answer) -> String? {
        answer.status == 303 ? answer.headers["location"] : "\(answer.status)"
    }

    @Test("a store is opened at a free address; a refused one keeps what was typed")
    func opening() async throws {
        let (merchant, other) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let slug = Merchant.slug()

        for bad in [["slug": "No Good"], ["slug": "www"], ["country": "US"], ["name": "x"]] {
            let typed = Merchant.store(slug).merging(bad) { $1 }
            let refused = try await merchant.post("/stores/new", typed)
            #expect(refused.status == 422, "\(bad)")
            #expect(refused.body.contains("value=\"\(typed["name"] ?? "")\""), "\(bad)")
            #expect(refused.body.contains("id=\"\(bad.keys.first ?? "")-error\""), "\(bad)")
        }
        let opened = try await merchant.post("/stores/new", Merchant.store(slug))
        #expect(opened.status == 303 && opened.headers["location"]?.hasSuffix("/onboarding/business") == true)

        let taken = try await other.post("/stores/new", Merchant.store(slug))
        #expect(taken.status == 422 && taken.body.contains("is taken by another store"))
        #expect(try await merchant.get("/stores").body.contains("\(slug).example.test"))
    }

    @Test("the business identity is checked field by field, and kept")
    func identity() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()

        for bad in [
            ["vat_number": "RO18547291"], ["legal_name": ""], ["country": "US"], ["email": "nonsense"],
            ["postcode": "1"],
        ] {
            let answer = try await merchant.post("\(root)/business", Self.business.merging(bad) { $1 })
            #expect(answer.status == 422, "\(bad)")
            #expect(answer.body.contains("id=\"\(bad.keys.first ?? "")-error\""), "\(bad)")
            #expect(answer.body.contains("value=\"Strada Lunga 1\""), "\(bad)")
        }
        #expect(merchant.running.runs.news(of: store).isEmpty)
        let saved = try await merchant.post("\(root)/business", Self.business)

        #expect(location(saved) == "\(root)/catalogue")
        #expect(try await merchant.get("\(root)/business").body.contains("value=\"Casa Verde SRL\""))
        #expect(merchant.running.runs.news(of: store) == [.saved(.business)])
        // Whether the number is registered is asked once for each number that is given.
        _ = try await merchant.post("\(root)/business", Self.business)
        #expect(merchant.running.runs.numbers(of: store).map(\.rawValue) == ["RO18547290"])
    }

    @Test("a price that is none, or that would lose money, takes nothing and stays as it was typed")
    func catalogue() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()

        let shelf = try await merchant.get("\(root)/catalogue")
        #expect(shelf.body.contains("you keep") && shelf.body.contains("no product-safety data"))
        for price in ["a lot", "-3", "11.57"] {
            let typed = Self.offer.merging(["price:bigbuy:LAMP": price]) { $1 }
            let answer = try await merchant.post("\(root)/catalogue", typed)
            #expect(answer.status == 422, "\(price)")
            #expect(answer.body.contains("value=\"\(price)\""), "\(price)")
            #expect(answer.body.contains("name=\"take:bigbuy:LAMP\" value=\"1\" checked"), "\(price)")
        }
        let unsafe = ["take:bigbuy:VASE": "1", "price:bigbuy:VASE": "40.00"]
        let taken = try await merchant.post("\(root)/catalogue", Self.offer.merging(unsafe) { $1 })

        #expect(location(taken) == "\(root)/theme")
        let skus = try await merchant.running.database.transaction(for: store) {
            try await Products().published(in: $0).map(\.sku.rawValue)
        }
        #expect(skus == ["LAMP"])
    }

    @Test("the look may be left for later, and one that nobody knows is the first")
    func theme() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()
        func theme() async throws -> String? {
            try await merchant.running.database.transaction(for: store) { try await Stores().theme(in: $0) }
        }

        #expect(try await location(merchant.post("\(root)/theme", ["skip": "1"])) == "\(root)/payments")
        #expect(try await theme() != "harbour")
        #expect(
            try await location(merchant.post("\(root)/theme", ["preset": "harbour"])) == "\(root)/payments")
        #expect(try await theme() == "harbour")
        #expect(try await location(merchant.post("\(root)/theme", ["preset": "<script>"])) != nil)
        #expect(try await theme() == "garden")
    }

    @Test("payments wait for the account, lead to Stripe's forms, and show what Stripe decided")
    func payments() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()
        let account = "acct_\(Merchant.slug())"

        #expect(try await merchant.get("\(root)/payments").body.contains("is being opened"))
        try await merchant.running.database.transaction(for: store) {
            try await Stores().keepStripeAccount(account, in: $0)
        }
        let onward = try await merchant.post("\(root)/payments", ["act": "connect"])
        // No redirect: the page's own policy would stop it in a browser.
        #expect(onward.status == 200 && onward.body.contains("https://stripe.test/onboarding/\(account)"))
        try await decide(.restricted, ["individual.verification.document"], account, store, merchant)
        #expect(try await merchant.get("\(root)/payments").body.contains("individual.verification.document"))
        try await decide(.enabled, [], account, store, merchant)
        #expect(try await merchant.get("\(root)/payments").body.contains("Payments are enabled"))
    }

    private func decide(
        _ state: Store.StripeState, _ missing: [String], _ account: String, _ store: TenantID,
        _ merchant: Merchant
    ) async throws {
        let database = merchant.running.database
        let now = try await Stores.time(database)
        try await database.transaction(for: store) {
            try await Stores().recordStripe(
                account: account, state: state, requirements: missing, disabledReason: nil,
                paysOut: state == .enabled, readAt: now, in: $0)
        }
    }

    @Test("a login at SmartBill is tried before it is kept, and its token never comes back")
    func invoicing() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()
        let login = ["company": "RO12345674", "user": "ana@example.test", "token": "wrong-token"]

        let empty = try await merchant.post("\(root)/invoicing", ["company": "RO12345674"])
        #expect(empty.status == 422 && empty.body.contains("id=\"user-error\""))
        let bad = try await merchant.post("\(root)/invoicing", login)
        #expect(bad.status == 422 && bad.body.contains("nobody has this login"))
        #expect(bad.body.contains("value=\"RO12345674\"") && !bad.body.contains("wrong-token"))
        let good = try await merchant.post(
            "\(root)/invoicing", login.merging(["token": "right-token"]) { $1 })
        #expect(good.status == 200 && good.body.contains("The connection works"))
        #expect(!good.body.contains("right-token"))
        let none = try await merchant.post(
            "\(root)/invoicing", ["company": "RO12345674", "series": "NOBODY"])
        #expect(none.status == 422)

        let kept = try await merchant.post("\(root)/invoicing", ["company": "RO12345674", "series": "CFX"])

        #expect(location(kept) == "\(root)/policies")
        let series = try await merchant.running.database.transaction(for: store) {
            try await Stores().load(in: $0).smartBillSeries
        }
        #expect(series == "CFX")
    }

    @Test("delivery and returns are held to the law, each complaint at its own field")
    func policies() async throws {
        let merchant = try await Merchant.signedUp()
        let (_, root) = try await merchant.openStore()

        for (field, value) in [
            ("withdrawal", "13"), ("withdrawal", "91"), ("days_to", "1"), ("days_to", "31"),
            ("shipping", "free"), ("shipping", "-1"),
        ] {
            let typed = Self.policies.merging([field: value]) { $1 }
            let answer = try await merchant.post("\(root)/policies", typed)
            #expect(answer.status == 422, "\(field) \(value)")
            #expect(answer.body.contains("id=\"\(field)-error\""), "\(field) \(value)")
            #expect(answer.body.contains("value=\"\(value)\""), "\(field) \(value)")
        }

        #expect(try await location(merchant.post("\(root)/policies", Self.policies)) == "\(root)/publish")
        #expect(try await merchant.get("\(root)/policies").body.contains("value=\"4.99\""))
    }

    @Test("who leaves in the middle goes on at the next step, from any browser")
    func resuming() async throws {
        let merchant = try await Merchant.signedUp()
        let (_, root) = try await merchant.openStore()
        #expect(try await location(merchant.post("\(root)/business", Self.business)) == "\(root)/catalogue")
        #expect(try await merchant.post("/sign-out", [:]).status == 303)

        let tablet = try await Merchant.visitor(merchant.email)
        #expect(try await tablet.signIn(next: root).headers["location"] == root)

        #expect(try await location(tablet.get(root)) == "\(root)/catalogue")
        #expect(try await tablet.get("\(root)/business").body.contains("value=\"Casa Verde SRL\""))
    }

    @Test("a store is published when nothing is missing, and not before")
    func publishing() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, root) = try await merchant.openStore()

        #expect(try await merchant.get("\(root)/publish").body.contains("Not yet"))
        #expect(try await merchant.post("\(root)/publish", [:]).status == 422)
        #expect(!merchant.running.runs.news(of: store).contains(.publish))
        for (step, fields) in [
            ("business", Self.business), ("catalogue", Self.offer), ("theme", ["skip": "1"]),
            ("payments", ["act": "catalogue-mode"]), ("invoicing", ["skip": "1"]),
            ("policies", Self.policies),
        ] {
            #expect(try await merchant.post("\(root)/\(step)", fields).status == 303, "\(step)")
        }
        #expect(try await merchant.get("\(root)/publish").body.contains("Everything is there"))
        let published = try await merchant.post("\(root)/publish", [:])

        #expect(location(published) == "\(root)/publish?publishing=1")
        #expect(try await merchant.get("\(root)/publish?publishing=1").body.contains("Your store is online"))
        #expect(merchant.running.runs.news(of: store).last == .publish)
    }

    @Test("another merchant's store is not there, and nobody's is for who is not signed in")
    func others() async throws {
        let (merchant, other) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let visitor = try await Merchant.visitor()
        let (store, root) = try await merchant.openStore()
        _ = try await merchant.post("\(root)/business", Self.business)

        for step in Self.steps {
            #expect(try await other.get("\(root)/\(step)").status == 404, "\(step)")
            let fields = ["business": Self.business, "policies": Self.policies][step] ?? Self.offer
            #expect(try await other.post("\(root)/\(step)", fields).status == 404, "\(step)")
            #expect(
                try await visitor.get("\(root)/\(step)").headers["location"]?.hasPrefix("/sign-in?") == true)
            #expect(try await visitor.post("\(root)/\(step)", fields).headers["location"] == "/sign-in")
        }
        #expect(try await !other.get("/stores").body.contains("Casa Verde"))
        #expect(merchant.running.runs.news(of: store) == [.saved(.business)])
    }
}
