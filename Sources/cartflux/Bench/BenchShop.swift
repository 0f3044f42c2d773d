// A platform of some stores as it runs in production, on sandboxes: the vendors, a web process and a worker
// have processes of their own, so that each one's processor time is its own. The stores are registered with
// the vendors and seeded as the demo's are, with more on the shelves than a bench can sell. There are many,
// because a merchant's invoices are issued one after the other, and one store would be all that is measured.

import Commerce
import CommerceStore
import Foundation
import Postgres
import VendorHTTP

struct BenchShop: Sendable {
    let stores: [BenchStore]
    /// The bench's own way into the platform.
    let platform: Platform
    private let vendors: BenchChild
    private let web: BenchChild
    private let worker: BenchChild
    private let redis: Int32
    private let cardPage: DemoHTTP

    static let storeCount = 24
    /// Above the demo's.
    private static let firstStore = 21
    private static let pieces = 10_000_000
    private static let warehouse = "main"

    private static let seeds = (firstStore..<firstStore + storeCount).map { number in
        DemoSeed.DemoStore(
            number: number, slug: "bench-\(number)", name: "Bench \(number)", plan: .business,
            currency: .eur, ownerNumber: 1, languages: [.english], taxID: "RO30000002", shippingMinor: 499)
    }

    /// Runs `body` beside a shop that is open, and closes it afterwards.
    static func with<Value>(
        _ scene: BenchScene, _ body: (BenchShop) async throws -> Value
    ) async throws -> Value {
        let world = DemoWorld(given: Settings(), ports: try DemoPorts.free())
        let environment = environment(of: world)
        scene.say("opening \(storeCount) stores")
        let vendors = try BenchChild(
            ["--vendors-port", "\(world.ports.sandbox)"], environment: environment, isSilent: true)
        return try await vendors.during {
            let desk = DemoVendors(world, stores: seeds)
            try await desk.waitUntilUp()
            let registered = try await desk.register()
            let known = environment.merging(registered.secrets) { $1 }
            let platform = try await Platform(Settings(known), label: "cartflux.bench")
            do {
                try await seed(registered, world, platform)
                let value = try await open(world, known, platform, vendors, scene, body)
                await platform.close()
                return value
            } catch {
                await platform.close()
                throw error
            }
        }
    }

    private static func environment(of world: DemoWorld) -> [String: String] {
        var environment = world.environment
        environment[Variable.withdrawalSeconds.rawValue] = "0"
        environment[Variable.checkoutsPerMinute.rawValue] = "1000000"
        environment[Variable.logLevel.rawValue] = "error"
        environment[Variable.clockFile.rawValue] = nil
        environment[Variable.metricsPort.rawValue] = nil
        return environment
    }

    private static func seed(
        _ registered: DemoVendors.Registration, _ world: DemoWorld, _ platform: Platform
    ) async throws {
        var settings = DemoSeed.Settings(
            baseDomain: world.domain, stripeAccounts: registered.accounts,
            smartBillLogins: Dictionary(
                uniqueKeysWithValues: seeds.map { ($0.slug, "owner@\($0.slug).test:\($0.slug)") }),
            today: Date())
        settings.stores = seeds
        try await DemoSeed(platform.database, credentials: platform.credentials).apply(settings)
        let supplier = DemoHTTP(base: "http://127.0.0.1:\(world.ports.sandbox + 2)")
        for product in DemoProduct.catalogue {
            let reference = SKU(unchecked: product.reference)
            try await platform.database.platformTransaction { tx in
                try await PlatformStock().observe(
                    pieces, of: reference, at: DemoSeed.supplierCode, in: tx)
            }
            _ = try await supplier.post(
                "/_sandbox/stock", ["sku": .string(product.reference), "quantity": .number("\(pieces)")]
            ).document("the supplier's shelf")
        }
        // What is accepted has arrived at the first look: nobody waits for a carrier.
        _ = try await supplier.post(
            "/_sandbox/progress", ["ship_after_seconds": 0, "deliver_after_seconds": 0]
        ).document("the carrier")
    }

