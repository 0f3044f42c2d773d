// Looks at every live run once a minute and proves that it is in exactly one place. It reads Postgres,
// then Redis, then Postgres again, and drops whoever has moved in between: a run on its way is in
// nobody's list for a moment, and that is no fault. Whoever is left is looked at a second time after a
// pause in which the sweeper had several turns to put it right; only what stands then exactly as it stood
// before is reported. The scanner repairs nothing: what it finds is a defect of the engine or of the
// machine, to be read by a person before it is made to vanish.

import Durable
import Foundation
import Logging
import Postgres

/// Reports live runs that are nowhere, or in two places.
public struct InvariantScanner: Sendable {
    let pool: PostgresPool
    let queue: RunQueue
    let logger: Logger
    var limits = Limits()

    /// How patient and how thorough a scan is.
    struct Limits: Sendable {
        /// A ready run is queued within milliseconds, or by the sweeper within seconds.
        var grace: Duration = .seconds(10)
        /// Between the two looks.
        var confirmation: Duration = .seconds(5)
        /// Past the lease of a worker, and past a lease in Redis.
        var silence: Duration = .seconds(30)
        var page = 10_000
        /// Above page times pages live runs a scan takes up where the last one ended.
        var pages = 20
    }

    /// Where the next scan begins.
    struct Cursor: Sendable {
        var last = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    }

    init(pool: PostgresPool, queue: RunQueue, logger: Logger) {
        self.pool = pool
        self.queue = queue
        self.logger = logger
    }

    /// The scanner of the fleet that `runs` belongs to.
    public init(_ runs: Runs) {
        self.init(pool: runs.pool, queue: runs.queue, logger: runs.logger)
    }

    /// Looks at everything now, twice. Records what it finds and returns it.
    public func check() async throws -> [InvariantFinding] {
        var cursor = Cursor()
        var found: [InvariantFinding] = []
        repeat { found += try await scan(from: &cursor) } while cursor.last != Cursor().last
        return found
    }

    /// One scan, of everything or of the next part of a very large fleet.
    func scan(from cursor: inout Cursor) async throws -> [InvariantFinding] {
        var suspects: [RunID: Suspect] = [:]
        for _ in 0..<limits.pages {
            let page = try await facts(
                """
                r.id in (select id from engine.run where id > \(cursor.last) order by id limit \(limits.page))
                """)
            let end = try await endOfPage(after: cursor.last)
            for suspect in try await judge(page) { suspects[suspect.facts.id] = suspect }
            cursor.last = end ?? Cursor().last
            if end == nil { break }
        }
        if !suspects.isEmpty { await pause() }
        let confirmed = try await confirm(suspects)
        try await record(confirmed)
        return confirmed
    }

    private struct Suspect: Sendable, Hashable {
        let facts: RunFacts
        let breach: InvariantBreach
    }

    private func pause() async {
        // Cancellation shortens the pause and drops nothing: what is not confirmed is not reported.
        try? await Task.sleep(for: limits.confirmation)
    }

    /// The last id of a full page; nil where it is the last page.
    private func endOfPage(after id: UUID) async throws -> UUID? {
        try await pool.execute(
            """
            select id from engine.run where id > \(id) order by id offset \(limits.page - 1) limit 1
            """
        ).first?.decode(0, as: UUID.self)
    }

    // MARK: Judging

    /// Those of `runs` that look broken and have not moved while both stores were read.
    private func judge(_ runs: [RunFacts]) async throws -> [Suspect] {
        var suspects = runs.compactMap { run in run.breach.map { Suspect(facts: run, breach: $0) } }
        let queued = runs.filter(\.concernsQueue)
        for (name, runs) in Dictionary(grouping: queued, by: \.queue) {
            // A queue that is being filled again is behind Postgres by right.
            guard try await queue.isWhole(name) else { continue }
            let places = try await queue.whereabouts(of: runs, in: name, leaseMargin: limits.silence)
            guard try await queue.isWhole(name) else { continue }
            for run in runs {
                guard let breach = run.breach(at: places[run.id] ?? []) else { continue }
                suspects.append(Suspect(facts: run, breach: breach))
            }
        }
        guard !suspects.isEmpty else { return [] }
        let ids = suspects.map(\.facts.id.rawValue)
        let now = try await facts("r.id = any(\(ids))")
        let still = Dictionary(uniqueKeysWithValues: now.map { ($0.id, $0) })
        return suspects.filter { still[$0.facts.id] == $0.facts }
    }

    /// Those that are broken in the same way as before, and have not moved since.
    private func confirm(_ suspects: [RunID: Suspect]) async throws -> [InvariantFinding] {
        guard !suspects.isEmpty else { return [] }
        let ids = suspects.keys.map(\.rawValue)
        let again = try await judge(try await facts("r.id = any(\(ids))"))
        return again.filter { suspects[$0.facts.id] == $0 }.map { suspect in
            let run = suspect.facts
            return InvariantFinding(
                run: run.id, breach: suspect.breach,
                detail: "tenant \(run.tenant), \(run.workflow), \(run.status.rawValue), epoch \(run.epoch)")
        }
    }

