import Commerce
import CommerceStore
import Postgres
import Testing

/// In a database of its own, since what makes the search slow is a lock on everybody's words.
@Suite("A search that takes too long")
struct SearchPatienceTests {
    @Test("ends at its limit with an error of its own, and harms no later one")
    func limit() async throws {
        try await CatalogueWorld.open { world in
            try await world.know(["V0100101": 334497])
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            var question = ShelfQuestion()
            question.words = "thing"
            let asked = question
            let holder = try await PostgresConnection.connect(
                PostgresConfiguration(world.raw.url(role: "postgres")))
            _ = try await holder.execute("begin")
            _ = try await holder.execute("lock table shop.product_words in access exclusive mode")

            await #expect(throws: SearchTookTooLong.self) {
                _ = try await world.database.transaction(for: world.tenant) { tx in
                    try await Shelf(searchPatience: .milliseconds(50)).page(asked, in: .english, tx)
                }
            }
            await holder.close()

            let found = try await world.database.transaction(for: world.tenant) { tx in
                try await Shelf(searchPatience: .seconds(60)).page(asked, in: .english, tx)
            }
            #expect(found.products.map(\.id) == [id])
        }
    }
}
