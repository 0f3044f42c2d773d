internal import Logging
internal import Synchronization

/// A connection that many tasks share, and the handle by which they reach its thread.
///
/// The thread holds this object until ``stop()``; whoever makes a connection must stop it.
final class Connection: Sendable {
    let configuration: RedisConfiguration
    let logger: Logger
    let wake = WakeSignal()
    let queue: Mutex<CommandQueue>
    /// Counts the links established so far. What was loaded into a server is known for one link only.
    let linkNumber = Atomic<Int>(0)

    private init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        queue = Mutex(
            CommandQueue(
                maximumCommands: configuration.maximumWaitingCommands,
                maximumBytes: configuration.maximumWaitingBytes))
    }

    static func start(_ configuration: RedisConfiguration, logger: Logger) -> Connection {
        let connection = Connection(configuration, logger: logger)
        DriverThread.start { ConnectionLoop(connection).run() }
        return connection
    }

    var patience: Patience {
        Patience(start: configuration.commandTimeout, reply: configuration.commandTimeout)
    }

    nonisolated(nonsending) func submit(
        _ command: RedisCommand, patience: Patience
    ) async -> Result<RedisValue, RedisError> {
        await withCheckedContinuation { continuation in
            admit(1, patience, .one(continuation)) { command.encode(into: &$0) }
        }
    }

    /// The replies in the order of the commands, errors among them.
    nonisolated(nonsending) func submit(
        _ commands: [RedisCommand], patience: Patience
    ) async -> Result<[RedisValue], RedisError> {
        if commands.isEmpty { return .success([]) }
        // Encoded before the lock is taken: a long pipeline must not keep everyone else waiting.
        var encoded: [UInt8] = []
        encoded.reserveCapacity(commands.count * 32)
        for command in commands { command.encode(into: &encoded) }
        let bytes = encoded
        return await withCheckedContinuation { continuation in
            admit(commands.count, patience, .many(continuation)) { $0.append(contentsOf: bytes) }
        }
    }

    private func admit(
        _ count: Int, _ patience: Patience, _ waiter: Waiter, _ encode: (inout [UInt8]) -> Void
    ) {
        let admission = queue.withLock {
            $0.admit(commands: count, patience: patience, waiter: waiter, encode: encode)
        }
        switch admission {
        case .accepted(let mustWake): if mustWake { wake.raise() }
        case .refused(let error): waiter.fail(error)
        }
    }

    var isOpen: Bool { queue.withLock { $0.phase == .open } }

    /// Makes the thread end: it closes the socket and fails everything that waits. Returns at once.
    func stop() {
        if queue.withLock({ $0.stop() }) { wake.raise() }
    }

    /// Stops, and returns when the thread has let go of the socket.
    func shutdown() async {
        stop()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            if !queue.withLock({ $0.awaitEnd(continuation) }) { continuation.resume() }
        }
    }
}
