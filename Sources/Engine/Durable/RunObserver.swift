// How a run is seen from outside: figures, traces and log lines are made by whoever runs it, so that this
// module needs none of their libraries. What an observer does cannot change what a run does.

/// Watches one stay of a run in a worker.
public protocol RunObserver: Sendable {
    /// Stands around one attempt of a step. It calls `body` exactly once, in the task it was called in, and
    /// gives back what that gave or throws what that threw.
    func attempting<Output: Sendable>(
        _ step: StepKey, attempt: Int, _ body: () async throws -> Output
    ) async throws -> Output

    /// The run's end has been recorded.
    func ended(_ outcome: Outcome)
}
