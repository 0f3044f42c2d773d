// The store of a simulation: the rules of the engine's tables on the journal in memory, with what Postgres
// keeps beside it (workers and their leases, owners, takeovers). Each method is one transaction and is judged
// on the store's own clock.

import Durable
import Foundation
import Synchronization

@testable import DurableTesting
@testable import Fleet

/// Rows of business tables, written by transaction steps.
struct BusinessRow: Sendable {
    let run: RunID
    let step: String
    let key: String
}

struct StoreState: Sendable {
    struct WorkerRow: Sendable {
        let name: String
        var leaseUntil: Duration
    }

    var journal = InMemoryState()
    var owners: [RunID: UUID] = [:]
    var claimedAt: [RunID: Duration] = [:]
    var workers: [UUID: WorkerRow] = [:]
    var takeovers: [RunID: Int] = [:]
    var stepsSeen: [RunID: Int] = [:]
    var readySince: [RunID: Duration] = [:]
    var hasFence = true

    /// Every timer may be this early, as in the statement that claims.
    private static let claimGrace: TimeInterval = 0.02

    // MARK: The group commit

    mutating func commit(
        _ batch: JournalBatch, for worker: WorkerIdentity?, at uptime: Duration, _ now: Date
    ) -> BatchVerdicts {
        var verdicts = BatchVerdicts()
        for phase in Phase.allCases {
            if phase == .starts { start(batch, &verdicts, uptime) }
            for (place, write) in batch.writes.enumerated() where Phase(write.entry) == phase {
                verdicts.entries[place] = self.write(write, &verdicts, uptime, now)
            }
        }
        if let worker { claim(batch, for: worker, &verdicts, uptime, now) }
        if let heartbeat = batch.heartbeat, let worker {
            verdicts.hasHeartbeat = (workers[worker.id]?.leaseUntil ?? .zero) > uptime
            if verdicts.hasHeartbeat { workers[worker.id]?.leaseUntil = uptime + heartbeat.lease }
        }
        return verdicts
    }

    private mutating func write(
        _ write: JournalWrite, _ verdicts: inout BatchVerdicts, _ uptime: Duration, _ now: Date
    ) -> CommitVerdict {
        let lease = admitted(write.lease)
        let run = lease.run
        let parent = journal.runs[run]?.parent?.run
        let parentWaits = parent.map { journal.runs[$0]?.status == .waiting } ?? false
        let verdict = journal.commit(write.entry, under: lease, now: now)
        guard verdict != .fenced else { return verdict }
        switch write.entry {
        case .suspend:
            owners[run] = nil
            let wakeAt = journal.runs[run]?.wakeAt
            if verdict == .ready { becameReady(run, &verdicts, uptime) }
            if verdict != .ready, wakeAt != nil { verdicts.ready += readyRun(run, at: wakeAt) }
        case .release:
            owners[run] = nil
            becameReady(run, &verdicts, uptime)
        case .finish:
            owners[run] = nil
            if let parent, parentWaits, journal.runs[parent]?.status == .pending {
                becameReady(parent, &verdicts, uptime)
            }
        case .cancelChild(let child, _):
            if journal.runs[child]?.status == .pending { becameReady(child, &verdicts, uptime) }
        default: break
        }
        return verdict
    }

    private mutating func start(_ batch: JournalBatch, _ verdicts: inout BatchVerdicts, _ uptime: Duration) {
        for (place, start) in batch.starts.enumerated() {
            let run = start.run
            if let parent = run.parent.map(admitted) {
                let owner = journal.runs[parent.run]
                guard owner?.epoch == parent.epoch, owner?.status == .running else {
                    verdicts.fencedStarts.insert(place)
                    continue
                }
            }
            // Sent again after a lost reply, the start finds its own run.
            guard journal.runs[run.id] == nil else { continue }
            let parent = run.parent.flatMap { parent in run.reply.map { (run: parent.run, reply: $0) } }
            let id = journal.start(
                InMemoryRun(
                    id: run.id, tenant: run.tenant, workflow: run.workflow, version: run.version,
                    input: run.input, startedAt: Date(timeIntervalSince1970: 1_800_000_000).adding(uptime),
                    wakeAt: run.notBefore, parent: parent), key: run.key)
            verdicts.starts[place] = StartedRun(id: id, isNew: id == run.id)
            if id == run.id {
                readySince[id] = uptime
                verdicts.ready.append(ReadyRun(run))
            }
        }
    }

    private mutating func claim(
        _ batch: JournalBatch, for worker: WorkerIdentity, _ verdicts: inout BatchVerdicts,
        _ uptime: Duration, _ now: Date
    ) {
        for id in Set(batch.claims.flatMap(\.ids)).sorted() {
            guard let run = journal.runs[id], worker.workflows.contains(run.workflow.rawValue) else {
                continue
            }
            if run.status == .running, owners[id] == worker.id { journal.takeOver(id) }
            let grace = now.addingTimeInterval(Self.claimGrace)
            guard let claimed = journal.claim(id, now: grace) else { continue }
            owners[id] = worker.id
            claimedAt[id] = uptime
            let reply = run.parent.map { ReplyAddress(parent: $0.run, signal: $0.reply) }
            verdicts.owned.append(OwnedRun(run: claimed, reply: reply))
        }
    }

    /// The lease as the store judges it; without a fence any former owner passes for the present one.
    func admitted(_ lease: Lease) -> Lease {
        guard !hasFence, let run = journal.runs[lease.run], run.status == .running else { return lease }
        return Lease(run: lease.run, epoch: run.epoch)
    }

    // MARK: Workers

    mutating func register(_ worker: WorkerIdentity, name: String, lease: Duration, at uptime: Duration)
        -> [ReadyRun]
    {
        workers[worker.id] = WorkerRow(name: name, leaseUntil: uptime + lease)
        return handBack(nil, of: worker.id, at: uptime)
    }

