import Commerce
import CommerceStore
import Foundation
import Logging
import Storefront
import Synchronization

@testable import WebSupport

/// A clock that stands until a test turns it.
final class PageClock: Sendable {
    private let moment = Mutex(Date(timeIntervalSince1970: 1_795_000_000))

    var now: Date { moment.withLock { $0 } }

    func advance(_ seconds: Double) { moment.withLock { $0 = $0.addingTimeInterval(seconds) } }
}

/// A number that tasks raise together.
final class Tally: Sendable {
    private let number: Mutex<Int>

    init(_ start: Int = 0) { number = Mutex(start) }

    var value: Int { number.withLock { $0 } }

    func next() -> Int {
        number.withLock { number in
            number += 1
            return number
        }
    }
}

/// A store behind a server of its own that keeps pages, by a clock that a test turns.
struct CachedShop: Sendable {
    let shop: WebShop
    let clock: PageClock
    let port: Int
    private let metrics: MetricsRegistry

    /// Serves for as long as the test needs it.
    static func serving(_ body: (CachedShop) async throws -> Void) async throws {
        let shop = try await WebShop.open()
        let database = shop.running.database
        let (clock, metrics) = (PageClock(), MetricsRegistry())
        let storefront = Storefront(
            database: database, desk: shop.running.desk,
            hosted: HostedPayment(base: "http://127.0.0.1:1/_sandbox/pay"),
            cache: PageCache(
                bytes: 8_388_608, metrics: metrics, now: { clock.now }, database: database))
        let server = WebServer(
            WebServer.Configuration(
                port: 0, isSecure: false, sessionSecret: "a secret of at least thirty-two characters"),
            hosts: HostDirectory(platformHosts: ["127.0.0.1"], lifetimeSeconds: 0) { host in
                try await Tenants(database).storeAndDomain(atHost: host).flatMap {
                    StoreSite($0.store, domain: $0.domain)
                }
            },
            endpoints: storefront.endpoints, metrics: metrics, accessLog: .silent,
            rateLimit: RateLimit(capacity: 100_000, perMinute: 100_000),
            logger: Logger(label: "web-tests") { _ in SwiftLogNoOpLogHandler() })
        let running = try await server.start()
        do {
            try await body(CachedShop(shop: shop, clock: clock, port: running.port, metrics: metrics))
        } catch {
            try await running.stop()
            throw error
        }
        try await running.stop()
    }

    /// - Parameter host: the store's own, where none is named.
    func get(
        _ path: String, host: String? = nil, cookie: String? = nil, headers extra: [String: String] = [:],
        method: String = "GET"
    ) async throws -> Answer {
        var headers = extra
        headers["Accept"] = headers["Accept"] ?? "text/html"
        headers["Cookie"] = cookie
        return try await RawHTTP.send(method, path, port: port, host: host ?? shop.host, headers: headers)
    }

    /// Puts one piece of the first product into the basket.
    func add(cookie: String?, token: String) async throws -> Answer {
        let fields = ["product": "\(shop.products[0])", "quantity": "1", "form_token": token]
        var headers = [
            "Content-Type": "application/x-www-form-urlencoded", "Origin": "http://\(shop.host)",
        ]
        headers["Cookie"] = cookie
        let body = fields.map { "\(PercentCoding.encode($0))=\(PercentCoding.encode($1))" }
            .joined(separator: "&")
        return try await RawHTTP.send(
            "POST", "/cart", port: port, host: shop.host, headers: headers, body: Array(body.utf8))
    }

    func change(_ body: (Transaction<OneTenant>) async throws -> Void) async throws {
        try await shop.running.database.transaction(for: shop.tenant, body)
    }

    /// How many requests came out as `hit`, `miss`, `joined` or `passed`.
    func count(_ result: String) async -> Int {
        await figure("cartflux_page_cache_requests_total{result=\"\(result)\"}")
    }

    var cachedPages: Int { get async { await figure("cartflux_page_cache_pages") } }
    var cachedBytes: Int { get async { await figure("cartflux_page_cache_bytes") } }

    private func figure(_ series: String) async -> Int {
        let lines = await metrics.exposition().split(separator: "\n")
        let line = lines.first { $0.hasPrefix("\(series) ") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }
}
