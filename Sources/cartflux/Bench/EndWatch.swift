import Durable
import Fleet
import Synchronization

/// Wakes whoever awaits the end of a run, as soon as the fleet publishes it.
final class EndWatch: Sendable {
    private struct State {
        var ended: Set<RunID> = []
        var awaited: (run: RunID, continuation: CheckedContinuation<Bool, Never>)?
    }

    private let state = Mutex(State())

    /// Listens until it is cancelled.
    func listen(to events: RunEvents) async {
        for await runs in events.changes() { note(runs) }
    }

    private func note(_ runs: [RunID]) {
        let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.ended.formUnion(runs)
            guard let awaited = state.awaited, state.ended.contains(awaited.run) else { return nil }
            state.awaited = nil
            return awaited.continuation
        }
        continuation?.resume(returning: true)
    }

    /// Returns whether the end was heard of within `limit`. One caller at a time.
    func end(of run: RunID, upTo limit: Duration) async -> Bool {
        // Gives up on behalf of the wait below, which cancels it.
        let alarm = Task {
            try await Task.sleep(for: limit)
            giveUp(run)
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.ended.contains(run) { return true }
                state.awaited = (run, continuation)
                return false
            }
            if hasEnded { continuation.resume(returning: true) }
        }
    }

    private func giveUp(_ run: RunID) {
        let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard state.awaited?.run == run else { return nil }
            defer { state.awaited = nil }
            return state.awaited?.continuation
        }
        continuation?.resume(returning: false)
    }
}