    private static func open<Value>(
        _ world: DemoWorld, _ environment: [String: String], _ platform: Platform, _ vendors: BenchChild,
        _ scene: BenchScene, _ body: (BenchShop) async throws -> Value
    ) async throws -> Value {
        let base = "http://127.0.0.1:\(world.ports.web)"
        let redis = try await BenchQueue.serverProcess(scene.servers)
        let stores = try await stores(of: world, scene.database, base)
        let web = try BenchChild(["--shop-part", ShopPart.web.rawValue], environment: environment)
        return try await web.during {
            let worker = try BenchChild(["--shop-part", ShopPart.worker.rawValue], environment: environment)
            return try await worker.during {
                try await WebStage.waitUntilReady(web, "the web process", base, path: "/readyz")
                try await scene.database.waitForWorker(worker.id)
                let shop = BenchShop(
                    stores: stores, platform: platform, vendors: vendors, web: web, worker: worker,
                    redis: redis, cardPage: DemoHTTP(base: "http://127.0.0.1:\(world.ports.sandbox)"))
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await platform.runs.run() }
                    defer { group.cancelAll() }
                    return try await body(shop)
                }
            }
        }
    }

    private static func stores(
        of world: DemoWorld, _ database: BenchDatabase, _ base: String
    ) async throws -> [BenchStore] {
        var stores: [BenchStore] = []
        for seed in seeds {
            let products = try await database.products(of: seed.tenant, in: warehouse)
            stores.append(
                BenchStore(
                    tenant: seed.tenant, products: products,
                    http: DemoHTTP(base: base, host: "\(seed.slug).\(world.domain)")))
        }
        return stores
    }

    // MARK: - At work

    /// Baskets with a price that somebody has seen: everything before the button that begins a checkout.
    func fillBaskets(_ count: Int) async throws -> [FilledBasket] {
        try await withThrowingTaskGroup(of: (Int, FilledBasket).self) { group in
            var baskets = [FilledBasket?](repeating: nil, count: count)
            for number in 0..<count {
                if number >= Self.fillers, let (place, basket) = try await group.next() {
                    baskets[place] = basket
                }
                group.addTask { (number, try await stores[number % stores.count].fill(number)) }
            }
            for try await (place, basket) in group { baskets[place] = basket }
            return baskets.compactMap(\.self)
        }
    }

    private static let fillers = 8

    /// Enters a card that is good.
    func pay(_ intent: String) async throws {
        let answer = try await cardPage.post(
            "/_sandbox/pay/\(intent)",
            form: ["number": "4242 4242 4242 4242", "exp_month": "12", "exp_year": "2030", "cvc": "123"])
        guard answer.status < 400 else {
            throw DemoProblem("the card page answered \(answer.status): \(answer.excerpt)")
        }
    }

    /// Processor seconds that everybody has used so far.
    func processorSeconds(_ database: BenchDatabase) async throws -> [BenchParty: Double] {
        let postgres = try await database.serverProcesses()
        let processes: [(BenchParty, [Int32])] = [
            (.worker, [worker.id]), (.web, [web.id]), (.postgres, postgres), (.redis, [redis]),
            (.vendors, [vendors.id]), (.bench, [getpid()]),
        ]
        return Dictionary(
            uniqueKeysWithValues: processes.map { ($0, ProcessUsage.processorSeconds(of: $1)) })
    }
}

/// Who takes part in a checkout under measurement.
enum BenchParty: String, CaseIterable, Sendable {
    case worker, web, postgres, redis, vendors, bench

    var title: String {
        switch self {
        case .worker: "worker"
        case .web: "web"
        case .postgres: "Postgres"
        case .redis: "Redis"
        case .vendors: "vendors' sandboxes"
        case .bench: "the bench itself"
        }
    }
}

/// A store as its shoppers have it.
struct BenchStore: Sendable {
    let tenant: TenantID
    /// The ids of what one warehouse of its supplier can send.
    let products: [String]
    let http: DemoHTTP

    /// A basket of two different articles, and its quote.
    func fill(_ number: Int) async throws -> FilledBasket {
        let first = number % products.count
        let second = (first + 1 + number / products.count % (products.count - 1)) % products.count
        let lines = [first, second].map { place -> JSON in
            ["product": .string(products[place]), "quantity": 1]
        }
        let cart = try await http.post("/api/v1/carts", ["lines": .array(lines)]).document("the cart")
        let quote = try await http.post("/api/v1/quotes", ["cart": cart["token"]]).document("the quote")
        return FilledBasket(
            store: http,
            wish: [
                "quote": quote["id"], "total": quote["total"], "cart": cart["token"],
                "email": .string("shopper-\(number)@example.test"), "phone": "+40721000001",
                "language": "en", "address": Self.address,
            ])
    }

    private static let address: JSON = [
        "first_name": "Ana", "last_name": "Exemplu", "line": "Str. Exemplu 10", "city": "Cluj-Napoca",
        "county": "Cluj", "postcode": "400001", "country": "RO",
    ]
}

/// Everything but the button.
struct FilledBasket: Sendable {
    let store: DemoHTTP
    let wish: JSON

    /// Presses it: the answer is a checkout whose run has been accepted.
    func order() async throws {
        let key = HeaderField("Idempotency-Key", UUID().uuidString)
        _ = try await store.post("/api/v1/checkouts", wish, headers: [key]).document("the checkout")
    }
}

extension BenchDatabase {
    /// The ids of a store's products that one warehouse has, in an order of their own.
    fileprivate func products(of tenant: TenantID, in warehouse: String) async throws -> [String] {
        try await connection.execute(
            """
            select id::text from shop.product
            where tenant_id = \(tenant.rawValue) and warehouse = \(warehouse) order by sku
            """
        ).rows.map { try $0.decode(0, as: String.self) }
    }
}
