// The group commit. One batch is under way at a time on one connection; whatever gathers meanwhile is the
// next one, so that batches grow with the load and an idle engine answers in one round trip. Nobody is told
// "committed" before the commit. A connection that breaks leaves the outcome unknown, so the same batch is
// sent again: every statement is idempotent under its epoch. A payload that the database refuses is found by
// halving and fails alone.

import Durable
import Foundation
import Logging
import Postgres
import Synchronization

final class JournalWriter: Sendable {
    private struct State {
        var gathering = JournalBatch()
        var sleeper: CheckedContinuation<Void, Never>?
        var isStopped = false
        var heartbeatDue = false
    }

    /// Over this many entries a batch only makes its first callers wait longer.
    private static let batchLimit = 1_000
    /// How long a start or signal from outside a worker may wait for a database that is away.
    private static let patience: Duration = .seconds(15)

    private let configuration: PostgresConfiguration
    private let worker: WorkerIdentity?
    private let lease: LeaseGuard?
    private let onReady: @Sendable ([ReadyRun]) -> Void
    private let onLeaseLost: @Sendable () -> Void
    private let logger: Logger
    private let state = Mutex(State())
    let statistics = WriterStatistics()
    let isDraining = Atomic<Bool>(false)

    init(
        _ configuration: PostgresConfiguration, worker: WorkerIdentity?, lease: LeaseGuard?, logger: Logger,
        onReady: @escaping @Sendable ([ReadyRun]) -> Void, onLeaseLost: @escaping @Sendable () -> Void = {}
    ) {
        var configuration = configuration
        configuration.applicationName = "cartflux journal"
        self.configuration = configuration
        self.worker = worker
        self.lease = lease
        self.logger = logger
        self.onReady = onReady
        self.onLeaseLost = onLeaseLost
    }

    // MARK: Submitting

    func commit(_ entry: JournalEntry, under lease: Lease, reply: ReplyAddress?) async -> Result<
        CommitVerdict, JournalFailure
    > {
        await withCheckedContinuation { answer in
            submit {
                $0.writes.append(JournalWrite(lease: lease, entry: entry, reply: reply, answer: answer))
            } orElse: {
                answer.resume(returning: .failure(.shutdown))
            }
        }
    }

    func start(_ run: RunStart) async -> Result<StartedRun, JournalFailure> {
        await withCheckedContinuation { answer in
            submit {
                $0.starts.append(StartWrite(run: run, answer: answer))
            } orElse: {
                answer.resume(returning: .failure(.shutdown))
            }
        }
    }

    func claim(_ ids: [RunID]) async -> Result<[OwnedRun], JournalFailure> {
        await withCheckedContinuation { answer in
            submit {
                $0.claims.append(ClaimWrite(ids: ids, answer: answer))
            } orElse: {
                answer.resume(returning: .failure(.shutdown))
            }
        }
    }

    /// Asks for a heartbeat with the next batch, which comes at once.
    func beat() {
        submit { _ in
        } orElse: {
        }
    }

