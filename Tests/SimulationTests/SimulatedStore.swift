// The store as one process reaches it: over a wire that fails, with everything it is told written down.

import Durable
import Foundation
import Postgres
import Synchronization

@testable import DurableTesting
@testable import Fleet

/// The one store of a simulation, with its wire.
final class StoreServer: Sendable {
    let wire: Wire
    let history: History
    let breakage: BrokenBuild?
    let state: Mutex<StoreState>

    init(_ wire: Wire, _ history: History, _ breakage: BrokenBuild?) {
        self.wire = wire
        self.history = history
        self.breakage = breakage
        var state = StoreState()
        state.hasFence = breakage != .noFence
        self.state = Mutex(state)
    }

    var loop: SimulationLoop { wire.loop }

    func commit(_ batch: JournalBatch, for worker: WorkerIdentity?) -> BatchVerdicts {
        let (uptime, now) = (loop.uptime, loop.now)
        guard breakage == .acknowledgeBeforeCommit else {
            return state.withLock { $0.commit(batch, for: worker, at: uptime, now) }
        }
        // Answered from a state that is thrown away; the real one follows, unless the server goes down first.
        var promised = state.withLock { $0 }
        let verdicts = promised.commit(batch, for: worker, at: uptime, now)
        let generation = wire.generation
        // Ends by itself after the delay.
        Task {
            try await loop.sleep(for: loop.random(.milliseconds(1) ... .milliseconds(20)))
            guard wire.generation == generation, wire.isCalm || !loop.chance(0.02) else { return }
            let (uptime, now) = (loop.uptime, loop.now)
            _ = state.withLock { $0.commit(batch, for: worker, at: uptime, now) }
        }
        return verdicts
    }
}

struct SimulatedStore: RunStore {
    let server: StoreServer
    let process: SimulatedProcess

    func openLine() async throws(PostgresError) -> any CommitLine {
        let generation = try await ask { server in server.wire.generation }
        return SimulatedLine(store: self, generation: generation)
    }

    func register(_ worker: WorkerIdentity, lease: Duration) async throws -> [ReadyRun] {
        let name = process.name
        return try await change { $0.register(worker, name: name, lease: lease, at: $1) }
    }

    func deregister(_ worker: WorkerIdentity) async throws -> [ReadyRun] {
        try await change { $0.deregister(worker, at: $1) }
    }

    func handBack(_ runs: [RunID], of worker: WorkerIdentity) async throws -> [ReadyRun] {
        try await change { $0.handBack(runs, of: worker.id, at: $1) }
    }

    func handBackStrays(besides held: [RunID], of worker: WorkerIdentity, ownedFor age: Duration)
        async throws -> [ReadyRun]
    {
        try await change { $0.handBackStrays(besides: held, of: worker.id, ownedFor: age, at: $1) }
    }

    func ready(upTo limit: Int, for worker: WorkerIdentity) async throws -> [RunID] {
        try await ask { server in
            let now = server.loop.now
            return Array(server.state.withLock { $0.journal.ready(now: now) }.prefix(limit))
        }
    }

    func sweep(mayRescue: Bool) async throws -> Rescue? {
        guard mayRescue else { return try await ask { _ in Rescue() } }
        return try await ask { server in
            let (uptime, now) = (server.loop.uptime, server.loop.now)
            let rescue = server.state.withLock { $0.rescue(at: uptime, now) }
            for run in rescue.ready { server.history.append(.rescued(run.id)) }
            return rescue
        }
    }

    func overdue(by grace: Duration, in queue: String, limit: Int) async throws -> [ReadyRun] {
        try await ask { server in
            let instant = server.loop.now.addingTimeInterval(-grace.seconds)
            return server.state.withLock { $0.timers(dueBefore: instant) }
        }
    }

    func pending(
        after id: RunID, olderThan age: Duration, in queue: String, limit: Int
    ) async throws -> [ReadyRun] {
        try await change { state, uptime in state.pending(olderThan: age, at: uptime).filter { $0.id > id } }
    }

    func timers(after id: RunID, in queue: String, limit: Int) async throws -> [ReadyRun] {
        try await change { state, _ in state.timers().filter { $0.id > id } }
    }

    func prepareAhead() async throws {}

    /// One transaction at the server.
    func change<R: Sendable>(
        _ body: @escaping @Sendable (inout StoreState, Duration) -> R
    ) async throws(PostgresError) -> R {
        try await ask { server in
            let uptime = server.loop.uptime
            return server.state.withLock { body(&$0, uptime) }
        }
    }

    func ask<R: Sendable>(_ body: @escaping @Sendable (StoreServer) -> R) async throws(PostgresError) -> R {
        do throws(Wire.Failure) {
            return try await server.wire.call(from: process) { [server] in body(server) }
        } catch {
            switch error {
            case .lost: throw .timeout("the connection of \(process.name) broke")
            case .ended: throw .poolClosed
            }
        }
    }
}

/// A connection for group commits. It is of no use after its server went down or an answer failed to come.
final class SimulatedLine: CommitLine {
    private let store: SimulatedStore
    private let generation: Int

    init(store: SimulatedStore, generation: Int) {
        self.store = store
        self.generation = generation
    }

    func commit(_ batch: JournalBatch, for worker: WorkerIdentity?) async throws(PostgresError)
        -> BatchVerdicts
    {
        let history = store.server.history
        let generation = generation
        let sentAt = history.count
        let verdicts = try await store.ask { server -> BatchVerdicts? in
            server.wire.generation == generation ? server.commit(batch, for: worker) : nil
        }
        guard let verdicts else { throw .timeout("the connection is from before the server went down") }
        record(batch, verdicts, sentAt)
        return verdicts
    }

    func close() async {}

    private func record(_ batch: JournalBatch, _ verdicts: BatchVerdicts, _ sentAt: Int) {
        let (history, name) = (store.server.history, store.process.name)
        for (place, write) in batch.writes.enumerated() {
            let what: Event.Write =
                switch write.entry {
                case .step(let record, _): .step(record.key)
                case .finish: .finish
                default: .other("\(write.entry)".prefix { $0 != "(" }.description)
                }
            let verdict: Event.Verdict =
                switch verdicts.entries[place] ?? .committed {
                case .fenced: .fenced
                case .alreadyRecorded: .recorded
                default: .committed
                }
            history.append(.verdict(write.lease, what, verdict, sentAt: sentAt, by: name))
        }
        for owned in verdicts.owned {
            history.append(.claimed(owned.run.id, epoch: owned.run.epoch, by: name))
        }
    }
}
