import Commerce
import Foundation
import Postgres
import Testing

@Suite("A search that takes too long, as a shopper meets it")
struct SlowSearchTests {
    @Test("is put off with words of the shopper's language; the rest of the shop goes on, and so does search")
    func putOff() async throws {
        // In a database of its own, since what makes the search slow is a lock on everybody's words.
        let running = try await WebPlatform.open()
        let shop = try await WebShop.open(on: running)
        #expect(try await shop.get("/search?q=thing").status == 200)
        let holder = try await PostgresConnection.connect(
            PostgresConfiguration(running.raw.url(role: "postgres")))
        _ = try await holder.execute("begin")
        _ = try await holder.execute("lock table shop.product_words in access exclusive mode")

        let slow = try await shop.get("/de/search?q=thing")
        let shelf = try await shop.get("/de/all")
        await holder.close()
        let again = try await shop.get("/de/search?q=thing")

        #expect(slow.status == 503 && slow.headers["retry-after"] == "5")
        #expect(slow.body.contains("Vorübergehend nicht verfügbar"))
        #expect(!slow.body.contains("canceling statement") && !slow.body.contains("SearchTookTooLong"))
        #expect(shelf.status == 200)
        #expect(again.status == 200)
    }
}
