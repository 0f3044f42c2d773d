// An attempt with a time limit runs in a task of its own, so that a body which does not hear of its
// cancellation cannot hold up the run: the caller goes on at the limit, and whatever the body brings later
// falls on the floor. Its gate is closed first, so that from then on it cannot write in the step's name.

import FoundationEssentials
import Synchronization

/// Whether an attempt may still write, and when it last gave a sign of life.
final class AttemptGate: Sendable {
    private let state: Mutex<(isOpen: Bool, lastSign: Date)>

    init(openedAt now: Date) { state = Mutex((true, now)) }

    var lastSign: Date { state.withLock { $0.lastSign } }

    func close() { state.withLock { $0.isOpen = false } }

    /// Notes a sign of life. Throws where the attempt was given up.
    func pass(at now: Date) throws(AttemptOver) {
        let isOpen = state.withLock { state in
            state.lastSign = max(state.lastSign, now)
            return state.isOpen
        }
        if !isOpen { throw AttemptOver() }
    }
}

/// One body against its limits.
struct AttemptRace<Output: Sendable>: Sendable {
    let clock: any DurableClock
    let gate: AttemptGate
    let timeout: Duration?
    let silence: Duration?

    func run(_ body: @Sendable @escaping () async throws -> Output) async throws -> Output {
        let finish = FinishLine<Output>()
        // Awaited through the finish line. Cancelled below; if it does not listen, it ends on its own and
        // nobody hears of it.
        let work = Task {
            do { finish.arrive(.success(try await body())) } catch { finish.arrive(.failure(error)) }
        }
        let watches = watches(finish)
        defer {
            gate.close()
            work.cancel()
            for watch in watches { watch.cancel() }
        }
        return try await withTaskCancellationHandler {
            try await finish.first()
        } onCancel: {
            work.cancel()
        }
    }

    private func watches(_ finish: FinishLine<Output>) -> [Task<Void, Never>] {
        var watches: [Task<Void, Never>] = []
        if let timeout {
            // Cancelled by `run` when the race is over.
            let watch = Task { [clock] in
                guard (try? await clock.sleep(for: timeout)) != nil else { return }
                finish.arrive(.failure(StepTimedOut(limit: timeout)))
            }
            watches.append(watch)
        }
        if let silence {
            // Cancelled by `run` when the race is over.
            let watch = Task { [clock, gate] in
                while true {
                    let left = Duration.seconds(
                        gate.lastSign.adding(silence).timeIntervalSince(clock.now))
                    guard left > .zero else { break }
                    guard (try? await clock.sleep(for: left)) != nil else { return }
                }
                finish.arrive(.failure(StepFellSilent(limit: silence)))
            }
            watches.append(watch)
        }
        return watches
    }
}

/// The first result to arrive counts.
private final class FinishLine<Output: Sendable>: Sendable {
    private enum State {
        case empty
        case awaited(CheckedContinuation<Output, any Error>)
        case arrived(Result<Output, any Error>)
        case done
    }
    private let state = Mutex<State>(.empty)

    func arrive(_ result: Result<Output, any Error>) {
        let waiting = state.withLock { state -> CheckedContinuation<Output, any Error>? in
            switch state {
            case .empty:
                state = .arrived(result)
                return nil
            case .awaited(let continuation):
                state = .done
                return continuation
            case .arrived, .done: return nil
            }
        }
        waiting?.resume(with: result)
    }

    func first() async throws -> Output {
        try await withCheckedThrowingContinuation { continuation in
            let arrived = state.withLock { state -> Result<Output, any Error>? in
                if case .arrived(let result) = state {
                    state = .done
                    return result
                }
                state = .awaited(continuation)
                return nil
            }
            if let arrived { continuation.resume(with: arrived) }
        }
    }
}
