import FoundationEssentials

extension Flow {
    /// Runs `body` until it has succeeded once, and remembers its result under (step, item).
    ///
    /// Throws `StepFailed` when the policy gives up or the error is permanent. `undo` runs, newest first, if
    /// the run later fails or is cancelled; it is a durable step with its own retries and must judge the
    /// current state.
    public func step<Output: Codable & Sendable>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "",
        retry: RetryPolicy = .standard,
        timeout: Duration? = nil,
        _ body: @Sendable @escaping (Attempt) async throws -> Output,
        undo: (@Sendable (Output, Attempt) async throws -> Void)? = nil
    ) async throws -> Output {
        let key = StepKey(step.rawValue, item: "\(item)")
        let output = try await perform(key, retry: retry, timeout: timeout, body)
        if let undo {
            session.withState { $0.undoable(UndoEntry(key: key) { try await undo(output, $0) }) }
        }
        return output
    }

    /// Runs `body` in a database transaction of `source` that also holds the step's checkpoint, so that it
    /// takes effect exactly once.
    public func transaction<Output: Codable & Sendable, Source: TransactionSource>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "", on source: Source,
        retry: RetryPolicy = .patient,
        _ body: @Sendable @escaping (Source.Transaction) async throws -> Output
    ) async throws -> Output {
        let key = StepKey(step.rawValue, item: "\(item)")
        return try await perform(key, retry: retry, timeout: nil, isTransaction: true) { attempt in
            let checkpoint = TransactionCheckpoint(
                lease: session.run.lease, key: key, attempt: attempt.number,
                startedAt: session.environment.clock.now)
            do {
                try await session.environment.journal.willTransact(key, under: session.run.lease)
                let output = try await source.transact(for: session.run.tenant, checkpoint, body)
                try await session.environment.journal.didTransact(key, under: session.run.lease)
                return output
            } catch let failure as JournalFailure {
                throw session.sealed(by: failure)
            }
        }
    }

    /// Runs `body` for each item as its own step, at most `limit` at a time, and returns the results in
    /// order.
    public func each<Item: Sendable, ID: CustomStringConvertible & Sendable, Output: Codable & Sendable>(
        _ items: [Item], as step: W.Step, by id: KeyPath<Item, ID> & Sendable, atMost limit: Int = 16,
        retry: RetryPolicy = .standard,
        _ body: @Sendable @escaping (Item, Attempt) async throws -> Output
    ) async throws -> [Output] {
        precondition(limit >= 1, "each(atMost:) needs at least one at a time")
        return try await withThrowingTaskGroup(of: (Int, Output).self) { group in
            var outputs = [Output?](repeating: nil, count: items.count)
            for (index, item) in items.enumerated() {
                if index >= limit, let (done, output) = try await group.next() { outputs[done] = output }
                group.addTask {
                    (
                        index,
                        try await self.step(step, for: item[keyPath: id], retry: retry) {
                            try await body(item, $0)
                        }
                    )
                }
            }
            for try await (done, output) in group { outputs[done] = output }
            return outputs.compactMap { $0 }
        }
    }

    /// The memoised attempt loop behind every kind of step.
    func perform<Output: Codable & Sendable>(
        _ key: StepKey, retry: RetryPolicy, timeout: Duration?, isTransaction: Bool = false,
        _ body: @Sendable @escaping (Attempt) async throws -> Output
    ) async throws -> Output {
        let (record, history) = try session.enter(key)
        if let record { return try Self.replay(record) }
        defer { session.leave(key) }
        var attempts = AttemptLoop(session: session, key: key, retry: retry, history: history)
        try await attempts.waitForTurn()
        while true {
            let startedAt = session.environment.clock.now
            do {
                let output = try await attempts.limited(to: timeout, body)
                return try await keep(output, key, attempts.number, startedAt, isTransaction: isTransaction)
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
        _ output: Output, _ key: StepKey, _ attempt: Int, _ startedAt: Date, isTransaction: Bool
    ) async throws -> Output {
        let payload = try Payload.encode(output, .step)
        let record = StepRecord(key: key, attempt: attempt, result: .output(payload), startedAt: startedAt)
        if isTransaction {
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

    static func replay<Output: Codable & Sendable>(_ record: StepRecord) throws -> Output {
        switch record.result {
        case .output(let payload): try payload.decode(Output.self, .step)
        case .failure(let failure): throw StepFailed(failure)
        }
    }
}
