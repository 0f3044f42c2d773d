// A rate limit that holds for all processes together: each asks where the fleet keeps count. While nobody
// answers there, each goes on with a bucket of its own. A program may then ask a little more than it should;
// an API that stops because its counter is away would be worse. Nobody waits for the counter again and again:
// after it failed to answer it is left alone for a moment, and then one request finds out for all.

import Crypto
import Foundation
import Logging
import Synchronization

package final class FleetLimit: Sendable {
    /// How somebody stands after having asked for one turn.
    package struct Turn: Sendable, Equatable {
        package let isAdmitted: Bool
        package let remaining: Int
        package let wait: Duration
        package let reset: Duration

        package init(isAdmitted: Bool, remaining: Int, wait: Duration, reset: Duration) {
            self.isAdmitted = isAdmitted
            self.remaining = remaining
            self.wait = wait
            self.reset = reset
        }
    }

    /// Takes one of `capacity` turns, of which one comes back every `interval`. Throws where nobody answers.
    package typealias Ask =
        @Sendable (_ client: String, _ capacity: Int, _ interval: Duration) async throws -> Turn

    private let own: RateLimit
    private let ask: Ask?
    private let pause: Duration
    private let logger: Logger
    /// Until when nobody is asked; nil while the fleet answers.
    private let aloneUntil = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - own: what holds in this process while the fleet does not answer, and how much there is of it.
    ///   - pause: for so long the fleet is not asked after it did not answer.
    ///   - ask: nil where there is one process only.
    package init(
        _ own: RateLimit, pause: Duration = .seconds(5), logger: Logger = Logger(label: "cartflux.limits"),
        ask: Ask? = nil
    ) {
        self.own = own
        self.pause = pause
        self.logger = logger
        self.ask = ask
    }

    /// Throws `.tooManyRequests`, with when to come back.
    package func check(_ client: String, now: Date) async throws -> RateStanding {
        guard let ask, mayAsk() else { return try own.check(client, now: now) }
        let turn: Turn
        do {
            // Where the count is kept nobody's name or address is needed, only that it is the same one.
            let name = Data(SHA256.hash(data: Data(client.utf8)).prefix(16)).base64EncodedString()
            turn = try await ask(name, own.capacity, .seconds(own.interval))
        } catch {
            if error is CancellationError || Task.isCancelled { throw error }
            wentAway(error)
            return try own.check(client, now: now)
        }
        cameBack()
        let standing = RateStanding(
            limit: own.capacity, remaining: turn.remaining, reset: turn.reset.wholeSeconds,
            window: own.windowSeconds)
        guard turn.isAdmitted else { throw standing.refusal(after: turn.wait.wholeSeconds) }
        return standing
    }

    /// Whether to ask now. Of those that come after a pause, the first goes ahead and the others do not wait.
    private func mayAsk() -> Bool {
        aloneUntil.withLock { until in
            guard let end = until else { return true }
            guard ContinuousClock.now >= end else { return false }
            until = ContinuousClock.now + pause
            return true
        }
    }

    private func wentAway(_ error: any Error) {
        let isNews = aloneUntil.withLock { until in
            defer { until = ContinuousClock.now + pause }
            return until == nil
        }
        guard isNews else { return }
        logger.warning(
            "limits of programs hold in each process alone, since the fleet's count is away",
            metadata: ["error": "\(error)"])
    }

    private func cameBack() {
        let wasAway = aloneUntil.withLock { until in
            defer { until = nil }
            return until != nil
        }
        if wasAway { logger.notice("limits of programs hold across the fleet again") }
    }
}

extension Duration {
    /// Rounded up, for headers.
    fileprivate var wholeSeconds: Int {
        Int(components.seconds) + (components.attoseconds > 0 ? 1 : 0)
    }
}
