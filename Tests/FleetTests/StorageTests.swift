import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Partitions and the hot table")
struct StorageTests {
    func keeper(_ fleet: FleetUnderTest) -> HistoryKeeper {
        HistoryKeeper(pool: fleet.pool, logger: fleet.logger)
    }

    @Test("four weeks are ready ahead, a gap counts as the end, and what is missing is made again")
    func ahead() async throws {
        let fleet = try await FleetUnderTest.shared()
        let keeper = keeper(fleet)
        let week = HistoryWeek(containing: Date())

        #expect(try await keeper.prepareAhead(now: Date()) == 4)
        #expect(try await keeper.weeksAhead(now: week.following(3).start) == 1)
        #expect(try await keeper.weeksAhead(now: week.following(9).start) == 0)
        let child = week.following(2).partition("attempt")
        try await fleet.superuser("drop table engine.\(child)")
        #expect(try await keeper.weeksAhead(now: Date()) == 1)
        #expect(try await keeper.prepareAhead(now: Date()) == 4)
    }

    @Test("no history table has a default partition, and every one is known to retention")
    func noDefault() async throws {
        let fleet = try await FleetUnderTest.shared()
        let rows = try await fleet.pool.execute(
            """
            select c.relname::text, p.partdefid <> 0, exists (
                select 1 from engine.history_tables() h where h.name = c.relname)
            from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
            where c.relnamespace = 'engine'::regnamespace
            """
        ).rows

        #expect(rows.count >= 4)
        for row in rows {
            let name = try row.decode(0, as: String.self)
            #expect(try row.decode(1, as: Bool.self) == false)
            #expect(try row.decode(2, as: Bool.self), "\(name)")
        }
    }

    @Test("partitions are made while others write, without waiting for them")
    func creationBlocksNobody() async throws {
        let fleet = try await FleetUnderTest.shared()

        let made = try await fleet.pool.withTransaction { tx in
            // Holds what every writer and reader of steps holds.
            _ = try await tx.execute("delete from engine.step where false")
            return try await fleet.pool.withTransaction { other in
                _ = try await other.execute("set local lock_timeout = '2s'")
                let row = try await other.execute("select engine.ensure_partitions(8)").first
                return try row?.decode(0, as: Int32.self)
            }
        }

        #expect((made ?? 0) > 0)
    }

    @Test("rows that are written and rewritten stay where they are: updates of live runs are heap-only")
    func hotUpdates() async throws {
        let fleet = try await FleetUnderTest.shared()
        var registry = WorkflowRegistry()
        registry.register(FiveSteps(effects: Effects()))

        let workers = [registry]
        try await fleet.working(workers) {
            var runs: [RunID] = []
            for number in 0..<1_000 {
                runs.append(try await fleet.runs.start(FiveSteps.self, number, for: "t").id)
            }
            for run in runs { _ = try await fleet.runs.end(of: run, upTo: .seconds(40)) }
        }

        var share = HotShare(updates: 0, heapOnly: 0)
        try await fleet.until {
            share = try await StorageStatus.hotShare(fleet.pool)
            return share.updates >= 1_000
        }
        #expect(share.percent >= 60, "\(share)")
    }

    @Test("every hot table is vacuumed by its own rules, and none of live runs' updates touches an index")
    func autovacuum() async throws {
        let fleet = try await FleetUnderTest.shared()
        let rows = try await fleet.pool.execute(
            """
            select c.relname::text, coalesce(array_to_string(c.reloptions, ','), '') from pg_class c
            where c.oid in ('engine.run'::regclass, 'engine.run_key'::regclass, 'engine.signal'::regclass,
                'engine.worker'::regclass, 'engine.subject_key'::regclass)
            """
        ).rows
        for row in rows {
            let name = try row.decode(0, as: String.self)
            let options = try row.decode(1, as: String.self)
            #expect(options.contains("autovacuum_vacuum"), "\(name)")
        }
        let columns = try await fleet.pool.execute(
            """
            select distinct a.attname::text from pg_index i
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
            where i.indrelid = 'engine.run'::regclass
            """
        ).rows.map { try $0.decode(0, as: String.self) }
        let hot: Set<String> = [
            "status", "epoch", "worker", "claimed_at", "progress", "mail", "ready_at", "wait_reason",
            "takeovers", "steps_seen", "cancel_reason", "subject_key",
        ]
        #expect(hot.isDisjoint(with: columns))
    }

    @Test("every statement that moves a run between the live and the ended takes the person's key along")
    func keyTravels() throws {
        let fleet = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Engine/Fleet")
        let files = try #require(FileManager.default.enumerator(at: fleet, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for part in text.components(separatedBy: "insert into engine.run_history (").dropFirst() {
                let columns = part.prefix { $0 != ")" }
                // Without its progress it is a new row and not a run that moves.
                guard columns.contains("progress") else { continue }
                seen += 1
                #expect(columns.contains("subject_key"), "\(file.lastPathComponent)")
            }
        }
        #expect(seen >= 3)
    }
}

extension FleetUnderTest {
    /// As the owner of everything, for what no role of the fleet may do.
    func superuser(_ statement: String) async throws {
        var configuration = configuration.database
        configuration.user = "postgres"
        let connection = try await PostgresConnection.connect(configuration)
        _ = try await connection.execute(Query(stringLiteral: statement))
        await connection.close()
    }
}

extension HistoryWeek {
    func partition(_ table: String) -> String {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.yearForWeekOfYear, .weekOfYear], from: start)
        return String(format: "%@_%04dw%02d", table, parts.yearForWeekOfYear ?? 0, parts.weekOfYear ?? 0)
    }
}
