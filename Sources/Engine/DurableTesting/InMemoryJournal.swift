// The whole engine's state in one process: what `Fleet` keeps in Postgres and Redis, as a struct behind a
// lock. It obeys the same rules (epochs, mailboxes, keys), and the conformance suite holds both to them.

import Durable
import Foundation
import Synchronization

public final class InMemoryJournal: Journal {
    private let state = Mutex(InMemoryState())
    let clock: any DurableClock

    public init(clock: any DurableClock) { self.clock = clock }

    public func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure)
        -> CommitVerdict
    {
        let now = clock.now
        return state.withLock { $0.commit(entry, under: lease, now: now) }
    }

    /// Accepts a run, or answers with the one that has its key.
    @discardableResult
    public func start<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, once key: String? = nil, for tenant: Tenant = .none,
        at instant: Date? = nil
    ) throws -> RunID {
        let payload = try Payload.encode(input, .input)
        let now = clock.now
        return state.withLock { state in
            state.start(
                InMemoryRun(
                    id: RunID(now: now), tenant: tenant, workflow: W.name, version: W.version, input: payload,
                    startedAt: now, wakeAt: instant), key: key)
        }
    }

    /// Delivers a signal once per key. False where the run has ended or had it before.
    @discardableResult
    public func send<P: Codable & Sendable>(
        _ signal: Signal<P>, _ payload: P, to run: RunID, once key: String
    ) throws -> Bool {
        let payload = try Payload.encode(payload, .signal)
        return state.withLock { $0.send(signal.name, payload, to: run, once: key) }
    }

    /// Asks a run to stop and undo.
    public func cancel(_ run: RunID, reason: String) { state.withLock { $0.cancel(run, reason: reason) } }

    /// Takes ownership of a run under a higher epoch; nil where it is not ready.
    public func claim(_ run: RunID) -> ClaimedRun? {
        let now = clock.now
        return state.withLock { $0.claim(run, now: now) }
    }

    /// Takes a run from an owner that died.
    public func takeOver(_ run: RunID) { state.withLock { $0.takeOver(run) } }

    /// Runs that can be claimed now.
    public var ready: [RunID] {
        let now = clock.now
        return state.withLock { $0.ready(now: now) }
    }

    /// When the next sleeping run wakes.
    public var nextWake: Date? { state.withLock { $0.nextWake } }

    public func outcome(of run: RunID) -> Outcome? { state.withLock { $0.runs[run]?.outcome } }
    public func progress(of run: RunID) -> Payload? { state.withLock { $0.runs[run]?.progress } }
    public func waitReason(of run: RunID) -> WaitReason? {
        state.withLock { $0.runs[run]?.suspension?.reason }
    }
    public func steps(of run: RunID) -> [StepRecord] {
        state.withLock { $0.runs[run].map { Array($0.steps.values) } ?? [] }
    }
    public func attempts(of run: RunID) -> [AttemptRecord] { state.withLock { $0.runs[run]?.attempts ?? [] } }
    public var runIDs: [RunID] { state.withLock { $0.runs.keys.sorted() } }

    /// Whether this owner still has its run: what a business transaction asks before it writes.
    public func isHeld(_ lease: Lease) -> Bool { state.withLock { $0.isHeld(lease) } }

    /// Records a step as a business transaction would, under the fence.
    public func recordInTransaction(_ record: StepRecord, under lease: Lease) -> CommitVerdict {
        let now = clock.now
        return state.withLock { $0.commit(.step(record, consuming: nil), under: lease, now: now) }
    }
}

struct InMemoryRun: Sendable {
    enum Status: Sendable { case pending, running, waiting, ended }
    let id: RunID
    let tenant: Tenant
    let workflow: WorkflowName
    let version: Int
    let input: Payload
    let startedAt: Date
    var wakeAt: Date?
    var parent: (run: RunID, reply: String)?
    var status = Status.pending
    var epoch: Int64 = 0
    var steps: [StepKey: StepRecord] = [:]
    var attempts: [AttemptRecord] = []
    var intents: Set<StepKey> = []
    var details: [StepKey: Payload] = [:]
    var mailbox: [DeliveredSignal] = []
    var taken: Set<SignalID> = []
    var keys: Set<String> = []
    var suspension: Suspension?
    var cancellation: String?
    var progress: Payload?
    var outcome: Outcome?

    func isReady(now: Date) -> Bool {
        status == .pending || (status == .waiting && (wakeAt ?? .distantFuture) <= now)
    }
}

struct InMemoryState: Sendable {
    private(set) var runs: [RunID: InMemoryRun] = [:]
    private var runKeys: [String: RunID] = [:]
    private var nextSignal: Int64 = 0

    mutating func start(_ run: InMemoryRun, key: String?) -> RunID {
        if let key {
            let full = "\(run.tenant)/\(run.workflow)/\(key)"
            if let known = runKeys[full] { return known }
            runKeys[full] = run.id
        }
        var run = run
        if run.wakeAt != nil { run.status = .waiting }
        runs[run.id] = run
        return run.id
    }

