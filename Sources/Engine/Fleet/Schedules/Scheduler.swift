// Starts runs at their nominal times. Any number of processes run a scheduler; the leader of the duty fires,
// the others stand by. It sleeps until the next firing, and looks again when somebody changes a schedule
// (Redis tells) and every second in any case, which also notices that the database's clock was set. What is
// due is judged by that clock and not by a process's own.
//
// A firing is decided from a row by pure code (`Schedule.plan`) and carried out by one statement that takes
// effect only if the row is unchanged and the leader's term still holds. Whatever dies in between, the next
// leader finds the row as it was and decides again, or finds it moved on.

import Durable
import Foundation
import Logging
import Postgres
import Redis
import ServiceLifecycle

/// The scheduler of a process: a service beside the worker or alone.
public final class Scheduler: Service {
    let pool: PostgresPool
    let queue: RunQueue
    let book: ScheduleBook
    let leader: Leader
    let logger: Logger
    private let redis: RedisClient
    private let clock: (any DurableClock)?
    private let bell: Bell
    let progress: ScheduleProgress

    /// Also without a word from Redis a change is noticed within this time.
    private static let look: Duration = .seconds(1)
    static let batch = 500

    /// - Parameters:
    ///   - book: the schedules that the code declares.
    ///   - clock: whose time decides what is due; nil for the database's, which all processes share.
    ///   - timeToLive: how long the fleet waits for a silent leader.
    public init(
        _ configuration: FleetConfiguration, book: ScheduleBook, redis: RedisClient, pool: PostgresPool,
        clock: (any DurableClock)? = nil, timeToLive: Duration = .seconds(6), logger: Logger
    ) {
        let bell = Bell()
        self.pool = pool
        self.book = book
        self.redis = redis
        self.clock = clock
        self.logger = logger
        self.bell = bell
        progress = ScheduleProgress()
        queue = RunQueue(
            configuration.queue, redis: redis, records: PostgresPolicyRecords(pool: pool), logger: logger)
        leader = Leader(.schedules, pool: pool, timeToLive: timeToLive, logger: logger) { bell.ring() }
    }

    /// Stands by and fires until the process is asked to stop, then lets another one take over at once.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.workUntilCancelled() }
        // Awaited here; shielded from the cancellation that stopped the scheduler.
        await Task {
            await leader.resign()
            await queue.flush()
        }.value
    }

    /// Everything but the orderly end.
    func workUntilCancelled() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leader.holdUntilCancelled() }
            group.addTask { await self.listenUntilCancelled() }
            group.addTask { await self.fireUntilCancelled() }
            await group.waitForAll()
        }
    }

    private func listenUntilCancelled() async {
        for await _ in redis.subscribe([Schedules.channel]) { bell.ring() }
    }

    private func fireUntilCancelled() async {
        // A sleeper that nobody rings for wakes within a second and sees that it was cancelled.
        while !Task.isCancelled {
            var pause = Self.look
            do {
                pause = try await pass()
            } catch {
                logger.warning(
                    "schedules not looked at; this is tried again", metadata: ["error": "\(error)"])
            }
            guard !Task.isCancelled else { return }
            if pause > .zero { await bell.wait(upTo: min(pause, Self.look)) }
        }
    }

    /// One look at the schedules. Returns how long there is nothing to do.
    @discardableResult
    func pass() async throws -> Duration {
        guard let term = leader.term else { return Self.look }
        let outlook = try await outlook()
        if progress.isNew(term) {
            try await rereadZones(under: term)
            // A change that waits for an owed firing is tried again with every look, until it is in force.
            if try await declare(at: outlook.now, under: term) { progress.settled(term) }
        }
        if progress.shouldForget() { try await forgetOldFirings(under: term) }
        let work = try await fireDue(at: outlook.now, under: term)
        let next = try await self.outlook()
        if work.hasMore { return .milliseconds(1) }
        if let fireAt = next.fireAt, fireAt <= next.now {
            // Due by now, or due all along and not to be fired: that is tried again, but not in a circle.
            return work.done > 0 ? .milliseconds(1) : Self.look
        }
        let untilNext = next.fireAt.map { Duration.seconds($0.timeIntervalSince(next.now)) } ?? Self.look
        return next.hasQueued ? min(untilNext, Self.look / 4) : untilNext
    }

    /// The workflows whose inputs this process can make.
    var workflows: [String] { book.workflows.keys.map(\.rawValue) }

    private struct Outlook {
        let now: Date
        let fireAt: Date?
        let hasQueued: Bool
    }

    private func outlook() async throws -> Outlook {
        let row = try await pool.execute(ScheduleStatements.outlook(knowing: workflows)).rows[0]
        return Outlook(
            now: try clock?.now ?? row.decode(0, as: Date.self), fireAt: try row.decode(1, as: Date?.self),
            hasQueued: try row.decode(2, as: Bool.self))
    }
}
