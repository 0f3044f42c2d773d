import CommerceStore
import Foundation
import Testing

@Suite("How often a shop is searched")
struct SearchLimitTests {
    @Test("too many searches from one address wait, in words of the shopper's language; the rest goes on")
    func limit() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())
        #expect(try await shop.get("/search?q=thing").status == 200)
        // The bucket's clock never goes back, so one that is emptied tomorrow is empty today.
        let tomorrow = Date().addingTimeInterval(86_400)
        let throttle = Throttle(shop.running.database)
        while try await throttle.take(.shopSearch, "\(shop.tenant) 127.0.0.1", at: tomorrow) == nil {}

        let refused = try await shop.get("/search?q=thing")
        let german = try await shop.get("/de/search?q=thing")

        #expect(refused.status == 429 && refused.body.contains("One moment, please"))
        #expect((refused.headers["retry-after"].flatMap { Int($0) } ?? 0) > 0)
        #expect(german.status == 429 && german.body.contains("Einen Moment bitte"))
        // No question, no work; and what is no search is not held up, nor is another shop.
        #expect(try await shop.get("/search").status == 200)
        #expect(try await shop.get("/all").status == 200)
        #expect(try await other.get("/search?q=thing").status == 200)
    }
}