    mutating func send(_ name: String, _ payload: Payload, to id: RunID, once key: String) -> Bool {
        guard var run = runs[id], run.status != .ended, run.keys.insert("\(name)/\(key)").inserted else {
            return false
        }
        nextSignal += 1
        run.mailbox.append(DeliveredSignal(id: SignalID(rawValue: nextSignal), name: name, payload: payload))
        if run.status == .waiting, let wait = run.suspension,
            wait.signals.contains(name) || Int64(run.mailbox.count) >= wait.wakeMail ?? .max
        {
            run.status = .pending
        }
        runs[id] = run
        return true
    }

    mutating func cancel(_ id: RunID, reason: String) {
        guard var run = runs[id], run.status != .ended else { return }
        run.cancellation = run.cancellation ?? reason
        if run.status == .waiting { run.status = .pending }
        runs[id] = run
    }

    func ready(now: Date) -> [RunID] {
        runs.values.filter { $0.isReady(now: now) }.map(\.id).sorted()
    }

    var nextWake: Date? { runs.values.filter { $0.status == .waiting }.compactMap(\.wakeAt).min() }

    mutating func claim(_ id: RunID, now: Date) -> ClaimedRun? {
        guard var run = runs[id], run.isReady(now: now) else { return nil }
        run.status = .running
        run.epoch += 1
        run.wakeAt = nil
        runs[id] = run
        return ClaimedRun(
            id: id, epoch: run.epoch, tenant: run.tenant, workflow: run.workflow, version: run.version,
            input: run.input, startedAt: run.startedAt, steps: Array(run.steps.values),
            attempts: run.attempts,
            intents: Array(run.intents), details: run.details,
            signals: run.mailbox.filter { !run.taken.contains($0.id) },
            mailSeen: Int64(run.mailbox.count), cancellation: run.cancellation)
    }

    mutating func takeOver(_ id: RunID) {
        guard var run = runs[id], run.status == .running else { return }
        run.status = .pending
        run.epoch += 1
        runs[id] = run
    }

    func isHeld(_ lease: Lease) -> Bool {
        guard let run = runs[lease.run] else { return false }
        return run.epoch == lease.epoch && run.status == .running
    }

    mutating func commit(_ entry: JournalEntry, under lease: Lease, now: Date) -> CommitVerdict {
        guard var run = runs[lease.run], isHeld(lease) else { return .fenced }
        // Taken out while it changes: a copy of all its steps for each write would make a long run slow.
        runs[run.id] = nil
        let verdict = apply(entry, to: &run, now: now)
        runs[run.id] = run
        if let outcome = run.outcome, let parent = run.parent { reply(outcome, of: run.id, to: parent) }
        return verdict
    }

    private mutating func apply(_ entry: JournalEntry, to run: inout InMemoryRun, now: Date) -> CommitVerdict
    {
        switch entry {
        case .step(let record, let signal):
            if let known = run.steps[record.key] { return .alreadyRecorded(known) }
            run.steps[record.key] = record
            if let signal { run.taken.insert(signal) }
            if let reason = run.cancellation { return .cancelling(reason: reason) }
        case .attempt(let record): run.attempts.append(record)
        case .intent(let key, _): run.intents.insert(key)
        case .detail(let key, _, let detail): run.details[key] = detail
        case .cancelChild(let child, let reason):
            if runs[child]?.parent?.run == run.id, runs[child]?.cancellation == nil {
                cancel(child, reason: reason)
            }
        case .progress(let payload): run.progress = payload
        case .child(let child):
            let id = start(
                InMemoryRun(
                    id: RunID(now: now), tenant: run.tenant, workflow: child.workflow, version: child.version,
                    input: child.input, startedAt: now, parent: (run.id, child.reply)),
                key: "child:\(run.id):\(child.key)")
            return .child(id)
        case .suspend(let suspension):
            for record in suspension.deadlines { run.steps[record.key] = record }
            run.suspension = suspension
            let hasNews =
                Int64(run.mailbox.count) > suspension.mailSeen
                || Int64(run.mailbox.count) >= suspension.wakeMail ?? .max
                || (run.cancellation != nil && !suspension.cancellationSeen)
            run.status = hasNews ? .pending : .waiting
            run.wakeAt = hasNews ? nil : suspension.wakeAt
            if hasNews { return .ready }
        case .finish(let outcome):
            run.outcome = outcome
            run.status = .ended
        case .release:
            run.status = .pending
            run.epoch += 1
        }
        return .committed
    }

    private mutating func reply(_ outcome: Outcome, of child: RunID, to parent: (run: RunID, reply: String)) {
        guard let payload = try? Payload.encode(ChildEnd(run: child, outcome: outcome), .output) else {
            preconditionFailure("an engine type must encode as JSON")
        }
        _ = send(parent.reply, payload, to: parent.run, once: "\(child)")
    }
}
