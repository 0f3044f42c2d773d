// One claimed run inside a worker. It lends the workflow function a `Flow`, carries its writes to the
// journal, and is the handle by which the worker seals it: when the lease is lost, when the worker drains,
// when the run only waits.

import FoundationEssentials
import Logging
import Synchronization

/// What a run needs from its surroundings.
public struct DurableEnvironment: Sendable {
    public let journal: any Journal
    public let clock: any DurableClock
    public let logger: Logger
    /// Draws the jitter of a retry pause from 0..<1.
    public let jitter: @Sendable () -> Double
    /// False once the worker can no longer be sure of its lease: no step body may start.
    public let mayAct: @Sendable () -> Bool
    /// Pauses up to this long are slept in place; longer ones leave the worker.
    public let inPlacePause: Duration
    /// Nothing is done and nothing written: the pass ends where the records do. See `ReplayCheck`.
    let isReplayOnly: Bool
    /// Sees what the run does; nil where nobody looks.
    public var observer: (any RunObserver)?

    public init(
        journal: any Journal, clock: any DurableClock = SystemClock(), logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        mayAct: @escaping @Sendable () -> Bool = { true }, inPlacePause: Duration = .milliseconds(500)
    ) {
        isReplayOnly = false
        self.journal = journal
        self.clock = clock
        self.logger = logger
        self.jitter = jitter
        self.mayAct = mayAct
        self.inPlacePause = inPlacePause
    }
}

/// A run in the hands of this process.
public final class RunSession: Sendable {
    public let run: ClaimedRun
    public let environment: DurableEnvironment
    private let state: Mutex<SessionState>

    /// Over this a run must be split; see `BoundExceeded`.
    public static let stepLimit = 10_000
    /// How many more a shielded clean-up may record.
    static let cleanUpAllowance = 1_000

    public init(_ run: ClaimedRun, in environment: DurableEnvironment) {
        self.run = run
        self.environment = environment
        state = Mutex(SessionState(run))
    }

    /// Made when it is needed, since most runs log nothing.
    var logger: Logger {
        var logger = environment.logger
        logger[metadataKey: "run"] = "\(run.id)"
        logger[metadataKey: "workflow"] = "\(run.workflow)"
        logger[metadataKey: "tenant"] = "\(run.tenant)"
        return logger
    }

    /// The lease is gone: unwind, and touch nothing.
    public func lose() { seal(.lost) }

    /// Leave at the next step that has no result yet.
    public func drain() { state.withLock { $0.isDraining = true } }

    /// Unwind now, to be handed back.
    public func shutDown() { seal(.shutdown) }

    /// Cancelled by an operator: what is under way ends and is recorded, the next step that has no result
    /// throws `RunCancelled`, and the undo path runs.
    public func cancel(reason: String) { state.withLock { $0.cancel(reason: reason) } }

    // MARK: For Flow

    func withState<R: Sendable>(_ body: (inout sending SessionState) -> sending R) -> R {
        state.withLock { body(&$0) }
    }

    func enter(_ key: StepKey) throws -> (record: StepRecord?, history: AttemptHistory) {
        guard environment.mayAct() else {
            seal(.lost)
            throw FlowSealed(cause: .lost)
        }
        let (entry, count, limit) = state.withLock { state in
            (state.enter(key), state.recordedCount, state.isUndoing ? nil : Self.limit)
        }
        switch entry {
        case .recorded(let record): return (record, AttemptHistory())
        case .sealed(let cause): throw FlowSealed(cause: cause)
        case .cancelled(let reason): throw RunCancelled(reason: reason)
        case .fresh(let history):
            if let limit, count >= limit {
                leave(key)
                throw BoundExceeded.steps(limit: Self.stepLimit)
            }
            return (nil, history)
        }
    }

    func recorded(_ key: StepKey) -> StepRecord? { state.withLock { $0.visit(key) } }

    /// A run over the bound must still be able to undo all that it did, and to clean up.
    private static var limit: Int { FlowShield.isUp ? stepLimit + cleanUpAllowance : stepLimit }

    /// Stands before every attempt: a pause may have outlived the lease, and a seal or a cancellation may
    /// have come meanwhile.
    func checkMayAct(_ key: StepKey, isRetry: Bool) throws {
        guard environment.mayAct() else {
            seal(.lost)
            throw FlowSealed(cause: .lost)
        }
        if let stop = state.withLock({ $0.stopBeforeAttempt(of: key, isRetry: isRetry) }) { throw stop }
    }

