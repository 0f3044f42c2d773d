import Durable
import DurableTesting
import Foundation
import Postgres
import TestServers
import Testing

@testable import Fleet

/// One of everything: a transaction, a signal, a child, a retry, a sleep, a long step, and the undo of all.
struct Voyage: Workflow {
    static let name: WorkflowName = "voyage"
    enum Step: String, WorkflowStep { case open, charge, book, load, close, refuse }
    static let go: Signal<Int> = "go"
    let rows: LedgerRows
    let effects: Effects
    let fails: Bool

    func run(_ input: String, _ flow: Flow<Voyage>) async throws -> String {
        try await open(input, flow)
        let price = try await flow.wait(Self.go, upTo: .seconds(3_600)) ?? 0
        let charge = try await flow.effect(.charge) { attempt in
            LookedUp(effects.count(attempt.key) > 0 ? price : nil)
        } act: { attempt in
            effects.happen(attempt.key)
            return price
        } undo: { _, attempt in
            effects.happen(attempt.key)
        }
        async let booked = flow.child(.book, Berth.self, charge) { _, attempt in
            effects.happen(attempt.key)
        }
        try await flow.sleep(for: .seconds(600))
        let loaded = try await load(flow)
        _ = try await flow.transaction(.close, on: rows) { tx in
            _ = try await tx.execute("insert into public.ledger (voyage, entry) values (\(input), 'closed')")
            return 1
        }
        let berth = try await booked
        if fails { _ = try await flow.step(.refuse) { _ -> Int in throw Sunk() } }
        return "\(charge) \(loaded) \(berth)"
    }

    private func open(_ input: String, _ flow: Flow<Voyage>) async throws {
        _ = try await flow.transaction(.open, on: rows) { tx in
            _ = try await tx.execute("insert into public.ledger (voyage, entry) values (\(input), 'opened')")
            return input
        } undo: { _, attempt in
            effects.happen(attempt.key)
        }
    }

    private func load(_ flow: Flow<Voyage>) async throws -> Int {
        try await flow.step(.load) { attempt in
            var crates = try attempt.detail(as: Int.self) ?? 0
            while crates < 3 {
                crates += 1
                effects.happen("crate \(crates)")
                try await attempt.heartbeat(crates)
                if crates == 2, attempt.number == 1 { throw Sunk(disposition: .transient()) }
            }
            return crates
        }
    }
}

struct Sunk: Classified {
    var disposition = Disposition.permanent
}

struct Berth: Workflow {
    static let name: WorkflowName = "berth"
    enum Step: String, WorkflowStep { case take }
    let effects: Effects

    func run(_ input: Int, _ flow: Flow<Berth>) async throws -> Int {
        try await flow.step(.take) { attempt in
            effects.happen("berth")
            return input + 1
        }
    }
}

@Suite("Killed at every write to Postgres", .serialized)
struct PostgresCrashTests {
    /// A database with a table of the business beside the engine's.
    static func database() async throws -> FleetUnderTest {
        let template = try await TestServers.shared.template(named: "ledger") { url in
            try await FleetUnderTest.migrate(url)
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
            _ = try await connection.execute("create table public.ledger (voyage text, entry text)")
            _ = try await connection.execute("grant select, insert on public.ledger to cartflux_engine")
            await connection.close()
        }
        let database = try await TestServers.shared.createDatabase(from: template)
        return try FleetUnderTest(
            databaseURL: database.url(role: "cartflux_engine"),
            redisURL: try await TestServers.shared.freshRedisURL(), queue: "unused")
    }

    /// Plays one voyage to its end and returns what it left outside.
    static func play(
        _ fleet: FleetUnderTest, fails: Bool, _ crash: @escaping @Sendable (any Journal) -> any Journal
    ) async throws -> [String] {
        let effects = Effects()
        var registry = WorkflowRegistry()
        registry.register(Voyage(rows: LedgerRows(pool: fleet.pool), effects: effects, fails: fails))
        registry.register(Berth(effects: effects))
        let driven = PostgresDriven(fleet, registry)
        let driver = FleetDriver(driven, registry, clock: driven.clock, seenAs: crash)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await driven.writer.run() }
            let name = UUID().uuidString
            let run = try await driven.start(Voyage.self, name)
            try await driver.settle(turningClock: false)
            _ = try await fleet.runs.send(Voyage.go, 70, to: run, once: "go")
            try await driver.settle()
            let ledger = try await fleet.pool.execute(
                "select entry from public.ledger where voyage = \(name) order by entry")
            let report = try await fleet.runs.report(run)
            driven.writer.stop()
            try await group.waitForAll()
            let entries = try ledger.rows.map { try $0.decode(0, as: String.self) }
            // Keys hold the run's id, which differs from play to play.
            let outside = effects.names.map { $0.replacing("\(run)", with: "run") }.sorted()
            return entries + outside + ["\(report?.status as Any) \(report?.output?.text ?? "")"]
        }
    }

    @Test(
        "a saga of transactions, children, signals and long steps leaves the same behind",
        arguments: [true, false])
    func everywhere(fails: Bool) async throws {
        let fleet = try await Self.database()
        let sides: [CrashingJournal.Side] =
            fails ? [.before, .after, .pausedAfter, .twice] : [.after, .pausedBefore]

        let survived = try await CrashRunner.survive(sides) { crash in
            try await Self.play(fleet, fails: fails, crash)
        }

        #expect(survived > 40)
    }

    @Test("what is left behind is what was meant")
    func meaning() async throws {
        let fleet = try await Self.database()

        let failed = try await Self.play(fleet, fails: true) { $0 }
        let succeeded = try await Self.play(fleet, fails: false) { $0 }

        let done = ["closed", "opened", "berth", "cf:run:charge", "crate 1", "crate 2", "crate 3"]
        let undone = ["cf:run:undo:book", "cf:run:undo:charge", "cf:run:undo:open"]
        #expect(failed.dropLast() == Array(done[0...3] + undone + done[4...]))
        #expect(failed.last?.contains("failed") == true)
        #expect(succeeded.dropLast() == done[...])
        #expect(succeeded.last?.contains("\"70 3 71\"") == true)
    }
}
