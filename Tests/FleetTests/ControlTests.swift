import Durable
import Foundation
import Postgres
import Redis
import Synchronization
import Testing

@testable import Fleet

/// A queue with policies, and the operator who sets them.
struct QueueUnderControl {
    let fleet: FleetUnderTest
    let queue: RunQueue
    let control: Control
    let mandate: Mandate

    static func make() async throws -> QueueUnderControl {
        let fleet = try await FleetUnderTest.shared()
        return QueueUnderControl(
            fleet: fleet, queue: fleet.queue(),
            control: Control(fleet.runs), mandate: try Mandate(actor: "ana", reason: "a test"))
    }

    func ready(_ tenant: String, _ workflow: WorkflowName = "w", many: Int, priority: Int = 0) async throws
        -> [ReadyRun]
    {
        let runs = (0..<many).map { _ in
            ReadyRun(
                id: RunID(), tenant: Tenant(tenant), queue: queue.name, priority: priority, at: nil,
                workflow: workflow)
        }
        for start in stride(from: 0, to: many, by: 1_000) {
            _ = try await queue.ensure(Array(runs[start..<min(start + 1_000, many)]))
        }
        return runs
    }

    func claim(_ limit: Int, done: [RunID] = []) async throws -> [RunID] {
        try await queue.finishAndClaim(done: done, upTo: limit).ids
    }
}

extension FleetUnderTest {
    func queue(token: String = UUID().uuidString) -> RunQueue {
        RunQueue(
            configuration.queue, redis: redis, token: token, records: PostgresPolicyRecords(pool: pool),
            logger: logger)
    }
}

@Suite("Caps and pauses in the dispatcher")
struct ControlTests {
    @Test("a tenant at its cap holds up nobody, and goes on when one of its runs ends")
    func tenantCap() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "capped", weight: 1, cap: 3, by: under.mandate)
        let capped = Set(try await under.ready("capped", many: 2_000).map(\.id))
        let others = Set(try await under.ready("other", many: 50).map(\.id))

        let first = try await under.claim(100)
        let second = try await under.claim(100)
        let aside = try await under.queue.depth().tenantsAside
        let freed = first.filter { capped.contains($0) }.prefix(1)
        let third = try await under.claim(100, done: Array(freed))

        #expect(first.count { capped.contains($0) } == 3)
        #expect(others.isSubset(of: first))
        #expect(second.isEmpty && aside == 1)
        #expect(third.count == 1 && capped.isSuperset(of: third))
    }

    @Test("a workflow at its cap holds up no other workflow, not even of the same tenant")
    func workflowCap() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setCap(of: "narrow", to: 2, by: under.mandate)
        var narrow: Set<RunID> = []
        for tenant in ["a", "b", "c"] {
            narrow.formUnion(try await under.ready(tenant, "narrow", many: 100).map(\.id))
        }
        let wide = Set(try await under.ready("a", "wide", many: 20).map(\.id))

        let first = try await under.claim(100)
        let busy = first.filter { narrow.contains($0) }
        let more = try await under.claim(100, done: busy)

        #expect(busy.count == 2)
        #expect(wide.isSubset(of: first))
        #expect(more.count == 2 && narrow.isSuperset(of: more))
    }

    @Test("caps hold while many workers claim and finish at once, and every run is given out once")
    func capsUnderConcurrency() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "t0", weight: 1, cap: 4, by: under.mandate)
        try await under.control.setCap(of: "w1", to: 5, by: under.mandate)
        var owners: [RunID: (tenant: String, workflow: WorkflowName)] = [:]
        for tenant in 0..<4 {
            for workflow in ["w0", "w1"] as [WorkflowName] {
                for run in try await under.ready("t\(tenant)", workflow, many: 150) {
                    owners[run.id] = ("t\(tenant)", workflow)
                }
            }
        }
        let count = InFlight(owners)

        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                let queue = under.fleet.queue()
                group.addTask { try await count.work(queue) }
            }
            try await group.waitForAll()
        }

        let seen = count.seen
        #expect(seen.given == 1_200 && seen.twice == 0)
        #expect(seen.peak["t0"] == 4)
        #expect(seen.peak["w1"] == 5)
        #expect(try await under.queue.depth().leased == 0)
    }

    @Test(
        "what is paused is not given out, and goes on after it is resumed",
        arguments: [PolicySubject.tenant("a"), .workflow("w"), .queue("")])
    func pauses(_ pattern: PolicySubject) async throws {
        let under = try await QueueUnderControl.make()
        var subject = pattern
        if case .queue = pattern { subject = .queue(under.queue.name) }
        let runs = try await under.ready("a", "w", many: 10)
        try await under.control.pause(subject, by: under.mandate)

        let paused = try await under.claim(50)
        let isSaid = try await under.control.standing(of: "w", for: "a", in: under.queue.name)
        try await under.control.resume(subject, by: under.mandate)
        let resumed = try await under.claim(50)

        #expect(paused.isEmpty)
        #expect(isSaid.pauses.map(\.subject) == [subject])
        #expect(Set(resumed) == Set(runs.map(\.id)))
    }

    @Test("losing all of Redis keeps caps, weights and pauses, and what is under way still counts")
    func flush() async throws {
        let under = try await QueueUnderControl.make()
        let worker = UUID()
        try await under.control.setShare(of: "capped", weight: 1, cap: 2, by: under.mandate)
        try await under.control.pause(.tenant("paused"), by: under.mandate)
        try await under.control.setShare(of: "heavy", weight: 3, cap: nil, by: under.mandate)
        let running = try await under.runningRow("capped", worker: worker)
        _ = try await under.fleet.redis.send(RedisCommand("FLUSHDB"))
        let capped = Set(try await under.ready("capped", many: 10).map(\.id))
        _ = try await under.ready("paused", many: 10)
        let heavy = Set(try await under.ready("heavy", many: 300).map(\.id))
        _ = try await under.ready("light", many: 300)

        let claimed = try await under.claim(201)
        let later = try await under.fleet.queue(token: worker.uuidString)
            .finishAndClaim(done: [running], upTo: 500)

        #expect(claimed.count { capped.contains($0) } == 1)
        #expect((148...152).contains(claimed.count { heavy.contains($0) }))
        #expect(later.ids.count { capped.contains($0) } == 1)
        #expect(claimed.count + later.ids.count == 602)
    }

    @Test("a dead worker's runs do not fill its tenant's cap once they are taken back")
    func takenBack() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.setShare(of: "one", weight: 1, cap: 1, by: under.mandate)
        var run = try await under.ready("one", many: 1)[0]
        let first = try await under.claim(5)
        run.isTakenBack = true
        let other = under.fleet.queue()

        other.enqueue([run])
        await other.flush()
        let again = try await other.finishAndClaim(done: [], upTo: 5).ids

        #expect(first == [run.id] && again == [run.id])
        #expect(try await under.queue.depth().leased == 1)
    }

    @Test("a run that becomes ready while its old lease stands is queued when that ends, once")
    func readyWhileLeased() async throws {
        let under = try await QueueUnderControl.make()
        let run = try await under.ready("t", many: 1)[0]
        _ = try await under.claim(1)

        under.queue.enqueue([run, run])
        await under.queue.flush()
        let early = try await under.fleet.queue().finishAndClaim(done: [], upTo: 5).ids
        let after = try await under.claim(5, done: [run.id])

        #expect(early.isEmpty && after == [run.id])
        #expect(try await under.queue.depth().ready == 0)
    }

    @Test("every decision is a row of the audit")
    func audited() async throws {
        let under = try await QueueUnderControl.make()
        try await under.control.pause(.queue("mail"), by: under.mandate)
        try await under.control.setShare(of: "t", weight: 2, cap: 7, by: under.mandate)

        let rows = try await under.fleet.pool.execute(
            "select verb, subject, actor, reason, after::text from engine.audit order by number")

        #expect(try rows.rows.map { try $0.decode(0, as: String.self) } == ["queue.pause", "tenant.share"])
        #expect(try rows.rows[1].decode(4, as: String.self).contains(#""cap":"7""#))
        #expect(try await under.control.queues().first { $0.name == "mail" }?.isPaused == true)
    }
}

