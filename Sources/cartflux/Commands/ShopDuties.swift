// The shop's own duties beside the engine's: what ended runs left behind is put right by what the rows say,
// so this needs no leader and may run in any number of processes at once.

import CommerceStore
import Durable
import Logging
import ServiceLifecycle

struct ShopDuties: Service {
    /// Reservations are held for more than an hour, so a minute later or earlier is all the same.
    private static let interval: Duration = .seconds(30)

    private let database: Database
    private let lapses: Lapses
    private let clock: any DurableClock
    private let logger: Logger

    init(_ platform: Platform, clock: any DurableClock = SystemClock()) {
        database = platform.database
        lapses = Lapses(platform.database)
        self.clock = clock
        logger = platform.logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await sweep()
                // Cancelled during the pause: the loop's condition ends it.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Answers of the API whose keys are remembered no longer; what is left over goes in the next round.
    private func forgetAnswers() async throws {
        let now = clock.now
        let gone = try await database.platformTransaction { try await APIAnswers.forget(at: now, in: $0) }
        if gone > 0 { logger.info("forgot answers of the API", metadata: ["answers": "\(gone)"]) }
    }

    private func sweep() async {
        do {
            try await forgetAnswers()
            let found = try await lapses.sweep(at: clock.now)
            guard found != Lapses.Found() else { return }
            logger.notice(
                "put right what ended runs had left behind",
                metadata: ["orders_freed": "\(found.freed)", "payments_unserved": "\(found.unserved)"])
        } catch is CancellationError {
            return
        } catch {
            logger.error("the shop's duties could not be done", metadata: ["error": "\(error)"])
        }
    }
}
