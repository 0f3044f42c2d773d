internal import Logging
internal import Synchronization

// A blocking command occupies its connection until something arrives, so it cannot travel with the others.
// Each borrows a connection, and a connection that may still owe a reply is never lent again.

final class BlockingConnections: Sendable {
    /// Workers block again and again; what is kept beyond that would only hold sockets open.
    private static let maximumIdle = 8

    private struct State {
        var idle: [Connection] = []
        var busy: [ObjectIdentifier: Connection] = [:]
        var isStopped = false
    }

    private let configuration: RedisConfiguration
    private let logger: Logger
    private let state = Mutex(State())

    init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    nonisolated(nonsending) func run(
        _ command: RedisCommand, timeout: Duration
    ) async -> Result<RedisValue, RedisError> {
        if Task.isCancelled { return .failure(.cancelled) }
        let connection: Connection
        do throws(RedisError) {
            connection = try lend()
        } catch {
            return .failure(error)
        }
        let limited = command.waiting(atMost: timeout)
        let patience = Patience(
            start: configuration.commandTimeout, reply: timeout + configuration.commandTimeout)
        let result = await withTaskCancellationHandler {
            await connection.submit(limited, patience: patience)
        } onCancel: {
            connection.stop()
        }
        guard case .failure(let error) = result else {
            takeBack(connection)
            return result
        }
        discard(connection)
        if Task.isCancelled { return .failure(.cancelled) }
        return .failure(error)
    }

    private func lend() throws(RedisError) -> Connection {
        let limit = configuration.maximumBlockingCommands
        return try state.withLock { (state) throws(RedisError) in
            if state.isStopped { throw .closed }
            guard state.busy.count < limit else {
                throw .queueFull(limit: "\(limit) blocking commands are waiting")
            }
            let connection = state.idle.popLast() ?? .start(configuration, logger: logger)
            state.busy[ObjectIdentifier(connection)] = connection
            return connection
        }
    }

    private func takeBack(_ connection: Connection) {
        let isKept = state.withLock { state in
            guard state.busy.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return false }
            // A cancellation that came a moment too late has stopped the connection all the same.
            guard !state.isStopped, state.idle.count < Self.maximumIdle, connection.isOpen else {
                return false
            }
            state.idle.append(connection)
            return true
        }
        if !isKept { connection.stop() }
    }

    private func discard(_ connection: Connection) {
        _ = state.withLock { $0.busy.removeValue(forKey: ObjectIdentifier(connection)) }
        connection.stop()
    }

    func stop() {
        for connection in close() { connection.stop() }
    }

    func shutdown() async {
        for connection in close() { await connection.shutdown() }
    }

    private func close() -> [Connection] {
        state.withLock { state in
            state.isStopped = true
            return state.idle + state.busy.values
        }
    }
}

extension RedisCommand {
    /// The command with its time limit where Redis expects it. One millisecond is the least: zero means
    /// forever.
    func waiting(atMost limit: Duration) -> RedisCommand {
        let milliseconds = max(1, Int64((limit / .milliseconds(1)).rounded(.up)))
        let seconds = RedisArgument(Double(milliseconds) / 1000)
        var limited = arguments
        switch name.uppercased() {
        case "BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX", "BLMOVE", "BRPOPLPUSH": limited.append(seconds)
        case "BLMPOP", "BZMPOP": limited.insert(seconds, at: 0)
        case "XREAD": limited.insert(contentsOf: ["BLOCK", RedisArgument(milliseconds)], at: 0)
        case "XREADGROUP":
            // After `GROUP group consumer`.
            limited.insert(contentsOf: ["BLOCK", RedisArgument(milliseconds)], at: min(3, limited.count))
        default:
            preconditionFailure("\(name) is not a blocking command; use send")
        }
        return RedisCommand(name: name, arguments: limited, function: nil)
    }
}
