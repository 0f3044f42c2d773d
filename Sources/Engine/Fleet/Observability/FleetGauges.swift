// The figures that belong to the fleet and not to one process: they are read from where the truth is, every
// few seconds, so that each process which reports them reports the same, and none goes on telling what it saw
// when it last had a duty. Reading costs a scan of the live runs; a scan that takes long is made more seldom,
// so that it never takes more than a fiftieth of a connection's time.

import Durable
import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// Keeps the fleet's gauges fresh, as a service beside a scheduler.
public struct FleetGauges: Service {
    private let pool: PostgresPool
    private let control: Control
    private let metrics: FleetMetrics
    private let logger: Logger
    private let interval: Duration

    private static let share = 50
    /// Counting stops here: more is only "very many".
    private static let countLimit = 10_000

    /// - Parameter interval: how often the gauges are read, where reading is cheap.
    public init(_ runs: Runs, every interval: Duration = .seconds(5)) {
        self.init(runs, metrics: .shared, every: interval)
    }

    init(_ runs: Runs, metrics: FleetMetrics, every interval: Duration = .seconds(5)) {
        pool = runs.pool
        control = Control(runs)
        self.metrics = metrics
        self.interval = interval
        logger = runs.logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { await refreshUntilCancelled() }
    }

    private func refreshUntilCancelled() async {
        let clock = SystemClock()
        while !Task.isCancelled {
            let began = clock.uptime
            do {
                try await refresh()
            } catch {
                logger.warning("gauges not refreshed; this is tried again", metadata: ["error": "\(error)"])
            }
            let taken = clock.uptime - began
            // Cancellation ends the loop at its condition.
            try? await clock.sleep(for: max(interval, taken * Self.share))
        }
    }

    /// Reads everything once.
    func refresh() async throws {
        let rows = try await pool.pipeline([
            Self.oldest, Self.overdue, Self.aside, "select engine.weeks_ahead(clock_timestamp())",
            "select kind, count(*) from engine.finding where resolved_at is null group by kind",
        ])
        try await refreshQueues(oldest: rows[0])
        metrics.set(.scheduleOverdue, to: try rows[1].first?.decode(0, as: Double.self) ?? 0)
        for row in rows[2].rows {
            let status = try row.decode(0, as: String.self)
            metrics.set(.runsAside, [("status", status)], to: Double(try row.decode(1, as: Int64.self)))
        }
        metrics.set(.weeksAhead, to: Double(try rows[3].first?.decode(0, as: Int32.self) ?? 0))
        var findings: [String: Int64] = [:]
        for row in rows[4].rows {
            findings[try row.decode(0, as: String.self)] = try row.decode(1, as: Int64.self)
        }
        metrics.findings(findings)
        metrics.set(.gaugesRefreshed, to: Date().timeIntervalSince1970.rounded())
    }

    private func refreshQueues(oldest: ResultSet) async throws {
        var ages: [String: Double] = [:]
        for row in oldest.rows {
            ages[try row.decode(0, as: String.self)] = try row.decode(1, as: Double.self)
        }
        var known: Set<String> = []
        for line in try await control.queues() {
            let labels = [("queue", line.name)]
            known.insert(line.name)
            metrics.set(.queueOldestAge, labels, to: ages[line.name] ?? 0)
            metrics.set(.queuePaused, labels, to: line.isPaused ? 1 : 0)
            metrics.set(.workers, labels, to: Double(line.workers))
            metrics.set(.workerSlots, labels, to: Double(line.slots))
            guard let depth = line.depth else { continue }
            metrics.set(.queueReady, labels, to: Double(depth.ready))
            metrics.set(.queueLeased, labels, to: Double(depth.leased))
            metrics.set(.queueDelayed, labels, to: Double(depth.due))
        }
        // Runs in a queue that has no worker at all: the very thing an alarm is for.
        for (queue, age) in ages where !known.contains(queue) {
            metrics.set(.queueOldestAge, [("queue", queue)], to: age)
            metrics.set(.workers, [("queue", queue)], to: 0)
        }
    }

    private static let oldest: Query = """
        select queue, extract(epoch from clock_timestamp() - min(ready_at))::float8
        from engine.run where status = 'pending' group by queue
        """

    private static let overdue: Query = """
        select greatest(0, extract(epoch from clock_timestamp() - min(fire_at)))::float8
        from engine.schedule where paused_at is null and retired_at is null having min(fire_at) is not null
        """

    private static let aside: Query = """
        select s.status, (select count(*) from (
            select 1 from engine.run_history h where h.status = s.status and h.status <> 'succeeded'
            limit \(countLimit)) as counted)
        from unnest(array['needs_attention', 'poisoned']) s(status)
        """
}

extension FleetMetrics {
    /// One gauge per kind, so that a kind that is gone goes back to zero.
    func findings(_ counts: [String: Int64]) {
        for breach in InvariantBreach.allCases {
            set(.findings, [("breach", breach.rawValue)], to: Double(counts[breach.rawValue] ?? 0))
        }
    }
}
