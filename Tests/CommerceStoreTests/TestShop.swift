import Commerce
import CommerceMigrations
import EngineMigrations
import Foundation
import Logging
import Postgres
import TestServers

@testable import CommerceStore

/// The migrated database that all tests of this target share; each test makes its own stores in it. What
/// looks at all stores at once is tested in a database of its own.
actor TestPlatform {
    static let shared = TestPlatform()
    private var preparation: Task<Servers, any Error>?

    struct Servers: Sendable {
        let database: Database
        let app: PostgresPool
        let platform: PostgresPool
        let raw: TestDatabase
    }

    func servers() async throws -> Servers {
        if let preparation { return try await preparation.value }
        // Awaited by every test; nobody cancels it, since the next one needs it all the same.
        let task = Task {
            let template = try await TestServers.shared.template(named: "commerce") { url in
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
                // The engine's first: the shop's role is let in through the engine's doors.
                for (directory, schema) in [
                    (EngineMigrations.directory, "engine"), (CommerceMigrations.directory, "shop"),
                ] {
                    try await Migrator(directory: directory, schema: schema).migrate(connection)
                }
                await connection.close()
            }
            let raw = try await TestServers.shared.createDatabase(from: template)
            let app = PostgresPool(try PostgresConfiguration(raw.url(role: "cartflux_app")), size: 24)
            let platform = PostgresPool(
                try PostgresConfiguration(raw.url(role: "cartflux_platform")), size: 2)
            return Servers(
                database: Database(app: app, platform: platform), app: app, platform: platform, raw: raw)
        }
        preparation = task
        return try await task.value
    }
}

/// A store of its own, with products of its own supplier.
struct TestShop: Sendable {
    let database: Database
    let tenant: TenantID
    let supplier: SupplierID
    let products: [ProductID]

    static let now = Date(timeIntervalSince1970: 1_795_000_000)

    /// Every product costs 10.00, is sold at 15.00, and the supplier has `stock` of each.
    /// - Parameters:
    ///   - shared: the code of a platform supplier that is the store's; otherwise it has one of its own.
    ///   - warehouses: of the products, one after the other and from the first again.
    static func open(
        plan: PlanID = .pro, stock: Int = 10, products count: Int = 2, shared: String? = nil,
        reference: String? = nil, warehouses: [String] = ["main"], on platform: TestPlatform = .shared
    ) async throws -> TestShop {
        let database = try await platform.servers().database
        let tenant = TenantID()
        let supplier = SupplierID()
        let slug = "s" + tenant.description.replacing("-", with: "").suffix(20)
        _ = try await database.shared(
            """
            select shop.add_user(\(tenant.rawValue), \("\(slug)@example.test"), 'Owner')
            """)
        if let shared { try await offer(stock, of: reference ?? "SKU-1", at: shared, database) }
        let ids = (0..<count).map { _ in ProductID() }
        try await database.transaction(for: tenant) { tx in
            try await tx.execute(
                """
                insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                    contact_email)
                values (\(tenant.rawValue), \(tenant.rawValue), \(slug), 'Test', 'EUR', \(plan.rawValue),
                    'published',
                    'shop@example.test')
                """)
            try await Stores().addHost("\(slug).example.test", custom: false, verifiedAt: now, in: tx)
            try await tx.execute(
                """
                insert into shop.supplier (tenant_id, id, platform_code, name, adapter, currency)
                values (\(tenant.rawValue), \(supplier.rawValue), \(shared), 'Supplier', 'bigbuy', 'EUR')
                """)
            for (place, id) in ids.enumerated() {
                let sku = reference ?? "SKU-\(place + 1)"
                let pool = shared.map(PlatformStock.pool) ?? "own:\(tenant):\(supplier)"
                try await tx.execute(
                    """
                    insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference,
                        stock_pool, warehouse,
                        cost_minor, cost_currency, price_minor, currency, vat_bp, title, status)
                    values (\(tenant.rawValue), \(id.rawValue), \("product-\(place + 1)"),
                        \("SKU-\(place + 1)"),
                        \(supplier.rawValue), \(sku), \(pool),
                            \(warehouses[place % warehouses.count]), 1000, 'EUR', 1500, 'EUR', 2100,
                        '{"en": "A thing", "ro": "Un lucru"}', 'published')
                    """)
                guard shared == nil else { continue }
                try await Products().observeStock(stock, of: SKU(unchecked: sku), pool: pool, in: tx)
            }
        }
        return TestShop(database: database, tenant: tenant, supplier: supplier, products: ids)
    }

