import Foundation
import Postgres
import Testing

@Suite("A connection")
struct ConnectionTests {
    @Test("reports rows, columns and how many were affected") func results() async throws {
        try await withConnection { connection in
            let created = try await connection.execute("create temp table t (a int, b text)")
            #expect(created.rows.isEmpty && created.columns.isEmpty)
            let inserted = try await connection.execute(
                "insert into t select g, 'x' from generate_series(1, 250) g")
            #expect(inserted.affected == 250)
            let read = try await connection.execute("select * from t order by a")
            #expect(read.columns == ["a", "b"] && read.rows.count == 250)
            #expect(try read.rows.last?.decode("a", as: Int.self) == 250)
        }
    }

    @Test("names the constraint, the table and the query, but no value, when the server refuses")
    func constraints() async throws {
        try await withConnection { connection in
            _ = try await connection.execute(
                "create temp table t (a int constraint t_a unique, b int constraint t_b check (b > 0))"
            )
            _ = try await connection.execute("insert into t values (\(4711), 1)")

            let duplicate = await failure {
                _ = try await connection.execute("insert into t values (\(4711), 1)")
            }
            #expect(duplicate?.sqlState == .uniqueViolation && duplicate?.constraint == "t_a")
            guard case .server(let error) = duplicate else { return }
            #expect(error.table == "t" && error.query == "insert into t values ($1, 1)")
            #expect(error.detail?.contains("4711") == true)
            #expect(!error.description.contains("4711"))

            let check = await failure { _ = try await connection.execute("insert into t values (1, 0)") }
            #expect(check?.sqlState == .checkViolation && check?.constraint == "t_b")
        }
    }

    @Test("is usable after each kind of error") func survives() async throws {
        try await withConnection { connection in
            for query in ["selec 1", "select * from nowhere", "select 1/0"] as [Query] {
                let error = await failure { _ = try await connection.execute(query) }
                #expect(error?.sqlState != nil)
                try await expectUsable(connection)
            }
        }
    }

    @Test("says why it cannot connect") func refused() async throws {
        let database = await failure { _ = try await connect { $0.database = "nowhere" } }
        #expect(database?.sqlState == SQLState(rawValue: "3D000"))
        let role = await failure { _ = try await connect { $0.user = "nobody_here" } }
        #expect(role?.sqlState?.rawValue.hasPrefix("28") == true)
        let plain = try await sharedServer()
        let url = "postgres://\(plain.user)@127.0.0.1:\(plain.port)/postgres?sslmode=require"
        let encrypted = await failure { _ = try await PostgresConnection.connect(PostgresConfiguration(url)) }
        #expect(encrypted?.description.contains("SSL") == true)
        let port = await failure { _ = try await connect { $0.port = 1 } }
        #expect(port?.isConnectionLoss == true && port?.isRetryable == true)
        guard case .connection(let failure) = role else { return }
        #expect(!failure.isTemporary && failure.message.contains("nobody_here"))
    }

    @Test("uses the server's copy of a statement from the second time on, also after errors")
    func preparedStatements() async throws {
        try await withConnection { connection in
            let query: Query = "select 10 / \(0)"
            for _ in 0..<3 { _ = await failure { _ = try await connection.execute(query) } }
            for number in 1...3 {
                let row = try await connection.execute("select 10 / \(number)").rows[0]
                #expect(try row.decode(0, as: Int.self) == 10 / number)
            }
            let kept = try await connection.execute("select statement from pg_prepared_statements").column(
                0, as: String.self)
            #expect(kept == ["select 10 / $1"])
        }
    }

    @Test("prepares again when a table has changed under a statement") func changedTable() async throws {
        try await withConnection { connection in
            _ = try await connection.execute("create temp table t (a int)")
            _ = try await connection.execute("insert into t values (1)")
            for _ in 0..<3 { _ = try await connection.execute("select * from t") }
            _ = try await connection.execute("alter table t add b int default 2")
            #expect(try await connection.execute("select * from t").columns == ["a", "b"])
            _ = try await connection.execute("deallocate all")
            #expect(try await connection.execute("select * from t").rows.count == 1)
        }
    }

    @Test("drops the statements it does not use from the server") func boundedStatements() async throws {
        try await withConnection { connection in
            for number in 0..<300 {
                _ = try await connection.execute(Query(text: "select \(number)").prepared())
            }
            let row = try await connection.execute("select count(*) from pg_prepared_statements").rows[0]
            #expect(try row.decode(0, as: Int.self) <= 257)
        }
    }

    @Test("gives a slow statement up at its time limit") func statementTimeout() async throws {
        try await withConnection({ $0.statementTimeout = .milliseconds(50) }) { connection in
            let error = await failure { _ = try await connection.execute("select pg_sleep(60)") }
            #expect(error?.sqlState == .queryCanceled)
            try await expectUsable(connection)
        }
    }

    @Test("gives up waiting for a lock at its time limit") func lockTimeout() async throws {
        let table = uniqueName("locked")
        try await withConnection { holder in
            _ = try await holder.execute("create table \(raw: table) (a int)")
            _ = try await holder.pipeline(["begin", "lock table \(raw: table)"])
            try await withConnection({ $0.lockTimeout = .milliseconds(20) }) { connection in
                let error = await failure { _ = try await connection.execute("select * from \(raw: table)") }
                #expect(error?.sqlState == .lockNotAvailable)
            }
            _ = try await holder.execute("rollback")
            _ = try await holder.execute("drop table \(raw: table)")
        }
    }

