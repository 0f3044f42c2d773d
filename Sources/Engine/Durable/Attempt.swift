import FoundationEssentials

/// One try of a step.
public struct Attempt: Sendable {
    /// The same on every attempt of this step in this run: what vendors are given as idempotency key or
    /// reference.
    public let key: String
    /// From 1.
    public let number: Int
    /// An earlier attempt announced its effect and left no result: look the effect up before repeating it.
    public let isAmbiguous: Bool

    private let session: RunSession
    private let step: StepKey
    private let gate: AttemptGate?

    init(step: StepKey, number: Int, session: RunSession, gate: AttemptGate?) {
        key = "cf:\(session.run.id):\(step.name)" + (step.item.isEmpty ? "" : ":\(step.item)")
        self.number = number
        isAmbiguous = session.withState { $0.intents.contains(step) }
        self.session = session
        self.step = step
        self.gate = gate
    }

    /// Records that the outside call is about to be made. Call it right before the call; from then on a later
    /// attempt is ambiguous until the step has its result. `Flow.effect` does it by itself.
    ///
    /// Throws `AttemptOver` where the attempt was given up at its time limit: do not make the call.
    public func announce() async throws {
        try gate?.pass(at: session.environment.clock.now)
        // Once is enough: from the first announcement on, every later attempt is ambiguous.
        guard !session.withState({ $0.intents.contains(step) }) else { return }
        _ = try await session.commit(.intent(step, attempt: number))
        session.withState { $0.intended(step) }
        try gate?.pass(at: session.environment.clock.now)
        // The commit may have outlived the lease: then the call is for whoever owns the run now.
        guard session.environment.mayAct() else {
            session.lose()
            throw FlowSealed(cause: .lost)
        }
    }

    /// Says that the attempt is alive and keeps `detail`, at most 16 KiB, for the next attempt; the last one
    /// wins. It is durable when this returns, at the price of one journal write: call it once per page of
    /// work, not once per row.
    ///
    /// Throws `PayloadError` for a detail that cannot be kept, and `AttemptOver` where the attempt was given
    /// up: stop working.
    public func heartbeat(_ detail: some Codable & Sendable) async throws {
        try gate?.pass(at: session.environment.clock.now)
        let payload = try Payload.encode(detail, .detail)
        _ = try await session.commit(.detail(step, attempt: number, payload))
        session.withState { $0.detailed(step, payload) }
    }

    /// Says that the attempt is alive, in this process only; it costs no write.
    public func heartbeat() throws {
        try gate?.pass(at: session.environment.clock.now)
    }

    /// What the last heartbeat with a detail left, in this attempt or an earlier one; nil where there was
    /// none.
    ///
    /// Throws `PayloadError.undecodable` where an older version of the code left something else.
    public func detail<Detail: Decodable>(as type: Detail.Type) throws -> Detail? {
        try session.withState { $0.details[step] }?.decode(Detail.self, .detail)
    }
}
