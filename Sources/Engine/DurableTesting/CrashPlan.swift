import Foundation
import Synchronization

/// One failure for a whole scenario: the writes of all its journals are counted together.
final class CrashPlan: Sendable {
    private enum Pause {
        case none
        case watched(@Sendable () -> Void)
        case paused(CheckedContinuation<Void, Never>)
        case over
    }

    private struct State {
        var left: Int?
        var written = 0
        var struck: String?
    }

    let side: CrashingJournal.Side
    private let state: Mutex<State>
    private let pause = Mutex<Pause>(.none)

    init(at write: Int?, _ side: CrashingJournal.Side) {
        self.side = side
        state = Mutex(State(left: write))
    }

    var writes: Int { state.withLock { $0.written } }
    /// The write at which it failed.
    var struckWrite: String? { state.withLock { $0.struck } }

    /// Counts a write; true for the chosen one.
    func isTurn(_ what: @autoclosure () -> String) -> Bool {
        state.withLock { state in
            state.written += 1
            guard let left = state.left else { return false }
            state.left = left == 0 ? nil : left - 1
            if left == 0 { state.struck = what() }
            return left == 0
        }
    }

    // MARK: Pausing

    /// Calls `watcher` when the pause begins.
    func onPause(_ watcher: @Sendable @escaping () -> Void) {
        pause.withLock { if case .none = $0 { $0 = .watched(watcher) } }
    }

    func unwatch() {
        pause.withLock { if case .watched = $0 { $0 = .none } }
    }

    /// Lets a paused worker go on.
    func resume() {
        let paused = pause.withLock { pause -> CheckedContinuation<Void, Never>? in
            guard case .paused(let continuation) = pause else { return nil }
            pause = .over
            return continuation
        }
        paused?.resume()
    }

    /// Goes on at once where nobody watches.
    func pauseUntilResumed() async {
        await withCheckedContinuation { continuation in
            let watcher = pause.withLock { pause -> (@Sendable () -> Void)? in
                guard case .watched(let watcher) = pause else { return nil }
                pause = .paused(continuation)
                return watcher
            }
            if let watcher { watcher() } else { continuation.resume() }
        }
    }
}
