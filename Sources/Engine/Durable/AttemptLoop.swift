// The life of a step between its first attempt and its recorded end: count, pause, give up.

import FoundationEssentials

struct AttemptLoop {
    let session: RunSession
    let key: StepKey
    let retry: RetryPolicy
    var history: AttemptHistory

    var number: Int { history.failures + 1 }

    /// Finishes a pause that began before this pass.
    func waitForTurn() async throws {
        guard let nextAt = history.nextAt else { return }
        try await pause(until: nextAt, kind: .retry)
    }

    /// Runs one attempt, within `timeout` where there is one.
    func limited<Output: Sendable>(
        to timeout: Duration?, _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        try session.checkMayAct()
        let isAmbiguous = session.withState { $0.intents.contains(key) }
        let attempt = Attempt(
            run: session.run.id, step: key, number: number, isAmbiguous: isAmbiguous, session: session)
        guard let timeout else { return try await body(attempt) }
        let clock = session.environment.clock
        return try await withThrowingTaskGroup(of: Output.self) { group in
            group.addTask { try await body(attempt) }
            group.addTask {
                try await clock.sleep(for: timeout)
                throw StepTimedOut(limit: timeout)
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Records a failed attempt and waits for the next one, or throws `StepFailed` when there is none.
    mutating func failed(with error: any Error, startedAt: Date) async throws {
        let now = session.environment.clock.now
        let failure = FailureRecord(error, step: key)
        switch error.durableDisposition {
        case .permanent: try await giveUp(failure, startedAt)
        case .deferred(let until):
            try await record(failure, counts: false, startedAt, nextAt: until)
            try await pause(until: until, kind: .deferral)
        case .transient(let retryAfter):
            let failures = history.failures + 1
            let elapsed = now.timeIntervalSince(history.firstStartedAt ?? startedAt)
            guard retry.allowsAnother(after: failures, elapsed: .seconds(elapsed)) else {
                return try await giveUp(failure, startedAt)
            }
            let drawn = retry.pause(after: failures, fraction: session.environment.jitter())
            let pause = max(drawn, retryAfter ?? .zero)
            try await record(failure, counts: true, startedAt, nextAt: now.adding(pause))
            try await self.pause(until: now.adding(pause), kind: .retry)
        }
    }

    private mutating func record(
        _ failure: FailureRecord, counts: Bool, _ startedAt: Date, nextAt: Date
    ) async throws {
        session.logger.info(
            "step attempt failed",
            metadata: [
                "step": "\(key)", "attempt": "\(number)", "code": "\(failure.code)",
                "error": "\(failure.message)", "next": "\(nextAt.formatted(.iso8601))",
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
        try await session.park(WaitCondition(wakeAt: instant, signal: nil, reason: reason))
    }
}
