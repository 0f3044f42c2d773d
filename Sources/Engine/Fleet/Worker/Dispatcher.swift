// What a worker needs from the queue of ready runs: the seam below which Redis stands. Whatever happens
// there, no run is lost, because the store knows every run that is ready.

import Durable

/// Hands out ready runs, each to one worker at a time, and says when there are more.
protocol Dispatcher: Sendable {
    /// The queue whose runs it hands out.
    var name: String { get }

    /// Queues runs that are committed as ready. Returns at once; a failure is left to the sweeper.
    func enqueue(_ runs: [ReadyRun])

    /// Returns when everything that was enqueued before has been sent, or could not be.
    func flush() async

    /// Queues those of `runs` that are neither ready nor leased here. Returns how many were missing.
    func ensure(_ runs: [ReadyRun]) async throws -> Int

    /// Gives back the leases of `done` and leases up to `limit` more runs, and beyond them up to `spare` of
    /// tenants that have none in flight.
    func finishAndClaim(done: [RunID], upTo limit: Int, spare: Int) async throws -> QueueClaim

    /// Keeps the leases of the runs that this worker still holds.
    func renew(_ held: [RunID]) async throws

    /// Drops expired leases. Returns how many.
    func reap(upTo limit: Int) async throws -> Int

    /// False after the data was lost, until `markWhole`.
    func isWhole() async throws -> Bool

    /// Notes that everything which is ready in the store has been queued since the data was last lost.
    func markWhole() async throws

    /// Calls `heard` whenever there may be work again, until the task is cancelled.
    func listen(_ heard: @Sendable () -> Void) async
}

extension RunQueue: Dispatcher {
    func isWhole() async throws -> Bool { try await depth().isWhole }
}

/// Tells whoever watches that something about a run has changed. Best effort.
protocol RunNotices: Sendable {
    func publish(_ id: RunID, of tenant: Tenant)
}

extension RunEvents: RunNotices {}
