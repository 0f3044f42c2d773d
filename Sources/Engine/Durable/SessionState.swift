// The memory of one pass over a run, as a plain struct: which steps have results, which are live, who is
// parked, and whether the pass is sealed. All decisions are made here, under one lock, without awaiting;
// `RunSession` acts on them.

import FoundationEssentials

/// What one parked branch waits for.
struct WaitCondition: Sendable {
    var wakeAt: Date?
    var signals: [String] = []
    var reason: WaitReason
    /// The branch need not be woken by its mail before so many signals have come.
    var news: Int?
}

/// What a run's step has been through before this pass.
struct AttemptHistory: Sendable {
    var failures = 0
    var firstStartedAt: Date?
    var nextAt: Date?
    var last: FailureRecord?

    mutating func add(_ record: AttemptRecord) {
        if record.counts { failures += 1 }
        firstStartedAt = min(firstStartedAt ?? record.startedAt, record.startedAt)
        nextAt = record.nextAt
        last = record.failure
    }
}

/// Something that this run has done and can undo.
struct UndoEntry: Sendable {
    let key: StepKey
    /// Undoes it and returns what is left over; a `StepFailed` is a leftover too. Takes the session instead
    /// of holding it, which holds the entry.
    let perform: @Sendable (RunSession, _ cause: FailureRecord) async throws -> [Leftover]
}

/// Something that a run leaves behind and could not bring to a clean end.
struct Leftover: Sendable {
    let what: String
    let owner: AttentionOwner?

    init(_ key: StepKey, _ failure: FailureRecord) {
        what = "\(key): \(failure.message)"
        owner = failure.owner
    }

    init(_ what: String) {
        self.what = what
        owner = nil
    }
}

struct SessionState: Sendable {
    enum Entry: Sendable {
        case recorded(StepRecord)
        case fresh(AttemptHistory)
        case sealed(FlowSealed.Cause)
        case cancelled(String)
    }

    /// A branch beside others that still run. Its timer may ring, or the seal come, before it has settled
    /// down.
    private enum Parked {
        case arriving
        case rung
        case waiting(CheckedContinuation<Bool, Never>)

        var continuation: CheckedContinuation<Bool, Never>? {
            if case .waiting(let continuation) = self { continuation } else { nil }
        }
    }

    enum Settling: Sendable { case waiting, rung, sealed }

    enum Parking: Sendable {
        /// The pass is sealed already: unwind.
        case sealed(FlowSealed.Cause)
        /// Others may still run, or be about to begin: wait beside them under this number.
        case beside(Int)
    }

    private(set) var results: [StepKey: StepRecord] = [:]
    private(set) var histories: [StepKey: AttemptHistory] = [:]
    private(set) var intents: Set<StepKey> = []
    private(set) var details: [StepKey: Payload] = [:]
    private(set) var mailbox: [DeliveredSignal] = []
    private(set) var mailSeen: Int64
    private(set) var conditions: [WaitCondition] = []
    private(set) var deadlines: [StepKey: StepRecord] = [:]
    private(set) var undo: [UndoEntry] = []
    private(set) var seal: FlowSealed.Cause?
    /// Work, not a wait, was turned away by the seal: the pass must be repeated, not put to sleep.
    private(set) var hasRejectedWork = false
    /// Set while the undo path runs, so that a cancelled run can still work.
    var isUndoing = false
    /// Finish nothing new: leave at the next step that has no result.
    var isDraining = false

    private var cancellation: String?
    private(set) var unvisited: Set<StepKey> = []
    /// Records that this code cannot read; nil stands for the input or an output outside a step.
    private(set) var unreadable: [StepKey?: String] = [:]
    private var live: Set<StepKey> = []
    private var active = 0
    private var generation = 0
    private var parked: [Int: Parked] = [:]
    private var nextParking = 0
    private var counters: [String: Int] = [:]

