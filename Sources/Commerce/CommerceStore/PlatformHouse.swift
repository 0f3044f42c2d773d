package import Commerce
package import Foundation
internal import Postgres

// What the platform is and has, for its administrators: who it is on its own invoices, the day's rates, its
// suppliers with their pulls, and its affiliates. Read with the platform's own role.

package struct PlatformHouse: Sendable {
    private let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    /// The platform as the seller on its own invoices. An invoice keeps a copy, so a change reaches only
    /// those that are issued afterwards.
    package struct Identity: Sendable, Equatable {
        package var name: String
        package var address: String
        package var country: String
        package var vatNumber: String
        package var registration: String
        /// The series of the invoices' numbers; changing it would begin another one, which is no setting.
        package let series: String
        package let currency: String
    }

    package struct Rate: Sendable {
        package let base: String
        package let quote: String
        package let day: String
        /// One unit of base in quote, times 10^8.
        package let scaled: Int64
    }

    package struct Supplier: Sendable {
        package let code: String
        package let name: String
        package let adapter: String
        package let country: String
        package let parcel: Money
        package let articles: Int
        package let withoutSafety: Int
        package let stockSeenAt: Date?
        package let pulls: [Pull]
    }

    /// One reading of a supplier's lists.
    package struct Pull: Sendable {
        package let supplier: String
        package let kind: String
        package let state: String
        package let read: Int64
        package let changed: Int64
        package let refused: Int64
        package let removed: Int64
        package let problem: String?
        package let startedAt: Date
        package let endedAt: Date?
    }

    package func identity() async throws -> Identity {
        try await database.platformTransaction { tx in
            let row = try await tx.execute("select * from shop.platform_identity")
                .only(orThrow: .notFound(.plan, "platform_identity"))
            return Identity(
                name: try row.decode("name"), address: try row.decode("address"),
                country: try row.decode("country"), vatNumber: try row.decode("vat_number"),
                registration: try row.decode("registration"), series: try row.decode("series"),
                currency: try row.decode("currency"))
        }
    }

    /// False where it is not what the caller has seen any more.
    package func change(from seen: Identity, to identity: Identity) async throws -> Bool {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                update shop.platform_identity set name = \(identity.name), address = \(identity.address),
                    country = \(identity.country), vat_number = \(identity.vatNumber),
                    registration = \(identity.registration)
                where (name, address, country, vat_number, registration)
                    = (\(seen.name), \(seen.address), \(seen.country), \(seen.vatNumber),
                        \(seen.registration))
                returning 1
                """
            ).first != nil
        }
    }

    /// The newest of each pair.
    package func rates() async throws -> [Rate] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                """
                select distinct on (base_currency, quote_currency) base_currency, quote_currency,
                    valid_on::text as day, rate_scaled
                from shop.fx_rate order by base_currency, quote_currency, valid_on desc limit 100
                """
            ).rows.map { row in
                Rate(
                    base: try row.decode("base_currency"), quote: try row.decode("quote_currency"),
                    day: try row.decode("day"), scaled: try row.decode("rate_scaled"))
            }
        }
    }

    /// By code, each with its last pulls.
    package func suppliers() async throws -> [Supplier] {
        try await database.platformTransaction { tx in
            let pulls = try await tx.execute(
                """
                select c.* from shop.platform_supplier s cross join lateral (
                    select * from shop.catalogue_sync y where y.supplier = s.code
                    order by y.started_at desc limit 10) c
                order by c.started_at desc
                """
            ).rows.map { try Pull($0) }
            return try await tx.execute(
                """
                select s.*, i.articles, i.unsafe, k.seen from shop.platform_supplier s
                cross join lateral (select count(*) as articles, count(*) filter (
                        where cardinality(c.safety_missing) > 0) as unsafe
                    from shop.catalogue_item c where c.supplier = s.code and c.is_active) i
                cross join lateral (select max(seen_at) as seen from shop.stock_item
                    where pool = 'platform:' || s.code) k
                order by s.code
                """
            ).rows.map { row in
                let code: String = try row.decode("code")
                return Supplier(
                    code: code, name: try row.decode("name"), adapter: try row.decode("adapter"),
                    country: try row.decode("country"),
                    parcel: try row.money("parcel_shipping_minor", in: "currency"),
                    articles: try row.int("articles"), withoutSafety: try row.int("unsafe"),
                    stockSeenAt: try row.decode("seen"), pulls: pulls.filter { $0.supplier == code })
            }
        }
    }
}

extension PlatformHouse.Pull {
    fileprivate init(_ row: Row) throws {
        supplier = try row.decode("supplier")
        kind = try row.decode("kind")
        state = try row.decode("state")
        read = try row.decode("rows_read")
        changed = try row.decode("rows_changed")
        refused = try row.decode("rows_refused")
        removed = try row.decode("rows_removed")
        problem = try row.decode("problem")
        startedAt = try row.decode("started_at")
        endedAt = try row.decode("ended_at")
    }
}
