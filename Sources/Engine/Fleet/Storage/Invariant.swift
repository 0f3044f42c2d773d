// What must hold for every live run: it is in exactly one place. Ready means queued in Redis; leased
// means owned by a worker that is known; the others rest in Postgres until their timer, signal or child.
// Ends, and runs that were set aside, are in the history and nowhere else. The judgement is a pure
// function of what was found in both stores, so that a table of broken states can prove that each is
// seen.

import Durable
import Foundation

/// A way for a run to be nowhere, or in two places. The raw values are stored.
public enum InvariantBreach: String, Sendable, CaseIterable {
    /// Live and in the history at once.
    case twoTables = "two_tables"
    /// Said to be running, by a worker that nobody knows.
    case runningUnowned = "running_unowned"
    /// Its worker has been silent for long, and nobody took the run from it.
    case ownerSilent = "owner_silent"
    /// Running and waiting for a timer at once.
    case runningWithTimer = "running_with_timer"
    /// Ready or waiting, and owned by a worker at once.
    case idleOwned = "idle_owned"
    /// Ready and waiting for a timer at once.
    case readyWithTimer = "ready_with_timer"
    /// Asleep without a timer or a signal that could wake it.
    case waitingForNothing = "waiting_for_nothing"
    /// Asleep although the signal that it waits for is in its mailbox.
    case deaf
    /// Asleep until a child ends, and there is no such child.
    case childLost = "child_lost"
    /// Ready, and Redis does not know it.
    case unqueued
    /// Its timer has rung, and Redis does not know it.
    case timerLost = "timer_lost"
    /// Queued where no worker looks.
    case unreachable
    /// Queued and leased in Redis at once.
    case queuedAndLeased = "queued_and_leased"
    /// Running and queued at once.
    case runningAndQueued = "running_and_queued"
    /// Ready, and leased in Redis to somebody who let the lease run out.
    case leaseOver = "lease_over"

    /// One sentence for operators.
    public var sentence: String {
        switch self {
        case .twoTables: "it is live and in the history at once"
        case .runningUnowned: "it is said to run, by a worker that nobody knows"
        case .ownerSilent: "its worker has been silent for long and nobody took the run from it"
        case .runningWithTimer: "it runs and waits for a timer at once"
        case .idleOwned: "it does not run, yet a worker owns it"
        case .readyWithTimer: "it is ready and waits for a timer at once"
        case .waitingForNothing: "it sleeps, and nothing can wake it"
        case .deaf: "it sleeps although the signal that it waits for has come"
        case .childLost: "it sleeps until a child ends, and there is no such child"
        case .unqueued: "it is ready, and the queue does not know it"
        case .timerLost: "its timer has rung, and the queue does not know it"
        case .unreachable: "it is queued where no worker looks"
        case .queuedAndLeased: "it is queued and leased at once"
        case .runningAndQueued: "it runs and is queued at once"
        case .leaseOver: "it is leased to somebody who let the lease run out"
        }
    }
}

/// Where Redis has a run.
struct QueueWhereabouts: OptionSet, Sendable {
    let rawValue: Int
    /// In a lane of ready runs.
    static let ready = QueueWhereabouts(rawValue: 1)
    /// The lane is one that workers look at, or will when a cap or a pause allows.
    static let shown = QueueWhereabouts(rawValue: 2)
    static let leased = QueueWhereabouts(rawValue: 4)
    /// The lease ran out a while ago.
    static let leaseOver = QueueWhereabouts(rawValue: 8)
}

/// What Postgres says of one live run.
struct RunFacts: Sendable, Hashable {
    let id: RunID
    let tenant: String
    let workflow: String
    let queue: String
    let status: RunStatus
    let epoch: Int64
    /// With the epoch and the status: whether the run has moved between two looks.
    let mail: Int64
    let readyAt: Date?
    /// Ready, or rung, for longer than it takes to be queued.
    let shouldBeQueued: Bool
    /// What Postgres alone shows to be broken.
    let breach: InvariantBreach?

    /// Whether Redis must be asked.
    var concernsQueue: Bool { breach == nil && (shouldBeQueued || status == .running) }

    /// What is broken, if anything, where Redis has the run at `place`.
    func breach(at place: QueueWhereabouts) -> InvariantBreach? {
        if let breach { return breach }
        if place.isSuperset(of: [.ready, .leased]) { return .queuedAndLeased }
        if status == .running { return place.contains(.ready) ? .runningAndQueued : nil }
        guard shouldBeQueued else { return nil }
        if place.contains(.ready) { return place.contains(.shown) ? nil : .unreachable }
        if place.contains(.leased) { return place.contains(.leaseOver) ? .leaseOver : nil }
        return status == .pending ? .unqueued : .timerLost
    }
}

/// A run that was found broken twice, without having moved in between.
public struct InvariantFinding: Sendable, Hashable {
    public let run: RunID
    public let breach: InvariantBreach
    /// Tenant, workflow, status and epoch as they were seen.
    public let detail: String
}