extension QueueUnderControl {
    /// A run that some worker owns in Postgres.
    func runningRow(_ tenant: String, worker: UUID) async throws -> RunID {
        let id = RunID()
        _ = try await fleet.pool.execute(
            """
            insert into engine.run (id, tenant, workflow, version, queue, status, epoch, worker, input)
            values (\(id.rawValue), \(tenant), 'w', 1, \(queue.name), 'running', 1, \(worker), '1')
            """)
        return id
    }
}

/// Counts what is under way, as workers claim and finish.
final class InFlight: Sendable {
    struct Seen {
        var given = 0
        var twice = 0
        var now: [String: Int] = [:]
        var peak: [String: Int] = [:]
        var ids: Set<RunID> = []
    }
    private let owners: [RunID: (tenant: String, workflow: WorkflowName)]
    private let state = Mutex(Seen())

    init(_ owners: [RunID: (tenant: String, workflow: WorkflowName)]) { self.owners = owners }

    var seen: Seen { state.withLock { $0 } }

    /// Claims a few, lets others in, gives them back, until everything was given out.
    func work(_ queue: RunQueue) async throws {
        var held: [RunID] = []
        while true {
            let done = held
            state.withLock { seen in
                for id in done { change(id, by: -1, &seen) }
            }
            held = try await queue.finishAndClaim(done: done, upTo: 7).ids
            let ids = held
            let isOver = state.withLock { seen -> Bool in
                for id in ids {
                    seen.given += 1
                    if !seen.ids.insert(id).inserted { seen.twice += 1 }
                    change(id, by: 1, &seen)
                }
                return seen.given >= owners.count
            }
            if ids.isEmpty, isOver { return }
            await Task.yield()
        }
    }

    private func change(_ id: RunID, by step: Int, _ seen: inout Seen) {
        guard let owner = owners[id] else { return }
        for what in [owner.tenant, owner.workflow.rawValue] {
            seen.now[what, default: 0] += step
            seen.peak[what] = max(seen.peak[what] ?? 0, seen.now[what] ?? 0)
        }
    }
}
