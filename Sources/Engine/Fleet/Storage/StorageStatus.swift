import Durable
import Foundation
import Postgres

/// How many updates of live runs stayed on their page and touched no index.
public struct HotShare: Sendable, Hashable {
    public let updates: Int64
    public let heapOnly: Int64

    /// 100 where there was no update yet.
    public var percent: Int { updates == 0 ? 100 : Int(heapOnly * 100 / updates) }
}

/// How the engine's tables are doing.
public struct StorageStatus: Sendable {
    public struct Table: Sendable {
        public let name: String
        public let rows: Int64
        public let deadRows: Int64
        public let bytes: Int64
        public let hot: HotShare
        public let lastVacuum: Date?
    }

    public let weeksAhead: Int
    /// The tables that are written all the time; the history is told by its weeks.
    public let tables: [Table]
    public let openFindings: Int
    /// People whose data can be read, and those who were erased.
    public let subjects: Int64
    public let erased: Int64
    /// How many keys of people each master key holds.
    public let masters: [String: Int64]
    /// Idempotency keys whose time has come.
    public let expiredKeys: Int64

    public static func read(_ pool: PostgresPool, now: Date) async throws -> StorageStatus {
        let results = try await pool.pipeline([
            "select engine.weeks_ahead(\(now))",
            """
            select s.relname::text, s.n_live_tup, s.n_dead_tup, pg_total_relation_size(s.relid),
                s.n_tup_upd, s.n_tup_hot_upd, greatest(s.last_vacuum, s.last_autovacuum)
            from pg_stat_user_tables s where s.schemaname = 'engine' and s.relname in
                ('run', 'run_key', 'signal', 'worker', 'subject_key') order by 1
            """,
            "select count(*) from engine.finding where resolved_at is null",
            """
            select coalesce(master, ''), count(*) from engine.subject_key group by 1
            """,
            "select count(*) from engine.run_key where expires_at < \(now)",
        ])
        let tables = try results[1].rows.map { row in
            Table(
                name: try row.decode(0, as: String.self), rows: try row.decode(1, as: Int64.self),
                deadRows: try row.decode(2, as: Int64.self), bytes: try row.decode(3, as: Int64.self),
                hot: HotShare(
                    updates: try row.decode(4, as: Int64.self), heapOnly: try row.decode(5, as: Int64.self)),
                lastVacuum: try row.decode(6, as: Date?.self))
        }
        var masters: [String: Int64] = [:]
        for row in results[3].rows {
            masters[try row.decode(0, as: String.self)] = try row.decode(1, as: Int64.self)
        }
        let erased = masters.removeValue(forKey: "") ?? 0
        return StorageStatus(
            weeksAhead: Int(try results[0].first?.decode(0, as: Int32.self) ?? 0), tables: tables,
            openFindings: try results[2].first?.decode(0, as: Int.self) ?? 0,
            subjects: masters.values.reduce(0, +), erased: erased, masters: masters,
            expiredKeys: try results[4].first?.decode(0, as: Int64.self) ?? 0)
    }

    static func hotShare(_ pool: PostgresPool) async throws -> HotShare {
        let status = try await read(pool, now: Date())
        return status.tables.first { $0.name == "run" }?.hot ?? HotShare(updates: 0, heapOnly: 0)
    }
}
