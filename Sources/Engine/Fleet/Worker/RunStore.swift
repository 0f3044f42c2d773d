// What a worker needs from the truth about runs, and no more: the seam below which Postgres stands. The group
// commit, the leases and the worker itself are above it, so that a simulation can put a store of its own
// below them, with every failure that a real one can have.

import Durable
import Postgres

/// Where runs are recorded and owned. Every call may fail, and may have taken effect although it failed.
protocol RunStore: Sendable {
    /// A line of its own for group commits.
    func openLine() async throws(PostgresError) -> any CommitLine

    /// Makes the fleet know a worker. Answers what it still owned, which is ready for others now.
    func register(_ worker: WorkerIdentity, lease: Duration) async throws -> [ReadyRun]

    /// Makes the fleet forget a worker. Answers what it still owned, which is ready for others now.
    func deregister(_ worker: WorkerIdentity) async throws -> [ReadyRun]

    /// Gives back what a claim granted without the worker hearing of it.
    func handBack(_ runs: [RunID], of worker: WorkerIdentity) async throws -> [ReadyRun]

    /// Gives back what the store says this worker owns besides `held` and has owned for longer than `age`:
    /// claims that were carried out after the worker had given them up.
    func handBackStrays(besides held: [RunID], of worker: WorkerIdentity, ownedFor age: Duration)
        async throws -> [ReadyRun]

    /// Ready runs that `worker` can run, for when the dispatcher is away.
    func ready(upTo limit: Int, for worker: WorkerIdentity) async throws -> [RunID]

    /// One sweep of the whole fleet: where `mayRescue`, takes their runs from workers whose lease is over.
    /// Nil where another process is sweeping.
    func sweep(mayRescue: Bool) async throws -> Rescue?

    /// Sleeping runs whose time came more than `grace` ago.
    func overdue(by grace: Duration, in queue: String, limit: Int) async throws -> [ReadyRun]

    /// A page of the runs that have been ready for longer than `age`, in the order of their ids.
    func pending(
        after id: RunID, olderThan age: Duration, in queue: String, limit: Int
    ) async throws -> [ReadyRun]

    /// A page of the sleeping runs that have a timer, in the order of their ids.
    func timers(after id: RunID, in queue: String, limit: Int) async throws -> [ReadyRun]

    /// Whatever the store must prepare for the weeks to come.
    func prepareAhead() async throws
}

/// One connection that carries group commits, one at a time.
protocol CommitLine: Sendable {
    /// The actor on whose thread the line works, where it has one: a writer that is there already saves two
    /// changes of thread for every batch.
    var actor: (any Actor)? { get }

    /// Writes the whole batch or nothing of it. After a lost connection either may be the case.
    nonisolated(nonsending) func commit(
        _ batch: JournalBatch, for worker: WorkerIdentity?
    ) async throws(PostgresError) -> BatchVerdicts
    func close() async
}

extension CommitLine {
    var actor: (any Actor)? { nil }
}

/// What a sweep took from workers that fell silent.
struct Rescue: Sendable {
    /// Host and process of the silent workers.
    var workers: [String] = []
    var rescued = 0
    /// Runs that were set aside because worker after worker died under them.
    var poisoned: [RunID] = []
    /// Runs that should have been set aside and could not be, with the error.
    var stuck: [RunID: String] = [:]
    /// Everything that is ready now.
    var ready: [ReadyRun] = []
}
