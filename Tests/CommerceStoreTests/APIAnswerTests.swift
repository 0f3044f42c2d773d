import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

@Suite struct APIAnswerTests {
    private static func answers() throws -> APIAnswers {
        APIAnswers(try Credentials(Data(repeating: 5, count: 32).base64EncodedString()))
    }

    private static func request(
        _ key: String, as principal: String = "shop", about text: UInt8 = 1
    ) -> APIAnswers.Request {
        APIAnswers.Request(
            principal: principal, key: key, fingerprint: Data(repeating: text, count: 32))
    }

    private static let answer = APIAnswers.Answer(
        status: 201, location: "/here", body: Array("{\"a\":1}".utf8))

    @Test(
        "an answer is kept for its store, its principal and its request alone, and forgotten when it expires")
    func lifetime() async throws {
        let answers = try Self.answers()
        let (shop, other) = (try await TestShop.open(), try await TestShop.open())
        func take(
            _ request: APIAnswers.Request, in shop: TestShop, at now: Date = TestShop.now
        ) async throws -> APIAnswers.Turn {
            try await shop.transaction { try await answers.take(request, at: now, in: $0) }
        }
        try await shop.transaction { tx in
            #expect(try await answers.take(Self.request("k"), at: TestShop.now, in: tx) == .fresh)
            try await answers.record(Self.answer, to: Self.request("k"), at: TestShop.now, in: tx)
        }

        #expect(try await take(Self.request("k"), in: shop) == .answered(Self.answer))
        #expect(try await take(Self.request("k", about: 2), in: shop) == .reused)
        #expect(try await take(Self.request("k", as: "user:x"), in: shop) == .fresh)
        #expect(try await take(Self.request("k"), in: other) == .fresh)
        let end = TestShop.now.addingTimeInterval(APIAnswers.lifetime)
        #expect(try await take(Self.request("k"), in: shop, at: end) == .fresh)

        // The purge looks at all stores, and keeps what is not old enough.
        try await shop.transaction { tx in
            try await answers.record(Self.answer, to: Self.request("later"), at: end, in: tx)
        }
        let gone = try await shop.database.platformTransaction {
            try await APIAnswers.forget(at: end, in: $0)
        }
        let left = try await shop.transaction { tx in
            try await tx.execute(
                "select key from shop.api_answer where tenant_id = \(tx.tenantUUID) order by key"
            ).column(0, as: String.self)
        }
        #expect(gone >= 1)
        #expect(left == ["later"])
    }

    @Test("while one transaction holds a key, another is told so, and afterwards it is free")
    func inFlight() async throws {
        let answers = try Self.answers()
        let shop = try await TestShop.open()

        let (mine, others) = try await shop.transaction { tx in
            let mine = try await answers.take(Self.request("f"), at: TestShop.now, in: tx)
            let others = try await shop.transaction {
                try await answers.take(Self.request("f"), at: TestShop.now, in: $0)
            }
            return (mine, others)
        }
        let afterwards = try await shop.transaction {
            try await answers.take(Self.request("f"), at: TestShop.now, in: $0)
        }

        #expect([mine, others, afterwards] == [.fresh, .inFlight, .fresh])
    }

    @Test("a stored answer that somebody moved to another key does not open")
    func sealed() async throws {
        let answers = try Self.answers()
        let shop = try await TestShop.open()
        try await shop.transaction { tx in
            try await answers.record(Self.answer, to: Self.request("a"), at: TestShop.now, in: tx)
            try await tx.execute(
                "update shop.api_answer set key = 'b' where tenant_id = \(tx.tenantUUID) and key = 'a'")
        }

        await #expect(throws: StoreError.self) {
            try await shop.transaction {
                _ = try await answers.take(Self.request("b"), at: TestShop.now, in: $0)
            }
        }
    }
}