    /// What Postgres says of the runs that `condition` picks, without those at rest with nothing amiss. One
    /// statement reads everything, so that it sees one moment.
    private func facts(_ condition: Query) async throws -> [RunFacts] {
        let query: Query = """
            select * from (
                select r.id, r.tenant, r.workflow, r.queue, r.status, r.epoch, r.mail, r.ready_at,
                    r.status = 'pending'
                        and r.ready_at < clock_timestamp() - make_interval(secs => \(limits.grace.seconds))
                    or r.status = 'waiting' and coalesce(
                        r.wake_at < clock_timestamp() - make_interval(secs => \(limits.grace.seconds)), false)
                        as should_be_queued,
                    case
                    when exists (select 1 from engine.run_history h where h.id = r.id) then 'two_tables'
                    when r.status = 'running' and w.id is null then 'running_unowned'
                    when r.status = 'running' and w.lease_until
                        < clock_timestamp() - make_interval(secs => \(limits.silence.seconds))
                        then 'owner_silent'
                    when r.status = 'running' and r.wake_at is not null then 'running_with_timer'
                    when r.status <> 'running' and r.worker is not null then 'idle_owned'
                    when r.status = 'pending' and r.wake_at is not null then 'ready_with_timer'
                    when r.status = 'waiting' and r.wake_at is null and r.wake_mail is null
                        and coalesce(cardinality(r.waiting_for), 0) = 0 then 'waiting_for_nothing'
                    when r.status = 'waiting' and r.mail > 0 and exists (
                        select 1 from engine.signal s where s.run = r.id and s.taken_at is null
                            and s.name = any(r.waiting_for)) then 'deaf'
                    when r.status = 'waiting' and r.wake_at is null and r.wait_reason ->> 'kind' = 'child'
                        and not exists (select 1 from engine.run c where c.parent = r.id) then 'child_lost'
                    end as breach
                from engine.run r left join engine.worker w on w.id = r.worker
                where
            """
        let rows = try await pool.execute(
            query + " " + condition
                + ") as seen where breach is not null or should_be_queued or status = 'running'")
        return try rows.rows.map { try RunFacts($0) }
    }

    // MARK: Reporting

    private func record(_ found: [InvariantFinding]) async throws {
        _ = try await pool.execute(
            """
            insert into engine.finding as f (run, kind, detail)
            select * from unnest(\(found.map(\.run.rawValue)), \(found.map(\.breach.rawValue)),
                \(found.map(\.detail)))
            on conflict (run, kind) do update
                set detail = excluded.detail, last_seen = clock_timestamp(), resolved_at = null
            """)
        try await resolve()
        for finding in found {
            logger.error(
                "a live run is not in exactly one place: \(finding.breach.sentence)",
                metadata: ["run": "\(finding.run)", "breach": "\(finding.breach.rawValue)"])
        }
    }

    /// Closes what is no longer so.
    private func resolve() async throws {
        let open = try await pool.execute(
            "select run from engine.finding where resolved_at is null order by last_seen limit \(limits.page)"
        ).rows.map { try $0.decode(0, as: UUID.self) }
        guard !open.isEmpty else { return }
        let broken = try await judge(try await facts("r.id = any(\(open))"))
        _ = try await pool.execute(
            """
            update engine.finding f set resolved_at = clock_timestamp()
            where f.run = any(\(open)) and f.resolved_at is null and not exists (
                select 1 from unnest(\(broken.map(\.facts.id.rawValue)), \(broken.map(\.breach.rawValue)))
                    as b(run, kind) where b.run = f.run and b.kind = f.kind)
            """)
    }

    /// What was found and still stands, the oldest first, up to 1,000.
    public func openFindings() async throws -> [InvariantFinding] {
        try await pool.execute(
            """
            select run, kind, detail from engine.finding where resolved_at is null
            order by first_seen, run limit 1000
            """
        ).rows.compactMap { row in
            // A kind that a newer version has found is that version's to tell.
            guard let breach = InvariantBreach(rawValue: try row.decode(1, as: String.self)) else {
                return nil
            }
            return InvariantFinding(
                run: RunID(rawValue: try row.decode(0, as: UUID.self)), breach: breach,
                detail: try row.decode(2, as: String.self))
        }
    }
}

extension RunFacts {
    init(_ row: Row) throws {
        self.init(
            id: RunID(rawValue: try row.decode(0, as: UUID.self)), tenant: try row.decode(1, as: String.self),
            workflow: try row.decode(2, as: String.self), queue: try row.decode(3, as: String.self),
            status: RunStatus(rawValue: try row.decode(4, as: String.self)) ?? .pending,
            epoch: try row.decode(5, as: Int64.self), mail: try row.decode(6, as: Int64.self),
            readyAt: try row.decode(7, as: Date.self), shouldBeQueued: try row.decode(8, as: Bool.self),
            breach: try row.decode(9, as: String?.self).flatMap { InvariantBreach(rawValue: $0) })
    }
}