    init(_ run: ClaimedRun) {
        mailSeen = run.mailSeen
        mailbox = run.signals.sorted { $0.id < $1.id }
        cancellation = run.cancellation
        intents = Set(run.intents)
        details = run.details
        for step in run.steps { results[step.key] = step }
        for attempt in run.attempts { histories[attempt.key, default: AttemptHistory()].add(attempt) }
        unvisited = Set(results.keys)
    }

    /// The first reason given stands.
    mutating func cancel(reason: String) { cancellation = cancellation ?? reason }

    /// Remembers an error that tells of a record which does not decode.
    mutating func note(_ error: any Error, at key: StepKey?) {
        guard case PayloadError.undecodable(let role, let why) = error else { return }
        if key == nil, unreadable.values.contains(where: { $0.hasSuffix(why) }) { return }
        unreadable[key] = "the \(role.rawValue): \(why)"
    }

    /// Starts over from the top with what is recorded by now.
    mutating func beginPass() {
        precondition(active == 0 && parked.isEmpty, "a pass begins only after the last one has unwound")
        if seal == .suspended { seal = nil }
        hasRejectedWork = false
        isUndoing = false
        conditions = []
        undo = []
        counters = [:]
        live = []
        unvisited = Set(results.keys)
    }

    /// Steps recorded by an earlier pass that this one has not reached: it is still catching up.
    var isReplaying: Bool { !unvisited.isEmpty }
    var recordedCount: Int { results.count }

    // MARK: Steps

    /// The reason to turn new work away, where the run is cancelled and neither undoing nor cleaning up. A
    /// step that may have had an effect already is not turned away: it is brought to its end, so that what it
    /// did is known and can be undone.
    func cancellation(before key: StepKey) -> String? {
        intents.contains(key) || intents.contains(key.undo) ? nil : cancellationOfNewWork
    }

    var cancellationOfNewWork: String? { isUndoing || FlowShield.isUp ? nil : cancellation }

    mutating func enter(_ key: StepKey) -> Entry {
        if let seal {
            if seal == .suspended { hasRejectedWork = true }
            return .sealed(seal)
        }
        if let record = results[key] {
            unvisited.remove(key)
            unvisited.remove(key.deadline)
            return .recorded(record)
        }
        if let cancellation = cancellation(before: key) { return .cancelled(cancellation) }
        if isDraining {
            seal = .shutdown
            return .sealed(.shutdown)
        }
        precondition(
            live.insert(key).inserted,
            "step \(key) is running already in this run: two live calls need different items (for:)")
        active += 1
        generation += 1
        return .fresh(histories[key] ?? AttemptHistory())
    }

    /// What came while a live step paused. Work that a seal turns away must be done by another pass.
    mutating func stopBeforeAttempt(of key: StepKey, isRetry: Bool) -> (any Error)? {
        if seal == .suspended { hasRejectedWork = true }
        if let seal { return FlowSealed(cause: seal) }
        guard isRetry, let reason = cancellation(before: key) else { return nil }
        return RunCancelled(reason: reason)
    }

    /// Ends a live step. Returns the generation to check for quiescence, where only parked branches are left.
    mutating func leave(_ key: StepKey) -> Int? {
        live.remove(key)
        active -= 1
        generation += 1
        return active == 0 && !parked.isEmpty ? generation : nil
    }

    /// The record of a step, if it has one, without beginning it.
    mutating func visit(_ key: StepKey) -> StepRecord? {
        guard let record = results[key] else { return nil }
        unvisited.remove(key)
        return record
    }

    mutating func recorded(_ record: StepRecord) {
        results[record.key] = record
        histories[record.key] = nil
    }

    mutating func failedAttempt(_ record: AttemptRecord) -> AttemptHistory {
        histories[record.key, default: AttemptHistory()].add(record)
        return histories[record.key] ?? AttemptHistory()
    }

    /// The effect was looked for and is not there: nothing is left to undo.
    mutating func provedAbsent(_ key: StepKey) { intents.remove(key) }
    mutating func intended(_ key: StepKey) { intents.insert(key) }
    mutating func detailed(_ key: StepKey, _ detail: Payload) { details[key] = detail }
    mutating func undoable(_ entry: UndoEntry) { undo.append(entry) }
    mutating func forgetUndo() { undo = [] }

