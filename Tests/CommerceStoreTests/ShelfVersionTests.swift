import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

/// The number by which a store's kept pages are told from what they would be now.
@Suite("The version of a store's shelf") struct ShelfVersionTests {
    private func version(_ shop: TestShop) async throws -> Int64 {
        try await shop.transaction { try await ShelfVersions().current(in: $0) }
    }

    /// By how much the change raised it.
    private func rise(
        _ shop: TestShop, _ change: (Transaction<OneTenant>) async throws -> Void
    ) async throws -> Int64 {
        let before = try await version(shop)
        try await shop.transaction(change)
        return try await version(shop) - before
    }

    @Test("whatever a page can show raises it, once for each transaction")
    func shown() async throws {
        let shop = try await TestShop.open()
        let (one, other) = (shop.products[0], shop.products[1])

        #expect(try await version(shop) > 0, "a store that was opened with products has changed")
        #expect(try await rise(shop) { try await Products().setPrice(.eur(1600), of: one, in: $0) } == 1)
        #expect(try await rise(shop) { try await Shelf().rename(one, to: "other-name", in: $0) } == 1)
        #expect(try await rise(shop) { try await Products().pause(one, reason: "x", in: $0) } == 1)
        #expect(try await rise(shop) { try await Products().publish(one, in: $0) } == 1)
        #expect(
            try await rise(shop) {
                try await Products().setWithdrawalExclusion(.hygiene, of: other, in: $0)
            } == 1)
        let content = ContentQuantity(millionths: 750_000, unit: .litre)
        #expect(try await rise(shop) { try await Products().setContent(content, of: one, in: $0) } == 1)
        #expect(try await rise(shop) { try await Products().setContent(content, of: one, in: $0) } == 0)
        #expect(
            try await rise(shop) {
                try await LegalPages().edit(.terms, in: .english, body: "Words", in: $0)
            } == 1)
        #expect(
            try await rise(shop) {
                try await LegalPages().edit(.terms, in: .english, body: "Others", in: $0)
            } == 1)
        #expect(
            try await rise(shop) { tx in
                for product in shop.products {
                    try await Products().setPrice(.eur(1700), of: product, in: tx)
                    try await Products().pause(product, reason: "x", in: tx)
                }
            } == 1)
    }

    @Test("what no page shows leaves it alone: costs, drafts, stock, and saying the same again")
    func silent() async throws {
        let shop = try await TestShop.open()
        let (one, other) = (shop.products[0], shop.products[1])
        try await shop.transaction { tx in
            try await tx.execute(
                """
                update shop.product set status = 'draft'
                where tenant_id = \(shop.tenant.rawValue) and id = \(other.rawValue)
                """)
            try await LegalPages().edit(.terms, in: .english, body: "Words", in: tx)
        }

        #expect(try await rise(shop) { try await Products().recordCost(.eur(900), of: one, in: $0) } == 0)
        #expect(try await rise(shop) { try await Products().setPrice(.eur(1600), of: other, in: $0) } == 0)
        #expect(try await rise(shop) { try await Products().setPrice(.eur(1500), of: one, in: $0) } == 0)
        #expect(
            try await rise(shop) { tx in
                let product = try await Products().load(one, in: tx)
                try await Products().observeStock(
                    3, of: product.supplierReference, pool: product.stockPool, in: tx)
            } == 0)
        #expect(
            try await rise(shop) {
                try await LegalPages().edit(.terms, in: .english, body: "Words", in: $0)
            } == 0)
    }

    @Test("a checkout does not touch it, so buyers of one store never wait for each other here")
    func checkout() async throws {
        let shop = try await TestShop.open(stock: 6)
        let before = try await version(shop)

        _ = try await shop.paidOrder()

        #expect(try await version(shop) == before)
    }

    @Test("who changes the shelf waits for nobody who changes another part of it, and both count")
    func together() async throws {
        let shop = try await TestShop.open(products: 3)
        let before = try await version(shop)

        // Each inner transaction begins, changes and commits while the outer ones still hold what they have.
        try await shop.transaction { first in
            try await Products().setPrice(.eur(1600), of: shop.products[0], in: first)
            try await shop.transaction { second in
                try await Products().setPrice(.eur(1600), of: shop.products[1], in: second)
                try await shop.transaction { third in
                    try await Products().setPrice(.eur(1600), of: shop.products[2], in: third)
                }
                #expect(try await version(shop) == before + 1)
            }
            #expect(try await version(shop) == before + 2)
        }

        #expect(try await version(shop) == before + 3)
        let rows = try await shop.transaction { tx in
            try await tx.first(
                "select count(*)::integer as rows from shop.shelf_version")?.int("rows")
        }
        #expect(rows == 3, "as many as were ever changed at once")
        let next = try await rise(shop) {
            try await Products().pause(shop.products[0], reason: "x", in: $0)
        }
        #expect(next == 1)
    }

    @Test("what is rolled back does not count, and what follows in the same transaction does")
    func rolledBack() async throws {
        struct Stop: Error {}
        let shop = try await TestShop.open()
        let before = try await version(shop)

        await #expect(throws: Stop.self) {
            try await shop.transaction { tx in
                try await Products().setPrice(.eur(1600), of: shop.products[0], in: tx)
                throw Stop()
            }
        }
        #expect(try await version(shop) == before)
        let raised = try await rise(shop) { tx in
            try await tx.execute("savepoint here")
            try await Products().setPrice(.eur(1600), of: shop.products[0], in: tx)
            try await tx.execute("rollback to savepoint here")
            try await Products().setPrice(.eur(1700), of: shop.products[1], in: tx)
        }
        #expect(raised == 1)
    }

    @Test("one store's changes are another's business nowhere")
    func foreign() async throws {
        let (shop, other) = (try await TestShop.open(), try await TestShop.open())
        let before = try await version(other)

        _ = try await rise(shop) { try await Products().setPrice(.eur(1600), of: shop.products[0], in: $0) }

        #expect(try await version(other) == before)
        await #expect(throws: (any Error).self) {
            try await shop.transaction { tx in
                try await tx.execute(
                    """
                    insert into shop.shelf_version (tenant_id, lane) values (\(other.tenant.rawValue), 1)
                    """)
            }
        }
    }
}
