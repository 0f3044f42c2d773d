// What the storage needs done by the clock: partitions ahead, retention, expired keys, mail that stayed
// behind when its run ended, the figures of the day, and the scan for runs that are nowhere. Every worker
// process and caretaker has the duties, and one of them works at a time. Each duty fails alone: an error is
// logged, and its next turn tries again.

import Durable
import Foundation
import Logging
import Postgres

struct StorageDuties: Sendable {
    let pool: PostgresPool
    let queue: RunQueue
    let logger: Logger
    var machine = Machine.real

    /// How often each duty comes round.
    static let round: Duration = .seconds(60)
    private static let retentionEvery = 60

    private enum Duty: String { case partitions, retention, keys, mail, samples, invariants }

    func runUntilCancelled() async {
        let leader = Leader(.retention, pool: pool, clock: machine.clock, logger: logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await leader.holdUntilCancelled() }
            group.addTask { await roundsUntilCancelled(leader) }
        }
        // Awaited here; shielded from the cancellation that ended the duties.
        await Task { await leader.resign() }.value
    }

    /// Rounds are not tied to the leader's term: each duty is safe to do twice, by locks of its own.
    private func roundsUntilCancelled(_ leader: Leader) async {
        // Not all at once with the other duties of a process that has just started.
        await machine.pause(Self.round * machine.random(in: 0.1..<0.6))
        var rounds = 0
        var cursors = Cursors()
        while !Task.isCancelled {
            if leader.term != nil {
                cursors = await round(from: cursors, retaining: rounds % Self.retentionEvery == 0)
                rounds += 1
            }
            await machine.pause(Self.round * machine.random(in: 0.9..<1.1))
        }
    }

    /// Where the next round goes on.
    private struct Cursors {
        var scan = InvariantScanner.Cursor()
        var mail = LateMail.Cursor()
    }

    /// One round of all duties. Returns where the next one goes on.
    private func round(from cursors: Cursors, retaining: Bool) async -> Cursors {
        let keeper = HistoryKeeper(pool: pool, logger: logger)
        await attempt(.partitions) {
            let now = machine.clock.now
            let ahead =
                retaining ? try await keeper.prepareAhead(now: now) : try await keeper.weeksAhead(now: now)
            report(weeksAhead: ahead)
        }
        if retaining {
            await attempt(.retention) { _ = try await keeper.retain(now: machine.clock.now) }
        }
        await attempt(.keys) { _ = try await keeper.expireKeys() }
        var next = cursors
        await attempt(.mail) { _ = try await LateMail(pool: pool).gather(from: &next.mail) }
        await attempt(.samples) {
            try await Samples(pool).note(try await FleetCensus.take(pool).samples, at: machine.clock.now)
        }
        await attempt(.invariants) {
            _ = try await InvariantScanner(pool: pool, queue: queue, logger: logger).scan(from: &next.scan)
        }
        return next
    }

    private func attempt(_ duty: Duty, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            logger.warning(
                "a storage duty failed; its next turn tries again",
                metadata: ["duty": "\(duty.rawValue)", "error": "\(error)"])
        }
    }

    /// Without partitions nothing can be recorded, so this is said long before it happens.
    func report(weeksAhead ahead: Int) {
        switch ahead {
        case HistoryKeeper.leastWeeksAhead...: break
        case 1...:
            logger.warning("few weeks of partitions ahead", metadata: ["weeks": "\(ahead)"])
        default:
            logger.error(
                "no partitions for next week: create them with `cartflux storage partitions --create`",
                metadata: ["weeks": "\(ahead)"])
        }
    }
}
