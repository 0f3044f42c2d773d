public import Logging
internal import Synchronization

/// A client that any number of tasks share over one connection.
///
/// Commands of concurrent callers travel together without being asked to. The connection comes back by
/// itself when it breaks; meanwhile commands wait at most ``RedisConfiguration/commandTimeout`` and then
/// fail. A command that was written when the connection broke is never sent again: it fails with
/// `mayHaveRun`, and its caller knows whether repeating it does harm. A cancelled task still waits for its
/// reply, which that timeout bounds.
///
/// Call ``shutdown()`` when done.
public final class RedisClient: Sendable {
    public let configuration: RedisConfiguration
    let logger: Logger
    private let connection: Connection
    private let blockingConnections: BlockingConnections
    private let subscriptions: SubscriptionHub
    private let loaded = Mutex(LoadedFunctions())

    /// Starts to connect at once, without waiting for it.
    public init(_ configuration: RedisConfiguration, logger: Logger = Logger(label: "redis")) {
        self.configuration = configuration
        self.logger = logger
        connection = .start(configuration, logger: logger)
        blockingConnections = BlockingConnections(configuration, logger: logger)
        subscriptions = SubscriptionHub(configuration, logger: logger)
    }

    deinit {
        connection.stop()
        blockingConnections.stop()
        subscriptions.stop()
    }

    /// Sends a command and returns its reply.
    ///
    /// - Throws: ``RedisError/reply(code:message:)`` when the server answers with an error, and whatever else
    ///   kept the reply from coming; see ``RedisError/mayHaveRun``.
    @discardableResult
    public nonisolated(nonsending) func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
        try await connection.submit(command, patience: connection.patience).get().get()
    }

    /// Sends the commands together and returns their replies in the same order.
    ///
    /// An error reply to one of them is a ``RedisValue/error(code:message:)`` in its place and does not
    /// keep the others from running. Commands of other callers may run in between; use a Lua function for
    /// atomicity.
    /// - Throws: what kept the replies from coming. Any of the commands may then have run.
    @discardableResult
    public nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand]
    ) async throws(RedisError) -> [RedisValue] {
        guard commands.contains(where: { $0.function != nil }) else {
            return try await connection.submit(commands, patience: connection.patience).get()
        }
        return try await pipelineWithFunctions(commands)
    }

    /// Calls a Lua function, loading it first when the server does not know it.
    ///
    /// - Throws: as ``send(_:)``. An error that the function raises is a ``RedisError/reply(code:message:)``.
    @discardableResult
    public nonisolated(nonsending) func call(
        _ function: LuaFunction, keys: [String], _ arguments: [RedisArgument] = []
    ) async throws(RedisError) -> RedisValue {
        let command = function.command(keys: keys, arguments)
        let reply = try await connection.submit(command, patience: connection.patience).get()
        guard case .error("NOSCRIPT", _) = reply else { return try reply.get() }
        // Refused before it ran, so this is no second execution.
        return try await pipelineWithFunctions([command])[0].get()
    }

    /// Sends a command that waits on the server for something to arrive, over a connection that no one else
    /// uses meanwhile. Connections are kept for the next such command.
    ///
    /// The command is written without its timeout, which the driver adds where the command expects it:
    /// `BLPOP`, `BRPOP`, `BZPOPMIN`, `BZPOPMAX`, `BLMOVE`, `BRPOPLPUSH`, `BLMPOP`, `BZMPOP`, `XREAD` and
    /// `XREADGROUP`.
    ///
    /// ```swift
    /// let popped = try await redis.blocking(RedisCommand("BLPOP", "jobs"), timeout: .seconds(5))
    /// ```
    /// - Returns: ``RedisValue/null`` when nothing arrived within `timeout`.
    /// - Throws: ``RedisError/timeout(after:mayHaveRun:)`` when the server does not answer even then, and
    ///   ``RedisError/cancelled`` when the task is cancelled, which closes the connection. After either an
    ///   element may have been taken from its key and be lost: read with `BLMOVE` where that matters.
    public nonisolated(nonsending) func blocking(
        _ command: RedisCommand, timeout: Duration
    ) async throws(RedisError) -> RedisValue {
        try await blockingConnections.run(command, timeout: timeout).get().get()
    }

    /// Listens to channels, over one connection for all subscriptions of this client.
    ///
    /// The stream begins with ``RedisMessage/subscribed`` and has it again after each interruption, when
    /// whatever was published meanwhile is lost. It ends with ``shutdown()``; ending the loop over it
    /// unsubscribes. A reader that falls behind by ``RedisConfiguration/maximumUnreadMessages`` loses the
    /// oldest.
    public func subscribe(_ channels: [String]) -> AsyncStream<RedisMessage> {
        subscriptions.subscribe(to: channels)
    }

    /// Fails everything that waits and returns when the connections are closed. What was written and has no
    /// reply fails with `mayHaveRun`, the rest with ``RedisError/closed``. Safe to call more than once.
    public func shutdown() async {
        subscriptions.stop()
        blockingConnections.stop()
        await connection.shutdown()
        await blockingConnections.shutdown()
        await subscriptions.shutdown()
    }
}

extension RedisClient {
    /// A function may be flushed from the server between any two commands. More than a few times in a row
    /// means that somebody keeps flushing, and the caller should hear of it.
    private static let loadAttempts = 3

    /// Loads travel in front of the commands for every function that is not known to be on the server, so
    /// the commands run in their order. Only when functions are flushed at that very moment do the refused
    /// calls run again after the others.
    private nonisolated(nonsending) func pipelineWithFunctions(
        _ commands: [RedisCommand]
    ) async throws(RedisError) -> [RedisValue] {
        var replies = [RedisValue](repeating: .null, count: commands.count)
        var open = Array(commands.indices)
        for attempt in 1...Self.loadAttempts {
            let link = connection.linkNumber.load(ordering: .sequentiallyConsistent)
            let batch = open.map { commands[$0] }
            let loads = loaded.withLock { $0.missing(for: batch, link: link) }
            let all = try await connection.submit(loads.map(\.load) + batch, patience: connection.patience)
                .get()
            loaded.withLock { $0.add(loads, link: link) }

            for (position, reply) in zip(open, all.dropFirst(loads.count)) { replies[position] = reply }
            if attempt == Self.loadAttempts { break }
            open = open.filter { position in
                if case .error("NOSCRIPT", _) = replies[position] {
                    commands[position].function != nil
                } else {
                    false
                }
            }
            if open.isEmpty { break }
            loaded.withLock { $0.forget() }
        }
        return replies
    }
}

/// Which functions the server at the other end of a link is known to have.
private struct LoadedFunctions: Sendable {
    private var link = 0
    private var digests: Set<String> = []

    mutating func missing(for commands: [RedisCommand], link: Int) -> [LuaFunction] {
        if link != self.link { forget() }
        var seen: Set<String> = []
        return commands.compactMap(\.function).filter {
            !digests.contains($0.sha1) && seen.insert($0.sha1).inserted
        }
    }

    mutating func add(_ functions: [LuaFunction], link: Int) {
        if link != self.link { forget() }
        self.link = link
        digests.formUnion(functions.map(\.sha1))
    }

    mutating func forget() { digests = [] }
}
