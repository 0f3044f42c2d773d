import Durable
import Foundation
import Postgres
import Testing

@testable import DurableTesting
@testable import Fleet

@Suite("Signals that race the end of their run")
struct LateMailTests {
    private static let failure = FailureRecord(code: "x", message: "y")

    /// Ends a run while a signal to it is being committed.
    private func race(_ outcome: Outcome, _ journal: PostgresUnderTest) async throws -> RunID {
        let run = try await JournalConformance.claimed(journal)
        let gate = Gate()
        async let sent: Void = journal.fleet.pool.withTransaction { tx in
            var mail = SignalColumns()
            mail.add("late", Payload(json: "5"), to: run.id, once: "k")
            _ = try await tx.execute(JournalStatements.send(mail))
            try await gate.pass()
        }
        await gate.entered()
        async let ended = journal.commit(.finish(outcome), under: run)
        try await journal.fleet.untilBlocked(1)
        gate.open()
        try await sent
        let verdict = try await ended
        #expect(verdict == .committed)
        return run.id
    }

    private func mail(_ fleet: FleetUnderTest) async throws -> Int {
        try await fleet.pool.execute("select count(*) from engine.signal").rows[0].decode(0, as: Int.self)
    }

    @Test(
        "nothing of them stays in the live mail",
        arguments: [Outcome.succeeded(.null), .failed(LateMailTests.failure)])
    func gathered(_ outcome: Outcome) async throws {
        let journal = PostgresUnderTest(try await .shared())
        let fleet = journal.fleet
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            let run = try await race(outcome, journal)
            let before = try await mail(fleet)
            var cursor = LateMail.Cursor()

            let found = try await LateMail(pool: fleet.pool).gather(from: &cursor)

            #expect(before == 1 && found == 1)
            #expect(try await mail(fleet) == 0)
            let kept = try await fleet.pool.execute(
                "select mailbox -> 0 ->> 'name' from engine.run_history where id = \(run.rawValue)"
            ).rows[0].decode(0, as: String?.self)
            #expect(kept == (outcome == .succeeded(.null) ? nil : "late"))
            journal.writer.stop()
            try await group.waitForAll()
        }
    }

    @Test(
        "a failed run that is tried again finds the signal, before and after it was gathered",
        arguments: [false, true])
    func retried(isGathered: Bool) async throws {
        let journal = PostgresUnderTest(try await .shared())
        let fleet = journal.fleet
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            let run = try await race(.failed(Self.failure), journal)
            var cursor = LateMail.Cursor()
            if isGathered { _ = try await LateMail(pool: fleet.pool).gather(from: &cursor) }

            let mandate = try Mandate(actor: "ana", reason: "a test")
            _ = try await Operations(fleet.runs).retry(run, by: mandate)
            let found = try await LateMail(pool: fleet.pool).gather(from: &cursor)

            #expect(found == 0)
            let signals = try await JournalConformance.reclaimed(run, journal).signals
            #expect(signals.map(\.payload) == [Payload(json: "5")])
            journal.writer.stop()
            try await group.waitForAll()
        }
    }
}
