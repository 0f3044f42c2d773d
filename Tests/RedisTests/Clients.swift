import Logging

@testable import Redis

/// Lends a client and shuts it down when `body` ends, either way.
func withClient<Result: Sendable>(
    _ url: String, _ adjust: (inout RedisConfiguration) -> Void = { _ in },
    _ body: (RedisClient) async throws -> Result
) async throws -> Result {
    var configuration = try RedisConfiguration(url)
    // Generous, so that a busy machine is no failure; a test that is about time sets its own.
    configuration.connectTimeout = .seconds(30)
    configuration.commandTimeout = .seconds(30)
    adjust(&configuration)
    let client = RedisClient(
        configuration, logger: Logger(label: "redis.tests") { _ in SwiftLogNoOpLogHandler() })
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

/// What an operation throws, for a closer look than a comparison. Nil when it succeeds.
func failure<Value>(of operation: () async throws -> Value) async -> RedisError? {
    do {
        _ = try await operation()
        return nil
    } catch {
        return error as? RedisError
    }
}

/// Why a link cannot be had; nil when it can.
func dialFailure(_ url: String, within limit: Duration = .seconds(30)) throws -> DialFailure? {
    var configuration = try RedisConfiguration(url)
    configuration.connectTimeout = limit
    let wake = WakeSignal()
    do throws(DialFailure) {
        _ = try Link.dial(configuration) { socket, deadline in
            Readiness.wait(wake, socket: socket, until: deadline).socket ? .ready : .deadline
        }
        return nil
    } catch {
        return error
    }
}
