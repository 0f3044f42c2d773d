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

    public init(
        journal: any Journal, clock: any DurableClock = SystemClock(), logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        mayAct: @escaping @Sendable () -> Bool = { true }, inPlacePause: Duration = .milliseconds(500)
    ) {
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
    let logger: Logger
    private let state: Mutex<SessionState>

    /// Over this a run must be split; see `BoundExceeded`.
    public static let stepLimit = 10_000

    public init(_ run: ClaimedRun, in environment: DurableEnvironment) {
        self.run = run
        self.environment = environment
        state = Mutex(SessionState(run))
        var logger = environment.logger
        logger[metadataKey: "run"] = "\(run.id)"
        logger[metadataKey: "workflow"] = "\(run.workflow)"
        logger[metadataKey: "tenant"] = "\(run.tenant)"
        self.logger = logger
    }

    /// The lease is gone: unwind, and touch nothing.
    public func lose() { seal(.lost) }

    /// Leave at the next step that has no result yet.
    public func drain() { state.withLock { $0.isDraining = true } }

    /// Unwind now, to be handed back.
    public func shutDown() { seal(.shutdown) }

    // MARK: For Flow

    func withState<R: Sendable>(_ body: (inout sending SessionState) -> sending R) -> R {
        state.withLock { body(&$0) }
    }

    func enter(_ key: StepKey) throws -> (record: StepRecord?, history: AttemptHistory) {
        guard environment.mayAct() else {
            seal(.lost)
            throw FlowSealed(cause: .lost)
        }
        let (entry, count) = state.withLock { ($0.enter(key), $0.recordedCount) }
        switch entry {
        case .recorded(let record): return (record, AttemptHistory())
        case .sealed(let cause): throw FlowSealed(cause: cause)
        case .cancelled(let reason): throw RunCancelled(reason: reason)
        case .fresh(let history):
            if count >= Self.stepLimit {
                leave(key)
                throw BoundExceeded.steps(limit: Self.stepLimit)
            }
            return (nil, history)
        }
    }

    /// Stands before every attempt: a pause may have outlived the lease, or the seal may have come meanwhile.
    func checkMayAct() throws(FlowSealed) {
        guard environment.mayAct() else {
            seal(.lost)
            throw FlowSealed(cause: .lost)
        }
        if let cause = state.withLock({ $0.sealBeforeAttempt() }) { throw FlowSealed(cause: cause) }
    }

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
            let rang = await withCheckedContinuation { continuation in
                switch state.withLock({ $0.settle(number, continuation) }) {
                case .waiting: break
                case .rung: continuation.resume(returning: true)
                case .sealed: continuation.resume(returning: false)
                }
            }
            timer?.cancel()
            if rang { return }
            state.withLock { $0.unpark(number) }
            throw FlowSealed(cause: state.withLock { $0.seal } ?? .suspended)
        }
    }

    private func seal(_ cause: FlowSealed.Cause) {
        for continuation in state.withLock({ $0.sealNow(cause) }) { continuation.resume(returning: false) }
    }

    /// When only parked branches are left the run can sleep. A branch between two flow calls is invisible
    /// here, so it gets a moment; if it comes later still, the seal turns it away and the pass is repeated
    /// with a longer moment.
    private func checkQuiet(since generation: Int) {
        let grace = quietGrace.withLock { $0 }
        // Awaited by nobody: it ends after one check and holds nothing but this session.
        Task {
            for _ in 0..<8 { await Task.yield() }
            if grace > .zero { try? await Task.sleep(for: grace) }
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
