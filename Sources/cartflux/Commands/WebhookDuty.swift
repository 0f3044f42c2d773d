// Sends merchants' events on their way, and forgets the old ones. What is to be done is read from the rows,
// so this needs no leader and may run in any number of processes at once.

import CommerceStore
import Durable
import Foundation
import Logging
import ServiceLifecycle
import Workflows

struct WebhookDuty: Service {
    /// An event is on its way within about a second; looking costs one question to an empty index.
    private static let interval: Duration = .seconds(1)
    /// Rounds between two looks at what is old enough to be forgotten.
    private static let roundsPerPurge = 600

    private let dispatch: WebhookDispatch
    private let clock: any DurableClock
    private let logger: Logger

    init(_ platform: Platform, clock: any DurableClock = SystemClock()) {
        dispatch = WebhookDispatch(platform.database, starter: platform.runs)
        self.clock = clock
        logger = platform.logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                await work(round)
                round += 1
                // Cancelled during the pause: the loop's condition ends it.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    private func work(_ round: Int) async {
        do {
            try await dispatch.dispatch(at: clock.now)
            guard round.isMultiple(of: Self.roundsPerPurge) else { return }
            let gone = try await dispatch.forget(at: clock.now)
            if gone > 0 { logger.notice("forgot old webhook events", metadata: ["events": "\(gone)"]) }
        } catch is CancellationError {
            return
        } catch {
            logger.error("webhooks could not be sent on their way", metadata: ["error": "\(error)"])
        }
    }
}
