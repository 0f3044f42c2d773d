import FoundationEssentials

extension Flow {
    /// Waits for a signal; nil when `limit` has passed first. A signal sent before the wait began counts.
    /// While it waits the run holds no worker.
    public func wait<P: Codable & Sendable>(_ signal: Signal<P>, upTo limit: Duration? = nil) async throws
        -> P?
    {
        let turn = session.withState { $0.occurrence(of: "wait:\(signal.name)") }
        let key = StepKey("wait:\(signal.name)", item: "\(turn)")
        return try await receive(
            named: signal.name, key, upTo: limit,
            reason: WaitReason(kind: .signal, step: signal.name))
    }

    /// Sleeps for `duration`, durably. Parallel sleeps need different labels.
    public func sleep(for duration: Duration, as label: String = "") async throws {
        let start = session.environment.clock.now
        try await sleep(label: label) { start.adding(duration) }
    }

    /// Sleeps until `instant`, durably.
    public func sleep(until instant: Date, as label: String = "") async throws {
        try await sleep(label: label) { instant }
    }

    /// The current time, remembered: the same on every replay.
    public func now() async throws -> Date {
        let turn = session.withState { $0.occurrence(of: "now") }
        let clock = session.environment.clock
        return try await perform(StepKey("now", item: "\(turn)"), retry: .standard) { _ in
            clock.now
        }
    }

    /// An identifier derived from the run and `label`: the same on every replay, different for every label.
    public func uuid(_ label: String) -> UUID {
        var generator = SeededBytes(seed: "\(id)/\(label)")
        return RunID(now: startedAt, using: &generator).rawValue
    }

    /// Which meaning of a changed piece of code applies to this run: `current` for runs that reach the change
    /// first with this code, 0 for runs that had passed the place before the change was made.
    public func version(_ change: String, current: Int) async throws -> Int {
        let isReplaying = session.withState { $0.isReplaying }
        return try await perform(StepKey("version:\(change)"), retry: .standard) { _ in
            isReplaying ? 0 : current
        }
    }

    /// Publishes a typed status for pages. Says nothing while a replay only catches up.
    public func progress(_ progress: W.Progress) async throws {
        guard !session.withState({ $0.isReplaying }) else { return }
        _ = try await session.commit(.progress(try Payload.encode(progress, .progress)))
    }

    private func sleep(label: String, until instant: () -> Date) async throws {
        let turn = session.withState { $0.occurrence(of: "sleep:\(label)") }
        let key = StepKey("sleep:\(label)", item: "\(turn)")
        let deadline = try deadline(key, at: instant)
        guard session.environment.clock.now < deadline else { return }
        _ = try session.enter(StepKey(key.name, item: "\(turn):live"))
        defer { session.leave(StepKey(key.name, item: "\(turn):live")) }
        try await session.park(
            WaitCondition(
                wakeAt: deadline,
                reason: WaitReason(kind: .timer, step: label.isEmpty ? "sleep" : label)))
    }

    /// Takes the next signal of a name from the mailbox as a recorded step, or parks until there is one.
    func receive<P: Codable & Sendable>(
        named name: String, _ key: StepKey, upTo limit: Duration?, reason: WaitReason
    ) async throws -> P? {
        let (record, _) = try session.enter(key)
        if let record { return try session.noting(key) { try Self.replay(record) as P? } }
        defer { session.leave(key) }
        try await session.stopReplayCheck(at: key)
        let start = session.environment.clock.now
        let deadline = try limit.map { limit in
            try self.deadline(StepKey("deadline:\(key.name)", item: key.item)) { start.adding(limit) }
        }
        while true {
            if let signal = session.withState({ $0.firstSignal(named: name) }) {
                return try await take(signal.payload, key, consuming: signal.id)
            }
            if let deadline, session.environment.clock.now >= deadline {
                return try await take(.null, key, consuming: nil)
            }
            try await session.park(WaitCondition(wakeAt: deadline, signals: [name], reason: reason))
        }
    }

    func take<P: Codable & Sendable>(
        _ payload: Payload, _ key: StepKey, consuming id: SignalID?
    ) async throws -> P? {
        let record = StepRecord(
            key: key, attempt: 1, result: .output(payload), startedAt: session.environment.clock.now)
        _ = try await session.commit(.step(record, consuming: id))
        session.withState {
            $0.recorded(record)
            if let id { $0.consumed(id) }
        }
        return try Self.replay(record) as P?
    }

    private func deadline(_ key: StepKey, at instant: () -> Date) throws -> Date {
        let record = session.withState { state in
            state.deadline(key) {
                let milliseconds = Int64((instant().timeIntervalSince1970 * 1000).rounded(.up))
                return StepRecord(
                    key: key, attempt: 1, result: .output(Payload(json: "\(milliseconds)")),
                    startedAt: session.environment.clock.now)
            }
        }
        guard case .output(let payload) = record.result else { return .distantPast }
        return Date(timeIntervalSince1970: Double(try payload.decode(Int64.self, .step)) / 1000)
    }
}

/// Bytes drawn from a text by SplitMix64 over its FNV-1a hash: the same text, the same bytes, for ever.
private struct SeededBytes: RandomNumberGenerator {
    private var state: UInt64

    init(seed: String) {
        state = seed.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
