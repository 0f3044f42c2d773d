internal import Commerce
package import Foundation
internal import Postgres

// What the law kept and keeps no longer. A store can only see its own papers, so this runs for all of them
// through one function of the database, in small bites.

package struct LapsedPapers: Sendable {
    private static let bite = 500

    private let database: Database

    /// The database needs the platform's pool.
    package init(_ database: Database) {
        self.database = database
    }

    /// Removes some of what has lapsed by `now`. Returns how many; zero when nothing is left.
    package func purge(at now: Date) async throws -> Int {
        try await database.platformTransaction { tx in
            let found = try await tx.first(
                """
                select shop.purge_lapsed_papers(\(Int32(KeptByLaw.yearsOfPapers)), \(now),
                    \(Int32(Self.bite))) as many
                """)
            return try found?.int("many") ?? 0
        }
    }
}
