// The last hour at a glance, minute by minute. A run's id carries the moment at which it was accepted, so a
// minute is a range of ids, read from two primary keys; what ended otherwise than well is read from the index
// that leaves out everything that went well. Each figure stops where it only says "very many", so that a look
// costs the same on a table of a million runs.

import Durable
import Foundation
import Postgres

extension Runs {
    /// Where the figure of one minute stops.
    public static let minuteLimit = 5_000

    /// How many runs were accepted in each of `count` minutes from `start` on, up to `minuteLimit` each.
    public func accepted(from start: Date, minutes count: Int) async throws -> [Int] {
        let counted = try await pool.execute(
            """
            select (select count(*) from (
                (select 1 from engine.run r where r.id >= engine.first_id(m.began)
                    and r.id < engine.first_id(m.began + interval '1 minute') limit \(Self.minuteLimit))
                union all
                (select 1 from engine.run_history h where h.id >= engine.first_id(m.began)
                    and h.id < engine.first_id(m.began + interval '1 minute')
                    limit \(Self.minuteLimit))) c)
            from (select n, \(start)::timestamptz + n * interval '1 minute' as began
                from generate_series(0, \(count)::integer - 1) n) m
            order by m.n
            """)
        return try counted.rows.map { min(Self.minuteLimit, Int(try $0.decode(0, as: Int64.self))) }
    }

    /// How many of the runs that were accepted in each of `count` minutes from `start` on have ended
    /// otherwise than well until now, up to `minuteLimit` each. Cancelled ones are not among them: somebody
    /// wanted that.
    public func failed(from start: Date, minutes count: Int) async throws -> [Int] {
        let counted = try await pool.execute(
            """
            select (select count(*)
                from unnest(array['failed', 'poisoned', 'needs_attention']) s(status)
                cross join lateral (select 1 from engine.run_history h
                    where h.status = s.status and h.status <> 'succeeded'
                        and h.id >= engine.first_id(m.began)
                        and h.id < engine.first_id(m.began + interval '1 minute')
                    limit \(Self.minuteLimit)) f)
            from (select n, \(start)::timestamptz + n * interval '1 minute' as began
                from generate_series(0, \(count)::integer - 1) n) m
            order by m.n
            """)
        return try counted.rows.map { min(Self.minuteLimit, Int(try $0.decode(0, as: Int64.self))) }
    }
}
