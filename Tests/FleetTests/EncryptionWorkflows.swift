import Durable
import Fleet
import Foundation
import Postgres

/// Touches every kind of record that could hold something of a person.
struct Correspondence: Workflow {
    static let name: WorkflowName = "correspondence"
    enum Step: String, WorkflowStep { case address, flaky, later, refused, book, enclose, stamp }
    static let reply: Signal<String> = "reply"
    typealias Progress = String
    let pool: PostgresPool

    struct Trouble: Error, CustomStringConvertible { let description: String }
    struct Refusal: Classified, CustomStringConvertible {
        let description: String
        var disposition: Disposition { .permanent }
        var code: String { "refused" }
    }
    struct Later: Classified, CustomStringConvertible {
        let description: String
        let until: Date
        var disposition: Disposition { .deferred(until: until) }
        var code: String { "later" }
    }

    func run(_ person: String, _ flow: Flow<Correspondence>) async throws -> String {
        try await flow.progress("writing to \(person)")
        let address = try await flow.step(.address) { attempt in
            try await attempt.heartbeat("looking for \(person)")
            return "\(person), High Street"
        }
        let quick = RetryPolicy(attempts: 2, base: .milliseconds(1), cap: .milliseconds(1))
        _ = try await flow.step(.flaky, retry: quick) { attempt in
            if attempt.number == 1 { throw Trouble(description: "no answer for \(person)") }
            return person
        }
        do {
            _ = try await flow.step(.refused, retry: .once) { _ -> String in
                throw Refusal(description: "\(person) refused")
            }
        } catch is StepFailed {}
        _ = try await flow.transaction(.book, on: PoolTransactions(pool: pool)) { _ in "booked \(person)" }
        let enclosed = try await flow.child(.enclose, Enclosure.self, person)
        let instant = try await flow.step(.stamp) { _ in Date().addingTimeInterval(0.8) }
        _ = try await flow.step(.later) { _ in
            if Date() < instant { throw Later(description: "\(person) is out", until: instant) }
            return person
        }
        let answer = try await flow.wait(Self.reply, upTo: .seconds(3_600)) ?? "nothing"
        return "\(address): \(enclosed), \(answer)"
    }
}

struct Enclosure: Workflow {
    static let name: WorkflowName = "enclosure"
    enum Step: String, WorkflowStep { case fold }

    func run(_ person: String, _ flow: Flow<Enclosure>) async throws -> String {
        try await flow.step(.fold) { _ in "photograph of \(person)" }
    }
}

/// Ends in an error that names the person.
struct Complaint: Workflow {
    static let name: WorkflowName = "complaint"
    enum Step: String, WorkflowStep { case file }

    func run(_ person: String, _ flow: Flow<Complaint>) async throws -> Nothing {
        throw Correspondence.Refusal(description: "\(person) does not exist")
    }
}

/// Waits long after an error that names the person.
struct Reminder: Workflow {
    static let name: WorkflowName = "reminder"
    enum Step: String, WorkflowStep { case call }

    func run(_ person: String, _ flow: Flow<Reminder>) async throws -> Nothing {
        try await flow.step(.call) { _ in
            throw Correspondence.Later(
                description: "\(person) is out", until: Date(timeIntervalSinceNow: 3_600))
        }
    }
}

/// Transaction steps on a pool of their own, as a business has them.
struct PoolTransactions: TransactionSource {
    let pool: PostgresPool

    func transact<Output: Codable & Sendable>(
        for tenant: Tenant, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (PostgresTransaction) async throws -> Output
    ) async throws -> Output {
        try await pool.withTransaction { tx in
            try await TransactionJournal.step(checkpoint, in: tx) { try await body(tx) }
        }
    }
}

enum Keys {
    static let first = try! MasterKeys("first:" + Data(repeating: 7, count: 32).base64EncodedString())
    static let both = try! MasterKeys(
        "second:" + Data(repeating: 9, count: 32).base64EncodedString() + ",first:"
            + Data(repeating: 7, count: 32).base64EncodedString())
    static let second = try! MasterKeys("second:" + Data(repeating: 9, count: 32).base64EncodedString())
}

extension FleetUnderTest {
    var correspondence: WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(Correspondence(pool: pool))
        registry.register(Enclosure())
        registry.register(Complaint())
        registry.register(Waiting())
        registry.register(Reminder())
        return registry
    }

    /// The tables in which any column of any row holds the text.
    func tables(holding text: String) async throws -> [String] {
        let names = try await pool.execute(
            """
            select c.relname::text from pg_class c where c.relnamespace = 'engine'::regnamespace
              and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'migration'
              and has_table_privilege(c.oid, 'select')
            """
        ).rows.map { try $0.decode(0, as: String.self) }
        var holding: [String] = []
        for name in names {
            let query = Query(stringLiteral: "select exists (select 1 from engine.\(name) t where position(")
            let row = try await pool.execute(query + "\(text) in t::text) > 0)").first
            if try row?.decode(0, as: Bool.self) == true { holding.append(name) }
        }
        return holding
    }
}
