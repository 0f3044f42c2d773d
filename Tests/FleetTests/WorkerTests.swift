import Durable
import Foundation
import Postgres
import Redis
import Testing

@testable import Fleet

@Suite("Worker")
struct WorkerTests {
    func registry(_ effects: Effects = Effects()) -> WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(FiveSteps(effects: effects))
        registry.register(Parent())
        registry.register(Waiting())
        registry.register(Napping())
        return registry
    }

    @Test("many runs on two workers all end, each step having run once")
    func manyRuns() async throws {
        let fleet = try await FleetUnderTest.shared()
        let effects = Effects()

        let sums = try await fleet.working([registry(effects), registry(effects)]) {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let run = try await fleet.runs.start(
                            FiveSteps.self, number, for: Tenant("t\(number % 7)"))
                        return try await fleet.runs.result(of: run.id, as: FiveSteps.self, upTo: .seconds(30))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        #expect(sums.sorted() == (0..<200).map { $0 + 5 })
        #expect(effects.distinct == 1_000)
        #expect(effects.calls == 1_000)
        let live = try await fleet.pool.execute("select count(*) from engine.run").first?.decode(
            0, as: Int.self)
        #expect(live == 0)
    }

    @Test("a start with a known key answers with the run that has it, also after its end")
    func keys() async throws {
        let fleet = try await FleetUnderTest.shared()

        try await fleet.working([registry()]) {
            let first = try await fleet.runs.start(FiveSteps.self, 1, once: "order-1", for: "t")
            _ = try await fleet.runs.result(of: first.id, as: FiveSteps.self, upTo: .seconds(30))
            let again = try await fleet.runs.start(FiveSteps.self, 1, once: "order-1", for: "t")
            let other = try await fleet.runs.start(FiveSteps.self, 1, once: "order-1", for: "u")

            #expect(first.isNew && !again.isNew && again.id == first.id)
            #expect(other.isNew && other.id != first.id)
        }
    }

    @Test("children in parallel end and wake their parent")
    func children() async throws {
        let fleet = try await FleetUnderTest.shared()

        let sum = try await fleet.working([registry()]) {
            let run = try await fleet.runs.start(Parent.self, 20, for: "t")
            return try await fleet.runs.result(of: run.id, as: Parent.self, upTo: .seconds(30))
        }

        #expect(sum == (0..<20).reduce(0, +) + 100)
    }

    @Test("a signal wakes a waiting run, a deadline too, and progress can be read")
    func signals() async throws {
        let fleet = try await FleetUnderTest.shared()

        try await fleet.working([registry()]) {
            let signalled = try await fleet.runs.start(Waiting.self, 3_600, for: "t")
            let timedOut = try await fleet.runs.start(Waiting.self, 1, for: "t")
            try await fleet.until { try await fleet.runs.report(signalled.id)?.status == .waiting }
            #expect(try await fleet.runs.report(signalled.id)?.progress == Payload(json: "\"asking\""))
            let sent = try await fleet.runs.send(Waiting.go, 7, to: signalled.id, once: "e1")
            let twice = try await fleet.runs.send(Waiting.go, 8, to: signalled.id, once: "e1")

            #expect(sent && !twice)
            #expect(try await fleet.runs.result(of: signalled.id, as: Waiting.self, upTo: .seconds(20)) == 7)
            #expect(try await fleet.runs.result(of: timedOut.id, as: Waiting.self, upTo: .seconds(20)) == -1)
        }
    }

    @Test("a run started in a transaction exists if and only if the transaction commits")
    func inTransaction() async throws {
        let fleet = try await FleetUnderTest.shared()
        struct Undecided: Error {}

        try await fleet.working([registry()]) {
            await #expect(throws: Undecided.self) {
                try await fleet.pool.withTransaction { tx in
                    _ = try await fleet.runs.start(FiveSteps.self, 1, once: "a", for: "t", in: tx)
                    throw Undecided()
                }
            }
            let run = try await fleet.pool.withTransaction { tx in
                try await fleet.runs.start(FiveSteps.self, 1, once: "a", for: "t", in: tx)
            }
            #expect(run.isNew)
            #expect(try await fleet.runs.result(of: run.id, as: FiveSteps.self, upTo: .seconds(20)) == 6)
        }
    }

    @Test("losing all of Redis loses no run")
    func redisLoss() async throws {
        let fleet = try await FleetUnderTest.shared()
        let effects = Effects()
        var started: [RunID] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await fleet.runs.run() }
            for number in 0..<100 {
                started.append(try await fleet.runs.start(FiveSteps.self, number, for: "t").id)
            }
            group.cancelAll()
        }
        _ = try await fleet.redis.send(RedisCommand("FLUSHDB"))

        let runs = started
        try await fleet.working([registry(effects)]) {
            for run in runs {
                _ = try await fleet.runs.result(of: run, as: FiveSteps.self, upTo: .seconds(30))
            }
        }

        #expect(effects.calls == 500)
    }

    @Test("a run of a workflow that nobody here knows is left untouched")
    func unknownWorkflow() async throws {
        let fleet = try await FleetUnderTest.shared()
        var other = WorkflowRegistry()
        other.register(Napping())

        try await fleet.working([other]) {
            let foreign = try await fleet.runs.start(FiveSteps.self, 1, for: "t")
            let known = try await fleet.runs.start(Napping.self, 10, for: "t")
            _ = try await fleet.runs.result(of: known.id, as: Napping.self, upTo: .seconds(20))

            #expect(try await fleet.runs.report(foreign.id)?.status == .pending)
            let epoch = try await fleet.pool.execute("select epoch from engine.run").first?.decode(
                0, as: Int64.self)
            #expect(epoch == 0)
        }
    }

    @Test("a stopping worker hands back what it cannot finish, unmarked, and another ends it")
    func drain() async throws {
        let fleet = try await FleetUnderTest.shared()
        let effects = Effects()
        let gate = Gate()
        var slow = WorkflowRegistry()
        slow.register(Gated(gate: gate, effects: effects))

        let run = try await fleet.working([slow]) {
            let run = try await fleet.runs.start(Gated.self, 1, for: "t")
            await gate.entered()
            return run.id
        }
        let row = try await fleet.pool.execute("select status, takeovers, worker from engine.run").first
        #expect(try row?.decode(0, as: String.self) == "pending")
        #expect(try row?.decode(1, as: Int16.self) == 0)
        #expect(try row?.decode(2, as: UUID?.self) == nil)

        gate.open()
        let result = try await fleet.working([slow]) {
            try await fleet.runs.result(of: run, as: Gated.self, upTo: .seconds(20))
        }
        #expect(result == 2)
    }
}

extension FleetUnderTest {
    /// Looks until it is so; gives up after a while.
    func until(_ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw CancellationError() }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
