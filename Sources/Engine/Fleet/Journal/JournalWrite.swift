// What waits in the writer for the next batch, one small struct per kind of write. Each knows its statement
// and how to read the answer; the writer only knows that there are such things. Statements answer with the
// exceptions alone: a batch in which everything went well returns no rows.

import Durable
import Foundation
import Postgres

typealias Answer = CheckedContinuation<Result<CommitVerdict, JournalFailure>, Never>

/// One entry of a run with whoever waits for its commit.
struct JournalWrite: Sendable {
    let lease: Lease
    let entry: JournalEntry
    /// Where the end of the run must be reported, for a child.
    let reply: ReplyAddress?
    let answer: Answer
}

/// The mailbox that a child's end goes to.
struct ReplyAddress: Sendable, Hashable {
    let parent: RunID
    let signal: String
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
}
