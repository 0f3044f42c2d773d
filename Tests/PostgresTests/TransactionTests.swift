import Foundation
import Postgres
import Synchronization
import Testing

private struct Refused: Error {}

@Suite("A transaction")
struct TransactionTests {
    private func withTable(_ body: (PostgresPool, Query) async throws -> Void) async throws {
        let name = uniqueName("t")
        try await withPool(size: 3) { pool in
            _ = try await pool.execute("create table \(raw: name) (a int primary key)")
            try await body(pool, "\(raw: name)")
            _ = try await pool.execute("drop table \(raw: name)")
        }
    }

    private func expect(
        _ rows: Int, in table: Query, of pool: PostgresPool, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let count: Int = try await pool.execute("select count(*) from \(table)").rows[0].decode(0)
        #expect(count == rows, sourceLocation: sourceLocation)
    }

    @Test("is committed when its closure returns, and then runs what was registered") func commits()
        async throws
    {
        try await withTable { pool, table in
            let done = Mutex(0)
            let answer = try await pool.withTransaction { transaction in
                _ = try await transaction.execute("insert into \(table) values (1)")
                transaction.afterCommit { done.withLock { $0 += 1 } }
                _ = try await transaction.execute("insert into \(table) values (2)")
                try await expect(0, in: table, of: pool)
                #expect(done.withLock { $0 } == 0)
                return 42
            }
            #expect(answer == 42)
            #expect(done.withLock { $0 } == 1)
            try await expect(2, in: table, of: pool)
        }
    }