    mutating func deregister(_ worker: WorkerIdentity, at uptime: Duration) -> [ReadyRun] {
        defer { workers[worker.id] = nil }
        return handBack(nil, of: worker.id, at: uptime)
    }

    /// Nil stands for all of the worker's runs.
    mutating func handBack(_ runs: [RunID]?, of worker: UUID, at uptime: Duration) -> [ReadyRun] {
        var verdicts = BatchVerdicts()
        for id in (runs ?? Array(owners.keys)).sorted()
        where owners[id] == worker && journal.runs[id]?.status == .running {
            takeOver(id)
            becameReady(id, &verdicts, uptime)
        }
        return verdicts.ready
    }

    mutating func handBackStrays(
        besides held: [RunID], of worker: UUID, ownedFor age: Duration, at uptime: Duration
    ) -> [ReadyRun] {
        let strays = owners.keys.filter {
            owners[$0] == worker && !held.contains($0) && (claimedAt[$0] ?? uptime) + age < uptime
        }
        return handBack(Array(strays), of: worker, at: uptime)
    }

    /// Takes runs from workers whose lease is over, and sets aside what took down three in a row.
    mutating func rescue(at uptime: Duration, _ now: Date) -> Rescue {
        var rescue = Rescue()
        let silent = workers.filter { $0.value.leaseUntil < uptime }
        var verdicts = BatchVerdicts()
        for id in journal.runs.keys.sorted() {
            guard let run = journal.runs[id], run.status == .running else { continue }
            guard let owner = owners[id].flatMap({ workers[$0] }), owner.leaseUntil >= uptime else {
                let hasProgress = run.steps.count > stepsSeen[id, default: 0]
                takeovers[id] = hasProgress ? 1 : takeovers[id, default: 0] + 1
                stepsSeen[id] = run.steps.count
                guard takeovers[id, default: 0] >= SweepStatements.takeoverLimit else {
                    takeOver(id)
                    becameReady(id, &verdicts, uptime)
                    continue
                }
                setAside(id, epoch: run.epoch, &verdicts, uptime, now)
                rescue.poisoned.append(id)
                continue
            }
        }
        rescue.rescued = verdicts.ready.count
        rescue.ready = verdicts.ready
        rescue.workers = silent.values.map(\.name).sorted()
        for id in silent.keys { workers[id] = nil }
        return rescue
    }

    private mutating func setAside(
        _ id: RunID, epoch: Int64, _ verdicts: inout BatchVerdicts, _ uptime: Duration, _ now: Date
    ) {
        let parent = journal.runs[id]?.parent?.run
        let parentWaits = parent.map { journal.runs[$0]?.status == .waiting } ?? false
        let failure = FailureRecord(code: "poisoned", message: "its workers kept dying under it")
        _ = journal.commit(.finish(.failed(failure)), under: Lease(run: id, epoch: epoch), now: now)
        owners[id] = nil
        if let parent, parentWaits, journal.runs[parent]?.status == .pending {
            becameReady(parent, &verdicts, uptime)
        }
    }

    private mutating func takeOver(_ id: RunID) {
        journal.takeOver(id)
        owners[id] = nil
    }

    // MARK: Clients and reading

    mutating func send(
        _ name: String, _ payload: Payload, to run: RunID, once key: String, at uptime: Duration
    )
        -> (isNew: Bool, ready: [ReadyRun])
    {
        let waits = journal.runs[run]?.status == .waiting
        let isNew = journal.send(name, payload, to: run, once: key)
        var verdicts = BatchVerdicts()
        if waits, journal.runs[run]?.status == .pending { becameReady(run, &verdicts, uptime) }
        return (isNew, verdicts.ready)
    }

    mutating func cancel(_ run: RunID, at uptime: Duration) -> [ReadyRun] {
        let waits = journal.runs[run]?.status == .waiting
        journal.cancel(run, reason: "changed their mind")
        var verdicts = BatchVerdicts()
        if waits, journal.runs[run]?.status == .pending { becameReady(run, &verdicts, uptime) }
        return verdicts.ready
    }

    func pending(olderThan age: Duration, at uptime: Duration) -> [ReadyRun] {
        journal.runs.keys.sorted().filter {
            journal.runs[$0]?.status == .pending && (readySince[$0] ?? .zero) + age <= uptime
        }
        .flatMap { readyRun($0, at: nil) }
    }

    /// Sleeping runs with a timer, those before `instant` only where there is one.
    func timers(dueBefore instant: Date? = nil) -> [ReadyRun] {
        journal.runs.keys.sorted().flatMap { id -> [ReadyRun] in
            guard let run = journal.runs[id], run.status == .waiting, let wakeAt = run.wakeAt else {
                return []
            }
            if let instant { return wakeAt < instant ? readyRun(id, at: nil) : [] }
            return readyRun(id, at: wakeAt)
        }
    }

    private mutating func becameReady(_ id: RunID, _ verdicts: inout BatchVerdicts, _ uptime: Duration) {
        readySince[id] = uptime
        verdicts.ready += readyRun(id, at: nil)
    }

    func readyRun(_ id: RunID, at instant: Date?) -> [ReadyRun] {
        guard let run = journal.runs[id] else { return [] }
        return [ReadyRun(id: id, tenant: run.tenant, queue: "default", priority: 0, at: instant)]
    }

    /// The order of a batch's statements.
    private enum Phase: CaseIterable {
        case records, starts, progress, suspend, release, finish

        init(_ entry: JournalEntry) {
            switch entry {
            case .progress: self = .progress
            case .suspend: self = .suspend
            case .release: self = .release
            case .finish: self = .finish
            default: self = .records
            }
        }
    }
}
