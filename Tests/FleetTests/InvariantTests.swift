import Durable
import Foundation
import Postgres
import Redis
import Testing

@testable import Fleet

@Suite("Every live run is in exactly one place")
struct InvariantTests {
    func scanner(_ fleet: FleetUnderTest) -> InvariantScanner {
        var scanner = InvariantScanner(fleet.runs)
        scanner.limits.grace = .zero
        scanner.limits.confirmation = .zero
        scanner.limits.silence = .zero
        scanner.limits.page = 7
        return scanner
    }

    /// A run with its queue's keys in Redis, to be broken.
    struct Patient: Sendable {
        let id: RunID
        let fleet: FleetUnderTest

        func sql(_ assignments: String) async throws {
            _ = try await fleet.pool.execute(
                Query(stringLiteral: "update engine.run set \(assignments) where id = '\(id)'"))
        }

        func execute(_ statement: String) async throws {
            _ = try await fleet.pool.execute(
                Query(stringLiteral: statement.replacing("$run", with: "'\(id)'")))
        }

        func redis(_ words: String...) async throws {
            let key = RunQueue.key(fleet.configuration.queue)
            let lane = "\(key):r:waiting\nt"
            let arguments = words.map {
                RedisArgument(
                    $0.replacing("$q", with: key).replacing("$lane", with: lane).replacing(
                        "$run", with: "\(id)"))
            }
            _ = try await fleet.redis.send(RedisCommand(words[0], Array(arguments.dropFirst())))
        }
    }

    struct Breakage: Sendable, CustomStringConvertible {
        let breach: InvariantBreach
        let cause: @Sendable (Patient) async throws -> Void
        var description: String { breach.rawValue }
    }

    static let owner = "'00000000-0000-0000-0000-00000000000f'"

    static let breakages: [Breakage] = [
        Breakage(breach: .twoTables) {
            try await $0.execute(
                """
                insert into engine.run_history (id, tenant, workflow, version, status, epoch, input,
                    created_at)
                select id, tenant, workflow, version, 'succeeded', epoch, input, created_at from engine.run
                where id = $run
                """)
        },
        Breakage(breach: .runningUnowned) { try await $0.sql("status = 'running', worker = null") },
        Breakage(breach: .ownerSilent) {
            try await $0.execute(
                """
                insert into engine.worker (id, host, process, queue, workflows, slots, lease_until)
                values (\(owner), 'h', 1, 'q', '{}', 1, clock_timestamp() - interval '1 hour')
                on conflict do nothing
                """)
            try await $0.sql("status = 'running', worker = \(owner)")
        },
        Breakage(breach: .runningWithTimer) {
            try await $0.execute(
                """
                insert into engine.worker (id, host, process, queue, workflows, slots, lease_until)
                values (\(owner), 'h', 1, 'q', '{}', 1, clock_timestamp() + interval '1 hour')
                on conflict do nothing
                """)
            try await $0.sql(
                "status = 'running', worker = \(owner), wake_at = clock_timestamp() + interval '1 hour'")
        },
        Breakage(breach: .idleOwned) { try await $0.sql("worker = \(owner)") },
        Breakage(breach: .readyWithTimer) {
            try await $0.sql("wake_at = clock_timestamp() + interval '1 hour'")
        },
        Breakage(breach: .waitingForNothing) { try await $0.sql("status = 'waiting'") },
        Breakage(breach: .deaf) {
            try await $0.execute(
                "insert into engine.signal (run, name, once, payload) values ($run, 'go', 'x', '1')")
            try await $0.sql("status = 'waiting', waiting_for = '{go}', mail = 1")
        },
        Breakage(breach: .childLost) {
            try await $0.sql(
                """
                status = 'waiting', waiting_for = '{child:a:}', wait_reason = '{"kind": "child", "step": "a"}'
                """)
        },
        Breakage(breach: .unqueued) { try await $0.redis("ZREM", "$lane", "$run") },
        Breakage(breach: .timerLost) {
            try await $0.redis("ZREM", "$lane", "$run")
            try await $0.sql("status = 'waiting', wake_at = clock_timestamp() - interval '1 minute'")
        },
        Breakage(breach: .unreachable) { try await $0.redis("DEL", "$q:ring") },
        Breakage(breach: .queuedAndLeased) { try await $0.redis("HSET", "$q:tok", "$run", "x\nwaiting\nt") },
        Breakage(breach: .runningAndQueued) {
            try await $0.execute(
                """
                insert into engine.worker (id, host, process, queue, workflows, slots, lease_until)
                values (\(owner), 'h', 1, 'q', '{}', 1, clock_timestamp() + interval '1 hour')
                on conflict do nothing
                """)
            try await $0.sql("status = 'running', worker = \(owner)")
        },
        Breakage(breach: .leaseOver) {
            try await $0.redis("ZREM", "$lane", "$run")
            try await $0.redis("HSET", "$q:tok", "$run", "x\nwaiting\nt")
            try await $0.redis("ZADD", "$q:lease", "1", "$run")
        },
    ]

