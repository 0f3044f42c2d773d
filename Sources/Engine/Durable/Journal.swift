// The one door between a running workflow and its durable state. Everything a run writes is a `JournalEntry`
// committed under its lease; the answer comes after the commit, never before. Two journals implement it
// (Postgres in `Fleet`, in memory in `DurableTesting`) and one suite holds both to the same behaviour.

import FoundationEssentials

/// A run as its owner holds it: writes under an older epoch are refused.
public struct Lease: Sendable, Hashable {
    public let run: RunID
    public let epoch: Int64

    public init(run: RunID, epoch: Int64) {
        self.run = run
        self.epoch = epoch
    }
}

/// Where runs are recorded.
public protocol Journal: Sendable {
    /// Makes `entry` durable and says what became of it. Throws only when it cannot be known whether it was
    /// written and the lease can no longer be trusted; the caller must then stop the run and touch nothing.
    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict

    /// Called around a `transaction` step, which commits through the business's own connection.
    func willTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure)
    func didTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure)

    /// How the record of a `transaction` step is sealed; nil where records are kept as they are.
    var sealing: RecordSealing? { get }
}

extension Journal {
    public var sealing: RecordSealing? { nil }
    public func willTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {}
    public func didTransact(_ key: StepKey, under lease: Lease) async throws(JournalFailure) {}
}

/// One write of a run.
public enum JournalEntry: Sendable {
    /// The result of a step: never run again from here on.
    case step(StepRecord, consuming: SignalID?)
    /// A failed attempt, with the instant of the next one.
    case attempt(AttemptRecord)
    /// "About to call outside": after a crash the next attempt is told that the call may have happened.
    case intent(StepKey, attempt: Int)
    /// What a long step has done so far, for its next attempt; the last one wins.
    case detail(StepKey, attempt: Int, Payload)
    /// A child run, started at most once for its key.
    case child(ChildStart)
    /// Asks a child of this run to stop and undo; does nothing where it has ended.
    case cancelChild(RunID, reason: String)
    /// A typed status for pages; the last one wins.
    case progress(Payload)
    /// Nothing to do before `wakeAt` or one of the signals: the run leaves its worker.
    case suspend(Suspension)
    /// The end.
    case finish(Outcome)
    /// Handed back unfinished, cleanly: no attempt counted, no mark against the run.
    case release(ReleaseReason)
}

/// What became of an entry.
public enum CommitVerdict: Sendable, Equatable {
    case committed
    /// Another owner has the run: stop at once.
    case fenced
    /// The step had a result before; this is it.
    case alreadyRecorded(StepRecord)
    /// The child's id, whether it was started now or by an earlier attempt.
    case child(RunID)
    /// A signal came while the run was about to sleep, so that it is ready again already.
    case ready
    /// Committed, and somebody has asked for the run to be cancelled: no new step begins.
    case cancelling(reason: String)
}

/// Why an entry could not be committed.
public enum JournalFailure: Error, Sendable, Equatable {
    /// The lease ran out before the journal could be reached.
    case leaseLost
    /// The entry itself was refused (a payload that the database cannot store); nothing else was harmed.
    case refused(String)
    /// The worker is going away.
    case shutdown
}

/// The identity of one delivered signal.
public struct SignalID: RawRepresentable, Hashable, Sendable, Comparable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static func < (left: SignalID, right: SignalID) -> Bool { left.rawValue < right.rawValue }
}

/// A signal waiting in a run's mailbox.
public struct DeliveredSignal: Sendable, Hashable {
    public let id: SignalID
    public let name: String
    public let payload: Payload

    public init(id: SignalID, name: String, payload: Payload) {
        self.id = id
        self.name = name
        self.payload = payload
    }
}

/// A step with its recorded end.
public struct StepRecord: Sendable, Hashable {
    public enum Result: Sendable, Hashable {
        case output(Payload)
        case failure(FailureRecord)
    }
    public let key: StepKey
    public let attempt: Int
    public let result: Result
    public let startedAt: Date

    public init(key: StepKey, attempt: Int, result: Result, startedAt: Date) {
        self.key = key
        self.attempt = attempt
        self.result = result
        self.startedAt = startedAt
    }
}

/// One failed attempt of a step.
public struct AttemptRecord: Sendable, Hashable {
    public let key: StepKey
    public let number: Int
    /// False for a deferral, which costs no attempt.
    public let counts: Bool
    public let failure: FailureRecord
    public let startedAt: Date
    public let nextAt: Date

    public init(
        key: StepKey, number: Int, counts: Bool, failure: FailureRecord, startedAt: Date, nextAt: Date
    ) {
        self.key = key
        self.number = number
        self.counts = counts
        self.failure = failure
        self.startedAt = startedAt
        self.nextAt = nextAt
    }
}

/// A child run to be started.
public struct ChildStart: Sendable, Hashable {
    public let key: StepKey
    public let workflow: WorkflowName
    public let version: Int
    public let input: Payload
    /// The signal with which the child's end reaches the parent's mailbox.
    public let reply: String

    public init(key: StepKey, workflow: WorkflowName, version: Int, input: Payload, reply: String) {
        self.key = key
        self.workflow = workflow
        self.version = version
        self.input = input
        self.reply = reply
    }
}

/// What a run waits for when it leaves its worker.
public struct Suspension: Sendable, Hashable {
    public var wakeAt: Date?
    public var signals: Set<String>
    /// Deadlines that began with this wait; recorded with it, so that a replay waits until the same instant.
    public var deadlines: [StepRecord]
    /// How many signals the run had seen; if more have come meanwhile, it does not sleep at all.
    public var mailSeen: Int64
    /// The run also wakes, whatever they are called, when it has had so many signals in all.
    public var wakeMail: Int64?
    /// Whether the run knew that it is cancelled; if it is and did not, it does not sleep at all.
    public var cancellationSeen: Bool
    /// For operators: which step waits, and for what.
    public var reason: WaitReason

    public init(
        wakeAt: Date?, signals: Set<String>, deadlines: [StepRecord], mailSeen: Int64,
        wakeMail: Int64? = nil, cancellationSeen: Bool = false, reason: WaitReason
    ) {
        self.wakeAt = wakeAt
        self.signals = signals
        self.deadlines = deadlines
        self.mailSeen = mailSeen
        self.wakeMail = wakeMail
        self.cancellationSeen = cancellationSeen
        self.reason = reason
    }
}

/// Why a run waits; `runs why` turns it into a sentence.
public struct WaitReason: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case timer, signal, child, retry, deferral
    }
    public let kind: Kind
    public let step: String
    /// The attempt that comes next, for a retry.
    public let attempt: Int?
    /// The last error, for a retry or a deferral.
    public let error: String?

    public init(kind: Kind, step: String, attempt: Int? = nil, error: String? = nil) {
        self.kind = kind
        self.step = step
        self.attempt = attempt
        self.error = error
    }
}

/// How a run ended.
public enum Outcome: Sendable, Hashable {
    case succeeded(Payload)
    case failed(FailureRecord)
    case cancelled(reason: String)
    /// Something could not be undone or decided by the engine: a person must look.
    case needsAttention(FailureRecord)
}

/// Why a run is handed back.
public enum ReleaseReason: String, Sendable, Hashable {
    case shutdown
    /// No workflow of this name or version here.
    case unknownWorkflow
}
