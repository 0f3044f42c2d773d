import FoundationEssentials

extension Flow {
    /// Starts another workflow as a child, once, and waits for its end without holding a worker.
    ///
    /// Throws `StepFailed` with the child's own failure when it did not succeed. A child with an `undo` is
    /// part of what this run must bring to a clean end: if this run later fails or is cancelled, the child is
    /// cancelled where it is still under way, its end is awaited, and `undo` runs where it succeeded. A child
    /// without one goes on by itself.
    public func child<C: Workflow>(
        _ step: W.Step, for item: some CustomStringConvertible & Sendable = "", _ workflow: C.Type,
        _ input: C.Input, undo: (@Sendable (C.Output, Attempt) async throws -> Void)? = nil
    ) async throws -> C.Output {
        let link = ChildLink(step: step.rawValue, item: "\(item)")
        let start = try ChildStart(C.self, input, link)
        let id = try await self.start(start, link, isUndoable: undo != nil)
        if let undo {
            let entry = UndoEntry(key: link.key) { session, cause in
                try await Flow(session).undo(link, id, C.self, undo, after: cause)
            }
            session.withState { $0.undoable(entry) }
        }
        return try Self.output(of: try await end(of: link), as: C.self)
    }

    /// The start of a child as a recorded step.
    func start(_ child: ChildStart, _ link: ChildLink, isUndoable: Bool) async throws -> RunID {
        var rules = StepRules(retry: .patient)
        rules.isBinding = isUndoable
        rules.recordsBeginning = isUndoable
        return try await perform(link.started, rules) { [session] _ in
            guard case .child(let id) = try await session.commit(.child(child)) else {
                throw FlowSealed(cause: .lost)
            }
            return id
        }
    }

    /// Undoes a child: one that has no end yet is asked to stop.
    func undo<C: Workflow>(
        _ link: ChildLink, _ id: RunID, _ workflow: C.Type,
        _ undo: @Sendable @escaping (C.Output, Attempt) async throws -> Void, after cause: FailureRecord
    ) async throws -> [Leftover] {
        if !session.withState({ $0.results[link.key] != nil }) { try await cancel(link, id, cause) }
        let end = try await end(of: link)
        if let left = end.leftover { return [Leftover(link.key, left)] }
        guard end.failure == nil else { return [] }
        let output = try Self.output(of: end, as: C.self)
        _ = try await perform(link.key.undo, retry: .undo) { attempt in
            try await undo(output, attempt)
            return Nothing()
        }
        return []
    }

    func cancel(_ link: ChildLink, _ id: RunID, _ cause: FailureRecord) async throws {
        let reason = String("its parent \(self.id) did not succeed: \(cause.message)".prefix(1_000))
        _ = try await perform(link.cancelled, retry: .patient) { [session] _ in
            _ = try await session.commit(.cancelChild(id, reason: reason))
            return Nothing()
        }
    }

    /// Waits for the child's end as a recorded step.
    func end(of link: ChildLink) async throws -> ChildEnd {
        let end: ChildEnd? = try await receive(
            named: link.reply, link.key, upTo: nil,
            reason: WaitReason(kind: .child, step: link.key.description))
        guard let end else {
            throw StepFailed(FailureRecord(code: "child_lost", message: "the child has no end"))
        }
        return end
    }

    static func output<C: Workflow>(of end: ChildEnd, as workflow: C.Type) throws -> C.Output {
        // Whoever must look at the child is asked there; here it is a failure like any other.
        if let failure = end.failure { throw StepFailed(failure.owned(by: nil)) }
        return try Payload(json: end.output ?? "null").decode(C.Output.self, .output)
    }
}

/// The names by which a run knows one of its children.
struct ChildLink: Sendable {
    /// The step that holds the child's end.
    let key: StepKey
    let started: StepKey
    let cancelled: StepKey
    /// The signal with which the end arrives.
    let reply: String

    init(step: String, item: String) {
        key = StepKey(step, item: item)
        started = StepKey("start:\(step)", item: item)
        cancelled = StepKey("cancel:\(step)", item: item)
        reply = "child:\(step):\(item)"
    }
}

extension ChildStart {
    init<C: Workflow>(_ workflow: C.Type, _ input: C.Input, _ link: ChildLink) throws(PayloadError) {
        self.init(
            key: link.key, workflow: C.name, version: C.version, input: try Payload.encode(input, .input),
            reply: link.reply)
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
        case .failed(let record):
            output = nil
            failure = record.owned(by: nil)
        case .needsAttention(let record):
            output = nil
            failure = record.owned(by: record.owner ?? .operator)
        case .cancelled(let reason):
            output = nil
            failure = FailureRecord(code: "cancelled", message: reason)
        }
    }

    /// What the child could not bring to a clean end itself.
    var leftover: FailureRecord? {
        guard let failure, failure.owner != nil || failure.code == Self.poisoned else { return nil }
        return FailureRecord(
            code: failure.code, message: "child run \(run): \(failure.message)", step: failure.step,
            owner: failure.owner)
    }

    /// The code of a child that was set aside because its workers kept dying under it.
    public static let poisoned = "poisoned"
}
