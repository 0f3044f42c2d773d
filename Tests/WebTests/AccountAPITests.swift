import CommerceStore
import Foundation
import Testing

@testable import Commerce
@testable import WebSupport

/// The API for merchants' programs, asked with keys and with tokens.
@Suite struct AccountAPITests {
    private func get(
        _ path: String, _ credential: String?, on shop: WebShop
    ) async throws -> Answer {
        var headers: [String: String] = [:]
        headers["Authorization"] = credential.map { "Bearer \($0)" }
        return try await RawHTTP.send(
            "GET", "/api/v1\(path)", port: shop.running.port, host: "127.0.0.1", headers: headers)
    }

    private func key(_ shop: WebShop, for scopes: Set<APIScope>) async throws -> String {
        let keys = APIKeys(shop.running.database)
        return try await shop.running.database.transaction(for: shop.tenant) {
            try await keys.make(
                named: "Till", for: scopes, by: UserID(rawValue: shop.tenant.rawValue), in: $0)
        }.text
    }

    private func token(of user: UserID) throws -> String {
        try HandmadeToken(user, at: Date(), issuer: WebPlatform.tokenIssuer).text
    }

    @Test("without a key or a token there is no answer, and the way in is named")
    func strangers() async throws {
        let shop = try await WebShop.open()
        let wrong = [nil, "", "x", "cfk_" + String(repeating: "a", count: 43), "a.b.c"]
        for path in ["/me", "/stores", "/stores/\(shop.tenant)", "/stores/\(shop.tenant)/events"] {
            for credential in wrong {
                let answer = try await get(path, credential, on: shop)
                #expect(answer.status == 401, "\(path) \(credential ?? "nothing")")
                #expect(answer.headers["www-authenticate"] == "Bearer")
            }
        }
    }

    @Test("a key reads its own store and no other, and nothing that it was not made for")
    func keys() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())
        let key = try await key(shop, for: [.store])

        #expect(try await get("/me", key, on: shop).body.contains(#""kind":"key""#))
        let stores = try await get("/stores", key, on: shop)
        #expect(stores.status == 200)
        #expect(stores.body.contains("\(shop.tenant)") && !stores.body.contains("\(other.tenant)"))
        #expect(try await get("/stores/\(shop.tenant)", key, on: shop).status == 200)
        #expect(try await get("/stores/\(other.tenant)", key, on: shop).status == 404)
        #expect(try await get("/stores/\(other.tenant)/events", key, on: shop).status == 403)
        let refused = try await get("/stores/\(shop.tenant)/events", key, on: shop)
        #expect(refused.status == 403 && refused.body.contains("was not made for events"))
    }

    @Test("a key that is revoked opens nothing from the next request on")
    func revoked() async throws {
        let shop = try await WebShop.open()
        let key = try await key(shop, for: [.store])
        #expect(try await get("/stores", key, on: shop).status == 200)

        let database = shop.running.database
        try await database.transaction(for: shop.tenant) { tx in
            let made = try await APIKeys(database).all(in: tx)[0]
            #expect(made.lastUsedAt != nil)
            _ = try await APIKeys(database).revoke(made.id, at: Date(), in: tx)
        }

        #expect(try await get("/stores", key, on: shop).status == 401)
    }

    @Test("what has happened is read in order, from where the reader stopped, and from its own store alone")
    func events() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())
        let database = shop.running.database
        let book = WebhookEndpoints(WebPlatform.credentials)
        for one in [shop, other] {
            try await database.transaction(for: one.tenant) { tx in
                _ = try await book.add(
                    WebhookEndpointID(),
                    .init(url: "https://hooks.test/", title: "", kinds: [.productUpdated]), in: tx)
                for price in [1600, 1700] {
                    _ = try await tx.postgres.execute(
                        """
                        update shop.product set price_minor = \(price)
                        where tenant_id = \(one.tenant.rawValue) and id = \(one.products[0].rawValue)
                        """)
                }
            }
        }
        let key = try await key(shop, for: [.events])
        let path = "/stores/\(shop.tenant)/events"

        var list: [[String: Any]] = []
        // What other tests are writing at the moment holds events back for as long.
        for _ in 0..<500 where list.count < 2 {
            let all = try await get(path, key, on: shop)
            list = try #require(try all.problem()["events"] as? [[String: Any]])
        }
        let first = try #require(list.first?["number"] as? Int)
        let rest = try await get("\(path)?after=\(first)", key, on: shop)

        #expect(list.count == 2)
        #expect(list.allSatisfy { $0["object"] as? String == "product:\(shop.products[0])" })
        #expect((try rest.problem()["events"] as? [Any])?.count == 1)
        #expect(try await get("\(path)?after=x", key, on: shop).status == 422)
        #expect(try await get("/stores/\(other.tenant)/events", key, on: shop).status == 404)
    }

    @Test("a token reads the stores of its person, and those of others are not there")
    func tokens() async throws {
        let (shop, other) = (try await WebShop.open(), try await WebShop.open())
        let owner = UserID(rawValue: shop.tenant.rawValue)
        let token = try token(of: owner)

        #expect(try await get("/me", token, on: shop).body.contains("\(owner)"))
        let stores = try await get("/stores", token, on: shop)
        #expect(stores.status == 200 && stores.body.contains(#""role":"owner""#))
        #expect(!stores.body.contains("\(other.tenant)"))
        #expect(try await get("/stores/\(other.tenant)", token, on: shop).status == 404)
        #expect(try await get("/stores/\(shop.tenant)/events", token, on: shop).status == 200)
        #expect(try await get("/me", try self.token(of: UserID()), on: shop).status == 401)
    }
}
