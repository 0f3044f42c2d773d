import FoundationEssentials

extension Flow {
    /// Starts another workflow as a child, once, and waits for its end without holding a worker.
    ///
    /// Throws `StepFailed` with the child's own failure when it did not succeed.
    public func child<C: Workflow>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "", _ workflow: C.Type,
        _ input: C.Input
    ) async throws -> C.Output {
        let name = "child:\(step.rawValue):\(item)"
        let key = StepKey(step.rawValue, item: "\(item)")
        let started = StepKey("start:\(step.rawValue)", item: "\(item)")
        _ = try await perform(started, retry: .patient, timeout: nil) { _ in
            try await start(C.self, input, key, reply: name)
        }
        let end: ChildEnd? = try await receive(
            named: name, key, upTo: nil, reason: WaitReason(kind: .child, step: key.description))
        guard let end else {
            throw StepFailed(FailureRecord(code: "child_lost", message: "the child has no end"))
        }
        if let failure = end.failure { throw StepFailed(failure) }
        return try Payload(json: end.output ?? "null").decode(C.Output.self, .output)
    }

    private func start<C: Workflow>(
        _ workflow: C.Type, _ input: C.Input, _ key: StepKey, reply: String
    ) async throws -> RunID {
        let start = ChildStart(
            key: key, workflow: C.name, version: C.version, input: try Payload.encode(input, .input),
            reply: reply)
        guard case .child(let id) = try await session.commit(.child(start)) else {
            throw FlowSealed(cause: .lost)
        }
        return id
    }
}

/// What a child's end puts into its parent's mailbox.
public struct ChildEnd: Codable, Sendable {
    public let run: RunID
    /// The output as JSON text, where the child succeeded.
    public let output: String?
    public let failure: FailureRecord?

    public init(run: RunID, outcome: Outcome) {
        self.run = run
        switch outcome {
        case .succeeded(let payload):
            output = payload.text
            failure = nil
        case .failed(let record), .needsAttention(let record):
            output = nil
            failure = record
        case .cancelled(let reason):
            output = nil
            failure = FailureRecord(code: "cancelled", message: reason)
        }
    }
}
