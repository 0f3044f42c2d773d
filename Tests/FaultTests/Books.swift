import Logging
import Postgres

// What the database says, read as its superuser, past row security. Between reads the server may crash; a
// read that met a crash is simply made again.

struct Books: Sendable {
    private let pool: PostgresPool

    init(_ configuration: PostgresConfiguration) {
        pool = PostgresPool(
            configuration, size: 2, logger: Logger(label: "books") { _ in SwiftLogNoOpLogHandler() })
    }

    func rows(_ query: Query) async throws -> [Row] {
        while true {
            do throws(PostgresError) {
                return Array(try await pool.execute(query).rows)
            } catch {
                guard error.isRetryable else { throw error }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func count(_ query: Query) async throws -> Int {
        try await rows(query).first?.decode(0, as: Int.self) ?? 0
    }

    /// The first column of every row, each as text.
    func texts(_ query: Query) async throws -> [String] {
        try await rows(query).map { try $0.decode(0, as: String.self) }
    }

    func close() async { await pool.shutdown() }
}
