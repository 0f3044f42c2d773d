// The pool lends connections. What it decides is in `PoolState`; here is what it does about it:
// continuations of those who wait, opening, closing, and the clock.

public import Logging
internal import Synchronization

/// A bounded number of connections that many tasks share, served in the order in which they ask.
public final class PostgresPool: Sendable {
    public let configuration: PostgresConfiguration
    let logger: Logger
    let state: Mutex<State>

    typealias Outcome = Result<Lease, PostgresError>

    /// A connection that is lent, and the number under which it comes back.
    struct Lease: Sendable {
        let id: PoolState.ConnectionID
        let connection: PostgresConnection
    }

    struct State {
        var pool: PoolState
        var requests = 0
        var waiters: [PoolState.RequestID: CheckedContinuation<Outcome, Never>] = [:]
        var connections: [PoolState.ConnectionID: PostgresConnection] = [:]
        var lastFailure: PostgresError?
        var hasTimer = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    /// - Parameters:
    ///   - size: the most connections that are ever open. They are opened when they are needed.
    ///   - waitLimit: how long a request stands in line before ``PostgresError/poolTimeout(_:)``.
    public init(
        _ configuration: PostgresConfiguration, size: Int, waitLimit: Duration = .seconds(10),
        logger: Logger = Logger(label: "postgres")
    ) {
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(pool: PoolState(size: size, waitLimit: waitLimit)))
    }

    /// Runs one statement on any connection.
    public nonisolated(nonsending) func execute(_ query: Query) async throws(PostgresError) -> ResultSet {
        try await onAnyConnection { connection async throws(PostgresError) in
            try await connection.execute(query)
        }
    }

    /// Runs several statements in one round trip and, unless they say otherwise, one transaction.
    public nonisolated(nonsending) func pipeline(_ queries: [Query]) async throws(PostgresError)
        -> [ResultSet]
    {
        try await onAnyConnection { connection async throws(PostgresError) in
            try await connection.pipeline(queries)
        }
    }

    /// Lends a connection. A transaction that the closure left open is rolled back.
    public nonisolated(nonsending) func withConnection<Value>(
        _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let lease = try await acquire()
        do {
            let value = try await body(lease.connection)
            await release(lease)
            return value
        } catch {
            await release(lease)
            throw error
        }
    }

    /// Lends a transaction: committed when the closure returns, rolled back when it throws.
    ///
    /// `prelude` and BEGIN travel with the first statement, in one round trip. When the commit has
    /// succeeded, what was registered with ``PostgresTransaction/afterCommit(_:)`` is done.
    ///
    /// - Throws: what the closure throws; ``PostgresError/commitUnknown(_:)`` when the connection was lost
    ///   during the commit; ``PostgresError/rolledBack`` when the closure ignored an error of a statement.
    public nonisolated(nonsending) func withTransaction<Value>(
        _ prelude: [Query] = [], isolation: Isolation = .readCommitted,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let lease = try await acquire()
        let transaction = PostgresTransaction(lease.connection, prelude: prelude, isolation: isolation)
        let value: Value
        do {
            value = try await body(transaction)
            _ = try await lease.connection.commit(transaction)
            // The closure ended it with `commit(with:)` and ignored that this failed.
            guard transaction.isCommitted else { throw PostgresError.rolledBack }
        } catch {
            await lease.connection.rollback(transaction)
            await release(lease)
            if transaction.isCommitted { await transaction.runAfterCommit() }
            throw error
        }
        await release(lease)
        await transaction.runAfterCommit()
        return value
    }

    /// Lends nothing any more, refuses those who wait, and returns when every connection is back and closed.
    public nonisolated(nonsending) func shutdown() async {
        let (actions, connections) = state.withLock { state in
            (state.pool.close(), state.connections)
        }
        for action in actions {
            if case .close(let id) = action, let connection = connections[id] { await connection.close() }
            perform(action)
        }
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if !state.pool.isDrained { state.drained.append(continuation) }
                return state.pool.isDrained
            }
            if isDrained { continuation.resume() }
        }
    }

    /// What the pool is doing at this moment.
    public var statistics: PoolStatistics {
        state.withLock { state in
            PoolStatistics(
                size: state.pool.size, open: state.pool.open, idle: state.pool.idle.count,
                waiting: state.pool.waiting.count)
        }
    }

    // MARK: Lending

    private nonisolated(nonsending) func onAnyConnection<Value: Sendable>(
        _ body: (PostgresConnection) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        while true {
            let lease = try await acquire()
            do throws(PostgresError) {
                let value = try await body(lease.connection)
                await release(lease)
                return value
            } catch {
                await release(lease)
                // It broke before anything was sent, so another one can do the same. Each such connection is
                // discarded, so this ends.
                if case .connection(let failure) = error, !failure.mayHaveRun { continue }
                throw error
            }
        }
    }

    nonisolated(nonsending) func acquire() async throws(PostgresError) -> Lease {
        while true {
            let lease = try await nextLease()
            // The server may have closed it while it was idle: that is known here without asking anybody.
            if lease.connection.isOpen { return lease }
            discard(lease)
        }
    }

    private nonisolated(nonsending) func nextLease() async throws(PostgresError) -> Lease {
        if Task.isCancelled { throw .cancelled }
        let request = state.withLock { state in
            state.requests += 1
            return PoolState.RequestID(number: state.requests)
        }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in stand(inLine: request, continuation) }
        } onCancel: {
            abandon(request)
        }
        return try outcome.get()
    }

    private func stand(
        inLine request: PoolState.RequestID, _ continuation: CheckedContinuation<Outcome, Never>
    ) {
        // A task that was cancelled before it stood in line would never be taken out of it again.
        let action = state.withLock { state -> PoolState.Action in
            state.waiters[request] = continuation
            return state.pool.requested(request, now: .now)
        }
        perform(action)
        if Task.isCancelled { abandon(request) }
        startTimer()
    }

    private func abandon(_ request: PoolState.RequestID) {
        let continuation = state.withLock { state in
            state.pool.abandoned(request) ? state.waiters.removeValue(forKey: request) : nil
        }
        continuation?.resume(returning: .failure(.cancelled))
    }

    nonisolated(nonsending) func release(_ lease: Lease) async {
        if lease.connection.condition.withLock({ $0.isUsable && $0.transaction != .idle }) {
            await lease.connection.rollback()
        }
        let isHealthy = lease.connection.condition.withLock { $0.isUsable && $0.transaction == .idle }
        if !isHealthy { return discard(lease) }
        perform(state.withLock { $0.pool.returned(lease.id, healthy: true) })
    }

    private func discard(_ lease: Lease) {
        perform(state.withLock { $0.pool.returned(lease.id, healthy: false) })
    }
}

/// What a pool is doing.
public struct PoolStatistics: Sendable, Equatable {
    public let size: Int
    public let open: Int
    public let idle: Int
    public let waiting: Int
}
