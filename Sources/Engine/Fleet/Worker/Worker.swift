// One worker process: it leases ready runs from the dispatcher, owns them in Postgres, runs hundreds of them
// at once as tasks, and gives back what it cannot finish. It holds nothing that another worker could not take
// over: the journal has the state, the epoch keeps a late writer out, and the heartbeat says until when this
// process may act.

import Durable
import Foundation
import Logging
import Metrics
import Postgres
import Redis
import ServiceLifecycle
import Synchronization

public final class Worker: Service {
    private let configuration: FleetConfiguration
    private let registry: WorkflowRegistry
    private let identity: WorkerIdentity
    private let pool: PostgresPool
    private let redis: RedisClient
    private let queue: RunQueue
    private let events: RunEvents
    private let writer: JournalWriter
    private let lease: LeaseGuard
    private let sweeper: Sweeper
    private let logger: Logger
    private let state: Mutex<WorkerState>
    private let bell = Bell()
    private let isRegistering = Atomic<Bool>(false)

    /// Looks for work this often even if the bell was never heard.
    private static let fallbackPoll: Duration = .seconds(1)

    public init(
        _ configuration: FleetConfiguration, registry: WorkflowRegistry, redis: RedisClient,
        pool: PostgresPool,
        logger: Logger
    ) {
        var logger = logger
        let identity = WorkerIdentity(
            queue: configuration.queue, slots: configuration.slots, registry: registry)
        logger[metadataKey: "worker"] = "\(identity.id.uuidString.lowercased().prefix(8))"
        self.configuration = configuration
        self.registry = registry
        self.identity = identity
        self.pool = pool
        self.redis = redis
        self.logger = logger
        let queue = RunQueue(configuration.queue, redis: redis, token: identity.id.uuidString, logger: logger)
        let lease = LeaseGuard(duration: configuration.lease)
        let lost = LeaseLoss()
        self.queue = queue
        self.lease = lease
        events = RunEvents(redis: redis, logger: logger)
        state = Mutex(WorkerState(slots: configuration.slots))
        sweeper = Sweeper(configuration, pool: pool, queue: queue, logger: logger)
        writer = JournalWriter(
            configuration.database, worker: identity, lease: lease, logger: logger,
            onReady: { queue.enqueue($0) }, onLeaseLost: { lost.declare() })
        lost.handler = { [weak self] in self?.loseEverything() }
    }

