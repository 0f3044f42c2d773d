import Foundation
import VendorHTTP

/// A store that was opened in the wizard.
struct DemoOpening: Sendable {
    let merchant: DemoRecord.Merchant
    let address: String
    let products: Int
    let duration: Duration

    var summary: String {
        "a merchant opened \(merchant.store) in the wizard: online at \(address) with \(products) products, "
            + "after \(String(format: "%.1f", duration.seconds)) s; they sign in as \(merchant.email) / "
            + merchant.password
    }
}

/// Signs up, follows the link of the letter, and goes through the wizard until the store is online.
struct DemoMerchant {
    private let demo: DemoPlatform
    private let browser: DemoBrowser
    private let slug: String
    private let password = "a sentence that is long enough"

    init(_ demo: DemoPlatform) {
        self.demo = demo
        let web = demo.record.web
        let port = web.base.split(separator: ":").last.map(String.init) ?? ""
        browser = DemoBrowser(
            base: web.base, host: "\(Platform.dashboardHost(web.baseDomain)):\(port)")
        // A demo that keeps its data has the stores of the earlier ones.
        slug = "atelier-\(Int.random(in: 100_000...999_999))"
    }

    private var email: String { "\(slug)@demo.cartflux.test" }

    func open() async throws -> DemoOpening {
        let began = ContinuousClock.now
        DemoPlatform.say("a merchant signs up and opens \(slug)")
        try await signUp()
        let root = try await openStore()
        try await describe(root)
        try await connectStripe(root)
        try await connectSmartBill(root)
        try await publish(root)
        let host = "\(slug).\(demo.record.web.baseDomain)"
        let shop = DemoHTTP(base: demo.record.web.base, host: host)
        guard try await shop.get("/").status == 200 else { throw DemoProblem("\(host) does not answer") }
        let products = try await shop.get("/api/v1/products").document("the new store")["products"].elements
        guard !products.isEmpty else { throw DemoProblem("\(host) shows no products") }
        return DemoOpening(
            merchant: DemoRecord.Merchant(email: email, password: password, store: slug),
            address: demo.record.web.base.replacing("127.0.0.1", with: host), products: products.count,
            duration: ContinuousClock.now - began)
    }

    // MARK: - The account

    private func signUp() async throws {
        try await browser.submit(
            try await browser.open("/sign-up"), to: "/sign-up",
            ["name": "Ioana Exemplu", "email": email, "password": password, "language": "en"])
        let link = try await demo.wait(until: "the letter with the link is there") { try await letterLink() }
        let page = try await browser.open(link)
        let token = page.field("token") ?? ""
        try await browser.submit(page, to: "/verify", ["token": token, "password": password])
        try await browser.submit(try await browser.open("/stores"), to: "/sign-out", [:])
        let door = try await browser.open("/sign-in")
        try await browser.submit(
            door, to: "/sign-in",
            ["email": email, "password": password, "next": door.field("next") ?? "/stores"])
    }

    /// The path of the link in the letter, as the mailbox shows it.
    private func letterLink() async throws -> String? {
        let mailbox = DemoHTTP(base: demo.record.sandboxes.resend)
        let letters = try await mailbox.get("/_sandbox/objects/emails").document("the mailbox")["objects"]
        let own = letters.elements.last { $0["to"].elements.contains { $0.string == email } }
        guard let text = own?["text"].string, let start = text.firstRange(of: "/verify?token=") else {
            return nil
        }
        return String(text[start.lowerBound...].prefix { !$0.isWhitespace })
    }

    // MARK: - The wizard

    /// The path of the store's wizard.
    private func openStore() async throws -> String {
        let form = try await browser.open("/stores/new")
        let answer = try await browser.submit(
            form, to: "/stores/new",
            [
                "name": "Atelier Ioana", "slug": slug, "country": "RO", "currency": "EUR", "language": "en",
            ])
        guard let next = answer.location, next.hasSuffix("/business") else { throw answer.problem }
        return String(next.dropLast("/business".count))
    }

    private func step(
        _ root: String, _ name: String, _ values: KeyValuePairs<String, String>
    ) async throws {
        let path = "\(root)/\(name)"
        let answer = try await browser.submit(try await browser.open(path), to: path, values)
        guard answer.location != nil else { throw answer.problem }
    }

    private func describe(_ root: String) async throws {
        try await step(
            root, "business",
            [
                "legal_name": "Atelier Ioana SRL", "country": "RO", "vat_number": "RO12345674",
                "registration": "J40/1/2026", "address_line": "Str. Exemplu 12", "postcode": "400001",
                "city": "Cluj-Napoca", "phone": "+40721000002", "email": "hello@\(slug).test",
            ])
        try await chooseProducts("\(root)/catalogue")
        try await step(root, "theme", ["preset": "harbour"])
        try await step(
            root, "policies",
            [
                "shipping": "4.99", "days_from": "2", "days_to": "5", "withdrawal": "14",
                "return_cost": "shopper",
            ])
    }

    /// Takes the first three offers at the prices that are suggested.
    private func chooseProducts(_ path: String) async throws {
        let page = try await browser.open(path)
        let chosen = page.names(with: "take:").prefix(3)
        guard !chosen.isEmpty else { throw DemoProblem("the catalogue offers nothing: \(page.words)") }
        var values: [(String, String)] = []
        for name in chosen {
            let price = "price:" + name.dropFirst("take:".count)
            values += [(name, "1"), (price, page.field(price) ?? "")]
        }
        let answer = try await browser.submit(page, to: path, values)
        guard answer.location != nil else { throw answer.problem }
    }

    /// Fills in Stripe's own forms, and waits for what Stripe makes of them.
    private func connectStripe(_ root: String) async throws {
        let path = "\(root)/payments"
        let page = try await demo.wait(until: "the account at Stripe is open") {
            let page = try await browser.open(path)
            return page.text.contains("value=\"connect\"") ? page : nil
        }
        let answer = try await browser.submit(page, to: path, ["act": "connect"])
        let link = answer.link(containing: "/_sandbox/onboarding/") ?? answer.location ?? ""
        let stripe = demo.record.sandboxes.stripe
        guard link.hasPrefix(stripe) else { throw answer.problem }
        let done = try await DemoHTTP(base: stripe).post(
            String(link.dropFirst(stripe.count)), form: ["outcome": "complete"])
        guard done.status < 400 else { throw DemoProblem("Stripe's forms answered \(done.excerpt)") }
        try await demo.wait(until: "Stripe has enabled payments") {
            try await browser.open(path).text.contains("Payments are enabled") ? () : nil
        }
    }

    private func connectSmartBill(_ root: String) async throws {
        let path = "\(root)/invoicing"
        let tested = try await browser.submit(
            try await browser.open(path), to: path,
            ["company": "RO12345674", "user": "owner@\(slug).test", "token": "demo-\(slug)"])
        let company = tested.field("company") ?? ""
        let answer = try await browser.submit(tested, to: path, ["series": "CFX", "company": company])
        guard answer.location != nil else { throw answer.problem }
    }

    private func publish(_ root: String) async throws {
        let path = "\(root)/publish"
        try await browser.submit(try await browser.open(path), to: path, [:])
        try await demo.wait(until: "the store is online") {
            try await browser.open(path).text.contains("Your store is online") ? () : nil
        }
    }
}
