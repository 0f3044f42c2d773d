// One worker process: it leases ready runs from the dispatcher, owns them in Postgres, runs hundreds of them
// at once as tasks, and gives back what it cannot finish. It holds nothing that another worker could not take
// over: the journal has the state, the epoch keeps a late writer out, and the heartbeat says until when this
// process may act.

import Durable
import Foundation
import Logging
import Postgres
import Redis
import ServiceLifecycle
import Synchronization
import Tracing

public final class Worker: Service {
    private let configuration: FleetConfiguration
    private let registry: WorkflowRegistry
    private let identity: WorkerIdentity
    private let store: any RunStore
    private let dispatcher: any Dispatcher
    private let notices: any RunNotices
    private let machine: Machine
    private let writer: JournalWriter
    private let lease: LeaseGuard
    private let sweeper: Sweeper
    private let duties: StorageDuties?
    private let logger: Logger
    private let state: Mutex<WorkerState>
    private let bell: Bell
    /// Nil where nobody traces.
    private let tracer = InstrumentationSystem.installedTracer
    private let isRegistering = Atomic<Bool>(false)
    /// The store may say that this worker owns runs which it does not hold.
    private let hasStrays = Atomic<Bool>(false)

    /// Looks for work this often even if the bell was never heard.
    private static let fallbackPoll: Duration = .seconds(1)
    /// A claim is answered, and its runs are known here, long before.
    private static let strayAge: Duration = .seconds(5)
    /// How long after a lost connection the database may still be at what came over it.
    private static let strayWatch: Duration = .seconds(60)

    public convenience init(
        _ configuration: FleetConfiguration, registry: WorkflowRegistry, redis: RedisClient,
        pool: PostgresPool,
        logger: Logger
    ) {
        var logger = logger
        let identity = WorkerIdentity(
            queue: configuration.queue, slots: configuration.slots, registry: registry,
            masters: configuration.masterKeys)
        logger[metadataKey: "worker"] = "\(identity.id.uuidString.lowercased().prefix(8))"
        let queue = RunQueue(
            configuration.queue, redis: redis, token: identity.id.uuidString,
            records: PostgresPolicyRecords(pool: pool), logger: logger)
        self.init(
            configuration, registry: registry, identity: identity,
            store: PostgresRunStore(pool: pool, configuration: configuration.database), dispatcher: queue,
            notices: RunEvents(redis: redis, logger: logger), machine: .real, logger: logger,
            duties: StorageDuties(pool: pool, queue: queue, logger: logger))
    }

    init(
        _ configuration: FleetConfiguration, registry: WorkflowRegistry, identity: WorkerIdentity,
        store: any RunStore, dispatcher: any Dispatcher, notices: any RunNotices, machine: Machine,
        logger: Logger, duties: StorageDuties? = nil
    ) {
        self.configuration = configuration
        self.registry = registry
        self.identity = identity
        self.store = store
        self.dispatcher = dispatcher
        self.notices = notices
        self.machine = machine
        self.logger = logger
        self.duties = duties
        let lease = LeaseGuard(duration: configuration.lease, clock: machine.clock)
        let lost = LeaseLoss()
        self.lease = lease
        bell = Bell(clock: machine.clock)
        state = Mutex(WorkerState(slots: configuration.slots))
        sweeper = Sweeper(
            configuration, store: store, dispatcher: dispatcher, machine: machine, logger: logger)
        writer = JournalWriter(
            worker: identity, lease: lease, machine: machine, logger: logger,
            onReady: { dispatcher.enqueue($0) }, onLeaseLost: { lost.declare() }
        ) { () async throws(PostgresError) -> any CommitLine in
            try await store.openLine()
        }
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
        let released = try await store.register(identity, lease: configuration.lease)
        lease.registered(sentAt: sentAt)
        dispatcher.enqueue(released)
    }

