package import Commerce
internal import Foundation
internal import Postgres

// Names that an administrator gave to filters of the list of runs. The query is the address's own text, so a
// view is a link and nothing more.

package struct AdminViews: Sendable {
    /// More would be a list to search in.
    package static let limit = 20
    package static let nameLimit = 60
    package static let queryLimit = 2_000

    private let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    package struct View: Sendable, Equatable {
        package let name: String
        package let query: String

        package init(name: String, query: String) {
            self.name = name
            self.query = query
        }
    }

    package func all(of admin: AdminID) async throws -> [View] {
        try await database.platformTransaction { tx in
            try await tx.execute(
                "select name, query from shop.admin_view where admin_id = \(admin.rawValue) order by name"
            ).rows.map { View(name: try $0.decode("name"), query: try $0.decode("query")) }
        }
    }

    /// Keeps a view, in place of one of the same name. False where there are as many as may be.
    package func keep(_ view: View, for admin: AdminID) async throws -> Bool {
        try await database.platformTransaction { tx in
            // Two windows of one administrator take turns, so that the limit holds.
            _ = try await tx.execute("select 1 from shop.admin where id = \(admin.rawValue) for update")
            return try await tx.execute(
                """
                insert into shop.admin_view (admin_id, name, query)
                select \(admin.rawValue), \(view.name), \(view.query)
                where (select count(*) from shop.admin_view
                    where admin_id = \(admin.rawValue) and name <> \(view.name)) < \(Self.limit)
                on conflict (admin_id, name) do update set query = excluded.query, kept_at = now()
                """
            ).affected == 1
        }
    }

    package func forget(_ name: String, of admin: AdminID) async throws {
        try await database.platformTransaction { tx in
            _ = try await tx.execute(
                "delete from shop.admin_view where admin_id = \(admin.rawValue) and name = \(name)")
        }
    }
}