    @Test("ends the statement on the server when its task is cancelled, and can be used on")
    func cancellation() async throws {
        try await withConnection { connection in
            let backend = await connection.backendID
            let task = Task { try await connection.execute("select pg_sleep(600)") }
            try await waitUntil(backend: backend, "wait_event = 'PgSleep'")
            task.cancel()
            let error = await failure { _ = try await task.value }
            guard case .cancelled = error else {
                Issue.record("not cancelled: \(String(describing: error))")
                return
            }
            for _ in 0..<20 { try await expectUsable(connection) }
        }
    }

    @Test("a cancel that comes too late does not hit the next statement") func lateCancel() async throws {
        try await withConnection { connection in
            for _ in 0..<200 {
                let task = Task { try await connection.execute("select 1") }
                task.cancel()
                let error = await failure { _ = try await task.value }
                if let error, case .cancelled = error {
                } else {
                    #expect(error == nil, "\(String(describing: error))")
                }
                try await expectUsable(connection)
            }
        }
    }

    @Test("cancel() from elsewhere reaches the server") func cancelFromOutside() async throws {
        try await withConnection { connection in
            let backend = await connection.backendID
            async let outcome = failure { _ = try await connection.execute("select pg_sleep(600)") }
            try await waitUntil(backend: backend, "wait_event = 'PgSleep'")
            connection.cancel()
            guard case .cancelled = await outcome else {
                Issue.record("not cancelled")
                return
            }
        }
    }

    @Test("reports a backend that was ended in the middle of a statement") func killedBackend() async throws {
        try await withConnection { connection in
            let backend = await connection.backendID
            async let outcome = failure { _ = try await connection.execute("select pg_sleep(600)") }
            try await waitUntil(backend: backend, "wait_event = 'PgSleep'")
            try await withConnection {
                _ = try await $0.execute("select pg_terminate_backend(\(backend)::int)")
            }
            let error = await outcome
            #expect(error?.isConnectionLoss == true && error?.sqlState == .adminShutdown)
            guard case .connection(let loss) = error else { return }
            #expect(loss.mayHaveRun)
            #expect(!connection.isOpen)
            let next = await failure { _ = try await connection.execute("select 1") }
            #expect(next?.isConnectionLoss == true)
        }
    }

    @Test("knows that it was ended while idle before anything is sent") func killedWhileIdle() async throws {
        try await withConnection { connection in
            let backend = await connection.backendID
            try await withConnection { other in
                _ = try await other.execute("select pg_terminate_backend(\(backend)::int, 10000)")
            }
            let error = await failure { _ = try await connection.execute("select 1") }
            guard case .connection(let loss) = error else {
                Issue.record("no loss: \(String(describing: error))")
                return
            }
            #expect(!loss.mayHaveRun)
        }
    }

    @Test("serves many tasks one after the other") func concurrent() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await connection.execute("select \(number)").rows[0].decode(0, as: Int.self)
                            == number
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}

@Suite("A pipeline")
struct PipelineTests {
    @Test("returns one result for each statement") func results() async throws {
        try await withConnection { connection in
            for _ in 0..<3 {
                let results = try await connection.pipeline(["select 1", "select 2, 3", "select \("x")"])
                #expect(results.map(\.columns.count) == [1, 2, 1])
                #expect(try results[2].rows[0].decode(0, as: String.self) == "x")
            }
            #expect(try await connection.pipeline([]).isEmpty)
        }
    }

    @Test("names the statement that failed, undoes those before it, and leaves the connection usable")
    func errorInTheMiddle() async throws {
        try await withConnection { connection in
            _ = try await connection.execute("create temp table t (a int)")
            for _ in 0..<4 {
                let error = await failure {
                    _ = try await connection.pipeline([
                        "insert into t values (1)", "select 1 / \(0)", "insert into t values (2)", "select 1",
                    ])
                }
                guard case .server(let refusal) = error else {
                    Issue.record("no refusal: \(String(describing: error))")
                    return
                }
                #expect(refusal.queryIndex == 1 && refusal.query == "select 1 / $1")
                let row = try await connection.execute("select count(*) from t").rows[0]
                #expect(try row.decode(0, as: Int.self) == 0)
            }
        }
    }

    @Test("carries more than the socket's buffers hold in both directions") func large() async throws {
        try await withConnection { connection in
            let text = String(repeating: "x", count: 3_000_000)
            let queries = (0..<20).map { _ in "select \(text), 1" as Query }
            let results = try await connection.pipeline(queries)
            #expect(
                try results.allSatisfy {
                    try $0.rows[0].decode(0, as: String.self).utf8.count == text.utf8.count
                })
        }
    }

    @Test("is one transaction, in which a setting lasts") func oneTransaction() async throws {
        try await withConnection { connection in
            let results = try await connection.pipeline([
                "select set_config('shop.tenant', \("acme"), true)",
                "select current_setting('shop.tenant', true)",
            ])
            #expect(try results[1].rows[0].decode(0, as: String.self) == "acme")
            let after = try await connection.execute("select current_setting('shop.tenant', true)").rows[0]
            #expect(try after.decode(0, as: String?.self)?.isEmpty != false)
        }
    }
}
