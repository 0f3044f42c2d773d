// What the bench asks about checkouts and their mirrors. While they run it asks inside one open transaction
// (see `BenchDatabase.poll`); what needs the whole journal is asked afterwards.

import Foundation
import Postgres
import Workflows

/// What the server has written so far. Unlike its statistics these are up to date at any moment.
struct ServerWrites: Sendable {
    /// Transactions that changed something: each is a commit that must reach the disk, alone or in company.
    var transactions: Double
    var walBytes: Double

    static func - (one: ServerWrites, other: ServerWrites) -> ServerWrites {
        ServerWrites(
            transactions: one.transactions - other.transactions, walBytes: one.walBytes - other.walBytes)
    }
}

/// A step of a workflow and the time that went by in it.
struct StepTime: Sendable {
    let workflow: String
    let step: String
    let milliseconds: Double
}

extension BenchDatabase {
    private static let checkout = CheckoutToFulfilment.name.rawValue
    private static let mirror = RunMirror.name.rawValue

    func writes() async throws -> ServerWrites {
        let row = try await connection.execute(
            """
            select pg_snapshot_xmax(pg_current_snapshot())::text::float8,
                pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8
            """
        ).first
        return ServerWrites(
            transactions: try row?.decode(0, as: Double.self) ?? 0,
            walBytes: try row?.decode(1, as: Double.self) ?? 0)
    }

    // MARK: - While they run

    func checkoutNews() async throws -> RushNews {
        try await news(
            """
            select (select count(*) from engine.run_history where workflow = \(Self.checkout)),
                array(select payment_intent from shop.payment
                    where payment_intent is not null and status not in ('succeeded', 'canceled'))
            """)
    }

    func mirrorNews() async throws -> RushNews {
        try await news(
            """
            select (select count(*) from engine.run_history
                    where workflow = \(Self.mirror) and parent is null),
                array(select id::text from engine.run where workflow = \(Self.mirror)
                    and status = 'waiting' and \(RunMirror.paid.name) = any(waiting_for))
            """)
    }

    private func news(_ query: Query) async throws -> RushNews {
        guard let row = try await connection.execute(query).first else {
            return RushNews(payable: [], ended: 0)
        }
        return RushNews(
            payable: try row.decode(1, as: [String].self), ended: try row.decode(0, as: Int.self))
    }

    // MARK: - Afterwards

    /// When the run of each payment ended.
    func checkoutEnds() async throws -> [String: Date] {
        try await ends(
            """
            select p.payment_intent, h.ended_at from engine.run_history h
            join shop.orders o on o.run_id = h.id
            join shop.payment p on p.tenant_id = o.tenant_id and p.order_id = o.id
            where h.workflow = \(Self.checkout)
            """)
    }

    func mirrorEnds() async throws -> [String: Date] {
        try await ends(
            """
            select id::text, ended_at from engine.run_history
            where workflow = \(Self.mirror) and parent is null
            """)
    }

    private func ends(_ query: Query) async throws -> [String: Date] {
        let rows = try await connection.execute(query).rows
        return try Dictionary(
            uniqueKeysWithValues: rows.map {
                (try $0.decode(0, as: String.self), try $0.decode(1, as: Date.self))
            })
    }

    /// Checkouts that went all the way: delivered, invoiced with the page kept, confirmed by letter, closed.
    func fulfilledCheckouts() async throws -> Int {
        try await value(
            """
            select count(*) from engine.run_history h join shop.orders o on o.run_id = h.id
            where h.workflow = \(Self.checkout) and h.status = 'succeeded'
                and h.output ->> 'end' = 'closed' and o.fulfilment_status = 'delivered'
                and o.invoice_status = 'issued'
                and exists (select from engine.step s join engine.run_history i on i.id = s.run
                    where i.parent = h.id and s.name = 'keep_document' and not s.failed)
                and exists (select from shop.email e where e.tenant_id = o.tenant_id
                    and e.order_id = o.id and e.status in ('sent', 'delivered'))
            """, as: Int.self)
    }

    /// Records and runs in the journal.
    func journalSize() async throws -> (records: Int, runs: Int) {
        (
            try await value("select count(*) from engine.step", as: Int.self),
            try await value("select count(*) from engine.run_history", as: Int.self)
        )
    }

    /// A checkout of the usual length with its children: the one in the middle by the number of records.
    func usualCheckout() async throws -> MirroredRun {
        let root = try await value(
            """
            with recursive family as (
                select id, id as root from engine.run_history where workflow = \(Self.checkout)
                union all
                select h.id, f.root from engine.run_history h join family f on h.parent = f.id)
            select root from (
                select f.root, row_number() over (order by count(*), f.root) as place,
                    count(*) over () as roots
                from family f join engine.step s on s.run = f.id group by f.root) as sized
            where place = (roots + 1) / 2
            """, as: UUID.self)
        return MirroredRun(of: root, in: try await journal(of: root))
    }

    private func journal(of root: UUID) async throws -> [JournalLine] {
        try await connection.execute(
            """
            with recursive family as (
                select id, workflow from engine.run_history where id = \(root)
                union all
                select h.id, h.workflow from engine.run_history h join family f on h.parent = f.id)
            select s.run, f.workflow, s.name, s.item, octet_length(s.output::text)::bigint,
                exists (select from engine.intent i
                    where i.run = s.run and i.name = s.name and i.item = s.item),
                case when s.name like 'start:%' then (s.output #>> '{}')::uuid end
            from family f join engine.step s on s.run = f.id order by s.started_at, s.ended_at
            """
        ).rows.map { row in
            JournalLine(
                run: try row.decode(0, as: UUID.self), workflow: try row.decode(1, as: String.self),
                name: try row.decode(2, as: String.self), item: try row.decode(3, as: String.self),
                bytes: try row.decode(4, as: Int.self), isAnnounced: try row.decode(5, as: Bool.self),
                child: try row.decode(6, as: UUID?.self))
        }
    }

    /// Where checkouts spent their time, the longest first: the time in a step, from its begin to its record,
    /// for an average checkout. Waits, children and what the engine records for itself are no steps here.
    func longestSteps(_ count: Int) async throws -> [StepTime] {
        try await connection.execute(
            """
            select h.workflow, s.name,
                1000 * extract(epoch from sum(s.ended_at - s.started_at))::float8
                    / (select count(*) from engine.run_history where workflow = \(Self.checkout))
            from engine.step s join engine.run_history h on h.id = s.run
            where s.name !~ '^(now$|start:|wait:|deadline:|sleep:)'
                and not exists (select from engine.step b
                    where b.run = s.run and b.name = 'start:' || s.name and b.item = s.item)
            group by h.workflow, s.name order by 3 desc limit \(count)
            """
        ).rows.map { row in
            StepTime(
                workflow: try row.decode(0, as: String.self), step: try row.decode(1, as: String.self),
                milliseconds: try row.decode(2, as: Double.self))
        }
    }
}
