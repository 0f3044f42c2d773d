// Wakes one sleeper. A ring while nobody sleeps is kept, so that no wake-up is ever lost between looking and
// sleeping.

import Durable
import Synchronization

final class Bell: Sendable {
    private struct State {
        var hasRung = false
        var sleeper: CheckedContinuation<Void, Never>?
        var alarm: Duration?
    }

    private let clock: any DurableClock
    private let state = Mutex(State())

    init(clock: any DurableClock = SystemClock()) { self.clock = clock }

    func ring() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let sleeper = state.sleeper else {
                state.hasRung = true
                return nil
            }
            state.sleeper = nil
            return sleeper
        }
        sleeper?.resume()
    }

    /// The next wait ends after `delay` at the latest.
    func ring(after delay: Duration) {
        let instant = clock.uptime + delay
        state.withLock { $0.alarm = min($0.alarm ?? instant, instant) }
    }

    /// Returns at a ring, at the alarm, or after `limit`.
    func wait(upTo limit: Duration) async {
        let now = clock.uptime
        let pause = state.withLock { state -> Duration in
            defer { state.alarm = nil }
            return max(.zero, min((state.alarm ?? now + limit) - now, limit))
        }
        // Ends with the wait, which cancels it, or rings at the deadline.
        let alarm = Task {
            try await clock.sleep(for: pause)
            ring()
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.hasRung {
                    state.hasRung = false
                    return true
                }
                state.sleeper = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        alarm.cancel()
    }
}
