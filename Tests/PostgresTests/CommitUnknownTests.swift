import Postgres
import Testing

@Suite("A connection that is lost during a commit")
struct CommitUnknownTests {
    private func loseCommit(_ cut: BreakingProxy.Cut) async throws -> (PostgresError?, Int) {
        let table = uniqueName("uncertain")
        return try await withConnection { observer in
            _ = try await observer.execute("create table \(raw: table) (a int)")
            let configuration = try await sharedServer()
            var proxied = configuration
            proxied.port = BreakingProxy(to: configuration.port, cutting: cut, at: "commit").port
            let error = try await withPool(size: 1, waitLimit: .seconds(1), proxied) { pool in
                await failure {
                    try await pool.withTransaction { transaction in
                        transaction.afterCommit { Issue.record("ran although nobody knows") }
                        _ = try await transaction.execute("insert into \(raw: table) values (1)")
                    }
                }
            }
            // The backend ends its transaction before it lets go of the table.
            let row = try await observer.execute("select count(*) from \(raw: table)").rows[0]
            let count = try row.decode(0, as: Int.self)
            _ = try await observer.execute("drop table \(raw: table)")
            return (error, count)
        }
    }

    @Test("is reported as unknown, when it had been committed") func committed() async throws {
        let (error, count) = try await loseCommit(.afterAnswer)
        guard case .commitUnknown = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(count == 1)
        #expect(error?.isRetryable == false && error?.isConnectionLoss == true)
    }

    @Test("is reported as unknown, when it never arrived") func notCommitted() async throws {
        let (error, count) = try await loseCommit(.beforeDelivery)
        guard case .commitUnknown = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(count == 0)
    }

    @Test("before the commit is an ordinary loss") func before() async throws {
        let configuration = try await sharedServer()
        var proxied = configuration
        proxied.port =
            BreakingProxy(to: configuration.port, cutting: .beforeDelivery, at: "pg_backend_pid").port
        try await withPool(size: 1, proxied) { pool in
            let error = await failure {
                try await pool.withTransaction { _ = try await $0.execute("select pg_backend_pid()") }
            }
            guard case .connection(let loss) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(loss.mayHaveRun)
        }
    }
}
