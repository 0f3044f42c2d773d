// The shop's own duties beside the engine's: what ended runs left behind is put right by what the rows say,
// so this needs no leader and may run in any number of processes at once.

import CommerceStore
import Durable
import Logging
import ServiceLifecycle
import Workflows

struct ShopDuties: Service {
    /// Reservations are held for more than an hour, so a minute later or earlier is all the same.
    private static let interval: Duration = .seconds(30)

    private let database: Database
    private let lapses: Lapses
    private let claims: ClaimWakes
    private let holds: HoldWakes
    private let plans: PlanVersions
    private let clock: any DurableClock
    private let logger: Logger

    init(_ platform: Platform, clock: any DurableClock = SystemClock()) {
        database = platform.database
        lapses = Lapses(platform.database)
        claims = ClaimWakes(platform.database, signals: platform.runs)
        holds = HoldWakes(platform.database, signals: platform.runs)
        plans = PlanVersions(platform.database)
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

    /// Whom a team invited and nobody answered: the address goes also where the store never invites again.
    private func forgetInvitations() async throws {
        let now = clock.now
        let gone = try await database.platformTransaction {
            try await TeamInvitations.expire(at: now, in: $0)
        }
        if gone > 0 { logger.info("forgot expired invitations", metadata: ["invitations": "\(gone)"]) }
    }

    /// Versions of plans whose month has begun. Months are billed by the versions themselves, so a little
    /// later is no loss.
    private func renewPlans() async throws {
        let changed = try await plans.takeEffect(at: clock.now)
        if changed > 0 { logger.notice("plans have new figures", metadata: ["plans": "\(changed)"]) }
    }

    private func tellClaims() async throws {
        let told = try await claims.tell(at: clock.now)
        if told > 0 { logger.notice("told runs of claims again", metadata: ["claims": "\(told)"]) }
    }

    private func tellHolds() async throws {
        let told = try await holds.tell()
        if told > 0 {
            logger.notice("told runs that nothing is left to send", metadata: ["supplier_orders": "\(told)"])
        }
    }

    private func settleLapses() async throws {
        let found = try await lapses.sweep(at: clock.now)
        guard found != Lapses.Found() else { return }
        logger.notice(
            "put right what ended runs had left behind",
            metadata: ["orders_freed": "\(found.freed)", "payments_unserved": "\(found.unserved)"])
    }

    /// One that cannot be done keeps no other from being done.
    private func sweep() async {
        let duties: [(name: String, act: () async throws -> Void)] = [
            ("forget answers", forgetAnswers), ("forget invitations", forgetInvitations),
            ("tell claims", tellClaims), ("tell holds", tellHolds), ("settle lapses", settleLapses),
            ("renew plans", renewPlans),
        ]
        for duty in duties {
            do {
                try await duty.act()
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "a duty of the shop could not be done",
                    metadata: ["duty": "\(duty.name)", "error": "\(error)"])
            }
        }
    }
}
