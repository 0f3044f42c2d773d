// Passes over one run until it ends, sleeps, or is taken away. The body's own errors end the run: what
// deserved a retry was retried inside its step, and code between steps would only fail the same way again.

import FoundationEssentials

struct RunExecution<W: Workflow> {
    let workflow: W
    let session: RunSession

    func run() async -> Departure {
        // What can be undone refers to the workflow, and a session outlives its stay in lists of its worker.
        defer { session.withState { $0.forgetUndo() } }
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
            session.withState { $0.note(error, at: nil) }
            if let departure = try await leaveIfSealed() { return departure.value }
            if error is CancellationError, Task.isCancelled { return try await release() }
            // A seal that this session does not know of: the owner decides, never the undo path.
            if error is FlowSealed { return .lost }
            return try await end(after: error)
        }
    }

    struct Left { let value: Departure? }

    func leaveIfSealed() async throws -> Left? {
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

    func finish(_ outcome: Outcome) async throws -> Departure {
        _ = try await session.commit(.finish(outcome))
        session.environment.observer?.ended(outcome)
        return .finished
    }

    private func release() async throws -> Departure {
        _ = try await session.commit(.release(.shutdown))
        return .released
    }

    /// Only errors outside the body arrive here: an input that does not decode, an end that the journal
    /// refused.
    private func conclude(_ error: any Error) async -> Departure {
        session.withState { $0.note(error, at: nil) }
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