    public func run() async throws {
        try await register()
        logger.info(
            "worker started",
            metadata: [
                "queue": "\(identity.queue)", "slots": "\(identity.slots)",
                "workflows": "\(identity.workflows)",
            ])
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await work()
            } onCancel: {
                beginStop()
            }
        } onGracefulShutdown: {
            self.beginStop()
        }
        logger.info("worker stopped")
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Runs in flight in this process.
    public var inFlight: Int { state.withLock { $0.heldCount } }

    private func beginStop() {
        writer.isDraining.store(true, ordering: .relaxed)
        let sessions = state.withLock { state in
            state.stop()
            return state.sessions
        }
        for session in sessions { session.drain() }
        bell.ring()
    }

    /// Makes the fleet know this worker. Whatever it still owns, from before it lost its lease, goes back to
    /// the queue under a higher epoch: nobody works on it here any more.
    private func register() async throws {
        let sentAt = lease.now
        let results = try await pool.pipeline([
            JournalStatements.register(identity, lease: configuration.lease),
            JournalStatements.handBackAll(of: identity.id),
        ])
        lease.renewed(sentAt: sentAt)
        queue.enqueue(
            try results[1].rows.map {
                try ReadyRun($0, from: 1, id: RunID(rawValue: $0.decode(0, as: UUID.self)), at: nil)
            })
    }

    private func work() async {
        // Awaited below. Not a child: a cancelled worker must still be able to write what it hands back.
        let writing = Task { await writer.run() }
        await withTaskGroup(of: Void.self) { background in
            background.addTask { await self.beatUntilCancelled() }
            background.addTask { await self.listenUntilCancelled() }
            background.addTask { await self.sweeper.runUntilCancelled() }
            await withDiscardingTaskGroup { runs in
                // Ends with the dispatching, by the cancel two lines below.
                let deadline = Task { await self.enforceDrainDeadline() }
                await self.dispatch(into: &runs)
                deadline.cancel()
            }
            background.cancelAll()
        }
        writer.stop()
        await writing.value
        await queue.flush()
        // Awaited here; shielded from the cancellation that stopped the worker.
        await Task { await deregister() }.value
    }

    // MARK: Dispatching

    private func dispatch(into runs: inout DiscardingTaskGroup) async {
        while true {
            switch state.withLock({ $0.next() }) {
            case .stop: return
            case .sleep:
                await bell.wait(upTo: Self.fallbackPoll)
                state.withLock { $0.rang() }
            case .own(let ids): runs.addTask { await self.own(ids) }
            case .exchange(let done, let free) where free > 0 && !lease.isTrusted && !isStopping:
                // Others may be given our runs just now: take none until we are registered again.
                state.withLock { $0.exchangeFailed(done: done) }
                await bell.wait(upTo: configuration.heartbeat / 4)
            case .exchange(let done, let free):
                let ids = await exchange(done: done, free: free)
                guard !ids.isEmpty else { continue }
                runs.addTask { await self.own(ids) }
            }
        }
    }

    private func exchange(done: [RunID], free: Int) async -> [RunID] {
        do {
            let claim = try await queue.finishAndClaim(done: done, upTo: free)
            if let untilDue = claim.untilDue { bell.ring(after: untilDue) }
            return state.withLock { $0.leased(claim.ids, wanted: free) }
        } catch {
            logger.warning("Redis does not answer; claiming from Postgres", metadata: ["error": "\(error)"])
            return await claimWithoutRedis(done: done, free: free)
        }
    }

    /// Work goes on more slowly without the dispatcher: ready runs come straight from Postgres.
    private func claimWithoutRedis(done: [RunID], free: Int) async -> [RunID] {
        state.withLock { $0.exchangeFailed(done: done) }
        await bell.wait(upTo: .milliseconds(200))
        do {
            let rows = try await pool.execute(
                JournalStatements.ready(
                    upTo: free, in: configuration.queue, knowing: identity.workflows))
            let ids = try rows.rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
            return state.withLock { $0.leased(ids, wanted: free) }
        } catch {
            logger.warning("no claim from Postgres either", metadata: ["error": "\(error)"])
            await bell.wait(upTo: Self.fallbackPoll)
            return []
        }
    }

    /// Takes ownership of leased ids and runs what was granted, each in its own task.
    private func own(_ ids: [RunID]) async {
        let owned: [OwnedRun]
        switch await writer.claim(ids) {
        case .success(let granted): owned = granted
        case .failure(let failure):
            logger.warning("claim failed", metadata: ["error": "\(failure)"])
            await handBack(ids)
            owned = []
        }
        let granted = Set(owned.map(\.run.id))
        for id in ids where !granted.contains(id) { leave(id) }
        await withDiscardingTaskGroup { group in
            for run in owned { group.addTask { await self.execute(run) } }
        }
    }

    /// A claim whose answer was lost may have been granted.
    private func handBack(_ ids: [RunID]) async {
        do {
            let rows = try await pool.execute(
                JournalStatements.handBack(ids.map(\.rawValue), of: identity.id)
            ).rows
            queue.enqueue(
                try rows.map {
                    try ReadyRun($0, from: 1, id: RunID(rawValue: $0.decode(0, as: UUID.self)), at: nil)
                })
        } catch {
            // They go back with the next registration, or with this worker's end.
            logger.warning("runs not handed back yet", metadata: ["error": "\(error)"])
        }
    }

    private func execute(_ owned: OwnedRun) async {
        let environment = DurableEnvironment(
            journal: RunJournal(writer: writer, events: events, owned: owned, queue: configuration.queue),
            logger: logger, mayAct: { self.lease.isTrusted })
        let session = RunSession(owned.run, in: environment)
        state.withLock { $0.began(session) }
        if isStopping { session.drain() }
        let began = ContinuousClock.now
        let departure: Departure
        if let workflow = registry.workflow(owned.run.workflow, version: owned.run.version) {
            departure = await runUnlessCancelled(session, workflow)
        } else {
            _ = await writer.commit(.release(.unknownWorkflow), under: owned.run.lease, reply: nil)
            departure = .released
        }
        // Still ours after all? Then somebody must get it; a release under a lost epoch does nothing.
        if departure == .lost {
            _ = await writer.commit(.release(.shutdown), under: owned.run.lease, reply: nil)
        }
        FleetMetrics.departed(departure, workflow: owned.run.workflow, after: ContinuousClock.now - began)
        leave(owned.run.id)
    }

    private func runUnlessCancelled(_ session: RunSession, _ workflow: RegisteredWorkflow) async -> Departure
    {
        // Awaited here; cancelled by a lost lease or the end of the drain time, not by the worker's own stop.
        let task = Task { await workflow.execute(session) }
        cancellations.withLock { $0[session.run.id] = task }
        defer { _ = cancellations.withLock { $0.removeValue(forKey: session.run.id) } }
        return await task.value
    }

    /// The tasks of the runs, so that a stop can interrupt a step that waits.
    private let cancellations = Mutex<[RunID: Task<Departure, Never>]>([:])

    private func leave(_ id: RunID) {
        state.withLock { $0.left(id) }
        bell.ring()
    }

    // MARK: Staying alive, and stopping

    private func beatUntilCancelled() async {
        var beats = 0
        while !Task.isCancelled {
            writer.beat()
            beats += 1
            if beats % 6 == 0 { await renewRedisLeases() }
            // Cancellation ends the loop at its condition.
            try? await Task.sleep(for: min(configuration.heartbeat, max(lease.timeLeft, .milliseconds(20))))
            if !lease.isTrusted { loseEverything() }
        }
    }

    private func renewRedisLeases() async {
        do {
            try await queue.renew(state.withLock { $0.heldIDs })
        } catch {
            logger.debug("Redis leases not renewed", metadata: ["error": "\(error)"])
        }
    }

    private func listenUntilCancelled() async {
        for await _ in redis.subscribe([queue.bell]) {
            bell.ring()
        }
    }

    /// The lease is over by our clock or by the database's word: others may have our runs, so stop all of
    /// them, and register anew before taking more.
    private func loseEverything() {
        lease.revoke()
        let sessions = state.withLock { $0.sessions }
        if !sessions.isEmpty {
            logger.error("worker lost its lease", metadata: ["runs": "\(sessions.count)"])
        }
        for session in sessions {
            session.lose()
            cancellations.withLock { $0[session.run.id] }?.cancel()
        }
        guard !isRegistering.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // Ends after one statement; a failure is retried by the next heartbeat.
        Task {
            defer { isRegistering.store(false, ordering: .releasing) }
            do {
                try await register()
            } catch {
                logger.warning("worker not registered yet", metadata: ["error": "\(error)"])
            }
        }
    }

    private func enforceDrainDeadline() async {
        while !state.withLock({ $0.isStopping }) {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
        do { try await Task.sleep(for: configuration.drain) } catch { return }
        let sessions = state.withLock { $0.sessions }
        logger.warning("drain time is over; handing runs back", metadata: ["runs": "\(sessions.count)"])
        for session in sessions {
            session.shutDown()
            cancellations.withLock { $0[session.run.id] }?.cancel()
        }
        // A body that does not hear of its cancellation must not keep its run from others.
        do { try await Task.sleep(for: .seconds(1)) } catch { return }
        await deregister()
    }

    /// Leaves nothing behind that only this worker's row could lead the sweeper to.
    private func deregister() async {
        do {
            let results = try await pool.pipeline([
                JournalStatements.handBackAll(of: identity.id),
                "delete from engine.worker where id = \(identity.id)",
            ])
            queue.enqueue(
                try results[0].rows.map {
                    try ReadyRun($0, from: 1, id: RunID(rawValue: $0.decode(0, as: UUID.self)), at: nil)
                })
            await queue.flush()
        } catch {
            logger.warning("worker row left to expire", metadata: ["error": "\(error)"])
        }
    }
}

/// Lets the writer, which is made first, tell the worker about a lost lease.
private final class LeaseLoss: Sendable {
    private let stored = Mutex<(@Sendable () -> Void)?>(nil)
    var handler: (@Sendable () -> Void)? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
    func declare() { handler?() }
}
