package import Commerce
package import Foundation
internal import Postgres

// Everything that a store keeps about a shopper: found by the address, from there by orders and payments. One
// list of places serves both the copy and the erasure, so that a table that is added for the one is not
// forgotten by the other; a test walks every table afterwards and finds what was.

package struct ShopperData: Sendable {
    private let person: EmailAddress
    private let tx: Transaction<OneTenant>
    private let traces: ShopperTraces

    /// Finds what leads to the shopper, holding the orders until the transaction ends.
    package init(_ person: EmailAddress, in tx: Transaction<OneTenant>) async throws {
        self.person = person
        self.tx = tx
        traces = try await ShopperTraces(person, in: tx)
    }

    /// Whether the store knows the address at all.
    package var isKnown: Bool { !traces.isEmpty }

    package var counts: [String: Int] {
        ["orders": traces.orders.count, "checkout": traces.checkouts.count, "email": traces.letters.count]
    }

    /// Whether the shopper may be written to.
    package func mayBeWritten() async throws -> Bool {
        try await tx.first(
            """
            select from shop.email_suppression
            where tenant_id = \(tx.tenantUUID) and address = \(person.canonical)
            """) == nil
    }

    /// Everything, as JSON with one list per kind of record.
    package func copy(at now: Date) async throws -> String {
        var sections: [String] = []
        for section in ShopperPlaces.copied(person, traces, tx.tenantUUID) {
            let found = try await tx.first(
                "select coalesce(jsonb_agg(r), '[]')::text as list from (" + section.rows + ") r")
            sections.append("\"\(section.name)\": \(try found?.decode("list", as: String.self) ?? "[]")")
        }
        return """
            {"format": "cartflux.personal-data.1", "made_at": "\(now.formatted(.iso8601))", \
            "about": "\(person.canonical)", \(sections.joined(separator: ", "))}
            """
    }

    /// Makes unreadable whatever names the shopper. Returns how many rows changed, by table. Run again it
    /// finds nothing more.
    package func erase() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for place in ShopperPlaces.erased(person, traces, tx.tenantUUID) {
            counts[place.name, default: 0] += try await tx.execute(place.rows).affected
        }
        let events = try await tx.first(
            """
            select shop.erase_inbox(\(traces.vendorIDs), \([person.canonical] + traces.phones)) as many
            """)
        counts["webhook_inbox"] = try events?.int("many") ?? 0
        let news = try await tx.first("select shop.erase_events(\(traces.orders)) as many")
        counts["webhook_event"] = try news?.int("many") ?? 0
        return counts.filter { $0.value > 0 }
    }

    /// Why it cannot be erased yet.
    package func holds(at now: Date) async throws -> [PersonalDataHold] {
        var holds: [PersonalDataHold] = []
        for (hold, rows) in ShopperPlaces.holds(traces, tx.tenantUUID, now) {
            if try await tx.first(rows) != nil { holds.append(hold) }
        }
        return holds
    }
}

/// What leads from an address to the rows about a shopper.
struct ShopperTraces: Sendable {
    var orders: [UUID] = []
    var checkouts: [UUID] = []
    var carts: [UUID] = []
    var payments: [UUID] = []
    var letters: [UUID] = []
    var phones: [String] = []
    /// Names that vendors use in what they report.
    var vendorIDs: [String] = []

    var isEmpty: Bool { orders.isEmpty && checkouts.isEmpty && letters.isEmpty }

    init(_ person: EmailAddress, in tx: Transaction<OneTenant>) async throws {
        let (tenant, email) = (tx.tenantUUID, person.canonical)
        let bought = try await tx.execute(
            """
            select id, phone from shop.orders
            where tenant_id = \(tenant) and lower(email) = \(email) order by id for no key update
            """
        ).rows
        orders = try bought.map { try $0.decode("id") }
        let begun = try await tx.execute(
            """
            select k.id, k.phone, q.cart_id from shop.checkout k
            join shop.quote q on q.tenant_id = k.tenant_id and q.id = k.quote_id
            where k.tenant_id = \(tenant) and lower(k.email) = \(email)
            """
        ).rows
        checkouts = try begun.map { try $0.decode("id") }
        carts = try begun.compactMap { try $0.decode("cart_id", as: UUID?.self) }
        phones = Array(
            Set(
                try (Array(bought) + Array(begun)).map {
                    try $0.decode("phone", as: String.self).lowercased()
                })
        ).filter { $0.count >= 6 }.sorted()
        let paid = try await tx.execute(
            """
            select id, payment_intent, charge from shop.payment
            where tenant_id = \(tenant) and order_id = any(\(orders))
            """
        ).rows
        payments = try paid.map { try $0.decode("id") }
        let written = try await tx.execute(
            """
            select id, provider_id from shop.email
            where tenant_id = \(tenant) and (order_id = any(\(orders)) or lower(recipient) = \(email))
            """
        ).rows
        letters = try written.map { try $0.decode("id") }
        vendorIDs =
            try paid.compactMap { try $0.decode("payment_intent", as: String?.self) }
            + paid.compactMap { try $0.decode("charge", as: String?.self) }
            + written.compactMap { try $0.decode("provider_id", as: String?.self) }
    }
}
