import CommerceStore
import Foundation
import Synchronization
import Testing
import VendorSandbox

// Many shoppers at once, and a cashier who lets only so many of them pay: that holds as many orders under way
// as a test wants to be sure of.

struct Rush: Sendable {
    private static let atOnce = 8
    /// Their article will be sold out by the time they have paid.
    private static let unluckyProduct = "linen-apron"

    let platform: Platform
    let shoppers: [Shopper]
    /// How many may have paid by now.
    let allowance: Allowance
    private let unlucky: Set<String>

    init(_ platform: Platform, shoppers count: Int, allowance: Int, seed: UInt64) async throws {
        self.platform = platform
        self.allowance = Allowance(allowance)
        let shelf = try await Shelf(platform.books)
        var random = SeededRandom(seed: seed)
        var unlucky: Set<String> = []
        shoppers = (0..<count).map { number in
            let store = DemoSeed.stores[number % DemoSeed.stores.count].slug
            let isUnlucky = number % 23 == 7
            let main =
                isUnlucky
                ? Self.unluckyProduct : ["ceramic-cup", "steel-bottle"].randomElement(using: &random)!
            let isLarge = !isUnlucky && Int.random(in: 0..<10, using: &random) < 4
            let shopper = Shopper(
                number: number, store: platform.store(store),
                products: ([main] + (isLarge ? ["bamboo-board"] : [])).map { shelf.id($0, in: store) })
            if isUnlucky { unlucky.insert(shopper.email) }
            return shopper
        }
        self.unlucky = unlucky
    }

    /// Lets everybody order. Returns the tokens of the checkouts that the shop has accepted.
    func order() async throws -> [String] {
        try await withThrowingTaskGroup(of: String.self) { group in
            var waiting = shoppers.makeIterator()
            for _ in 0..<Self.atOnce {
                if let next = waiting.next() { group.addTask { try await next.buy() } }
            }
            var tokens: [String] = []
            while let token = try await group.next() {
                tokens.append(token)
                if let next = waiting.next() { group.addTask { try await next.buy() } }
            }
            return tokens
        }
    }

    /// Pays what can be paid, as far as the allowance reaches, until everybody has. The unlucky come last.
    func pay() async throws {
        let cashier = Cashier(books: platform.books, stripe: Remote(base: platform.stripe.baseURL))
        var paid: Set<String> = []
        while paid.count < shoppers.count {
            let isLastCall = paid.count >= shoppers.count - unlucky.count
            if isLastCall { try await sellOut() }
            let payable = try await cashier.payable(except: paid, of: isLastCall ? [] : unlucky)
            for intent in payable.prefix(max(0, allowance.value - paid.count)) {
                try await cashier.pay(intent, first: paid.count % 4 == 1)
                paid.insert(intent)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func sellOut() async throws {
        let product = try #require(DemoProduct.catalogue.first { $0.slug == Self.unluckyProduct })
        _ = try await Remote(base: platform.bigBuy.baseURL).post(
            "/_sandbox/stock", json: ["sku": .string(product.reference), "quantity": 0]
        ).document()
    }

    /// How many orders will have to be refunded.
    var unluckyCount: Int { unlucky.count }
}

/// A number that only rises.
final class Allowance: Sendable {
    private let number: Mutex<Int>

    init(_ number: Int) { self.number = Mutex(number) }

    var value: Int { number.withLock { $0 } }

    func raise(to value: Int) { number.withLock { $0 = max($0, value) } }
}

/// The products of every store.
private struct Shelf {
    private let ids: [String: String]

    init(_ books: Books) async throws {
        let rows = try await books.rows(
            """
            select s.slug as store, p.slug, p.id::text
            from shop.product p join shop.store s using (tenant_id)
            """)
        ids = Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                let store = try row.decode(0, as: String.self)
                return ("\(store)/\(try row.decode(1, as: String.self))", try row.decode(2, as: String.self))
            })
    }

    func id(_ product: String, in store: String) -> String { ids["\(store)/\(product)"] ?? "" }
}
