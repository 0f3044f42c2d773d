// Signals that raced the end of their run. A send locks the run's row, and the end that waited for that lock
// takes the mailbox as it was when the end began: the signal stays behind in the table of live mail. To lock
// first would cost every end of a run a statement; instead whoever comes by once a minute takes what stayed
// behind to the run's history, where a retry finds it, as if it had come just before the end.

import Durable
import Foundation
import Postgres

struct LateMail: Sendable {
    let pool: PostgresPool
    /// Mailboxes looked at in one turn. A very large table is gone through over several turns.
    var page = 10_000

    private static let first = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    /// Where the next turn begins.
    struct Cursor: Sendable {
        fileprivate var last = LateMail.first
    }

    /// One turn. Returns how many runs had mail left behind.
    func gather(from cursor: inout Cursor) async throws -> Int {
        let rows = try await pool.execute(
            """
            select p.run, not exists (select 1 from engine.run r where r.id = p.run)
            from (select distinct run from engine.signal where run > \(cursor.last)
                  order by run limit \(page)) p
            order by p.run
            """
        ).rows
        let last = try rows.last?.decode(0, as: UUID.self)
        cursor.last = rows.count < page ? Self.first : last ?? Self.first
        let left = try rows.filter { try $0.decode(1, as: Bool.self) }
            .map { try $0.decode(0, as: UUID.self) }
        guard !left.isEmpty else { return 0 }
        try await gather(left)
        return left.count
    }

    private func gather(_ runs: [UUID]) async throws {
        try await pool.withTransaction { tx in
            // A run that is being brought back just now holds this lock, or waits for it and then finds its
            // whole mailbox.
            _ = try await tx.execute(
                """
                select count(*) from (
                    select 1 from engine.run_history where id = any(\(runs)) order by id for update) locked
                """)
            _ = try await tx.execute(
                """
                with late as (
                    delete from engine.signal s where s.run = any(\(runs))
                        and not exists (select 1 from engine.run r where r.id = s.run)
                    returning *),
                mail as (
                    select run, jsonb_agg(jsonb_build_object('name', name, 'once', once, 'payload', payload,
                        'taken_at', taken_at, 'sent_at', sent_at) order by id) as mailbox
                    from late group by run)
                update engine.run_history h set mailbox = coalesce(h.mailbox, '[]') || m.mailbox
                from mail m where h.id = m.run and h.status <> 'succeeded'
                """)
        }
    }
}
