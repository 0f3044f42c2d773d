import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

// What belongs to no tenant is not everybody's. A store reads what it sells from and who owns it; it writes
// what its own suppliers have, and nothing else.

@Suite struct SharedTableTests {
    private static func ownPool(_ shop: TestShop) -> String { "own:\(shop.tenant):\(shop.supplier)" }

    /// Whether the database refuses the statement for want of a right.
    private func isForbidden(_ statement: Query, _ shop: TestShop) async throws -> Bool {
        do {
            try await shop.transaction { _ = try await $0.execute(statement) }
            return false
        } catch let error as PostgresError where error.sqlState?.rawValue == "42501" {
            return true
        }
    }

    @Test("a store sees the stock of the platform's suppliers and of its own, and no other store's")
    func stockThatIsSeen() async throws {
        let reference = "SEEN-\(UUID().uuidString)"
        let shop = try await TestShop.open(reference: reference)
        let other = try await TestShop.open(reference: reference)
        try await TestShop.offer(4, of: reference, at: "seen", shop.database)

        let pools = try await shop.transaction { tx in
            try await tx.execute(
                "select distinct pool from shop.stock_item where reference = \(reference) order by pool"
            ).column(0, as: String.self)
        }
        let without = try await TestPlatform.shared.servers().app.execute(
            "select pool from shop.stock_item where reference = \(reference)"
        ).column(0, as: String.self)

        #expect(pools == [Self.ownPool(shop), "platform:seen"])
        #expect(!pools.contains(Self.ownPool(other)))
        #expect(without == ["platform:seen"])
    }

    @Test("a list that names an article twice is taken in, and its article once")
    func stockNamedTwice() async throws {
        let shop = try await TestShop.open()
        let pool = Self.ownPool(shop)

        let found = try await shop.transaction { tx in
            try await tx.execute(
                "select shop.observe_stocks(\(pool), \(["b", "A", "b"]), \([Int32(1), 2, 1]))")
            return try await tx.execute(
                """
                select reference || '=' || seen from shop.stock_item
                where pool = \(pool) and reference in ('A', 'b') order by reference collate "C"
                """
            ).column(0, as: String.self)
        }

        #expect(found == ["A=2", "b=1"])
    }

    @Test("no store writes a counter, tells what the platform's suppliers have, or speaks for another store")
    func stockThatIsWritten() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        try await TestShop.offer(4, of: "SKU-1", at: "kept", shop.database)
        let foreign = Self.ownPool(other)

        for statement: Query in [
            "update shop.stock_item set seen = 99", "update shop.stock_item set reserved = 0",
            "delete from shop.stock_item",
            "insert into shop.stock_item (pool, reference, seen) values (\(Self.ownPool(shop)), 'X', 1)",
            "select shop.observe_stock('platform:kept', 'SKU-1', 99)",
            "select shop.observe_platform_stock('kept', 'SKU-1', 99)",
            "select shop.observe_stock(\(foreign), 'SKU-1', 99)",
            "select shop.units_left(\(foreign), 'SKU-1')",
        ] {
            #expect(try await isForbidden(statement, shop), "\(statement.text)")
        }

        try await shop.transaction { tx in
            try await Products().observeStock(
                7, of: SKU(unchecked: "SKU-1"), pool: Self.ownPool(shop), in: tx)
        }
        #expect(try await shop.available() == 7)
        #expect(try await other.available() == 10)
    }

    @Test("a product draws on its own supplier's pool and on no other")
    func pools() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()
        try await TestShop.offer(4, of: "SKU-1", at: "drained", shop.database)

        for pool in [Self.ownPool(other), "platform:drained", "own:\(shop.tenant):\(SupplierID())", "mine"] {
            let refusal = try await problem {
                try await shop.transaction { tx in
                    try await tx.execute(
                        """
                        update shop.product set stock_pool = \(pool)
                        where id = \(shop.products[0].rawValue)
                        """)
                }
            }
            #expect(refusal == .stockPoolNotSuppliers, "\(pool)")
        }
    }

    @Test("of people a store sees its owner, without the password, and changes nobody")
    func people() async throws {
        let shop = try await TestShop.open()
        let other = try await TestShop.open()

        let seen = try await shop.transaction {
            try await $0.execute("select id from shop.app_user").column(0, as: UUID.self)
        }
        let unset = try await TestPlatform.shared.servers().app.execute("select id from shop.app_user").rows

        #expect(seen == [shop.tenant.rawValue])
        #expect(unset.isEmpty)
        for statement: Query in [
            "select password_hash from shop.app_user",
            "update shop.app_user set name = 'Thief' where id = \(other.tenant.rawValue)",
            "insert into shop.app_user (id, email, name) values (\(UUID()), 'thief@example.test', 'Thief')",
            "delete from shop.app_user",
        ] {
            #expect(try await isForbidden(statement, shop), "\(statement.text)")
        }
    }

    @Test("an address belongs to one person, and adding a person again changes nothing")
    func addresses() async throws {
        let people = People(try await TestPlatform.shared.servers().database)
        let id = UserID()
        let email = EmailAddress(unchecked: "p\(UUID().uuidString.lowercased())@example.test")
        try await people.add(id, email: email, name: "First", language: .english)

        let again = try await problem {
            try await people.add(id, email: email, name: "Second", language: .english)
        }
        let taken = try await problem {
            try await people.add(UserID(), email: email, name: "Third", language: .english)
        }

        #expect(again == nil)
        #expect(taken == .emailTaken)
    }
}