    /// What a platform supplier has, as the platform says it.
    static func offer(_ stock: Int, of reference: String, at supplier: String, _ database: Database)
        async throws
    {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                insert into shop.platform_supplier (code, name, adapter, country, currency)
                values (\(supplier), 'Shared', 'bigbuy', 'ES', 'EUR') on conflict do nothing
                """)
            try await PlatformStock().observe(stock, of: SKU(unchecked: reference), at: supplier, in: tx)
        }
    }

    func available(_ place: Int = 0) async throws -> Int {
        try await transaction { try await Products().load(products[place], in: $0).available }
    }

    func transaction<Value: Sendable>(
        _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(for: tenant, body)
    }

    static let form = AddressForm(
        firstName: "Ana", lastName: "Pop", line: "Strada Lunga 1", city: "Cluj-Napoca", county: "Cluj",
        postcode: "400001", country: "RO")

    /// A quote of `quantity` pieces of the first product.
    func quote(_ quantity: Int = 1, lines: Int = 1) async throws -> Quote {
        try await transaction { tx in
            let cart = try await Carts().open(
                token: UUID().uuidString, language: .english, country: .romania, in: tx)
            for product in products.prefix(lines) {
                try await Carts().add(quantity, of: product, to: cart.id, in: tx)
            }
            return try await Quotes().freeze(cart.id, at: Self.now, in: tx)
        }
    }

    func checkout(_ quote: Quote) async throws -> Checkout {
        try await transaction { tx in
            try await Checkouts().create(try Self.request(quote), at: Self.now, in: tx).checkout
        }
    }

    static func request(_ quote: Quote, seen: Money? = nil) throws -> Checkouts.Request {
        Checkouts.Request(
            quote: quote.id, email: EmailAddress(unchecked: "ana@example.test"), phone: "+40711111111",
            address: try form.checked(), language: .romanian, seenTotal: seen ?? quote.total.gross)
    }

    func place(_ checkout: Checkout) async throws -> Order {
        try await transaction { tx in
            let quote = try await Quotes().confirm(checkout, in: tx)
            return try await Orders().place(checkout, quote: quote, run: nil, at: Self.now, in: tx)
        }
    }

    func order(_ quantity: Int = 1, lines: Int = 1) async throws -> Order {
        try await place(checkout(quote(quantity, lines: lines)))
    }

    /// An order with a captured payment.
    func paidOrder(_ quantity: Int = 1, lines: Int = 1) async throws -> (order: Order, payment: Payment) {
        let order = try await order(quantity, lines: lines)
        let payment = try await transaction { tx in
            let opened = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            let intent = "pi_\(opened.id)"
            _ = try await Payments().recordIntent(intent, clientSecret: "secret", of: opened.id, in: tx)
            let paid = try await Payments().markPaid(
                intent: intent, captured: order.total.gross, charge: "ch_\(opened.id)", stripeFee: .eur(48),
                at: Self.now, in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
            return paid.payment
        }
        return (order, payment)
    }
}

extension StoreError {
    var problem: Problem? {
        if case .refused(let problem) = self { problem } else { nil }
    }
}

/// Runs `body` and returns the named problem it ran into.
func problem<Value>(_ body: () async throws -> Value) async throws -> Problem? {
    do {
        _ = try await body()
        return nil
    } catch let error as StoreError {
        return error.problem
    }
}
