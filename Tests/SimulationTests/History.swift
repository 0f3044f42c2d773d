// What was seen during a simulation, in order: what callers were told, what the world outside did, and the
// faults between them. The checker reads nothing else.

import Durable
import Synchronization

enum Event: Sendable {
    /// A client was told that its run is accepted.
    case accepted(RunID, key: String, Plan)
    /// A worker was told that it owns a run.
    case claimed(RunID, epoch: Int64, by: String)
    /// A worker was told what became of a write that it had sent when the history was `sentAt` long.
    case verdict(Lease, Write, Verdict, sentAt: Int, by: String)
    /// A step's body began.
    case began(RunID, step: String, key: String, by: String)
    /// The world outside, or a committed transaction, did something for the first time under this key.
    case effect(RunID, step: String, key: String)
    /// A workflow was told the result of a step.
    case told(RunID, step: String, String)
    /// A workflow returned.
    case returned(RunID, String)
    case fellAsleep(RunID, until: Duration)
    case awoke(RunID)
    case sent(RunID, key: String, Int)
    case cancelled(RunID)
    /// A client was told how a run ended.
    case ended(RunID, Outcome)
    /// The sweep took a run from a silent worker.
    case rescued(RunID)
    /// The dispatcher had a run that nobody gave back, and now it does not know of it.
    case forgotten(RunID)
    case fault(String)
    case log(String)

    enum Write: Sendable, Equatable { case step(StepKey), finish, other(String) }
    enum Verdict: Sendable, Equatable { case committed, fenced, recorded }
}

final class History: Sendable {
    struct Entry: Sendable {
        let at: Duration
        let event: Event
    }

    let loop: SimulationLoop
    private let stored = Mutex<[Entry]>([])

    init(_ loop: SimulationLoop) { self.loop = loop }

    var entries: [Entry] { stored.withLock { $0 } }
    var count: Int { stored.withLock { $0.count } }

    func append(_ event: Event) {
        let at = loop.uptime
        stored.withLock { $0.append(Entry(at: at, event: event)) }
    }
}

extension History.Entry: CustomStringConvertible {
    var description: String {
        let milliseconds = at.components.seconds * 1_000 + at.components.attoseconds / 1_000_000_000_000_000
        return "\(milliseconds) ms  \(event)"
    }
}
