import Fleet
import Foundation
import Logging
import Postgres
import Redis

/// What keeps a bench from measuring. Each case says what to do about it.
enum BenchError: Error, CustomStringConvertible {
    case missing(String)
    case foreignRuns
    case noWorker(Int32)
    case stuck(live: Int, Duration)
    case unexpectedRows(String, wanted: Int, got: Int)

    var description: String {
        switch self {
        case .missing(let variable): "\(variable) is not set; run `ops/bench`, which sets it"
        case .foreignRuns:
            "the database holds runs that are not the bench's, and the bench empties tables; give it its own"
        case .noWorker(let process):
            "the worker process \(process) did not register; look for its error above"
        case .stuck(let live, let limit): "\(live) runs have not ended within \(limit)"
        case .unexpectedRows(let what, let wanted, let got): "\(what): \(got) rows instead of \(wanted)"
        }
    }
}

/// The servers of a bench, from the environment.
struct BenchServers: Sendable {
    let engine: PostgresConfiguration
    /// May read all statistics and truncate.
    let owner: PostgresConfiguration
    let redis: RedisConfiguration

    static let queue = "bench"
    static let tenant = "bench"
    /// What the names of all tenants of a bench are like.
    static let tenants = "bench%"
    private static let connections = 4

    init(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        func value(_ name: String) throws -> String {
            guard let value = environment[name], !value.isEmpty else { throw BenchError.missing(name) }
            return value
        }
        engine = try PostgresConfiguration(try value("ENGINE_DATABASE_URL"))
        owner = try PostgresConfiguration(try value("MIGRATE_DATABASE_URL"))
        redis = try RedisConfiguration(try value("REDIS_URL"))
    }

    var logger: Logger {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        return logger
    }

    /// As in production, but for the queue and the slots.
    func fleet(slots: Int) -> FleetConfiguration {
        var configuration = FleetConfiguration(database: engine)
        configuration.queue = Self.queue
        configuration.slots = slots
        return configuration
    }

    func pool() -> PostgresPool { PostgresPool(engine, size: Self.connections, logger: logger) }
}
