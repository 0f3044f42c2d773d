// Puts right what a crash left behind: runs of dead workers, timers and ready runs that Redis does not know,
// expired leases. Every worker process has one; an advisory lock lets one of them work at a time. It never
// gives up: an error is logged and the next sweep tries again. It takes nothing from a worker before it has
// itself seen the database for a whole lease time, because after an outage every heartbeat is late through no
// fault of the workers.

import Durable
import Foundation
import Logging
import Postgres

struct Sweeper: Sendable {
    private let configuration: FleetConfiguration
    private let pool: PostgresPool
    private let queue: RunQueue
    private let logger: Logger

    private static let pageSize = 5_000
    /// A ready run is normally queued within milliseconds of its commit.
    private static let unqueuedAge: Duration = .seconds(3)
    private static let overdueGrace: Duration = .seconds(1)
    private static let firstID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    private static let partitionCheck: Duration = .seconds(3_600)

    init(_ configuration: FleetConfiguration, pool: PostgresPool, queue: RunQueue, logger: Logger) {
        self.configuration = configuration
        self.pool = pool
        self.queue = queue
        self.logger = logger
    }

    func runUntilCancelled() async {
        var reachableSince: ContinuousClock.Instant?
        var partitionsDue = ContinuousClock.now
        var cursor = Self.firstID
        while !Task.isCancelled {
            do {
                let since = reachableSince ?? .now
                let mayRescue = ContinuousClock.now - since > configuration.lease
                let isMine = try await sweepDatabase(mayRescue: mayRescue)
                reachableSince = since
                if ContinuousClock.now >= partitionsDue {
                    _ = try await pool.execute(SweepStatements.ensurePartitions)
                    partitionsDue = .now + Self.partitionCheck
                }
                if isMine { try await sweepQueue(from: &cursor) }
            } catch let error as PostgresError {
                if error.isConnectionLoss { reachableSince = nil }
                logger.warning("sweep failed; it will be tried again", metadata: ["error": "\(error)"])
            } catch {
                logger.warning("sweep incomplete; it will be tried again", metadata: ["error": "\(error)"])
            }
            // Cancellation ends the loop at its condition.
            try? await Task.sleep(for: configuration.sweep * Double.random(in: 0.8..<1.2))
        }
    }

    /// Takes runs from dead workers, unless another process is at it. Returns whether it was this one's turn.
    func sweepDatabase(mayRescue: Bool) async throws -> Bool {
        try await pool.withTransaction { tx -> Bool in
            guard try await tx.execute(SweepStatements.lock).first?.decode(0, as: Bool.self) == true else {
                return false
            }
            if mayRescue { try await rescue(in: tx) }
            return true
        }
    }

    /// Puts into Redis what is ready in Postgres and missing there.
    private func sweepQueue(from cursor: inout UUID) async throws {
        _ = try await queue.reap(upTo: Self.pageSize)
        if try await queue.depth().isWhole {
            try await requeueStragglers(from: &cursor)
        } else {
            try await rebuild()
        }
    }

    private func rescue(in tx: PostgresTransaction) async throws {
        _ = try await tx.execute(SweepStatements.lockPatience)
        let workers = try await tx.execute(SweepStatements.expiredWorkers)
        let ids = try workers.rows.map { try $0.decode(0, as: UUID.self) }
        var ready: [ReadyRun] = []
        var poisoned: [UUID] = []
        for row in try await tx.execute(SweepStatements.rescue(from: ids)).rows {
            let id = try row.decode(0, as: UUID.self)
            if Int32(try row.decode(1, as: Int16.self)) >= SweepStatements.takeoverLimit {
                poisoned.append(id)
            } else {
                ready.append(try ReadyRun(row, from: 2, id: RunID(rawValue: id), at: nil))
            }
        }
        let rescued = ready.count
        if !poisoned.isEmpty { ready += try await poison(poisoned, in: tx) }
        guard !ids.isEmpty || !ready.isEmpty else { return }
        _ = try await tx.execute(SweepStatements.forget(ids))
        let names = try workers.rows.map {
            "\(try $0.decode(1, as: String.self)):\(try $0.decode(2, as: Int32.self))"
        }
        logger.notice(
            "runs taken from silent workers",
            metadata: ["workers": "\(names)", "runs": "\(rescued)", "poisoned": "\(poisoned)"])
        FleetMetrics.rescued(rescued)
        tx.afterCommit { [ready] in queue.enqueue(ready) }
    }

    /// Sets runs aside and tells their parents. Returns the parents that are ready now.
    private func poison(_ runs: [UUID], in tx: PostgresTransaction) async throws -> [ReadyRun] {
        let failure = FailureRecord(
            code: "poisoned", message: "the child was set aside: its workers kept dying under it")
        var replies = SignalColumns()
        for row in try await tx.execute(SweepStatements.poison(runs)).rows {
            let child = Lease(
                run: RunID(rawValue: try row.decode(0, as: UUID.self)),
                epoch: try row.decode(1, as: Int64.self))
            let end = ChildEnd(run: child.run, outcome: .failed(failure))
            replies.add(
                try row.decode(3, as: String.self), Payload(json: JSONB(encoded: end).bytes),
                to: RunID(rawValue: try row.decode(2, as: UUID.self)), once: "\(child.run)", from: child)
        }
        guard !replies.runs.isEmpty else { return [] }
        var verdicts = BatchVerdicts()
        try readReady(try await tx.execute(JournalStatements.send(replies)), &verdicts)
        return verdicts.ready
    }

    /// A page of the ready runs each time, so that runs which nobody can take do not hide those behind them.
    private func requeueStragglers(from cursor: inout UUID) async throws {
        var found = try await pool.execute(
            SweepStatements.overdue(by: Self.overdueGrace, in: queue.name, limit: Self.pageSize)
        ).rows.map { try Self.ready($0) }
        let page = try await pool.execute(
            SweepStatements.pending(
                after: cursor, olderThan: Self.unqueuedAge, in: queue.name, limit: Self.pageSize)
        ).rows.map { try Self.ready($0) }
        cursor = page.count == Self.pageSize ? page.last?.id.rawValue ?? Self.firstID : Self.firstID
        found += page
        let missing = try await queue.ensure(found)
        if missing > 0 { logger.notice("runs queued again", metadata: ["runs": "\(missing)"]) }
    }

    /// Redis has lost its data: queues everything that is ready or timed, then says so.
    private func rebuild() async throws {
        var count = 0
        var last = Self.firstID
        while true {
            let rows = try await pool.execute(
                SweepStatements.pending(after: last, olderThan: .zero, in: queue.name, limit: Self.pageSize))
            let page = try rows.rows.map { try Self.ready($0) }
            guard let end = page.last else { break }
            count += try await queue.ensure(page)
            last = end.id.rawValue
        }
        last = Self.firstID
        while true {
            let rows = try await pool.execute(
                SweepStatements.timers(after: last, in: queue.name, limit: Self.pageSize))
            let page = try rows.rows.map { try Self.ready($0, at: $0.decode(4, as: Date.self)) }
            guard let end = page.last else { break }
            queue.enqueue(page)
            last = end.id.rawValue
        }
        try await queue.markWhole()
        logger.notice(
            "queue rebuilt from Postgres", metadata: ["queue": "\(queue.name)", "runs": "\(count)"])
    }

    private static func ready(_ row: Row, at instant: Date? = nil) throws -> ReadyRun {
        try ReadyRun(row, from: 1, id: RunID(rawValue: row.decode(0, as: UUID.self)), at: instant)
    }
}
