import Durable
import Foundation
import Postgres
import Synchronization
import Testing

@testable import Fleet

/// A step that fails for good until it is mended, between one before and one after.
struct Mendable: Workflow {
    static let name: WorkflowName = "mendable"
    enum Step: String, WorkflowStep { case before, fragile, after }
    let effects: Effects
    let mended: Switch

    func run(_ input: Int, _ flow: Flow<Mendable>) async throws -> Int {
        let first = try await flow.step(.before) { attempt in
            effects.happen(attempt.key)
            return input
        }
        let second = try await flow.step(.fragile) { attempt in
            effects.happen(attempt.key)
            guard mended.isOn else { throw Broken() }
            return first + 1
        }
        return try await flow.step(.after) { attempt in
            effects.happen(attempt.key)
            return second + 1
        }
    }
}

struct Broken: Classified {
    var disposition: Disposition { .permanent }
    var code: String { "broken" }
}

final class Switch: Sendable {
    private let state = Mutex(false)
    var isOn: Bool { state.withLock { $0 } }
    func turnOn() { state.withLock { $0 = true } }
    func turnOff() { state.withLock { $0 = false } }
}

/// Takes something, then holds something else until the gate opens; both can be given back.
struct Booking: Workflow {
    static let name: WorkflowName = "booking"
    enum Step: String, WorkflowStep { case flight, hotel, pay }
    let gate: Gate
    let effects: Effects
    /// While it is off, the undo of the hotel fails for good.
    let mayUndo: Switch

    func run(_ input: Int, _ flow: Flow<Booking>) async throws -> Int {
        let undo: @Sendable (Int, Attempt) async throws -> Void = { _, attempt in
            guard mayUndo.isOn || !attempt.key.contains("hotel") else { throw Broken() }
            effects.happen(attempt.key)
        }
        _ = try await flow.step(.flight, { _ in 1 }, undo: undo)
        _ = try await flow.step(
            .hotel,
            { attempt in
                try await gate.pass()
                effects.happen(attempt.key)
                return 2
            }, undo: undo)
        return try await flow.step(.pay) { attempt in
            effects.happen(attempt.key)
            return input
        }
    }
}

/// Waits for its only child.
struct Family: Workflow {
    static let name: WorkflowName = "family"
    enum Step: String, WorkflowStep { case child, after }
    let effects: Effects

    func run(_ input: Int, _ flow: Flow<Family>) async throws -> Int {
        let sum = try await flow.child(.child, Mendable.self, input)
        return try await flow.step(.after) { attempt in
            effects.happen(attempt.key)
            return sum
        }
    }
}

/// Takes a signal, then fails until it is mended.
struct Told: Workflow {
    static let name: WorkflowName = "told"
    enum Step: String, WorkflowStep { case fragile }
    static let news: Signal<Int> = "news"
    let mended: Switch

    func run(_ input: Int, _ flow: Flow<Told>) async throws -> Int {
        _ = try await flow.step(.fragile) { _ in
            guard mended.isOn else { throw Broken() }
            return 0
        }
        return try await flow.wait(Self.news) ?? -1
    }
}

struct OperationBench {
    let fleet: FleetUnderTest
    let effects = Effects()
    let mended = Switch()
    let mayUndo = Switch()
    let gate = Gate()
    var operations: Operations { Operations(fleet.runs) }
    static let mandate = try! Mandate(actor: "anca", reason: "the vendor is back")
    var mandate: Mandate { Self.mandate }

    init() async throws { fleet = try await .shared() }

    var registry: WorkflowRegistry {
        var registry = WorkflowRegistry()
        registry.register(Mendable(effects: effects, mended: mended))
        registry.register(Booking(gate: gate, effects: effects, mayUndo: mayUndo))
        registry.register(Family(effects: effects))
        registry.register(Told(mended: mended))
        registry.register(Elder())
        registry.register(Waiting())
        registry.register(FiveSteps(effects: effects))
        return registry
    }

    func working<R: Sendable>(_ body: @Sendable @escaping () async throws -> R) async throws -> R {
        try await fleet.working([registry], body)
    }

    func end(_ run: RunID) async throws -> RunStatus {
        try await fleet.runs.end(of: run, upTo: .seconds(30)).status
    }

    func status(_ run: RunID) async throws -> RunStatus? { try await fleet.runs.report(run)?.status }

    func count(_ query: Query) async throws -> Int {
        try await fleet.pool.execute(query).rows[0].decode(0, as: Int.self)
    }

    func audited(_ run: RunID) async throws -> [AuditRecord] {
        try await Audit.list(on: run.description, from: fleet.pool)
    }

    /// A run as it stands in `status`, without a worker having been there: one step done, and for those that
    /// ended without success one failed.
    func place(_ status: RunStatus) async throws -> RunID {
        let run = RunID()
        let id = run.rawValue
        let failure = FailureRecord(code: "broken", message: "it broke", step: "fragile")
        let worker = UUID()
        if status.isEnd {
            _ = try await fleet.pool.execute(
                """
                insert into engine.run_history (id, tenant, workflow, version, status, epoch, input, error,
                    created_at, queue, priority)
                values (\(id), 't', 'mendable', 1, \(status.rawValue), 7, '1',
                    \(status == .succeeded ? nil : failure.jsonb)::jsonb, clock_timestamp(),
                    \(fleet.configuration.queue), 3)
                """)
        } else {
            _ = try await fleet.pool.execute(
                """
                insert into engine.run (id, tenant, workflow, version, status, epoch, input, queue, worker,
                    wake_at)
                values (\(id), 't', 'mendable', 1, \(status.rawValue), 7, '1',
                    \(fleet.configuration.queue), \(status == .running ? worker : nil)::uuid,
                    \(status == .waiting ? Date(timeIntervalSinceNow: 3_600) : nil)::timestamptz)
                """)
        }
        let failed = StepRecord(
            key: StepKey("fragile"), attempt: 1, result: .failure(failure), startedAt: Date())
        let done = StepRecord(
            key: StepKey("before"), attempt: 1, result: .output(Payload(json: "1")), startedAt: Date())
        var steps = StepColumns()
        steps.add(done, Lease(run: run, epoch: 6))
        if status.isEnd, status != .succeeded { steps.add(failed, Lease(run: run, epoch: 7)) }
        let ends = steps.runs.indices.map { Date(timeIntervalSinceNow: Double($0) - 10) }
        _ = try await fleet.pool.execute(OperationStatements.copy(steps, endedAt: ends))
        return run
    }

    func epoch(_ run: RunID) async throws -> Int64 {
        try await fleet.pool.execute(
            """
            select epoch from engine.run where id = \(run.rawValue)
            union all select epoch from engine.run_history where id = \(run.rawValue)
            """
        ).rows[0].decode(0, as: Int64.self)
    }
}
