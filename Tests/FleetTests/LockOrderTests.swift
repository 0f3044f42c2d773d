import Durable
import Foundation
import Postgres
import Testing

@testable import DurableTesting
@testable import Fleet

@Suite("Whoever locks several runs locks them in the order of their ids")
struct LockOrderTests {
    /// A child under way whose parent waits for it.
    private func family(_ journal: PostgresUnderTest) async throws -> (parent: RunID, child: ClaimedRun) {
        let parent = try await JournalConformance.claimed(journal)
        let start = ChildStart(
            key: StepKey("child"), workflow: "child", version: 1, input: .null, reply: "child:1")
        guard case .child(let id) = try await journal.commit(.child(start), under: parent) else {
            throw JournalConformance.broken("no child")
        }
        let wait = JournalConformance.waiting(for: "child:1", parent, journal)
        _ = try await journal.commit(.suspend(wait), under: parent)
        return (parent.id, try await JournalConformance.reclaimed(id, journal))
    }

    /// Holds the parent's row until the gate opens, then says whether the child's row was free meanwhile.
    private func hold(
        _ parent: RunID, over child: RunID, until gate: Gate, _ fleet: FleetUnderTest
    ) async throws -> Bool {
        try await fleet.pool.withTransaction { tx in
            _ = try await tx.execute("select 1 from engine.run where id = \(parent.rawValue) for update")
            try await gate.pass()
            return try await tx.execute(
                "select 1 from engine.run where id = \(child.rawValue) for update skip locked"
            ).first != nil
        }
    }

    @Test("a child that is ended by hand while it ends by itself: neither holds it and waits for its parent")
    func cancelledAndFinished() async throws {
        let journal = PostgresUnderTest(try await .shared())
        let fleet = journal.fleet
        let mandate = try Mandate(actor: "ana", reason: "a test")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            let (parent, child) = try await family(journal)
            let gate = Gate()
            async let isFree = hold(parent, over: child.id, until: gate, fleet)
            await gate.entered()
            async let cancelled = Operations(fleet.runs).cancel(child.id, .leave, by: mandate)
            try await fleet.untilBlocked(1)
            async let ended = journal.commit(.finish(.succeeded(.null)), under: child)
            try await fleet.untilBlocked(2)

            gate.open()

            #expect(try await isFree)
            #expect(try await cancelled.status == .cancelled)
            #expect(try await ended == .fenced)
            let answers = try await JournalConformance.reclaimed(parent, journal).signals
            #expect(answers.count == 1)
            journal.writer.stop()
            try await group.waitForAll()
        }
    }

    @Test("a child that is set aside while its former owner still writes waits for its parent first")
    func poisonedAndWritten() async throws {
        let journal = PostgresUnderTest(try await .shared())
        let fleet = journal.fleet
        let store = PostgresRunStore(pool: fleet.pool, configuration: fleet.configuration.database)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            let (parent, child) = try await family(journal)
            _ = try await fleet.pool.execute(
                "update engine.run set takeovers = 2 where id = \(child.id.rawValue)")
            let gate = Gate()
            async let isFree = hold(parent, over: child.id, until: gate, fleet)
            await gate.entered()
            async let rescue = store.sweep(mayRescue: true)
            try await fleet.untilBlocked(1)
            async let ended = journal.commit(.finish(.succeeded(.null)), under: child)
            try await fleet.untilBlocked(2)

            gate.open()

            #expect(try await isFree)
            // A sweep does not wait for long: the next one may have to do it.
            var poisoned = try await rescue?.poisoned ?? []
            while poisoned.isEmpty { poisoned = try await store.sweep(mayRescue: true)?.poisoned ?? [] }
            #expect(poisoned == [child.id])
            #expect(try await ended == .fenced)
            let answers = try await JournalConformance.reclaimed(parent, journal).signals
            #expect(answers.count == 1)
            journal.writer.stop()
            try await group.waitForAll()
        }
    }
}

extension FleetUnderTest {
    /// Waits until so many sessions of this database wait for a lock.
    func untilBlocked(_ count: Int) async throws {
        try await until {
            let row = try await pool.execute(
                """
                select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """
            ).first
            return try row?.decode(0, as: Int.self) ?? 0 >= count
        }
    }
}
