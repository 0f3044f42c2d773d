internal import Synchronization

// BEGIN waits for the first statement and travels with it, together with what the caller wants to be said
// first, so a transaction of one statement is two round trips instead of four, or one with `commit(with:)`.

/// How a transaction sees what others do meanwhile.
public enum Isolation: String, Sendable {
    case readCommitted = "begin"
    case repeatableRead = "begin isolation level repeatable read"
    case serializable = "begin isolation level serializable"
    case readOnlySnapshot = "begin isolation level repeatable read read only"
}

/// A transaction that a pool lends to a closure. Not to be used after the closure has returned.
public final class PostgresTransaction: Sendable {
    let connection: PostgresConnection
    private let state: Mutex<State>

    private struct State {
        var phase: Phase
        var withCommit: [Query] = []
        var afterCommit: [@Sendable () async -> Void] = []
    }

    private enum Phase {
        case waiting([Query])
        case open
        case committed
        case ended
    }

    init(_ connection: PostgresConnection, prelude: [Query], isolation: Isolation) {
        self.connection = connection
        let begin = Query(stringLiteral: isolation.rawValue)
        state = Mutex(State(phase: .waiting([begin] + prelude)))
    }

    /// Runs one statement in the transaction.
    public nonisolated(nonsending) func execute(_ query: Query) async throws(PostgresError) -> ResultSet {
        try await connection.execute([query], in: self)[0]
    }

    /// Runs several statements in one round trip.
    public nonisolated(nonsending) func pipeline(_ queries: [Query]) async throws(PostgresError)
        -> [ResultSet]
    {
        try await connection.execute(queries, in: self)
    }

    /// Runs the last statements and commits, all in one round trip. The transaction is over then.
    ///
    /// - Throws: ``PostgresError/commitUnknown(_:)`` when the connection is lost meanwhile.
    @discardableResult
    public nonisolated(nonsending) func commit(with queries: [Query]) async throws(PostgresError)
        -> [ResultSet]
    {
        try await connection.commit(self, with: queries)
    }

    /// Keeps a statement for the round trip of the commit, after those that were kept before. Its rows are
    /// not seen; where it fails, so does the commit. For what must be held no longer than it takes.
    public func withCommit(_ query: Query) {
        state.withLock { $0.withCommit.append(query) }
    }

    /// Lends the rows of a large result one by one; see ``PostgresConnection/stream(_:batch:_:)``.
    public nonisolated(nonsending) func stream(
        _ query: Query, batch: Int = 500, _ body: (Row) async throws -> Void
    ) async throws {
        _ = try await connection.execute([], in: self)
        try await connection.stream(query, batch: batch, body)
    }

    /// Inserts many rows; see ``PostgresConnection/copyIn(_:rows:)``.
    public nonisolated(nonsending) func copyIn(
        _ target: String, rows: [[(any PostgresEncodable)?]]
    ) async throws(PostgresError) -> Int {
        _ = try await connection.execute([], in: self)
        return try await connection.copyIn(target, rows: rows)
    }

    /// Runs `body` so that an error in it undoes its own statements only. The error is passed on.
    public nonisolated(nonsending) func savepoint<Value>(
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        _ = try await execute("savepoint inner_part")
        let kept = state.withLock { $0.withCommit.count }
        do {
            let value = try await body(self)
            _ = try await execute("release savepoint inner_part")
            return value
        } catch {
            // If this fails as well, the whole transaction cannot go on, and its next statement says so.
            _ = try? await connection.undo(to: "inner_part")
            state.withLock { $0.withCommit.removeSubrange(kept...) }
            throw error
        }
    }

    /// Registers what is to be done once the transaction has been committed; never done if it is not.
    public func afterCommit(_ action: @escaping @Sendable () async -> Void) {
        state.withLock { $0.afterCommit.append(action) }
    }

    // MARK: For the connection and the pool

    /// What has to travel in front of the next statements. Called on the connection's thread, so that
    /// statements which arrive together cannot overtake it.
    func begin() throws(PostgresError) -> [Query] {
        let prelude: [Query]? = state.withLock { state in
            switch state.phase {
            case .waiting(let queries):
                state.phase = .open
                return queries
            case .open: return []
            case .committed, .ended: return nil
            }
        }
        guard let prelude else {
            throw .misuse("the transaction is over; its statements belong into its closure")
        }
        return prelude
    }

    /// What was kept for the commit.
    func takeKept() -> [Query] {
        state.withLock { state in
            defer { state.withCommit = [] }
            return state.withCommit
        }
    }

    /// Ends the transaction; false if nothing was ever sent, or it had ended before. Without a commit it
    /// counts as rolled back, unless there was nothing to commit.
    func end() -> Bool {
        state.withLock { state in
            switch state.phase {
            case .waiting:
                state.phase = .committed
                return false
            case .open:
                state.phase = .ended
                return true
            case .committed, .ended: return false
            }
        }
    }

    func noteCommit() { state.withLock { $0.phase = .committed } }

    var isCommitted: Bool {
        state.withLock { if case .committed = $0.phase { true } else { false } }
    }

    nonisolated(nonsending) func runAfterCommit() async {
        let actions = state.withLock { $0.afterCommit }
        for action in actions { await action() }
    }
}
