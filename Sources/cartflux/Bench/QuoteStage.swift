// Where quotes are made: the demo's stores, a basket for each caller, and the bare limit: the very rows of a
// basket's quote as plain inserts, sent with their transaction in one round trip, with nothing read, locked
// or calculated before.

import Commerce
import CommerceStore
import Foundation
import Postgres

/// A basket of three articles from two warehouses.
struct QuoteBasket: Sendable {
    let tenant: TenantID
    let cart: CartID
    let token: String
    /// Inserts of its quote's rows under another id, which is their `$1`.
    let inserts: [String]

    func bareQuote() -> [Query] {
        let id = UUID()
        var queries: [Query] = [
            "begin", "select set_config('cartflux.tenant', \(tenant.description), true)",
        ]
        queries += inserts.map { Query(text: $0, binding: id).prepared() }
        return queries + ["commit"]
    }
}

struct QuoteStage: Sendable {
    let database: Database
    let pool: PostgresPool
    let baskets: [QuoteBasket]

    private static let articles = ["desk-lamp", "steel-bottle", "garden-set"]

    /// Runs `body` on seeded stores with a basket for each of so many callers and as many connections.
    static func with<Value>(
        _ width: Int, _ scene: BenchScene, _ body: (QuoteStage) async throws -> Value
    ) async throws -> Value {
        let settings = Settings()
        let logger = scene.servers.logger
        let pool = PostgresPool(
            try settings.parsed(.databaseURL) { try PostgresConfiguration($0) }, size: width, logger: logger)
        let platform = PostgresPool(
            try settings.parsed(.platformDatabaseURL) { try PostgresConfiguration($0) }, size: 1,
            logger: logger)
        let database = Database(app: pool, platform: platform)
        let value: Result<Value, any Error>
        do {
            try await DemoSeed(database).apply(DemoSeed.Settings(baseDomain: "localhost", today: Date()))
            var baskets: [QuoteBasket] = []
            for number in 0..<width {
                let store = DemoSeed.stores[number % DemoSeed.stores.count]
                baskets.append(try await basket(of: store.tenant, database, scene.database))
            }
            value = .success(
                try await body(QuoteStage(database: database, pool: pool, baskets: baskets)))
        } catch {
            value = .failure(error)
        }
        await pool.shutdown()
        await platform.shutdown()
        return try value.get()
    }

    private static func basket(
        of tenant: TenantID, _ database: Database, _ owner: BenchDatabase
    ) async throws -> QuoteBasket {
        let (cart, quote) = try await database.transaction(for: tenant) { tx in
            let cart = try await Carts().open(
                token: "api:\(UUID())", language: .english, country: .romania, in: tx)
            for article in articles {
                guard let product = try await Products().find(slug: article, in: tx) else {
                    throw StoreError.notFound(.product, article)
                }
                try await Carts().add(1, of: product.id, to: cart.id, in: tx)
            }
            return (cart, try await Quotes().freeze(cart.id, at: Date(), in: tx).id)
        }
        return QuoteBasket(
            tenant: tenant, cart: cart.id, token: cart.token, inserts: try await owner.inserts(of: quote))
    }
}

extension BenchDatabase {
    /// Removes all quotes, so that every measurement begins with small tables.
    func forgetQuotes() async throws {
        _ = try await connection.execute("truncate shop.quote cascade")
        _ = try await connection.execute("checkpoint")
    }

    /// The statements that write the rows of a quote again, under an id that they are given.
    fileprivate func inserts(of quote: QuoteID) async throws -> [String] {
        let tables = [("quote", "id"), ("quote_line", "quote_id"), ("quote_shipment", "quote_id")]
        var statements: [String] = []
        for (table, key) in tables {
            statements += try await connection.execute(
                """
                select 'insert into shop.\(raw: table) ('
                    || string_agg(quote_ident(c.key), ', ' order by c.key)
                    || ') values (' || string_agg(
                        case when c.key = \(key) then '$1' else quote_nullable(c.value) end,
                        ', ' order by c.key) || ')'
                from shop.\(raw: table) t cross join lateral jsonb_each_text(to_jsonb(t)) c
                where t.\(raw: key) = \(quote.rawValue) group by t.ctid order by t.ctid
                """
            ).rows.map { try $0.decode(0, as: String.self) }
        }
        return statements
    }
}
