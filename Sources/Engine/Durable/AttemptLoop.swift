// The life of a step between its first attempt and its recorded end: count, pause, give up.

import FoundationEssentials

/// How a step is run.
struct StepRules: Sendable {
    var retry: RetryPolicy
    var timeout: Duration?
    /// An attempt that gives no sign of life for so long has failed.
    var silence: Duration?
    /// The step's result is committed by the business's own transaction.
    var isTransaction = false
    /// The step leaves something outside that must be known: once begun it is brought to its end even though
    /// its siblings failed or the run was cancelled.
    var isBinding = false
    /// The step can be undone, so that its beginning is recorded: a run that is cancelled while its worker
    /// dies must know that there may be something to undo.
    var recordsBeginning = false
    /// Who decides where the policy ends and it is not known whether the announced effect happened.
    var doubtOwner: AttentionOwner?

    init(retry: RetryPolicy, timeout: Duration? = nil, silence: Duration? = nil) {
        self.retry = retry
        self.timeout = timeout
        self.silence = silence
    }
}

struct AttemptLoop {
    let session: RunSession
    let key: StepKey
    let rules: StepRules
    var history: AttemptHistory

    var number: Int { history.failures + 1 }

    /// Finishes a pause that began before this pass.
    func waitForTurn() async throws {
        guard let nextAt = history.nextAt else { return }
        try await pause(until: nextAt, kind: .retry)
    }

    /// Runs one attempt, before the eyes of whoever watches the run.
    func attempt<Output: Sendable>(
        _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        try await AttemptCalls.$current.withValue(rules.isTransaction ? nil : AttemptCalls()) {
            guard let observer = session.environment.observer else { return try await carryOut(body) }
            return try await observer.attempting(key, attempt: number) { try await carryOut(body) }
        }
    }

    /// Runs one attempt, within its limits where there are any.
    private func carryOut<Output: Sendable>(
        _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        try session.checkMayAct(key, isRetry: history.failures > 0)
        if rules.recordsBeginning { try await recordBeginning() }
        guard rules.timeout != nil || rules.silence != nil else {
            return try await body(Attempt(step: key, number: number, session: session, gate: nil))
        }
        let clock = session.environment.clock
        let gate = AttemptGate(openedAt: clock.now)
        let attempt = Attempt(step: key, number: number, session: session, gate: gate)
        let race = AttemptRace<Output>(
            clock: clock, gate: gate, timeout: rules.timeout, silence: rules.silence)
        return try await race.run { try await body(attempt) }
    }

    /// Records a failed attempt and waits for the next one, or throws `StepFailed` when there is none.
    mutating func failed(with error: any Error, startedAt: Date) async throws {
        let now = session.environment.clock.now
        let failure = FailureRecord(error, step: key)
        switch error.durableDisposition {
        case .permanent, .needsAttention: try await giveUp(failure, startedAt)
        case .deferred(let until):
            try await record(failure, counts: false, startedAt, nextAt: until)
            try await pause(until: until, kind: .deferral)
        case .transient(let retryAfter):
            let failures = history.failures + 1
            let elapsed = now.timeIntervalSince(history.firstStartedAt ?? startedAt)
            guard rules.retry.allowsAnother(after: failures, elapsed: .seconds(elapsed)) else {
                return try await giveUp(inDoubt(failure), startedAt)
            }
            let drawn = rules.retry.pause(after: failures, fraction: session.environment.jitter())
            let pause = max(drawn, retryAfter ?? .zero)
            try await record(failure, counts: true, startedAt, nextAt: now.adding(pause))
            try await self.pause(until: now.adding(pause), kind: .retry)
        }
    }

    private func recordBeginning() async throws {
        let mark = key.undo
        guard !session.withState({ $0.intents.contains(mark) }) else { return }
        _ = try await session.commit(.intent(mark, attempt: number))
        session.withState { $0.intended(mark) }
        // The commit may have outlived the lease: then the step is for whoever owns the run now.
        try session.checkMayAct(key, isRetry: history.failures > 0)
    }

    /// The last attempt brought no answer, and one of them had announced its effect: somebody must find out.
    private func inDoubt(_ failure: FailureRecord) -> FailureRecord {
        guard let owner = rules.doubtOwner, session.withState({ $0.intents.contains(key) }) else {
            return failure
        }
        let message = "\(failure.message); it is not known whether the announced effect happened"
        return FailureRecord(code: failure.code, message: message, step: failure.step, owner: owner)
    }

    private mutating func record(
        _ failure: FailureRecord, counts: Bool, _ startedAt: Date, nextAt: Date
    ) async throws {
        // Without the message: the other side may have named a person in it, and only the journal is sealed.
        session.logger.info(
            "step attempt failed",
            metadata: [
                "step": "\(key)", "attempt": "\(number)", "code": "\(failure.code)",
                "fingerprint": "\(failure.fingerprint)", "next": "\(nextAt.formatted(.iso8601))",
            ])
        let record = AttemptRecord(
            key: key, number: number, counts: counts, failure: failure, startedAt: startedAt, nextAt: nextAt)
        _ = try await session.commit(.attempt(record))
        history = session.withState { $0.failedAttempt(record) }
    }

    private func giveUp(_ failure: FailureRecord, _ startedAt: Date) async throws {
        let record = StepRecord(
            key: key, attempt: number, result: .failure(failure), startedAt: startedAt)
        if case .alreadyRecorded(let earlier) = try await session.commit(.step(record, consuming: nil)) {
            session.withState { $0.recorded(earlier) }
            guard case .failure(let known) = earlier.result else {
                // It had succeeded after all, and only the reply was lost: hand the run back, so that its
                // replay finds the success.
                session.lose()
                throw FlowSealed(cause: .lost)
            }
            throw StepFailed(known)
        }
        session.withState { $0.recorded(record) }
        throw StepFailed(failure)
    }

    private func pause(until instant: Date, kind: WaitReason.Kind) async throws {
        let clock = session.environment.clock
        let left = Duration.seconds(instant.timeIntervalSince(clock.now))
        guard left > .zero else { return }
        if left <= session.environment.inPlacePause {
            return try await clock.sleep(for: left)
        }
        let reason = WaitReason(
            kind: kind, step: key.description, attempt: number, error: history.last?.message)
        try await session.park(WaitCondition(wakeAt: instant, reason: reason))
    }
}
