import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Runs under which workers die")
struct PoisonTests {
    /// What the owner of a run does before it dies.
    enum Life: String, CaseIterable { case nothing, step, beat, handsBack }

    /// Claims the run `times` times; each owner lives as told and dies, unless it handed the run back.
    private func die(_ times: Int, after life: Life, _ journal: PostgresUnderTest, _ run: RunID) async throws
    {
        let store = PostgresRunStore(
            pool: journal.fleet.pool, configuration: journal.fleet.configuration.database)
        for time in 0..<times {
            let owner = try #require(try await journal.claim(run))
            switch life {
            case .nothing: break
            case .step:
                let record = StepRecord(
                    key: StepKey("one", item: "\(owner.epoch)"), attempt: 1, result: .output(.null),
                    startedAt: Date())
                _ = try await journal.commit(.step(record, consuming: nil), under: owner)
            case .beat:
                let far = Payload(json: "\(time)")
                _ = try await journal.commit(.detail(StepKey("feed"), attempt: 1, far), under: owner)
            case .handsBack: _ = try await journal.commit(.release(.shutdown), under: owner)
            }
            // Its worker is in no list, as one whose lease ran out.
            while try await store.sweep(mayRescue: true) == nil { await Task.yield() }
        }
    }

    private func takeovers(_ journal: PostgresUnderTest, _ run: RunID) async throws -> Int16? {
        try await journal.fleet.pool.execute("select takeovers from engine.run where id = \(run.rawValue)")
            .first?.decode(0, as: Int16.self)
    }

    @Test(
        "three deaths without progress set a run aside; progress and hand-backs count for nothing",
        arguments: Life.allCases)
    func deaths(life: Life) async throws {
        let journal = PostgresUnderTest(try await .shared())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            let run = try await journal.start(once: nil, at: nil)

            try await die(5 - (life == .nothing ? 2 : 0), after: life, journal, run)

            let status = try await journal.fleet.runs.report(run)?.status
            switch life {
            case .nothing: #expect(status == .poisoned)
            case .step, .beat: #expect(try await takeovers(journal, run) == 1)
            case .handsBack: #expect(try await takeovers(journal, run) == 0)
            }
            journal.writer.stop()
            try await group.waitForAll()
        }
    }

    @Test("a run that cannot be set aside holds up no other")
    func badNeighbour() async throws {
        let fleet = try await FleetUnderTest.shared()
        let store = PostgresRunStore(pool: fleet.pool, configuration: fleet.configuration.database)
        // Nothing can be recorded of a week that has no partition.
        let bad = RunID(now: Date(timeIntervalSince1970: 1_000_000_000))
        let good = [RunID(), RunID()]
        for run in [bad] + good {
            _ = try await fleet.pool.execute(
                """
                insert into engine.run (id, tenant, workflow, version, queue, status, epoch, worker,
                    takeovers, input)
                values (\(run.rawValue), 't', 'w', 1, 'q', 'running', 3, \(UUID()), 2, '1')
                """)
        }

        let rescue = try await store.sweep(mayRescue: true)

        #expect(rescue?.poisoned.sorted() == good.sorted())
        for run in good { #expect(try await fleet.runs.report(run)?.status == .poisoned) }
        #expect(try await fleet.runs.report(bad)?.status == .running)
    }

    @Test("progress between deaths starts the count anew")
    func anew() async throws {
        let journal = PostgresUnderTest(try await .shared())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            let run = try await journal.start(once: nil, at: nil)

            try await die(2, after: .nothing, journal, run)
            #expect(try await takeovers(journal, run) == 2)
            try await die(1, after: .step, journal, run)
            #expect(try await takeovers(journal, run) == 1)
            try await die(2, after: .nothing, journal, run)

            #expect(try await journal.fleet.runs.report(run)?.status == .poisoned)
            journal.writer.stop()
            try await group.waitForAll()
        }
    }
}