    @Test("is rolled back when its closure throws, and runs nothing") func rollsBack() async throws {
        try await withTable { pool, table in
            await #expect(throws: Refused.self) {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.execute("insert into \(table) values (1)")
                    transaction.afterCommit { Issue.record("ran after a rollback") }
                    throw Refused()
                }
            }
            try await expect(0, in: table, of: pool)
            #expect(pool.statistics.idle == pool.statistics.open)
        }
    }

    @Test("sends its prelude with the first statement, for itself alone") func prelude() async throws {
        try await withPool(size: 1) { pool in
            let tenant = try await pool.withTransaction(["select set_config('shop.tenant', \("acme"), true)"])
            { transaction in
                let results = try await transaction.pipeline([
                    "select 1", "select current_setting('shop.tenant')",
                ])
                #expect(results.count == 2)
                return try results[1].rows[0].decode(0, as: String.self)
            }
            #expect(tenant == "acme")
            let after = try await pool.execute("select current_setting('shop.tenant', true)").rows[0]
            #expect(try after.decode(0, as: String?.self)?.isEmpty != false)
        }
    }

    @Test("counts the statements of its caller only when one fails") func index() async throws {
        try await withPool(size: 1) { pool in
            let error = await failure {
                try await pool.withTransaction(["select 1"]) {
                    _ = try await $0.pipeline(["select 1", "select 1/0"])
                }
            }
            guard case .server(let refusal) = error else {
                Issue.record("no refusal")
                return
            }
            #expect(refusal.queryIndex == 1)
        }
    }

    @Test("costs nothing when it does nothing") func empty() async throws {
        try await withPool(size: 1) { pool in
            #expect(try await pool.withTransaction { _ in 7 } == 7)
            try await pool.withConnection { connection in
                try await expectUsable(connection)
            }
        }
    }

    @Test("says so when an error was swallowed and the server rolled back") func swallowed() async throws {
        try await withTable { pool, table in
            let error = await failure {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.execute("insert into \(table) values (1)")
                    _ = try? await transaction.execute("insert into \(table) values (1)")
                }
            }
            guard case .rolledBack = error else {
                Issue.record("not rolled back: \(String(describing: error))")
                return
            }
            try await expect(0, in: table, of: pool)
        }
    }

    @Test("goes on after an error inside a savepoint") func savepoint() async throws {
        try await withTable { pool, table in
            try await pool.withTransaction { transaction in
                _ = try await transaction.execute("insert into \(table) values (1)")
                let error = await failure {
                    try await transaction.savepoint { inner in
                        _ = try await inner.execute("insert into \(table) values (2)")
                        _ = try await inner.execute("insert into \(table) values (1)")
                    }
                }
                #expect(error?.sqlState == .uniqueViolation)
                try await transaction.savepoint {
                    _ = try await $0.execute("insert into \(table) values (3)")
                }
            }
            #expect(
                try await pool.execute("select a from \(table) order by a").column(0, as: Int.self) == [1, 3])
        }
    }

    @Test("commits with its last statements in one round trip") func commitWith() async throws {
        try await withTable { pool, table in
            try await pool.withTransaction { transaction in
                let results = try await transaction.commit(with: [
                    "insert into \(table) values (1)", "select 5",
                ])
                #expect(try results[1].rows[0].decode(0, as: Int.self) == 5)
                let late = await failure { _ = try await transaction.execute("select 1") }
                guard case .misuse = late else {
                    Issue.record("usable after its end")
                    return
                }
            }
            try await expect(1, in: table, of: pool)

            let error = await failure {
                try await pool.withTransaction {
                    _ = try await $0.commit(with: ["insert into \(table) values (1)"])
                }
            }
            #expect(error?.sqlState == .uniqueViolation)
            #expect(pool.statistics.idle == pool.statistics.open)
        }
    }

    @Test("carries out with its commit what was kept for it, in order") func kept() async throws {
        try await withTable { pool, table in
            try await pool.withTransaction { transaction in
                transaction.withCommit("insert into \(table) select count(*) + 10 from \(table)")
                transaction.withCommit("insert into \(table) select count(*) + 20 from \(table)")
                _ = try await transaction.execute("insert into \(table) values (1)")
                let results = try await transaction.commit(with: ["select count(*) from \(table)"])
                #expect(try results[0].rows[0].decode(0, as: Int.self) == 3)
            }
            #expect(
                try await pool.execute("select a from \(table) order by a").column(0, as: Int.self)
                    == [1, 11, 22])

            let error = await failure {
                try await pool.withTransaction { transaction in
                    transaction.afterCommit { Issue.record("ran after a rollback") }
                    transaction.withCommit("insert into \(table) values (11)")
                    _ = try await transaction.execute("insert into \(table) values (2)")
                }
            }
            #expect(error?.sqlState == .uniqueViolation)
            try await expect(3, in: table, of: pool)
        }
    }

    @Test("of kept statements alone is begun and committed") func keptAlone() async throws {
        try await withTable { pool, table in
            try await pool.withTransaction { $0.withCommit("insert into \(table) values (1)") }
            try await expect(1, in: table, of: pool)
        }
    }

    @Test("whose failed commit(with:) is ignored is an error, and runs nothing") func ignoredCommit()
        async throws
    {
        try await withTable { pool, table in
            let error = await failure {
                try await pool.withTransaction { transaction in
                    transaction.afterCommit { Issue.record("ran after a rollback") }
                    _ = try? await transaction.commit(with: ["insert into \(table) values (1)", "select 1/0"])
                }
            }
            guard case .rolledBack = error else {
                Issue.record("not rolled back: \(String(describing: error))")
                return
            }
            try await expect(0, in: table, of: pool)
        }
    }

    @Test("begins again when its first statement was prepared before a table changed") func stalePlan()
        async throws
    {
        try await withTable { pool, table in
            try await pool.withConnection { connection in
                for _ in 0..<3 { _ = try await connection.execute("select * from \(table)") }
                _ = try await connection.execute("alter table \(table) add b int")
            }
            let columns = try await pool.withTransaction(["select 1"]) {
                try await $0.execute("select * from \(table)").columns
            }
            #expect(columns == ["a", "b"])
        }
    }

    @Test("of two that cannot be serialised, one may be tried again") func serializable() async throws {
        try await withTable { pool, table in
            _ = try await pool.execute("insert into \(table) values (1), (2)")
            let error = await failure {
                try await pool.withTransaction(isolation: .serializable) { first in
                    _ = try await first.execute("select sum(a) from \(table)")
                    try await pool.withTransaction(isolation: .serializable) { second in
                        _ = try await second.execute("select sum(a) from \(table)")
                        _ = try await second.execute("insert into \(table) values (3)")
                    }
                    _ = try await first.execute("insert into \(table) values (4)")
                }
            }
            #expect(error?.sqlState == .serializationFailure && error?.isRetryable == true)
        }
    }

    @Test("whose task is cancelled is rolled back, and its connection is kept") func cancelled() async throws
    {
        try await withTable { pool, table in
            let (backends, report) = AsyncStream.makeStream(of: Int.self)
            let task = Task {
                try await pool.withTransaction { transaction in
                    _ = try await transaction.execute("insert into \(table) values (1)")
                    report.yield(try await transaction.execute("select pg_backend_pid()").rows[0].decode(0))
                    _ = try await transaction.execute("select pg_sleep(600)")
                }
            }
            for await backend in backends {
                try await waitUntil(backend: backend, "wait_event = 'PgSleep'")
                break
            }
            task.cancel()
            let error = await failure { try await task.value }
            guard case .cancelled = error else {
                Issue.record("not cancelled: \(String(describing: error))")
                return
            }
            try await expect(0, in: table, of: pool)
            #expect(pool.statistics.idle == pool.statistics.open)
        }
    }
}
