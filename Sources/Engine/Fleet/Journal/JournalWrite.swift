// What waits in the writer for the next batch, one small struct per kind of write. Each knows its statement
// and how to read the answer; the writer only knows that there are such things. Statements answer with the
// exceptions alone: a batch in which everything went well returns no rows.

import Durable
import Foundation
import Postgres
import Tracing

typealias Answer = CheckedContinuation<Result<CommitVerdict, JournalFailure>, Never>

/// One entry of a run with whoever waits for its commit.
struct JournalWrite: Sendable {
    let lease: Lease
    let entry: JournalEntry
    /// Where the end of the run must be reported, for a child.
    let reply: ReplyAddress?
    /// The step that it belongs to, where somebody traces.
    var context: InstrumentationContext?
    let answer: Answer
}

/// The mailbox that a child's end goes to.
struct ReplyAddress: Sendable, Hashable {
    let parent: RunID
    let signal: String
    /// What the mailbox gets instead of the plain end, where the run is about a person.
    var sealedEnd: Payload?
}

/// A new run with whoever waits for its commit.
struct StartWrite: Sendable {
    let run: RunStart
    let answer: CheckedContinuation<Result<StartedRun, JournalFailure>, Never>
}

/// A request to own runs that the dispatcher has handed to this worker.
struct ClaimWrite: Sendable {
    let ids: [RunID]
    let answer: CheckedContinuation<Result<[OwnedRun], JournalFailure>, Never>
}

/// A claimed run with what the worker must know beside it.
struct OwnedRun: Sendable {
    var run: ClaimedRun
    let reply: ReplyAddress?
    /// The key of the person that the run is about.
    var subject: SealedSubject?
    /// The keys under which its signals were sent, which a sealed signal is bound to.
    var keysOfSignals: [SignalID: String] = [:]
}

/// A run to be accepted.
package struct RunStart: Sendable {
    let id: RunID
    let tenant: Tenant
    let workflow: WorkflowName
    let version: Int
    let queue: String
    let priority: Int
    let input: Payload
    let key: String?
    let notBefore: Date?
    let parent: Lease?
    let reply: String?
    let trace: String?
    /// The key of the person that the run is about; the input is sealed under it.
    var subjectKey: UUID?
}

/// What became of a start.
public struct StartedRun: Sendable, Hashable {
    public let id: RunID
    /// False where an earlier start with the same key made the run.
    public let isNew: Bool
}

/// A run that became ready by somebody else's write, to be queued once that write is committed.
struct ReadyRun: Sendable, Hashable {
    let id: RunID
    let tenant: Tenant
    let queue: String
    let priority: Int
    /// In the future for a timer, nil for now.
    let at: Date?
    /// For caps and pauses by workflow; empty means that none applies.
    var workflow: WorkflowName = ""
    /// Its last owner lost it: a lease that the dispatcher still shows is void.
    var isTakenBack = false
}