    func stop() {
        let sleeper = state.withLock { state in
            state.isStopped = true
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    private func submit(_ add: (inout JournalBatch) -> Void, orElse refuse: () -> Void) {
        let (isStopped, sleeper) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard !state.isStopped else { return (true, nil) }
            let before = state.gathering.count
            add(&state.gathering)
            if state.gathering.count == before { state.heartbeatDue = true }
            defer { state.sleeper = nil }
            return (false, state.sleeper)
        }
        if isStopped { refuse() }
        sleeper?.resume()
    }

    // MARK: Writing

    /// Commits batches until `stop`, then what is left.
    func run() async {
        var connection: PostgresConnection?
        while let batch = await nextBatch() {
            connection = await write(batch, on: connection)
        }
        await connection?.close()
    }

    private func nextBatch() async -> JournalBatch? {
        while true {
            let (batch, isStopped) = state.withLock { state -> (JournalBatch?, Bool) in
                guard !state.gathering.isEmpty || state.heartbeatDue else { return (nil, state.isStopped) }
                var batch = state.gathering.takeFirst(Self.batchLimit)
                if state.heartbeatDue, let worker, let lease {
                    batch.heartbeat = JournalStatements.heartbeat(
                        worker.id, lease: lease.duration, isDraining: isDraining.load(ordering: .relaxed))
                }
                state.heartbeatDue = false
                return (batch, false)
            }
            if let batch { return batch }
            if isStopped { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.gathering.isEmpty || state.heartbeatDue || state.isStopped { return true }
                    state.sleeper = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// Writes a batch to its end, across lost connections. Returns the connection for the next one.
    private func write(_ batch: JournalBatch, on open: PostgresConnection?) async -> PostgresConnection? {
        var connection = open
        var backoff = Backoff()
        let began = ContinuousClock.now
        while true {
            let sentAt = ContinuousClock.now
            do throws(PostgresError) {
                let live: PostgresConnection
                if let connection { live = connection } else { live = try await connect() }
                connection = live
                let verdicts = try await send(batch, on: live)
                answer(batch, verdicts, sentAt: sentAt)
                return live
            } catch {
                guard !error.isEntrysFault else {
                    return await isolate(batch, error, on: connection)
                }
                if error.isConnectionLoss {
                    await connection?.close()
                    connection = nil
                }
                logger.warning("journal batch will be sent again", metadata: ["error": "\(error)"])
            }
            if let lease, !lease.isTrusted {
                onLeaseLost()
                fail(batch, .leaseLost)
                return connection
            }
            if lease == nil, ContinuousClock.now - began > Self.patience {
                fail(batch, .refused("the database did not answer within \(Self.patience)"))
                return connection
            }
            await backoff.pause()
        }
    }

    private func connect() async throws(PostgresError) -> PostgresConnection {
        let connection = try await PostgresConnection.connect(configuration)
        _ = try await connection.execute("set plan_cache_mode = force_generic_plan")
        _ = try await connection.execute("set enable_seqscan = off")
        return connection
    }

    private func send(
        _ batch: JournalBatch, on connection: PostgresConnection
    ) async throws(PostgresError) -> BatchVerdicts {
        let parts = batch.parts(for: worker)
        guard !parts.isEmpty else { return BatchVerdicts() }
        let results = try await connection.pipeline(parts.map(\.query))
        statistics.committed(batch)
        var verdicts = BatchVerdicts()
        do {
            for (part, result) in zip(parts, results) { try part.read(result, &verdicts) }
            try await JournalFollowUp(connection: connection).complete(&verdicts, of: batch)
        } catch let error as PostgresError {
            throw error
        } catch {
            preconditionFailure("reading the journal's own answers throws nothing else: \(error)")
        }
        return verdicts
    }

    /// A batch that the database refuses is halved until the guilty entry stands alone.
    private func isolate(
        _ batch: JournalBatch, _ error: PostgresError, on connection: PostgresConnection?
    ) async -> PostgresConnection? {
        guard batch.count > 1 else {
            logger.error("journal entry refused", metadata: ["error": "\(error)"])
            fail(batch, .refused("\(error)"))
            return connection
        }
        let (first, second) = batch.halves
        let connection = await write(first, on: connection)
        return await write(second, on: connection)
    }

    // MARK: Answering

    private func answer(_ batch: JournalBatch, _ verdicts: BatchVerdicts, sentAt: ContinuousClock.Instant) {
        if batch.heartbeat != nil {
            if verdicts.hasHeartbeat { lease?.renewed(sentAt: sentAt) } else { onLeaseLost() }
        }
        for (place, write) in batch.writes.enumerated() {
            write.answer.resume(returning: .success(verdicts.entries[place] ?? .committed))
        }
        for (place, start) in batch.starts.enumerated() {
            if verdicts.fencedStarts.contains(place) {
                start.answer.resume(returning: .failure(.leaseLost))
            } else {
                let started = verdicts.starts[place] ?? StartedRun(id: start.run.id, isNew: true)
                start.answer.resume(returning: .success(started))
            }
        }
        let owned = Dictionary(uniqueKeysWithValues: verdicts.owned.map { ($0.run.id, $0) })
        for claim in batch.claims {
            claim.answer.resume(returning: .success(claim.ids.compactMap { owned[$0] }))
        }
        if !verdicts.ready.isEmpty { onReady(verdicts.ready) }
    }

    private func fail(_ batch: JournalBatch, _ failure: JournalFailure) {
        for write in batch.writes { write.answer.resume(returning: .failure(failure)) }
        for start in batch.starts { start.answer.resume(returning: .failure(failure)) }
        for claim in batch.claims { claim.answer.resume(returning: .failure(failure)) }
    }
}

extension JournalBatch {
    /// Takes up to `limit` entries from the front.
    mutating func takeFirst(_ limit: Int) -> JournalBatch {
        guard count > limit else {
            defer { self = JournalBatch() }
            return self
        }
        var taken = JournalBatch()
        taken.claims = claims
        claims = []
        taken.writes = Array(writes.prefix(limit))
        writes.removeFirst(taken.writes.count)
        taken.starts = Array(starts.prefix(limit - taken.writes.count))
        starts.removeFirst(taken.starts.count)
        return taken
    }

    /// Two batches of about half the entries each, in order; both are smaller than this one, which has two
    /// or more.
    var halves: (JournalBatch, JournalBatch) {
        var first = JournalBatch()
        var second = self
        first.heartbeat = heartbeat
        second.heartbeat = nil
        var left = count / 2
        first.writes = second.writes.removePrefix(&left)
        first.starts = second.starts.removePrefix(&left)
        first.claims = second.claims.removePrefix(&left)
        return (first, second)
    }
}

extension Array {
    /// Takes up to `left` elements from the front and counts them off.
    fileprivate mutating func removePrefix(_ left: inout Int) -> [Element] {
        let taken = Array(prefix(left))
        removeFirst(taken.count)
        left -= taken.count
        return taken
    }
}

extension PostgresError {
    /// Whether the values of some entry caused it (classes 22 and 54, a violated check), so that the others
    /// can go through without it. Everything else is the database's condition: a full disk, a standby, a
    /// changed password. It passes, and an entry that was refused for it would be lost for ever.
    fileprivate var isEntrysFault: Bool {
        switch self {
        case .server(let error):
            ["22", "54"].contains(String(error.sqlState.rawValue.prefix(2)))
        case .encoding: true
        default: false
        }
    }
}

/// Full-jitter pauses between tries to reach a server.
struct Backoff {
    private var failures = 0
    private static let base: Duration = .milliseconds(20)
    private static let cap: Duration = .seconds(2)

    mutating func pause() async {
        failures += 1
        let ceiling = min(Self.base * (1 << min(failures, 10)), Self.cap)
        // Losing the cancellation is right: the caller looks at its own stop conditions next.
        try? await Task.sleep(for: ceiling * Double.random(in: 0.5..<1))
    }
}
