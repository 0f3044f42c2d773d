// Time that a test turns by hand. Sleepers are woken in the order of their instants, and only by `advance`.

import Durable
import Foundation
import Synchronization

public final class ManualClock: DurableClock {
    private struct Sleeper {
        let wakeAt: Date
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Date
        var sleepers: [Int: Sleeper] = [:]
        var next = 0
        var cancelled: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

        /// Those who waited for as many sleepers as there are now.
        mutating func takeSatisfied() -> [CheckedContinuation<Void, Never>] {
            let satisfied = watchers.filter { $0.count <= sleepers.count }
            watchers.removeAll { $0.count <= sleepers.count }
            return satisfied.map(\.continuation)
        }
    }

    private let state: Mutex<State>

    /// Starts at a fixed instant, so that a failing test fails the same way again.
    public init(_ start: Date = Date(timeIntervalSince1970: 1_800_000_000)) {
        state = Mutex(State(now: start))
    }

    public var now: Date { state.withLock { $0.now } }

    /// How many callers are asleep.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// The instant of the next sleeper.
    public var nextWake: Date? { state.withLock { $0.sleepers.values.map(\.wakeAt).min() } }

    /// Returns as soon as at least `count` callers are asleep, so that a test knows when to turn the clock.
    public func sleepers(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let satisfied = state.withLock { state in
                state.watchers.append((count, continuation))
                return state.takeSatisfied()
            }
            for watcher in satisfied { watcher.resume() }
        }
    }

    public func advance(by duration: Duration) { advance(to: now.adding(duration)) }

    public func advance(to instant: Date) {
        let due = state.withLock { state -> [Sleeper] in
            state.now = max(state.now, instant)
            let due = state.sleepers.filter { $0.value.wakeAt <= state.now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.sorted { $0.wakeAt < $1.wakeAt }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    public func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Turn { case over, cancelled, asleep }
                let (turn, watchers) = state.withLock {
                    state -> (Turn, [CheckedContinuation<Void, Never>]) in
                    if state.cancelled.remove(id) != nil { return (.cancelled, []) }
                    let wakeAt = state.now.adding(duration)
                    guard wakeAt > state.now else { return (.over, []) }
                    state.sleepers[id] = Sleeper(wakeAt: wakeAt, continuation: continuation)
                    return (.asleep, state.takeSatisfied())
                }
                for watcher in watchers { watcher.resume() }
                switch turn {
                case .over: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .asleep: break
                }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