    private func work() async {
        // Awaited below. Not a child: a cancelled worker must still be able to write what it hands back.
        let writing = Task { await writer.run() }
        await withTaskGroup(of: Void.self) { background in
            background.addTask { await self.beatUntilCancelled() }
            background.addTask { await self.listenUntilCancelled() }
            background.addTask { await self.sweeper.runUntilCancelled() }
            background.addTask { await self.duties?.runUntilCancelled() }
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
        await dispatcher.flush()
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
            case .exchange(let done, let free, let spare)
            where free + spare > 0 && !lease.isTrusted && !isStopping:
                // Others may be given our runs just now: take none until we are registered again.
                state.withLock { $0.exchangeFailed(done: done) }
                await bell.wait(upTo: configuration.heartbeat / 4)
            case .exchange(let done, let free, let spare):
                let ids = await exchange(done: done, free: free, spare: spare)
                guard !ids.isEmpty else { continue }
                runs.addTask { await self.own(ids) }
            }
        }
    }

    private func exchange(done: [RunID], free: Int, spare: Int) async -> [RunID] {
        do {
            let claim = try await dispatcher.finishAndClaim(done: done, upTo: free, spare: spare)
            if let untilDue = claim.untilDue { bell.ring(after: untilDue) }
            return state.withLock { $0.leased(claim.ids, wanted: free + spare) }
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
            let ids = try await store.ready(upTo: free, for: identity)
            return state.withLock { $0.leased(ids, wanted: free) }
        } catch {
            logger.warning("no claim from Postgres either", metadata: ["error": "\(error)"])
            await bell.wait(upTo: Self.fallbackPoll)
            return []
        }
    }

    /// Takes ownership of leased ids and runs what was granted, each in its own task.
    private func own(_ ids: [RunID]) async {
        let term = lease.term
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
            for run in owned { group.addTask { await self.execute(run, grantedIn: term) } }
        }
    }

    /// A claim whose answer was lost may have been granted.
    private func handBack(_ ids: [RunID]) async {
        do {
            dispatcher.enqueue(try await store.handBack(ids, of: identity))
        } catch {
            // They go back with a later heartbeat, the next registration, or this worker's end.
            hasStrays.store(true, ordering: .relaxed)
            logger.warning("runs not handed back yet", metadata: ["error": "\(error)"])
        }
    }

    private func execute(_ claimed: OwnedRun, grantedIn term: Int) async {
        let open: OpenRun
        do throws(SubjectProblem) {
            open = try claimed.opened(with: configuration.masterKeys)
        } catch {
            return await end(claimed, for: error)
        }
        let owned = open.owned
        let watch = RunWatch(owned.run, clock: machine.clock, logger: logger, tracer: tracer)
        var environment = DurableEnvironment(
            journal: RunJournal(
                writer: writer, events: notices, owned: owned, queue: configuration.queue, machine: machine,
                cipher: open.cipher),
            clock: machine.clock, logger: logger, jitter: { [machine] in machine.random(in: 0..<1) },
            mayAct: { self.lease.isTrusted })
        environment.observer = watch
        let session = RunSession(owned.run, in: environment)
        state.withLock { $0.began(session) }
        // The answer to the claim came so late that the lease was lost meanwhile, and its runs taken back.
        if lease.term != term { session.lose() }
        if isStopping { session.drain() }
        let departure: Departure
        if let workflow = registry.workflow(owned.run.workflow, version: owned.run.version) {
            departure = await watch.staying { await runUnlessCancelled(session, workflow) }
        } else {
            _ = await writer.commit(.release(.unknownWorkflow), under: owned.run.lease, reply: nil)
            departure = .released
        }
        // Still ours after all? Then somebody must get it; a release under a lost epoch does nothing.
        if departure == .lost {
            _ = await writer.commit(.release(.shutdown), under: owned.run.lease, reply: nil)
            // Or ours under a later epoch, by a claim that was carried out twice.
            if lease.isTrusted {
                await handBack([owned.run.id])
            } else {
                hasStrays.store(true, ordering: .relaxed)
            }
        }
        watch.left(departure)
        leave(owned.run.id)
    }

    /// What is recorded of this run cannot be read, and never will be.
    private func end(_ claimed: OwnedRun, for problem: SubjectProblem) async {
        let id = claimed.run.id
        logger.error("run ended unread", metadata: ["run": "\(id)", "code": "\(problem.code)"])
        let written = await writer.commit(
            .finish(problem.outcome), under: claimed.run.lease, reply: claimed.reply)
        if case .success(.committed) = written {
            notices.publish(id, of: claimed.run.tenant)
        } else {
            _ = await writer.commit(.release(.shutdown), under: claimed.run.lease, reply: nil)
        }
        leave(id)
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
        var straysUntil: Duration = .zero
        while !Task.isCancelled {
            writer.beat()
            tellFigures()
            beats += 1
            if beats % 6 == 0 { await renewRedisLeases() }
            let hasLostClaims = writer.hasLostClaims.exchange(false, ordering: .relaxed)
            if hasStrays.exchange(false, ordering: .relaxed) || hasLostClaims {
                straysUntil = machine.clock.uptime + Self.strayWatch
            }
            if machine.clock.uptime < straysUntil { await returnStrays() }
            await machine.pause(min(configuration.heartbeat, max(lease.timeLeft, .milliseconds(20))))
            if !lease.isTrusted { loseEverything() }
        }
    }

    /// A claim that was given up with its connection may be carried out later: the run is ours then, and
    /// nobody here knows. As long as this worker lives no sweep would take such a run from it.
    private func returnStrays() async {
        do {
            let held = state.withLock { $0.heldIDs }
            let strays = try await store.handBackStrays(
                besides: held, of: identity, ownedFor: Self.strayAge)
            if !strays.isEmpty {
                logger.notice("stray runs handed back", metadata: ["runs": "\(strays.count)"])
            }
            dispatcher.enqueue(strays)
        } catch {
            logger.warning("stray runs not handed back yet", metadata: ["error": "\(error)"])
        }
    }

    private func tellFigures() {
        FleetMetrics.shared.set(.workerRuns, [("queue", identity.queue)], to: Double(inFlight))
        LimitWatch.shared.refresh(at: machine.clock.now)
    }

    private func renewRedisLeases() async {
        do {
            try await dispatcher.renew(state.withLock { $0.heldIDs })
        } catch {
            logger.debug("Redis leases not renewed", metadata: ["error": "\(error)"])
        }
    }

    private func listenUntilCancelled() async {
        await dispatcher.listen { bell.ring() }
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
            do { try await machine.clock.sleep(for: .milliseconds(50)) } catch { return }
        }
        do { try await machine.clock.sleep(for: configuration.drain) } catch { return }
        let sessions = state.withLock { $0.sessions }
        logger.warning("drain time is over; handing runs back", metadata: ["runs": "\(sessions.count)"])
        for session in sessions {
            session.shutDown()
            cancellations.withLock { $0[session.run.id] }?.cancel()
        }
        // A body that does not hear of its cancellation must not keep its run from others.
        do { try await machine.clock.sleep(for: .seconds(1)) } catch { return }
        await deregister()
    }

    /// Leaves nothing behind that only this worker's row could lead the sweeper to.
    private func deregister() async {
        do {
            dispatcher.enqueue(try await store.deregister(identity))
            await dispatcher.flush()
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
