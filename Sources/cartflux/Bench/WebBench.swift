// The pages of the three faces as one web process serves them, over as much as a busy platform has: product
// pages from the cache and without it, beside a bare route of the same library that returns the same bytes;
// the checkout's button; the operators' and a merchant's longest lists; and pages that listen. How the pages
// feel in a browser and what they weigh is looked at by `ops/browser -k vitals`, which `ops/bench web` runs
// afterwards.

import CommerceStore
import Durable
import Foundation
import VendorHTTP

struct WebBench: Bench {
    let scene: BenchScene
    /// In the list of the operators.
    let runs: Int

    static let orders = 100_000
    /// Enough to keep one web process busy, with and without waiting for the database.
    static let connections = 32
    /// A handful of people who look at long lists at the same moment.
    static let readers = 4
    static let buyers = 8
    /// More baskets than can be bought.
    private static let basketsPerSecond = 2_500
    private static let product = "/en/p/desk-lamp"

    /// Who is signed in, and where the lists are looked at.
    struct Cast: Sendable {
        let operatorCookie: String
        let merchantCookie: String
        let runFarBack: UUID
        let orderFarBack: UUID
        let streams: [StreamTicket]
    }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        try await scene.clear()
        let stage = try WebStage(scene.servers.logger)
        let results: WebResults
        do {
            results = try await measure(stage)
        } catch {
            await stage.close()
            throw error
        }
        await stage.close()
        try await scene.clear()
        return try await report(results, loadBefore: loadBefore)
    }

    private func measure(_ stage: WebStage) async throws -> WebResults {
        let cast = try await seed(stage)
        let load = try LoadGenerator(seconds: scene.seconds)
        defer { load.remove() }
        var results = WebResults()
        for round in 1...scene.rounds {
            let (live, seen) = try await stage.withWeb { web in
                scene.say("round \(round) of \(scene.rounds): \(cast.streams.count) live streams")
                let live = try await listen(to: web, stage, cast.streams)
                scene.say("round \(round) of \(scene.rounds): pages")
                return (live, try await loads(stage, cast, load))
            }
            let bypassed = [WebPage.uncached: try await uncached(stage, load)]
            results.add(live, seen.merging(bypassed) { $1 })
        }
        return results
    }

    // MARK: - What is there

    private func seed(_ stage: WebStage) async throws -> Cast {
        let tenant = WebStage.store.tenant
        scene.say("filling: stores, people and \(runs) runs")
        try await scene.database.forgetStores()
        try await stage.seedStores()
        try await scene.database.fillRuns(runs)
        scene.say("filling: \(Self.orders) orders of one store")
        try await scene.database.fillOrders(Self.orders, of: tenant.rawValue)
        let owner = try await scene.database.owner(of: tenant.rawValue)
        return Cast(
            operatorCookie: try await stage.signInOperator(),
            merchantCookie: try await stage.signIn(.init(rawValue: owner)),
            runFarBack: try await scene.database.distantRun(),
            orderFarBack: try await scene.database.order(Self.orders / 2, of: tenant.rawValue),
            streams: try await openStreams(stage))
    }

    // MARK: - Pages under load

    private func loads(
        _ stage: WebStage, _ cast: Cast, _ load: LoadGenerator
    ) async throws -> [WebPage: LoadReport] {
        var reports: [WebPage: LoadReport] = [:]
        let product = stage.shop(Self.product)
        let answer = try await open(product)
        reports[.bare] = try await bare(answer, stage, load)
        reports[.cached] = try await load.get(product, connections: Self.connections)
        let known = product.with("Cookie", stage.shopper(UUID()).cookie)
        reports[.known] = try await load.get(known, connections: Self.connections)
        reports[.checkout] = try await checkouts(stage, load)
        for (page, target) in lists(stage, cast) {
            try await open(target)
            reports[page] = try await load.get(target, connections: Self.readers)
        }
        return reports
    }

    /// From a process of its own that keeps no page.
    private func uncached(_ stage: WebStage, _ load: LoadGenerator) async throws -> LoadReport {
        try await stage.withWeb(keepsPages: false) { _ in
            let product = stage.shop(Self.product)
            try await open(product)
            return try await load.get(product, connections: Self.connections)
        }
    }

    /// Asks once, as anybody would, before it is asked for all the time.
    @discardableResult
    private func open(_ target: WebTarget) async throws -> VendorResponse {
        let answer = try await DemoHTTP(base: target.base, host: target.host).get(
            target.path, headers: target.headers.map { HeaderField($0.key, $0.value) })
        guard answer.status == 200 else {
            throw WebBenchProblem.wrongAnswer(target.path, status: answer.status)
        }
        return answer
    }

    /// The limit: the same bytes from a route that does nothing else.
    private func bare(
        _ answer: VendorResponse, _ stage: WebStage, _ load: LoadGenerator
    ) async throws -> LoadReport {
        // The server writes these by itself.
        let own: Set<String> = ["content-length", "date", "connection", "transfer-encoding"]
        let headers = answer.headers.filter { !own.contains($0.name.lowercased()) }
            .map { ($0.name, $0.value) }
        let route = BenchBareRoute(
            port: stage.ports.sandbox, headers: Dictionary(headers) { first, _ in first },
            body: Data(answer.body))
        let file = load.place(of: "answer.json")
        try JSONEncoder().encode(route).write(to: file)
        let child = try BenchChild(["--bare-route", file.path])
        let target = WebTarget(
            base: "http://127.0.0.1:\(route.port)", host: "127.0.0.1", path: Self.product)
        return try await child.during {
            try await WebStage.waitUntilReady(child, "the bare route", target.base, path: target.path)
            return try await load.get(target, connections: Self.connections)
        }
    }

    private func lists(_ stage: WebStage, _ cast: Cast) -> [(WebPage, WebTarget)] {
        let runs: [(WebPage, String)] = [
            (.runs, ""), (.runsEndedBadly, "?status=failed,needs_attention,poisoned"),
            (.runsFarBack, "?before=\(cast.runFarBack.uuidString.lowercased())"),
        ]
        let orders: [(WebPage, String)] = [
            (.orders, ""), (.ordersToForward, "?view=to-forward"),
            (.ordersFarBack, "?view=all&before=\(cast.orderFarBack.uuidString.lowercased())"),
        ]
        let root = "/stores/\(WebStage.store.tenant)/orders"
        return runs.map { ($0, stage.console("/ops/runs\($1)").with("Cookie", cast.operatorCookie)) }
            + orders.map { ($0, stage.dashboard("\(root)\($1)").with("Cookie", cast.merchantCookie)) }
    }

    // MARK: - The button

    /// Baskets are filled and quotes made before the clock runs; what is measured is the press of the button.
    private func checkouts(_ stage: WebStage, _ load: LoadGenerator) async throws -> LoadReport {
        let shown = try await showCheckout(stage)
        let shoppers = (0..<Self.basketsPerSecond * scene.seconds).map { _ in UUID() }
        let token = try await scene.database.basketToken(of: shown.quote)
        // A basket is found by a token that ends in the session's id.
        let form = String(token.dropLast(UUID().uuidString.count))
        try await scene.database.copy(
            quote: shown.quote, to: shoppers, tokens: shoppers.map { form + $0.uuidString.lowercased() })
        let forms = shoppers.map { id -> (cookie: String, body: String) in
            let (cookie, formToken) = stage.shopper(id)
            return (cookie, "form_token=\(formToken)&quote=\(id.uuidString.lowercased())&\(shown.fields)")
        }
        let before = try await scene.database.acceptedCheckouts()
        let report = try await load.post(forms, to: stage.shop("/en/checkout"), connections: Self.buyers)
        let accepted = try await scene.database.acceptedCheckouts() - before
        guard accepted >= report.requests else {
            throw BenchError.unexpectedRows("accepted checkouts", wanted: report.requests, got: accepted)
        }
        return report
    }

    /// What the page shows to somebody who has put one thing into the basket, and what they fill in.
    private func showCheckout(_ stage: WebStage) async throws -> (quote: UUID, fields: String) {
        let shop = stage.shop("/en")
        let browser = DemoBrowser(base: shop.base, host: shop.host)
        let products = try await DemoHTTP(base: shop.base, host: shop.host).get("/api/v1/products")
            .document("the product list")["products"].elements
        let product = try (products.first ?? .null).needText("id")
        let form = try await browser.open("/en/appearance")
        try await browser.submit(form, to: "/en/cart", ["product": product, "quantity": "1"])
        let page = try await browser.open("/en/checkout")
        guard let quote = page.field("quote").flatMap({ UUID(uuidString: $0) }) else { throw page.problem }
        let fields: FormFields = [
            "seen_total": page.field("seen_total") ?? "", "seen_currency": page.field("seen_currency") ?? "",
            "email": "ana@example.test", "phone": "+40711111111", "firstName": "Ana", "lastName": "Pop",
            "line": "Strada Lungă 1", "city": "Cluj-Napoca", "county": "Cluj", "postcode": "400001",
            "country": "RO",
        ]
        return (quote, fields.encoded)
    }
}
