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
import Tracing

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

    private let openLine: @Sendable () async throws(PostgresError) -> any CommitLine
    private let worker: WorkerIdentity?
    private let lease: LeaseGuard?
    private let onReady: @Sendable ([ReadyRun]) -> Void
    private let onLeaseLost: @Sendable () -> Void
    private let machine: Machine
    private let logger: Logger
    private let tracer = InstrumentationSystem.installedTracer
    private let state = Mutex(State())
    let isDraining = Atomic<Bool>(false)
    /// A claim went unanswered since somebody last looked: the database may still carry it out at any time.
    let hasLostClaims = Atomic<Bool>(false)

    convenience init(
        _ configuration: PostgresConfiguration, worker: WorkerIdentity?, lease: LeaseGuard?, logger: Logger,
        onReady: @escaping @Sendable ([ReadyRun]) -> Void, onLeaseLost: @escaping @Sendable () -> Void = {}
    ) {
        self.init(
            worker: worker, lease: lease, machine: .real, logger: logger, onReady: onReady,
            onLeaseLost: onLeaseLost
        ) { () async throws(PostgresError) -> any CommitLine in
            try await PostgresCommitLine.open(configuration)
        }
    }

    init(
        worker: WorkerIdentity?, lease: LeaseGuard?, machine: Machine, logger: Logger,
        onReady: @escaping @Sendable ([ReadyRun]) -> Void,
        onLeaseLost: @escaping @Sendable () -> Void = {},
        openLine: @escaping @Sendable () async throws(PostgresError) -> any CommitLine
    ) {
        self.openLine = openLine
        self.worker = worker
        self.lease = lease
        self.machine = machine
        self.logger = logger
        self.onReady = onReady
        self.onLeaseLost = onLeaseLost
    }

    // MARK: Submitting

    func commit(_ entry: JournalEntry, under lease: Lease, reply: ReplyAddress?) async -> Result<
        CommitVerdict, JournalFailure
    > {
        let context = tracer == nil ? nil : InstrumentationContext.current
        return await withCheckedContinuation { answer in
            submit {
                $0.writes.append(
                    JournalWrite(
                        lease: lease, entry: entry, reply: reply, context: context, answer: answer))
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
        var next = await nextBatch()
        var backoff = Backoff()
        while let batch = next {
            next = await writeOnNewLine(batch)
            // A server that takes every connection only to break it must not be stormed.
            if next?.isSentAgain == true { await backoff.pause(on: machine) } else { backoff = Backoff() }
        }
    }

    /// Writes this batch and those after it while the line lasts. Returns the next batch to write, or nil
    /// when everything is written.
    private func writeOnNewLine(_ batch: JournalBatch) async -> JournalBatch? {
        let began = machine.clock.uptime
        var backoff = Backoff()
        while true {
            do throws(PostgresError) {
                let line = try await openLine()
                let next = await write(from: batch, on: line, isolation: line.actor)
                await line.close()
                return next
            } catch {
                logger.warning("the journal has no connection", metadata: ["error": "\(error)"])
            }
            guard mayRetry(batch, since: began) else { return await nextBatch() }
            await backoff.pause(on: machine)
        }
    }

    /// Everything here runs on the thread of the line, so that a batch costs two changes of thread in all:
    /// the one that wakes the writer, and the one to whoever waits for the answer. Returns what has to be
    /// sent again on another line.
    private func write(
        from first: JournalBatch, on line: any CommitLine, isolation: isolated (any Actor)?
    ) async -> JournalBatch? {
        var next: JournalBatch? = first
        while let batch = next {
            if let unwritten = await write(batch, on: line) { return unwritten }
            next = await nextBatch()
        }
        return nil
    }

    nonisolated(nonsending) private func nextBatch() async -> JournalBatch? {
        while true {
            let (batch, isStopped) = state.withLock { state -> (JournalBatch?, Bool) in
                guard !state.gathering.isEmpty || state.heartbeatDue else { return (nil, state.isStopped) }
                var batch = state.gathering.takeFirst(Self.batchLimit)
                if state.heartbeatDue, worker != nil, let lease {
                    batch.heartbeat = Heartbeat(
                        lease: lease.duration, isDraining: isDraining.load(ordering: .relaxed))
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

    /// Writes a batch to its end. Returns what of it has to be sent again on another line.
    nonisolated(nonsending) private func write(
        _ batch: JournalBatch, on line: any CommitLine
    ) async -> JournalBatch? {
        var batch = batch
        var backoff = Backoff()
        let began = machine.clock.uptime
        while true {
            let sentAt = machine.clock.uptime
            let span = CommitSpan(batch, tracer)
            do throws(PostgresError) {
                let verdicts = try await line.commit(batch, for: worker)
                span?.end(failed: false)
                if batch.count > 0 {
                    FleetMetrics.shared.committed(
                        batch.count, fenced: verdicts.fenced, in: machine.clock.uptime - sentAt)
                }
                answer(batch, verdicts, sentAt: sentAt)
                return nil
            } catch {
                span?.end(failed: true)
                if error.isEntrysFault { return await isolate(batch, error, on: line) }
                let isFirst = !batch.isSentAgain
                batch.isSentAgain = true
                if error.isConnectionLoss, !batch.claims.isEmpty {
                    hasLostClaims.store(true, ordering: .relaxed)
                }
                // A step has a record already: sent again, the batch looks for it.
                if isFirst, error.sqlState == .uniqueViolation { continue }
                logger.warning("journal batch will be sent again", metadata: ["error": "\(error)"])
                guard mayRetry(batch, since: began) else { return nil }
                if error.isConnectionLoss { return batch }
            }
            await backoff.pause(on: machine)
        }
    }

    /// Whether a batch that could not be written may wait for the database; otherwise its callers are told.
    private func mayRetry(_ batch: JournalBatch, since began: Duration) -> Bool {
        if let lease, !lease.isTrusted {
            onLeaseLost()
            fail(batch, .leaseLost)
            return false
        }
        if lease == nil, machine.clock.uptime - began > Self.patience {
            fail(batch, .refused("the database did not answer within \(Self.patience)"))
            return false
        }
        return true
    }

    /// A batch that the database refuses is halved until the guilty entry stands alone.
    nonisolated(nonsending) private func isolate(
        _ batch: JournalBatch, _ error: PostgresError, on line: any CommitLine
    ) async -> JournalBatch? {
        guard batch.count > 1 else {
            logger.error("journal entry refused", metadata: ["error": "\(error)"])
            fail(batch, .refused("\(error)"))
            return nil
        }
        let (first, second) = batch.halves
        guard var unwritten = await write(first, on: line) else { return await write(second, on: line) }
        unwritten.append(second)
        return unwritten
    }

    // MARK: Answering

    private func answer(_ batch: JournalBatch, _ verdicts: BatchVerdicts, sentAt: Duration) {
        if batch.heartbeat != nil {
            if verdicts.hasHeartbeat { lease?.renewed(sentAt: sentAt) } else { onLeaseLost() }
        }
        for (place, write) in batch.writes.enumerated() {
            write.answer.resume(returning: .success(verdicts.entries[place] ?? .committed))
        }
        for (place, start) in batch.starts.enumerated() {
            if verdicts.fencedStarts.contains(place) {
                start.answer.resume(returning: .failure(.leaseLost))
            } else if verdicts.untimelyStarts.contains(place) {
                start.answer.resume(returning: .failure(start.run.untimely))
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

    mutating func append(_ other: JournalBatch) {
        writes += other.writes
        starts += other.starts
        claims += other.claims
        heartbeat = heartbeat ?? other.heartbeat
        isSentAgain = isSentAgain || other.isSentAgain
    }

    /// Two batches of about half the entries each, in order; both are smaller than this one, which has two
    /// or more.
    var halves: (JournalBatch, JournalBatch) {
        var first = JournalBatch()
        var second = self
        first.heartbeat = heartbeat
        first.isSentAgain = isSentAgain
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
    var isEntrysFault: Bool {
        switch self {
        case .server(let error):
            error.sqlState == .checkViolation
                || ["22", "54"].contains(String(error.sqlState.rawValue.prefix(2)))
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

    mutating func pause(on machine: Machine) async {
        failures += 1
        let ceiling = min(Self.base * (1 << min(failures, 10)), Self.cap)
        await machine.pause(ceiling * machine.random(in: 0.5..<1))
    }
}
