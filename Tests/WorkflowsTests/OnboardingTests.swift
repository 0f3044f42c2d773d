import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@testable import Commerce

/// From the first click to a published store, as a merchant does it: over HTTP, with the vendors' sandboxes.
@Suite("Onboarding")
struct OnboardingTests {
    private static let password = "a password that is long"

    private func signedUp(_ world: MerchantWorld) async throws -> (MerchantBrowser, email: String) {
        let browser = MerchantBrowser(world)
        let email = "m\(UUID().uuidString.lowercased())@example.test"
        let answer = try await browser.fill(
            "/sign-up",
            ["name": "Ana", "email": email, "password": Self.password, "language": "en"])
        #expect(answer.status == 200)
        try await world.settle()
        let letter = try #require(await world.letter(to: email))
        let start = try #require(letter.firstRange(of: "/verify?token="))
        let link = "/verify?token=" + letter[start.upperBound...].prefix { !$0.isWhitespace }
        let token = String(link.dropFirst("/verify?token=".count))
        let verified = try await browser.fill(
            "/verify", at: link, ["token": token, "password": Self.password])
        #expect(verified.status == 303)
        return (browser, email)
    }

    private func openStore(_ browser: MerchantBrowser, slug: String) async throws -> (TenantID, String) {
        let opened = try await browser.fill(
            "/stores/new",
            ["name": "Casa Verde", "slug": slug, "country": "RO", "currency": "EUR", "language": "ro"])
        let address = try #require(opened.header("location"), "not opened: \(opened.status) \(opened.text)")
        let parts = address.split(separator: "/")
        return (try TenantID(parsing: String(parts[1])), "/stores/\(parts[1])/onboarding")
    }

    private static let business = [
        "legal_name": "Casa Verde SRL", "country": "RO", "vat_number": "RO 18547290",
        "registration": "J40/1/2020", "address_line": "Strada Lunga 1", "postcode": "400001",
        "city": "Cluj-Napoca", "phone": "+40711111111", "email": "hello@casa-verde.test",
    ]

    private static func slug() -> String {
        "s" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(20)
    }