    /// Steps that may have had an effect and have no end: nobody knows whether there is something to undo.
    var openEffects: [StepKey] {
        Set(intents.map(\.undone)).filter { results[$0] == nil && results[$0.undo] == nil }
            .sorted { $0.description < $1.description }
    }

    mutating func occurrence(of name: String) -> Int {
        counters[name, default: 0] += 1
        return counters[name] ?? 1
    }

    // MARK: Signals and deadlines

    func firstSignal(named name: String) -> DeliveredSignal? { mailbox.first { $0.name == name } }
    mutating func consumed(_ id: SignalID) { mailbox.removeAll { $0.id == id } }

    /// The instant at which a wait that began earlier, or begins now, ends.
    mutating func deadline(_ key: StepKey, startingNow fresh: () -> StepRecord) -> StepRecord {
        if let known = results[key] ?? deadlines[key] {
            unvisited.remove(key)
            return known
        }
        let record = fresh()
        deadlines[key] = record
        return record
    }

    // MARK: Parking and sealing

    /// A live branch has nothing to do until `condition`. It stays live in name only.
    mutating func park(_ condition: WaitCondition) -> Parking {
        conditions.append(condition)
        if let seal { return .sealed(seal) }
        active -= 1
        generation += 1
        nextParking += 1
        parked[nextParking] = .arriving
        return .beside(nextParking)
    }

    /// Stores the continuation of a parked branch, unless its timer or the seal came first.
    mutating func settle(_ number: Int, _ continuation: CheckedContinuation<Bool, Never>) -> Settling {
        if case .rung = parked[number] {
            parked[number] = nil
            return .rung
        }
        guard seal == nil else { return .sealed }
        parked[number] = .waiting(continuation)
        return .waiting
    }

    /// The timer of a parked branch rang: it goes on.
    mutating func timerRang(_ number: Int) -> CheckedContinuation<Bool, Never>? {
        guard seal == nil, let branch = parked[number] else { return nil }
        active += 1
        generation += 1
        parked[number] = branch.continuation == nil ? .rung : nil
        return branch.continuation
    }

    /// A parked branch came back after the seal.
    mutating func unpark(_ number: Int) {
        guard parked.removeValue(forKey: number) != nil else { return }
        active += 1
    }

    /// Seals when nothing has moved since `generation`, so that all that is left is waiting.
    mutating func sealIfQuiet(since generation: Int) -> [CheckedContinuation<Bool, Never>] {
        guard self.generation == generation, active == 0, seal == nil else { return [] }
        return sealNow(.suspended)
    }

    var quietGeneration: Int? { active == 0 && !parked.isEmpty && seal == nil ? generation : nil }

    /// Seals for `cause`; a loss outranks a suspension. Returns who must be woken to unwind.
    mutating func sealNow(_ cause: FlowSealed.Cause) -> [CheckedContinuation<Bool, Never>] {
        if seal == nil || seal == .suspended { seal = cause }
        var waking: [CheckedContinuation<Bool, Never>] = []
        for (number, branch) in parked {
            guard let continuation = branch.continuation else { continue }
            waking.append(continuation)
            parked[number] = .arriving
        }
        return waking
    }

    /// The union of all waits of a sealed pass.
    var suspension: Suspension {
        let ordered = conditions.sorted { ($0.wakeAt ?? .distantFuture) < ($1.wakeAt ?? .distantFuture) }
        let news = conditions.compactMap(\.news)
        return Suspension(
            wakeAt: ordered.first?.wakeAt, signals: Set(conditions.flatMap(\.signals)),
            deadlines: Array(deadlines.values),
            mailSeen: news.count == conditions.count ? .max : mailSeen,
            wakeMail: news.min().map { mailSeen + Int64($0) }, cancellationSeen: cancellation != nil,
            reason: ordered.first?.reason ?? WaitReason(kind: .timer, step: "none"))
    }
}
