// Passes over one run until it ends, sleeps, or is taken away. The body's own errors end the run: what
// deserved a retry was retried inside its step, and code between steps would only fail the same way again.

import FoundationEssentials

struct RunExecution<W: Workflow> {
    let workflow: W
    let session: RunSession

    func run() async -> Departure {
        do {
            let input = try session.run.input.decode(W.Input.self, .input)
            while true {
                let departure = try await pass(input)
                if let departure { return departure }
                session.lengthenQuietGrace()
                session.withState { $0.beginPass() }
            }
        } catch {
            return await conclude(error)
        }
    }

    /// One pass; nil when the seal turned work away, so that it must be repeated.
    private func pass(_ input: W.Input) async throws -> Departure? {
        do {
            let output = try await workflow.run(input, Flow(session))
            if let departure = try await leaveIfSealed() { return departure.value }
            return try await finish(.succeeded(try Payload.encode(output, .output)))
        } catch {
            if let departure = try await leaveIfSealed() { return departure.value }
            if error is CancellationError { return try await release() }
            // A seal that this session does not know of: the owner decides, never the undo path.
            if error is FlowSealed { return .lost }
            return try await end(after: error)
        }
    }

    private struct Left { let value: Departure? }

    private func leaveIfSealed() async throws -> Left? {
        let (seal, hasRejectedWork) = session.withState { ($0.seal, $0.hasRejectedWork) }
        switch seal {
        case nil: return nil
        case .lost, .refused: return Left(value: .lost)
        case .shutdown: return Left(value: try await release())
        case .suspended: return Left(value: hasRejectedWork ? nil : try await suspend())
        }
    }

    private func suspend() async throws -> Departure {
        let verdict = try await session.commit(.suspend(session.withState { $0.suspension }))
        return verdict == .ready ? .ready : .suspended
    }

    private func finish(_ outcome: Outcome) async throws -> Departure {
        _ = try await session.commit(.finish(outcome))
        return .finished
    }

    private func release() async throws -> Departure {
        _ = try await session.commit(.release(.shutdown))
        return .released
    }

    /// The undo path: newest first, each its own durable step. What cannot be undone needs a person.
    private func end(after error: any Error) async throws -> Departure? {
        let failure = FailureRecord(error, step: nil)
        let entries = session.withState { state in
            state.isUndoing = true
            return state.undo
        }
        var leftovers: [String] = []
        for entry in entries.reversed() {
            do {
                let key = StepKey("undo:\(entry.key.name)", item: entry.key.item)
                _ = try await Flow<W>(session).perform(key, retry: .undo, timeout: nil) { attempt in
                    try await entry.action(attempt)
                    return Nothing()
                }
            } catch let left as StepFailed {
                leftovers.append("\(entry.key): \(left.failure.message)")
            } catch {
                if let departure = try await leaveIfSealed() { return departure.value }
                throw error
            }
        }
        if !leftovers.isEmpty {
            let message = "\(failure.message); could not undo \(leftovers.joined(separator: "; "))"
            return try await finish(
                .needsAttention(FailureRecord(code: failure.code, message: message, step: failure.step)))
        }
        if let cancelled = error as? RunCancelled {
            return try await finish(.cancelled(reason: cancelled.reason))
        }
        return try await finish(.failed(failure))
    }

    /// Only errors outside the body arrive here: an input that does not decode, an end that the journal
    /// refused.
    private func conclude(_ error: any Error) async -> Departure {
        if error is FlowSealed {
            // A commit of the end itself met the seal: whoever owns the run now will finish it.
            return .lost
        }
        do {
            return try await finish(.failed(FailureRecord(error, step: nil)))
        } catch {
            session.logger.error("run left unfinished", metadata: ["error": "\(error)"])
            return .lost
        }
    }
}

extension RetryPolicy {
    /// Twenty attempts over about a day: an undo should succeed, but a person should hear of it if it cannot.
    public static let undo = RetryPolicy(
        attempts: 20, within: .seconds(86_400), base: .seconds(1), cap: .seconds(3_600))
}
