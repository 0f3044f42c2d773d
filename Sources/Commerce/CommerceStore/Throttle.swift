internal import Crypto
package import Foundation
internal import Postgres

// How often somebody may try. The buckets stand in Postgres, so that the limit is one limit however many
// processes serve, and outlives their restarts. Keys are hashed: the table names no address and no person.

package struct Throttle: Sendable {
    /// So many at once, then one every `interval` seconds.
    package struct Rule: Sendable {
        /// Stored in the key: two rules never share a bucket.
        let name: String
        let capacity: Int
        let interval: Double

        package init(_ name: String, capacity: Int, every interval: Double) {
            precondition(capacity > 0 && interval > 0, "a throttle lets something pass")
            self.name = name
            self.capacity = capacity
            self.interval = interval
        }

        /// Guesses at one account, from wherever.
        package static let signInAccount = Rule("sign-in account", capacity: 10, every: 60)
        /// Guesses from one network address, at whatever accounts.
        package static let signInAddress = Rule("sign-in address", capacity: 30, every: 10)
        /// Letters to one address.
        package static let letterAccount = Rule("letter account", capacity: 3, every: 600)
        /// Letters that one network address may cause.
        package static let letterAddress = Rule("letter address", capacity: 10, every: 60)
        /// Questions whether a name is free.
        package static let nameCheck = Rule("name check", capacity: 60, every: 1)
        /// Searches in one shop from one network address: each is work for the database.
        package static let shopSearch = Rule("shop search", capacity: 30, every: 2)
        package static let adminAccount = Rule("admin account", capacity: 5, every: 120)
        package static let adminAddress = Rule("admin address", capacity: 10, every: 60)
    }

    private let ask: @Sendable (Data, Rule, Date) async throws -> Int

    /// Over the application's connections.
    package init(_ database: Database) {
        ask = { key, rule, now in
            try await database.shared(Self.turn(key, rule, now)).rows.first.map { try $0.int("wait") } ?? 0
        }
    }

    /// Over the platform's: for administrators, whom the application does not know.
    package init(platform database: Database) {
        ask = { key, rule, now in
            try await database.platformTransaction { tx in
                try await tx.first(Self.turn(key, rule, now)).map { try $0.int("wait") } ?? 0
            }
        }
    }

    /// Nil when this one may pass, otherwise the whole seconds to wait.
    package func take(_ rule: Rule, _ subject: String, at now: Date) async throws -> Int? {
        let key = Data(SHA256.hash(data: Data("\(rule.name)|\(subject)".utf8)))
        let wait = try await ask(key, rule, now)
        return wait == 0 ? nil : wait
    }

    private static func turn(_ key: Data, _ rule: Rule, _ now: Date) -> Query {
        "select shop.take_turn(\(key), \(Int32(rule.capacity)), \(rule.interval), \(now)) as wait"
    }
}
