import CommerceStore
import Foundation
import Testing

@testable import Commerce

@Suite("A store's own domain on the web") struct CanonicalHostTests {
    private func lead(_ domain: String, to shop: WebShop) async throws {
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Stores().addHost(domain, custom: true, verifiedAt: Date(), in: tx)
        }
    }

    private func ask(
        _ method: String, _ path: String, at host: String, of shop: WebShop, body: String = ""
    ) async throws -> Answer {
        try await RawHTTP.send(
            method, path, port: shop.running.port, host: host,
            headers: ["Content-Type": "application/x-www-form-urlencoded"], body: Array(body.utf8))
    }

    @Test("reading is sent from the platform's host to the store's own domain, with path and query")
    func redirect() async throws {
        let shop = try await WebShop.open()
        let domain = "d\(UUID().uuidString.lowercased().prefix(8)).example.test"
        try await lead(domain, to: shop)

        let sent = try await ask("GET", "/p/product-1?ref=a%20b&x=1", at: shop.host, of: shop)
        let own = try await ask("GET", "/p/product-1", at: domain, of: shop)
        let ported = try await ask("GET", "/", at: "\(shop.host):8080", of: shop)

        #expect(sent.status == 301)
        #expect(sent.headers["location"] == "http://\(domain)/p/product-1?ref=a%20b&x=1")
        #expect(sent.headers["cache-control"] == "max-age=300")
        #expect(own.status == 200 && own.body.contains("A thing"))
        #expect(ported.headers["location"] == "http://\(domain):8080/")
    }

    @Test("what a form posts and what a program asks is answered where it was sent")
    func notRedirected() async throws {
        let shop = try await WebShop.open()
        let domain = "d\(UUID().uuidString.lowercased().prefix(8)).example.test"
        try await lead(domain, to: shop)

        #expect(try await ask("GET", "/api/v1/products", at: shop.host, of: shop).status == 200)
        #expect(try await ask("POST", "/cart", at: shop.host, of: shop, body: "a=b").status != 301)
    }

    @Test("the edge is told which hosts are served, so that it orders certificates for those alone")
    func edge() async throws {
        let shop = try await WebShop.open()
        let domain = "d\(UUID().uuidString.lowercased().prefix(8)).example.test"
        func isServed() async throws -> Int {
            try await ask("GET", "/edge/host?domain=\(domain)", at: "127.0.0.1", of: shop).status
        }
        #expect(try await isServed() == 404)

        try await lead(domain, to: shop)

        #expect(try await isServed() == 200)
        #expect(try await ask("GET", "/edge/host", at: "127.0.0.1", of: shop).status == 404)
        #expect(try await ask("GET", "/edge/host?domain=\(domain)", at: domain, of: shop).status == 404)
    }

    @Test("an unverified domain leads nowhere and redirects nobody")
    func unverified() async throws {
        let shop = try await WebShop.open()
        let domain = "d\(UUID().uuidString.lowercased().prefix(8)).example.test"
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Stores().addHost(domain, custom: true, verifiedAt: nil, in: tx)
        }

        #expect(try await ask("GET", "/", at: domain, of: shop).status == 421)
        #expect(try await ask("GET", "/p/product-1", at: shop.host, of: shop).status == 200)
    }
}
