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
    private let store: any RunStore
    private let dispatcher: any Dispatcher
    private let machine: Machine
    private let logger: Logger

    private static let pageSize = 5_000
    /// A ready run is normally queued within milliseconds of its commit.
    private static let unqueuedAge: Duration = .seconds(3)
    private static let overdueGrace: Duration = .seconds(1)
    private static let firstID = RunID(rawValue: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
    private static let preparation: Duration = .seconds(3_600)

    init(_ configuration: FleetConfiguration, pool: PostgresPool, queue: RunQueue, logger: Logger) {
        self.init(
            configuration, store: PostgresRunStore(pool: pool, configuration: configuration.database),
            dispatcher: queue, machine: .real, logger: logger)
    }

    init(
        _ configuration: FleetConfiguration, store: any RunStore, dispatcher: any Dispatcher,
        machine: Machine, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.dispatcher = dispatcher
        self.machine = machine
        self.logger = logger
    }

    func runUntilCancelled() async {
        let clock = machine.clock
        var reachableSince: Duration?
        var preparationDue = clock.uptime
        var cursor = Self.firstID
        while !Task.isCancelled {
            do {
                let since = reachableSince ?? clock.uptime
                let isMine = try await sweepStore(mayRescue: clock.uptime - since > configuration.lease)
                reachableSince = since
                if clock.uptime >= preparationDue {
                    try await store.prepareAhead()
                    preparationDue = clock.uptime + Self.preparation
                }
                if isMine { try await sweepQueue(from: &cursor) }
            } catch let error as PostgresError {
                if error.isConnectionLoss { reachableSince = nil }
                logger.warning("sweep failed; it will be tried again", metadata: ["error": "\(error)"])
            } catch {
                logger.warning("sweep incomplete; it will be tried again", metadata: ["error": "\(error)"])
            }
            await machine.pause(configuration.sweep * machine.random(in: 0.8..<1.2))
        }
    }

    /// Takes runs from dead workers, unless another process is at it. Returns whether it was this one's turn.
    func sweepStore(mayRescue: Bool) async throws -> Bool {
        guard let rescue = try await store.sweep(mayRescue: mayRescue) else { return false }
        for (run, error) in rescue.stuck {
            logger.error(
                "a run under which workers die could not be set aside; the next sweep tries again",
                metadata: ["run": "\(run)", "error": "\(error)"])
        }
        guard !rescue.workers.isEmpty || !rescue.ready.isEmpty || !rescue.poisoned.isEmpty else {
            return true
        }
        logger.notice(
            "runs taken from silent workers",
            metadata: [
                "workers": "\(rescue.workers)", "runs": "\(rescue.rescued)",
                "poisoned": "\(rescue.poisoned)",
            ])
        FleetMetrics.shared.rescued(rescue.rescued, poisoned: rescue.poisoned.count)
        dispatcher.enqueue(rescue.ready)
        return true
    }

    /// Puts into Redis what is ready in Postgres and missing there.
    private func sweepQueue(from cursor: inout RunID) async throws {
        _ = try await dispatcher.reap(upTo: Self.pageSize)
        if try await dispatcher.isWhole() {
            try await requeueStragglers(from: &cursor)
        } else {
            try await rebuild()
        }
    }

    /// A page of the ready runs each time, so that runs which nobody can take do not hide those behind them.
    private func requeueStragglers(from cursor: inout RunID) async throws {
        var found = try await store.overdue(
            by: Self.overdueGrace, in: dispatcher.name, limit: Self.pageSize)
        let page = try await store.pending(
            after: cursor, olderThan: Self.unqueuedAge, in: dispatcher.name, limit: Self.pageSize)
        cursor = page.count == Self.pageSize ? page.last?.id ?? Self.firstID : Self.firstID
        found += page
        let missing = try await dispatcher.ensure(found)
        if missing > 0 { logger.notice("runs queued again", metadata: ["runs": "\(missing)"]) }
    }

    /// Redis has lost its data: queues everything that is ready or timed, then says so.
    private func rebuild() async throws {
        var count = 0
        var last = Self.firstID
        while true {
            let page = try await store.pending(
                after: last, olderThan: .zero, in: dispatcher.name, limit: Self.pageSize)
            guard let end = page.last else { break }
            count += try await dispatcher.ensure(page)
            last = end.id
        }
        last = Self.firstID
        while true {
            let page = try await store.timers(after: last, in: dispatcher.name, limit: Self.pageSize)
            guard let end = page.last else { break }
            dispatcher.enqueue(page)
            last = end.id
        }
        try await dispatcher.markWhole()
        logger.notice(
            "queue rebuilt from Postgres", metadata: ["queue": "\(dispatcher.name)", "runs": "\(count)"])
    }
}