    @Test("each broken state is found, told, and closed once it is repaired", arguments: breakages)
    func broken(_ breakage: Breakage) async throws {
        let fleet = try await FleetUnderTest.shared()
        let scanner = scanner(fleet)
        let queue = fleet.runs.queue
        try await fleet.working([]) {
            for _ in 0..<20 { _ = try await fleet.runs.start(Waiting.self, 1, for: "others") }
            let run = try await fleet.runs.start(Waiting.self, 3_600, for: "t").id
            await queue.flush()
            try await queue.markWhole()
            #expect(try await scanner.check() == [])

            try await breakage.cause(Patient(id: run, fleet: fleet))
            let found = try await scanner.check().filter { $0.run == run }

            #expect(found.map(\.breach) == [breakage.breach])
            #expect(try await scanner.openFindings().contains { $0.run == run })
            #expect(!breakage.breach.sentence.isEmpty)
            _ = try await fleet.pool.execute("delete from engine.run where id = \(run.rawValue)")
            _ = try await scanner.check()
            #expect(try await !scanner.openFindings().contains { $0.run == run })
        }
    }

    @Test("every breach there is has a broken state in the table above")
    func complete() {
        #expect(Set(Self.breakages.map(\.breach)) == Set(InvariantBreach.allCases))
    }

    @Test("a run that moves between two looks is not reported")
    func moving() async throws {
        let fleet = try await FleetUnderTest.shared()
        var scanner = scanner(fleet)
        scanner.limits.confirmation = .milliseconds(300)
        let patient = try await fleet.working([]) {
            let run = try await fleet.runs.start(Waiting.self, 3_600, for: "t").id
            await fleet.runs.queue.flush()
            try await fleet.runs.queue.markWhole()
            return Patient(id: run, fleet: fleet)
        }
        try await patient.redis("ZREM", "$lane", "$run")

        let found = try await withThrowingTaskGroup(of: Void.self) { group in
            // The run goes on moving, as a run under way does.
            group.addTask {
                while !Task.isCancelled { try await patient.sql("epoch = epoch + 1") }
            }
            let found = try await scanner.check()
            group.cancelAll()
            return found
        }

        #expect(found == [])
        #expect(try await scanner.check().map(\.breach) == [.unqueued])
    }

    @Test("a fleet under load reports nothing, not even for a moment")
    func quiet() async throws {
        let fleet = try await FleetUnderTest.shared()
        var scanner = scanner(fleet)
        scanner.limits = InvariantScanner.Limits()
        scanner.limits.grace = .milliseconds(500)
        scanner.limits.confirmation = .milliseconds(300)
        scanner.limits.page = 50
        let patientScanner = scanner
        var registry = WorkflowRegistry()
        registry.register(FiveSteps(effects: Effects()))
        registry.register(Parent())
        registry.register(Napping())
        registry.register(Waiting())

        let found = try await fleet.working([registry, registry]) {
            try await withThrowingTaskGroup(of: [InvariantFinding].self) { group in
                group.addTask {
                    var found: [InvariantFinding] = []
                    while !Task.isCancelled { found += try await patientScanner.check() }
                    return found
                }
                var runs: [RunID] = []
                for number in 0..<300 {
                    switch number % 4 {
                    case 0: runs.append(try await fleet.runs.start(Parent.self, 3, for: "a").id)
                    case 1: runs.append(try await fleet.runs.start(Napping.self, 1_500, for: "b").id)
                    case 2: runs.append(try await fleet.runs.start(Waiting.self, 1, for: "c").id)
                    default: runs.append(try await fleet.runs.start(FiveSteps.self, 1, for: "d").id)
                    }
                }
                for run in runs { _ = try await fleet.runs.end(of: run, upTo: .seconds(60)) }
                group.cancelAll()
                do {
                    return try await group.next() ?? []
                } catch {
                    // The cancelled scan may have been in the middle of a query.
                    return []
                }
            }
        }

        #expect(found == [])
        #expect(try await scanner.openFindings() == [])
        let ever = try await fleet.pool.execute("select count(*) from engine.finding").first
        #expect(try ever?.decode(0, as: Int.self) == 0)
    }
}
