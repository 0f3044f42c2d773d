import Durable
import Synchronization

/// What a scheduler has done under its term, and which troubles it has told already.
final class ScheduleProgress: Sendable {
    private struct State {
        var term: LeaderTerm?
        var told: Set<String> = []
        var forgetsAt = ContinuousClock.now
    }

    private let state = Mutex(State())
    private static let forgetting: Duration = .seconds(6 * 3_600)

    /// Whether the declarations have still to be compared under this term.
    func isNew(_ term: LeaderTerm) -> Bool { state.withLock { $0.term != term } }

    func settled(_ term: LeaderTerm) {
        state.withLock { state in
            state.term = term
            state.told = []
        }
    }

    /// True now and then: it is time to forget what is old.
    func shouldForget() -> Bool {
        state.withLock { state in
            guard ContinuousClock.now >= state.forgetsAt else { return false }
            state.forgetsAt = .now + Self.forgetting
            return true
        }
    }

    /// True the first time a trouble is told under a term.
    func tells(_ trouble: String) -> Bool { state.withLock { $0.told.insert(trouble).inserted } }
}
