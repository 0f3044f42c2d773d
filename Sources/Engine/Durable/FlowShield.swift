// Clean-up must not be interrupted by the very cancellation that made it necessary. The shield is a
// task-local value, so that it covers the child tasks of the clean-up too, and nothing beside it.

enum FlowShield {
    @TaskLocal static var isUp = false
}

extension Flow {
    /// Runs `cleanUp` to its end although the run is cancelled, or becomes so meanwhile: its steps, waits and
    /// children are not turned away. The cancellation takes effect after it.
    ///
    ///     do {
    ///         try await publish(flow)
    ///     } catch {
    ///         try await flow.shielded { try await flow.step(.removeDraft) { ... } }
    ///         throw error
    ///     }
    public func shielded<Result: Sendable>(
        _ cleanUp: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await FlowShield.$isUp.withValue(true) { try await cleanUp() }
    }
}
