// One process of the fleet does a duty at a time. A row per duty names the holder, its term and when that
// ends; a term rises with every change of holder. The holder renews long before the end, and trusts itself
// on its own monotonic clock only until a margin before it, counted from before it asked. That alone is not
// enough: a process can be stopped between looking at its clock and writing. So whatever a leader writes
// names its term in the same statement or transaction (`LeaderTerm.guarding`), and the database judges.
//
// An advisory lock was rejected: it ends with a connection, not with a term, so a leader cannot tell whether
// it still holds it, and a write over another connection is not bound to it.

import Durable
import Foundation
import Logging
import Postgres
import Synchronization

/// What one process of the fleet does at a time. The raw values are stored. Each duty has a leader of its
/// own, so that a slow one does not stop the timers.
public enum LeaderDuty: String, Sendable, Hashable, CaseIterable {
    case schedules, sweeps, retention
}

/// One stay of one holder in a duty.
public struct LeaderTerm: Sendable, Hashable {
    public let duty: LeaderDuty
    public let holder: UUID
    public let number: Int64

    /// A condition for a statement that must take effect only under this term. It holds the leader's row
    /// until the commit, so that nobody takes over in between.
    public var guarding: Query { "engine.still_leads(\(duty.rawValue), \(holder), \(number))" }
}

/// A candidate for a duty, and its leader while it is elected.
public final class Leader: Sendable {
    public let duty: LeaderDuty
    public let holder = UUID()
    private let pool: PostgresPool
    private let timeToLive: Duration
    private let clock: any DurableClock
    private let logger: Logger
    private let state = Mutex(LeaderState())
    private let onElection: @Sendable () -> Void

    /// - Parameters:
    ///   - timeToLive: how long the fleet waits for a silent leader.
    ///   - onElection: called when this candidate has been elected.
    public init(
        _ duty: LeaderDuty, pool: PostgresPool, timeToLive: Duration = .seconds(6),
        clock: any DurableClock = SystemClock(), logger: Logger,
        onElection: @escaping @Sendable () -> Void = {}
    ) {
        self.duty = duty
        self.pool = pool
        self.timeToLive = timeToLive
        self.clock = clock
        self.logger = logger
        self.onElection = onElection
    }

    /// The term that this process may act under just now; nil when it does not lead, or cannot be sure.
    public var term: LeaderTerm? {
        state.withLock { $0.trusted(at: clock.uptime) }
            .map { LeaderTerm(duty: duty, holder: holder, number: $0) }
    }

    /// Stands for election, and renews what it holds, until the task is cancelled. Does not resign.
    public func holdUntilCancelled() async {
        while !Task.isCancelled {
            do {
                try await campaign()
            } catch {
                logger.warning(
                    "no word about the leader; it will be asked again",
                    metadata: ["duty": "\(duty.rawValue)", "error": "\(error)"])
            }
            // Cancellation ends the loop at its condition.
            try? await clock.sleep(for: timeToLive / 3)
        }
    }

    /// Lets another candidate take over at once. Call it when nothing is being written any more.
    public func resign() async {
        guard let term = state.withLock({ $0.revoke() }) else { return }
        do {
            _ = try await pool.execute(LeaderStatements.resign(duty, holder: holder, term: term))
        } catch {
            logger.warning(
                "the leader's term is left to expire",
                metadata: ["duty": "\(duty.rawValue)", "error": "\(error)"])
        }
    }

    /// The database has refused this term: somebody else leads.
    func lost(_ term: LeaderTerm) {
        state.withLock { if $0.number == term.number { _ = $0.revoke() } }
    }

    /// One attempt to be elected or to renew. Returns whether this candidate leads now.
    @discardableResult
    func campaign() async throws -> Bool {
        let askedAt = clock.uptime
        let held = state.withLock { $0.number }
        guard let number = try await elect() else {
            if held != nil {
                logger.notice("another process leads now", metadata: ["duty": "\(duty.rawValue)"])
            }
            state.withLock { _ = $0.revoke() }
            return false
        }
        let trust = askedAt + timeToLive - timeToLive / 5
        state.withLock { $0.elected(number, trustedUntil: trust) }
        if held != number {
            logger.notice(
                "this process leads", metadata: ["duty": "\(duty.rawValue)", "term": "\(number)"])
            onElection()
        }
        return true
    }

    /// The number of the term that is held now; nil where another holder has it.
    private func elect() async throws -> Int64? {
        let host = ProcessInfo.processInfo.hostName + ":\(ProcessInfo.processInfo.processIdentifier)"
        guard let row = try await pool.execute(LeaderStatements.look(duty)).first else {
            return try await number(LeaderStatements.first(duty, holder, host, timeToLive))
        }
        let seen = SeenLeader(
            holder: try row.decode(0, as: UUID.self), term: try row.decode(1, as: Int64.self))
        guard try row.decode(2, as: Bool.self) else {
            guard seen.holder == holder else { return nil }
            return try await number(LeaderStatements.renew(duty, seen, timeToLive))
        }
        // Its own term, too, is not taken up again once it is over: what it wrote under that may still be on
        // its way.
        return try await number(LeaderStatements.takeOver(duty, from: seen, holder, host, timeToLive))
    }

    private func number(_ query: Query) async throws -> Int64? {
        try await pool.execute(query).first?.decode(0, as: Int64.self)
    }
}

/// What a candidate believes about itself.
struct LeaderState {
    private(set) var number: Int64?
    private var trustedUntil: Duration = .zero

    func trusted(at now: Duration) -> Int64? { now < trustedUntil ? number : nil }

    mutating func elected(_ number: Int64, trustedUntil: Duration) {
        self.trustedUntil = self.number == number ? max(self.trustedUntil, trustedUntil) : trustedUntil
        self.number = number
    }

    /// Returns the number that was held.
    mutating func revoke() -> Int64? {
        defer { number = nil }
        return number
    }
}

/// Whom a candidate found in the row. It takes over from nobody else.
struct SeenLeader: Sendable, Hashable {
    let holder: UUID
    let term: Int64
}
