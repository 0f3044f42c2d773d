import FoundationEssentials

extension Flow {
    /// Runs `body` until it has succeeded once, and remembers its result under (step, item).
    ///
    /// Throws `StepFailed` when the policy gives up or the error is permanent. An attempt that outlives
    /// `timeout`, or gives no `Attempt.heartbeat` for the length of `heartbeat`, has failed; what its body
    /// still does is ignored. `undo` runs, newest first, if the run later fails or is cancelled; it is a
    /// durable step with its own retries and must judge the current state. A step with an undo is brought to
    /// its end once it has begun, also in a run that is cancelled meanwhile.
    public func step<Output: Codable & Sendable>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "",
        retry: RetryPolicy = .standard, timeout: Duration? = nil, heartbeat: Duration? = nil,
        _ body: @Sendable @escaping (Attempt) async throws -> Output,
        undo: (@Sendable (Output, Attempt) async throws -> Void)? = nil
    ) async throws -> Output {
        let key = StepKey(step.rawValue, item: "\(item)")
        var rules = StepRules(retry: retry, timeout: timeout, silence: heartbeat)
        rules.isBinding = undo != nil
        rules.recordsBeginning = undo != nil
        let output = try await perform(key, rules, body)
        if let undo { register(undo, of: key, with: output) }
        return output
    }

    /// Runs `body` in a database transaction of `source` that also holds the step's checkpoint, so that it
    /// takes effect exactly once.
    public func transaction<Output: Codable & Sendable, Source: TransactionSource>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "", on source: Source,
        retry: RetryPolicy = .patient,
        _ body: @Sendable @escaping (Source.Transaction) async throws -> Output,
        undo: (@Sendable (Output, Attempt) async throws -> Void)? = nil
    ) async throws -> Output {
        let key = StepKey(step.rawValue, item: "\(item)")
        var rules = StepRules(retry: retry)
        rules.isTransaction = true
        rules.isBinding = undo != nil
        let output = try await perform(key, rules) { attempt in
            let checkpoint = TransactionCheckpoint(
                lease: session.run.lease, key: key, attempt: attempt.number,
                startedAt: session.environment.clock.now, sealing: session.environment.journal.sealing)
            do {
                try await session.environment.journal.willTransact(key, under: session.run.lease)
                let output = try await source.transact(for: session.run.tenant, checkpoint, body)
                try await session.environment.journal.didTransact(key, under: session.run.lease)
                return output
            } catch let failure as JournalFailure {
                throw session.sealed(by: failure)
            }
        }
        if let undo { register(undo, of: key, with: output) }
        return output
    }

    /// Runs `body` for each item as its own step, at most `limit` at a time, and returns the results in
    /// order. `undo` is as for `step`, item by item.
    public func each<Item: Sendable, ID: CustomStringConvertible & Sendable, Output: Codable & Sendable>(
        _ items: [Item], as step: W.Step, by id: KeyPath<Item, ID> & Sendable, atMost limit: Int = 16,
        retry: RetryPolicy = .standard,
        _ body: @Sendable @escaping (Item, Attempt) async throws -> Output,
        undo: (@Sendable (Item, Output, Attempt) async throws -> Void)? = nil
    ) async throws -> [Output] {
        precondition(limit >= 1, "each(atMost:) needs at least one at a time")
        return try await withThrowingTaskGroup(of: (Int, Output).self) { group in
            var outputs = [Output?](repeating: nil, count: items.count)
            for (index, item) in items.enumerated() {
                if index >= limit, let (done, output) = try await group.next() { outputs[done] = output }
                let undoItem = undo.map { undo in
                    { @Sendable (output: Output, attempt: Attempt) in try await undo(item, output, attempt) }
                }
                group.addTask {
                    let output = try await self.step(
                        step, for: item[keyPath: id], retry: retry, { try await body(item, $0) },
                        undo: undoItem)
                    return (index, output)
                }
            }
            for try await (done, output) in group { outputs[done] = output }
            return outputs.compactMap { $0 }
        }
    }

    /// A step of the engine's own.
    func perform<Output: Codable & Sendable>(
        _ key: StepKey, retry: RetryPolicy, _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        try await perform(key, StepRules(retry: retry), body)
    }

    /// The memoised attempt loop behind every kind of step.
    func perform<Output: Codable & Sendable>(
        _ key: StepKey, _ rules: StepRules, _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        let (record, history) = try session.enter(key)
        if let record { return try session.noting(key) { try Self.replay(record) } }
        defer { session.leave(key) }
        try await session.stopReplayCheck(at: key)
        let attempts = AttemptLoop(session: session, key: key, rules: rules, history: history)
        guard rules.isBinding else { return try await finish(attempts, body) }
        return try await session.unstopped(key) { try await finish(attempts, body) }
    }

    private func finish<Output: Codable & Sendable>(
        _ begun: AttemptLoop, _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        var attempts = begun
        try await attempts.waitForTurn()
        while true {
            let startedAt = session.environment.clock.now
            do {
                let output = try await attempts.attempt(body)
                return try await keep(output, attempts, startedAt)
            } catch let sealed as FlowSealed {
                throw sealed
            } catch let cancellation as RunCancelled {
                throw cancellation
            } catch let error as CancellationError where Task.isCancelled {
                throw error
            } catch {
                if let cause = session.withState({ $0.seal }), cause != .suspended {
                    throw FlowSealed(cause: cause)
                }
                try await attempts.failed(with: error, startedAt: startedAt)
            }
        }
    }

    private func keep<Output: Codable & Sendable>(
        _ output: Output, _ attempts: AttemptLoop, _ startedAt: Date
    ) async throws -> Output {
        let payload = try Payload.encode(output, .step)
        let record = StepRecord(
            key: attempts.key, attempt: attempts.number, result: .output(payload), startedAt: startedAt)
        if attempts.rules.isTransaction {
            session.withState { $0.recorded(record) }
            return output
        }
        if case .alreadyRecorded(let earlier) = try await session.commit(.step(record, consuming: nil)) {
            session.withState { $0.recorded(earlier) }
            return try Self.replay(earlier)
        }
        session.withState { $0.recorded(record) }
        return output
    }

    func register<Output: Codable & Sendable>(
        _ undo: @Sendable @escaping (Output, Attempt) async throws -> Void, of key: StepKey,
        with output: Output
    ) {
        let entry = UndoEntry(key: key) { session, _ in
            _ = try await Flow(session).perform(key.undo, retry: .undo) { attempt in
                try await undo(output, attempt)
                return Nothing()
            }
            return []
        }
        session.withState { $0.undoable(entry) }
    }

    static func replay<Output: Codable & Sendable>(_ record: StepRecord) throws -> Output {
        switch record.result {
        case .output(let payload): try payload.decode(Output.self, .step)
        case .failure(let failure): throw StepFailed(failure)
        }
    }
}
