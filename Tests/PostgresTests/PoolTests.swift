import Foundation
import Postgres
import Synchronization
import TestServers
import Testing

private final class Recorder: Sendable {
    private let state = Mutex<[Int]>([])
    var numbers: [Int] { state.withLock { $0 } }
    func append(_ number: Int) { state.withLock { $0.append(number) } }
}

@Suite("A pool")
struct PoolTests {
    @Test("never opens more connections than its size") func bounded() async throws {
        try await withPool(size: 3) { pool in
            let backends = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<60 {
                    group.addTask { try await pool.execute("select pg_backend_pid()").rows[0].decode(0) }
                }
                return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
            }
            #expect(backends.count <= 3)
            #expect(pool.statistics.open <= 3 && pool.statistics.waiting == 0)
        }
    }

    @Test("serves those who wait in the order in which they came") func fair() async throws {
        try await withPool(size: 1) { pool in
            let order = Recorder()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await pool.withConnection { _ in
                    for number in 0..<10 {
                        group.addTask {
                            try await pool.withConnection { _ in order.append(number) }
                        }
                        while pool.statistics.waiting <= number { await Task.yield() }
                    }
                }
                try await group.waitForAll()
            }
            #expect(order.numbers == Array(0..<10))
        }
    }

    @Test("refuses who has waited too long, and serves the next") func waitLimit() async throws {
        try await withPool(size: 1, waitLimit: .seconds(2)) { pool in
            try await pool.withConnection { _ in
                let error = await failure { _ = try await pool.execute("select 1") }
                guard case .poolTimeout(let timeout) = error else {
                    Issue.record("no time limit: \(String(describing: error))")
                    return
                }
                #expect(timeout.size == 1 && timeout.lastFailure == nil)
                #expect(error?.isRetryable == true && error?.isConnectionLoss == false)
            }
            try await expectUsable(pool)
        }
    }

    @Test("takes a cancelled task out of the line") func cancelled() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { _ in
                let task = Task { try await pool.execute("select 1") }
                while pool.statistics.waiting == 0 { await Task.yield() }
                task.cancel()
                let error = await failure { _ = try await task.value }
                guard case .cancelled = error else {
                    Issue.record("not cancelled")
                    return
                }
                #expect(pool.statistics.waiting == 0)
            }
        }
    }

    @Test("replaces connections whose backends were ended, without a caller noticing") func replaces()
        async throws
    {
        try await withPool(size: 3) { pool in
            for _ in 0..<5 {
                let backend: Int = try await pool.execute("select pg_backend_pid()").rows[0].decode(0)
                try await withConnection { other in
                    _ = try await other.execute("select pg_terminate_backend(\(backend)::int, 10000)")
                }
            }
            try await expectUsable(pool)
            #expect(pool.statistics.open == 1)
        }
    }

    @Test("rolls a forgotten transaction back") func forgotten() async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { connection in
                _ = try await connection.pipeline(["begin", "create temp table left_over (a int)"])
            }
            let row = try await pool.execute("select to_regclass('left_over') is null").rows[0]
            #expect(try row.decode(0, as: Bool.self))
            #expect(pool.statistics.open == 1)
        }
    }

    @Test("tells everybody at once when the server refuses the sign-in") func refused() async throws {
        let configuration = try await sharedServer { $0.user = "nobody_here" }
        try await withPool(size: 2, configuration) { pool in
            let error = await failure { _ = try await pool.execute("select 1") }
            #expect(error?.sqlState?.rawValue.hasPrefix("28") == true)
        }
    }

    @Test("names the reason when no server can be reached within the wait limit") func unreachable()
        async throws
    {
        let configuration = try await sharedServer { $0.port = 1 }
        try await withPool(size: 1, waitLimit: .milliseconds(500), configuration) { pool in
            let error = await failure { _ = try await pool.execute("select 1") }
            guard case .poolTimeout(let timeout) = error else {
                Issue.record("no time limit: \(String(describing: error))")
                return
            }
            #expect(timeout.lastFailure?.contains("refused") == true)
            #expect(error?.isConnectionLoss == true)
        }
    }

    @Test("shuts down when every connection is back, and refuses from then on") func shutdown() async throws {
        let pool = PostgresPool(try await sharedServer(), size: 2)
        let (lent, report) = AsyncStream.makeStream(of: Void.self)
        let (finish, allow) = AsyncStream.makeStream(of: Void.self)
        let user = Task {
            try await pool.withConnection { connection in
                report.yield()
                for await _ in finish { break }
                _ = try await connection.execute("select 1")
            }
        }
        for await _ in lent { break }
        let end = Task { await pool.shutdown() }
        while await failure({ _ = try await pool.execute("select 1") }) == nil {}
        allow.yield()
        try await user.value
        await end.value
        #expect(pool.statistics.open == 0)
        guard case .poolClosed = await failure({ _ = try await pool.execute("select 1") }) else {
            Issue.record("not closed")
            return
        }
    }

    @Test("lives through a crash of the server", .timeLimit(.minutes(2))) func serverCrash() async throws {
        try await PrivateServers.with([.postgres]) { servers in
            let configuration = try PostgresConfiguration(servers.superuserURL)
            try await withPool(size: 4, waitLimit: .seconds(60), configuration) { pool in
                _ = try await pool.execute("create table t (a int)")
                _ = try await pool.execute("insert into t values (1)")
                let (backends, report) = AsyncStream.makeStream(of: Int.self)
                let busy = Task {
                    try await pool.withConnection { connection in
                        report.yield(await connection.backendID)
                        _ = try await connection.execute("select pg_sleep(600)")
                    }
                }
                for await _ in backends { break }
                try await servers.restartPostgres(immediate: true)

                let error = await failure { try await busy.value }
                #expect(error?.isConnectionLoss == true, "\(String(describing: error))")
                for _ in 0..<4 {
                    #expect(
                        try await pool.execute("select count(*) from t").rows[0].decode(0, as: Int.self) == 1)
                }
                try await servers.stopPostgres()
                let waiting = Task { try await pool.execute("select 1").rows.count }
                while pool.statistics.waiting == 0 { await Task.yield() }
                try await servers.startPostgres()
                #expect(try await waiting.value == 1)
            }
        }
    }
}