    /// Stands before an effect that surely has not happened yet: a cancelled run need not have it any more.
    func checkWanted(_ key: StepKey) throws(RunCancelled) {
        let reason = state.withLock { state in
            if state.cancellationOfNewWork != nil { state.provedAbsent(key) }
            return state.cancellationOfNewWork
        }
        if let reason { throw RunCancelled(reason: reason) }
    }

    /// Runs a step to its end although the task that asked for it is cancelled, as happens when a sibling
    /// fails: only losing the run stops it.
    func unstopped<Output: Sendable>(
        _ key: StepKey, _ work: @Sendable @escaping () async throws -> Output
    ) async throws -> Output {
        // Awaited here; cancelled when the run is sealed as lost or to be handed back.
        let task = Task { try await work() }
        let isOver = binding.withLock { binding in
            binding.running[key] = { task.cancel() }
            return binding.isOver
        }
        if isOver { task.cancel() }
        defer { binding.withLock { _ = $0.running.removeValue(forKey: key) } }
        return try await task.value
    }

    private let binding = Mutex<(running: [StepKey: @Sendable () -> Void], isOver: Bool)>(([:], false))

    func leave(_ key: StepKey) {
        guard let generation = state.withLock({ $0.leave(key) }) else { return }
        checkQuiet(since: generation)
    }

    /// Commits an entry, turning every way of losing the run into a seal.
    func commit(_ entry: JournalEntry) async throws -> CommitVerdict {
        do {
            let verdict = try await environment.journal.commit(entry, under: run.lease)
            if verdict == .fenced {
                seal(.lost)
                throw FlowSealed(cause: .lost)
            }
            if case .cancelling(let reason) = verdict {
                cancel(reason: reason)
                return .committed
            }
            return verdict
        } catch let failure as JournalFailure {
            throw sealed(by: failure)
        }
    }

    func sealed(by failure: JournalFailure) -> any Error {
        switch failure {
        case .leaseLost:
            seal(.lost)
            return FlowSealed(cause: .lost)
        case .shutdown:
            seal(.shutdown)
            return FlowSealed(cause: .shutdown)
        case .refused(let why):
            return StepFailed(FailureRecord(code: "journal_refused", message: why))
        }
    }

    /// Gives up this branch until `condition`. Returns if its own timer rings while other branches still run;
    /// throws when the whole run goes to sleep.
    func park(_ condition: WaitCondition) async throws {
        switch state.withLock({ $0.park(condition) }) {
        case .sealed(let cause):
            throw FlowSealed(cause: cause)
        case .beside(let number):
            // Awaited by nobody: it ends by itself at the timer, or is cancelled below when the branch goes
            // on.
            let timer = condition.wakeAt.map { wakeAt in
                Task { [environment] in
                    let pause = Duration.seconds(max(0, wakeAt.timeIntervalSince(environment.clock.now)))
                    guard (try? await environment.clock.sleep(for: pause)) != nil else { return }
                    self.state.withLock { $0.timerRang(number) }?.resume(returning: true)
                }
            }
            if let generation = state.withLock({ $0.quietGeneration }) { checkQuiet(since: generation) }
            let rang = await settle(number)
            timer?.cancel()
            if rang { return }
            state.withLock { $0.unpark(number) }
            throw FlowSealed(cause: state.withLock { $0.seal } ?? .suspended)
        }
    }

    private func settle(_ number: Int) async -> Bool {
        await withCheckedContinuation { continuation in
            switch state.withLock({ $0.settle(number, continuation) }) {
            case .waiting: break
            case .rung: continuation.resume(returning: true)
            case .sealed: continuation.resume(returning: false)
            }
        }
    }

    private func seal(_ cause: FlowSealed.Cause) {
        for continuation in state.withLock({ $0.sealNow(cause) }) { continuation.resume(returning: false) }
        let stopping = binding.withLock { binding in
            binding.isOver = true
            return Array(binding.running.values)
        }
        for stop in stopping { stop() }
    }

    /// When only parked branches are left the run can sleep. A branch between two flow calls is invisible
    /// here, so it gets a moment; if it comes later still, the seal turns it away and the pass is repeated
    /// with a longer moment.
    private func checkQuiet(since generation: Int) {
        let grace = quietGrace.withLock { $0 }
        // Awaited by nobody: it ends after one check and holds nothing but this session.
        Task {
            for _ in 0..<8 { await Task.yield() }
            if grace > .zero { await environment.clock.giveWay(for: grace) }
            for continuation in state.withLock({ $0.sealIfQuiet(since: generation) }) {
                continuation.resume(returning: false)
            }
        }
    }

    private let quietGrace = Mutex<Duration>(.zero)

    func lengthenQuietGrace() {
        quietGrace.withLock { $0 = min(max($0 * 4, .milliseconds(1)), .seconds(1)) }
    }
}