    @Test(
        "a merchant goes from sign-up to a published store, and resumes on another device",
        .timeLimit(.minutes(20)))
    func wholeWay() async throws {
        try await MerchantWorld.open { world in
            let (browser, email) = try await signedUp(world)
            let (store, root) = try await openStore(browser, slug: Self.slug())
            try await world.settle()

            let wrong = try await browser.fill(
                "\(root)/business", Self.business.merging(["vat_number": "RO18547291"]) { $1 })
            #expect(wrong.status == 422)
            #expect(wrong.text.contains("check digit") && wrong.text.contains("Strada Lunga 1"))
            #expect(try await browser.fill("\(root)/business", Self.business).status == 303)
            try await world.settle()

            // Another device: nothing but the password.
            let tablet = MerchantBrowser(world)
            #expect(
                try await tablet.fill("/sign-in", ["email": email, "password": Self.password]).status == 303)
            #expect(try await tablet.get(root).header("location") == "\(root)/catalogue")
            #expect(try await tablet.get("\(root)/business").text.contains("Casa Verde SRL"))

            let shelf = try await tablet.get("\(root)/catalogue")
            #expect(shelf.text.contains("you keep") && shelf.text.contains("Cup &lt;b&gt;"))
            let loss = try await tablet.fill(
                "\(root)/catalogue", ["take:bigbuy:LAMP": "1", "price:bigbuy:LAMP": "11.57"])
            #expect(loss.status == 422 && loss.text.contains("would lose"))
            let taken = try await tablet.fill(
                "\(root)/catalogue",
                [
                    "take:bigbuy:LAMP": "1", "price:bigbuy:LAMP": "15.00", "take:bigbuy:VASE": "1",
                    "price:bigbuy:VASE": "40.00",
                ])
            #expect(taken.status == 303)
            #expect(try await tablet.fill("\(root)/theme", ["preset": "harbour"]).status == 303)

            try await pay(world, tablet, root, store)
            try await invoice(tablet, root)
            #expect(
                try await tablet.fill(
                    "\(root)/policies",
                    [
                        "shipping": "4,99", "days_from": "2", "days_to": "7", "withdrawal": "13",
                        "return_cost": "shopper",
                    ]
                ).status == 422)
            #expect(
                try await tablet.fill(
                    "\(root)/policies",
                    [
                        "shipping": "4,99", "days_from": "2", "days_to": "7", "withdrawal": "14",
                        "return_cost": "shopper",
                    ]
                ).status == 303)

            #expect(try await tablet.fill("\(root)/publish", [:]).status == 303)
            try await world.settle()
            #expect(try await tablet.get("\(root)/publish").text.contains("Your store is online"))
            try await expectPublished(store, world)
            #expect(world.count("account.create") == 1)
        }
    }

    private func pay(
        _ world: MerchantWorld, _ browser: MerchantBrowser, _ root: String, _ store: TenantID
    ) async throws {
        let account = try await world.database.transaction(for: store) {
            try await Stores().load(in: $0).stripeAccount
        }
        let stripe = try #require(account)
        let onward = try await browser.fill("\(root)/payments", ["act": "connect"])
        // No redirect: the page's own policy would stop it in a browser.
        #expect(onward.status == 200 && onward.text.contains("/_sandbox/onboarding/\(stripe)/"))
        try await world.decide("restricted", for: stripe, in: store)
        #expect(try await browser.get("\(root)/payments").text.contains("individual.verification.document"))
        #expect(try await browser.get("\(root)/publish").text.contains("Not yet"))
        try await world.decide("complete", for: stripe, in: store)
        #expect(try await browser.get("\(root)/payments").text.contains("Payments are enabled"))
    }

    private func invoice(_ browser: MerchantBrowser, _ root: String) async throws {
        let login = ["company": "RO12345674", "user": "ana@example.test", "token": "secret-token"]
        let bad = try await browser.fill("\(root)/invoicing", login.merging(["company": "nonsense"]) { $1 })
        #expect(bad.status == 422 && !bad.text.contains("secret-token"))
        let tested = try await browser.fill("\(root)/invoicing", login)
        #expect(tested.status == 200 && tested.text.contains("The connection works"))
        #expect(!tested.text.contains("secret-token"))
        let token = try #require(tested.field("form_token"))
        let kept = try await browser.post(
            "\(root)/invoicing", ["form_token": token, "company": "RO12345674", "series": "CFX"])
        #expect(kept.status == 303)
    }

    private func expectPublished(_ store: TenantID, _ world: MerchantWorld) async throws {
        try await world.database.transaction(for: store) { tx in
            let row = try await Stores().load(in: tx)
            #expect(row.status == .published && row.takesPayments)
            #expect(row.shipping == .eur(499) && row.smartBillSeries == "CFX")
            #expect(try await Products().published(in: tx).map(\.sku.rawValue) == ["LAMP"])
            #expect(try await LegalPages().all(in: tx).count == 20)
            #expect(try await LegalPages().missing(for: row.languages, in: tx) == 0)
        }
    }

    @Test("when Stripe takes days, the store opens as a catalogue")
    func withoutCheckout() async throws {
        try await MerchantWorld.open { world in
            let (browser, _) = try await signedUp(world)
            let (store, root) = try await openStore(browser, slug: Self.slug())
            _ = try await browser.fill("\(root)/business", Self.business)
            try await world.settle()
            _ = try await browser.fill(
                "\(root)/catalogue", ["take:bigbuy:LAMP": "1", "price:bigbuy:LAMP": "15.00"])
            _ = try await browser.fill(
                "\(root)/policies",
                [
                    "shipping": "0", "days_from": "2", "days_to": "7", "withdrawal": "14",
                    "return_cost": "store",
                ])
            let early = try await browser.get("\(root)/publish")
            #expect(early.text.contains("Stripe has not enabled the account yet"))

            #expect(try await browser.fill("\(root)/payments", ["act": "catalogue-mode"]).status == 303)
            #expect(try await browser.fill("\(root)/publish", [:]).status == 303)
            try await world.settle()

            let row = try await world.database.transaction(for: store) { try await Stores().load(in: $0) }
            #expect(row.status == .published && !row.takesPayments)
        }
    }

    @Test("a taken or reserved address, a second store on Free, and another's store are refused")
    func refusals() async throws {
        try await MerchantWorld.open { world in
            let (browser, _) = try await signedUp(world)
            let slug = Self.slug()
            let (store, root) = try await openStore(browser, slug: slug)
            let (other, _) = try await signedUp(world)
            func tryOpen(_ browser: MerchantBrowser, _ slug: String) async throws -> String {
                try await browser.fill(
                    "/stores/new",
                    ["name": "Second", "slug": slug, "country": "RO", "currency": "EUR", "language": "en"]
                ).text
            }

            #expect(try await tryOpen(other, slug).contains("is taken by another store"))
            #expect(try await tryOpen(other, "admin").contains("the name is reserved"))
            #expect(try await tryOpen(browser, Self.slug()).contains("the Pro plan does"))
            #expect(try await other.get("/slugs?slug=\(slug)").text.contains("\"is_free\":false"))
            for step in ["", "/business", "/catalogue", "/payments", "/invoicing", "/policies", "/publish"] {
                #expect(try await other.get(root + step).status == 404, "\(step)")
            }
            let token = try #require(try await other.get("/stores/new").field("form_token"))
            let stolen = try await other.post(
                "\(root)/business", Self.business.merging(["form_token": token]) { $1 })
            #expect(stolen.status == 404)
            #expect(
                try await MerchantBrowser(world).get(root).header("location")?.hasPrefix("/sign-in") == true)
            let identity = try await world.database.transaction(for: store) {
                try await Identities().load(in: $0)
            }
            #expect(identity == nil)
        }
    }

    @Test("who goes away is reminded three times, and the run then waits without a worker")
    func reminders() async throws {
        try await MerchantWorld.open { world in
            let (browser, email) = try await signedUp(world)
            let before = world.count("email.create")
            let (_, root) = try await openStore(browser, slug: Self.slug())
            try await world.settle(.seconds(30 * 86_400))

            #expect(world.count("email.create") == before + 3)
            let letter = try #require(await world.letter(to: email))
            #expect(letter.contains("app.cartflux.test\(root)/business"))
        }
    }

    @Test("who comes back after the run has ended finds another one that goes on")
    func afterTheEnd() async throws {
        try await MerchantWorld.open { world in
            let (browser, _) = try await signedUp(world)
            let (store, root) = try await openStore(browser, slug: Self.slug())
            let first = try await world.onboarding(of: store)?.run
            try await world.settle(.seconds(120 * 86_400))

            #expect(try await browser.fill("\(root)/business", Self.business).status == 303)
            try await world.settle()

            let row = try await world.database.transaction(for: store) { try await Stores().load(in: $0) }
            #expect(row.stripeAccount != nil)
            let second = try await world.onboarding(of: store)?.run
            #expect(second != first)
            #expect(try await browser.fill("\(root)/theme", ["preset": "harbour"]).status == 303)
            #expect(try await world.onboarding(of: store)?.run == second)
        }
    }

    @Test("what Stripe refused once is asked for again when the merchant saves the same again")
    func refusedOnce() async throws {
        try await MerchantWorld.open { world in
            let (browser, _) = try await signedUp(world)
            let (store, root) = try await openStore(browser, slug: Self.slug())
            try await world.settle()
            world.sandbox.stripe.workbench.inject(Fault("POST /v1/accounts", .status, status: 400, count: 1))
            _ = try await browser.fill("\(root)/business", Self.business)
            try await world.settle()
            #expect(try await world.onboarding(of: store)?.stripeProblem != nil)

            _ = try await browser.fill("\(root)/business", Self.business)
            try await world.settle()

            #expect(world.count("account.create") == 1)
            #expect(try await world.onboarding(of: store)?.stripeProblem == nil)
        }
    }

    @Test(
        "a worker that dies at any write opens one account, sends each letter once, and publishes",
        .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await MerchantWorld.open(seenAs: crash) { world in
                let store = try await Self.draft(world)
                try await world.settle(.seconds(2 * 86_400))
                let account = try await world.database.transaction(for: store) {
                    try await Stores().load(in: $0).stripeAccount
                }
                guard let account else { throw MerchantProblem("no account was opened") }
                try await world.decide("complete", for: account, in: store)
                let run = try await world.database.transaction(for: store) {
                    try await Onboardings().find(in: $0)?.run
                }
                if let run { _ = try await world.onboarding.tell(.publish, run) }
                try await world.settle()
                let row = try await world.database.transaction(for: store) { try await Stores().load(in: $0) }
                return [
                    "accounts: \(world.count("account.create"))", "letters: \(world.count("email.create"))",
                    row.status.rawValue, row.stripeState.rawValue,
                ]
            }
        }
        #expect(survived > 40)
    }

    /// A store with everything that needs no vendor, entered without the pages.
    private static func draft(_ world: MerchantWorld) async throws -> TenantID {
        let owner = UserID()
        let email = EmailAddress(unchecked: "m\(owner)@example.test")
        try await world.database.transaction(for: owner.room) { room in
            try await Accounts(world.database).add(
                owner, email: email, name: "Ana", language: .english, in: room)
        }
        let tenant = TenantID()
        let slug = Slug(unchecked: slug())
        let run = try await world.database.transaction(for: tenant) { tx in
            try await Stores().open(
                StoreDraft(
                    owner: owner, slug: slug, name: "Casa", country: .romania, currency: .eur,
                    languages: [.english], contactEmail: email), at: "\(slug).cartflux.test",
                now: world.fleet.clock.now, in: tx)
            try await Identities().save(
                BusinessIdentity(
                    legalName: "Casa SRL", country: .romania, vatNumber: nil, registration: nil,
                    addressLine: "Strada 1", postcode: "400001", city: "Cluj", phone: "+40711111111",
                    email: email), at: world.fleet.clock.now, in: tx)
            try await Identities().save(.standard, in: tx)
            try await CatalogueShelf().take(["bigbuy:LAMP": .eur(1500)], in: tx)
            let run = try await world.onboarding.begin(owner, nil, tx)
            try await Onboardings().recordRun(run, in: tx)
            return run
        }
        _ = try await world.onboarding.tell(.saved(.business), run)
        return tenant
    }
}
