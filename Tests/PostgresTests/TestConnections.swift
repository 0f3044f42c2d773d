import Foundation
import Logging
import Postgres
import TestServers
import Testing

/// A connection to the shared server, closed when `body` ends.
func withConnection<Value: Sendable>(
    _ adjust: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: (PostgresConnection) async throws -> Value
) async throws -> Value {
    let connection = try await connect(adjust)
    do {
        let value = try await body(connection)
        await connection.close()
        return value
    } catch {
        await connection.close()
        throw error
    }
}

func connect(_ adjust: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> PostgresConnection {
    try await PostgresConnection.connect(try await sharedServer(adjust))
}

func sharedServer(
    _ adjust: (inout PostgresConfiguration) -> Void = { _ in }
) async throws -> PostgresConfiguration {
    var configuration = try PostgresConfiguration(try await TestServers.shared.superuserURL)
    adjust(&configuration)
    return configuration
}

func withPool<Value: Sendable>(
    size: Int, waitLimit: Duration = .seconds(10), _ configuration: PostgresConfiguration? = nil,
    _ body: (PostgresPool) async throws -> Value
) async throws -> Value {
    let server = if let configuration { configuration } else { try await sharedServer() }
    let pool = PostgresPool(server, size: size, waitLimit: waitLimit)
    do {
        let value = try await body(pool)
        await pool.shutdown()
        return value
    } catch {
        await pool.shutdown()
        throw error
    }
}

/// A name that no other test uses, for tables that several connections must see.
func uniqueName(_ subject: String) -> String {
    "\(subject)_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
}

/// The error that `body` throws, for tests that look into it.
func failure(_ body: () async throws -> Void) async -> PostgresError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}

/// Asks the server until it says that the backend has come to what the condition describes. Each question is
/// a round trip, so nothing sleeps and nothing spins without the server.
func waitUntil(backend: Int, _ condition: Query) async throws {
    try await withConnection { observer in
        while true {
            let query: Query = "select count(*) from pg_stat_activity where pid = \(backend) and \(condition)"
            if try await observer.execute(query).rows[0].decode(0, as: Int.self) > 0 { return }
        }
    }
}

func expectUsable(
    _ connection: PostgresConnection, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let result = try await connection.execute("select 1")
    #expect(result.rows.count == 1, sourceLocation: sourceLocation)
}

func expectUsable(_ pool: PostgresPool, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let result = try await pool.execute("select 1")
    #expect(result.rows.count == 1, sourceLocation: sourceLocation)
}
