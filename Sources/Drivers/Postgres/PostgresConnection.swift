// One connection is an actor on a thread of its own. Its methods block that thread while the server works,
// which is what the thread is for: callers are suspended meanwhile, and nothing of Swift's shared pool is
// held. Several callers are served one after the other.

internal import ConnectionThread
internal import Synchronization

/// A connection to a Postgres server.
public actor PostgresConnection {
    private nonisolated let thread: ConnectionThread
    nonisolated let canceller = Canceller()
    nonisolated let condition = Mutex(Condition())
    let configuration: PostgresConfiguration

    var wire: Wire?
    var statements = StatementCache()
    /// What the connection is in the middle of: other statements have to wait for its end.
    var occupation: Occupation?
    private var operations = 0

    enum Occupation { case streaming(RowStream), copying }

    /// What others may know without a hop to the connection's thread.
    struct Condition: Sendable {
        var socket: Int32 = -1
        var isUsable = false
        var transaction: Wire.TransactionStatus = .unknown
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// Connects and signs in.
    ///
    /// - Throws: ``PostgresError/connection(_:)`` with the server's reason, also after `connectTimeout`.
    public static func connect(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        let connection = PostgresConnection(configuration)
        try await connection.open()
        return connection
    }

    private init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        thread = ConnectionThread(name: "pg-\(configuration.user)")
    }

    deinit { thread.stop() }

    private func open() throws(PostgresError) {
        let wire = try Wire(configuration)
        canceller.attach(wire.makeCancelHandle())
        self.wire = wire
        noteCondition()
    }

    /// Runs one statement, in a transaction of its own unless one is open.
    ///
    /// Cancelling the task cancels the statement on the server.
    public func execute(_ query: Query) async throws(PostgresError) -> ResultSet {
        try await cancellably { () throws(PostgresError) in try self.run([query])[0] }
    }

    /// Runs several statements in one round trip. They are one transaction unless the statements say
    /// otherwise.
    ///
    /// - Throws: the error of the first statement that failed, which `queryIndex` names; those after it did
    ///   not run, those before it are rolled back, and the connection can be used again.
    public func pipeline(_ queries: [Query]) async throws(PostgresError) -> [ResultSet] {
        try await cancellably { () throws(PostgresError) in try self.run(queries) }
    }

    /// Closes the connection after what is already waiting for it. Does no harm twice.
    public func close() async { drop() }

    /// Cancels what the server does for this connection now, if anything. Returns at once.
    public nonisolated func cancel() { canceller.cancel(nil) }

    /// The process that serves this connection, as `pg_stat_activity` shows it.
    public var backendID: Int { wire.map { Int($0.backendID) } ?? 0 }

    /// Whether the connection is open as far as anybody knows without asking the server. Costs a system
    /// call.
    public nonisolated var isOpen: Bool {
        condition.withLock { $0.isUsable && !Readiness.now($0.socket, for: .readable).contains(.closed) }
    }

    // MARK: For the other aspects of the connection

    /// Runs `work` with a number by which a cancelled task can cancel it on the server.
    func cancellably<Value: Sendable>(
        _ work: () throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        if Task.isCancelled { throw .cancelled }
        let operation = beginOperation()
        // The closure has to use `self`, or it would not belong to this actor and would block a shared
        // thread; that `outcome` is called without `await` proves that it does.
        let result = await withTaskCancellationHandler {
            outcome(of: work)
        } onCancel: {
            canceller.cancel(operation)
        }
        return try endOperation(result)
    }

    private func outcome<Value>(of work: () throws(PostgresError) -> Value) -> Result<Value, PostgresError> {
        do throws(PostgresError) { return .success(try work()) } catch { return .failure(error) }
    }

    func beginOperation() -> Int {
        operations += 1
        canceller.begin(operations)
        return operations
    }

    /// Waits for a cancel message that is under way, and says which failures it has caused.
    func endOperation<Value>(_ result: Result<Value, PostgresError>) throws(PostgresError) -> Value {
        let wasCancelled = canceller.end()
        switch result {
        case .success(let value): return value
        case .failure(let error):
            if wasCancelled, error.sqlState == .queryCanceled { throw .cancelled }
            throw error
        }
    }

    /// The open connection, when nothing else is going on.
    func usableWire() throws(PostgresError) -> Wire {
        thread.checkIsolated()
        switch occupation {
        case .streaming:
            throw .misuse("the connection is streaming rows; finish that first, or use another one")
        case .copying:
            throw .misuse("the connection is copying rows in; finish that first, or use another one")
        case nil: break
        }
        guard let wire else {
            throw .connection(
                ConnectionFailure(message: "the connection is closed", sqlState: nil, mayHaveRun: false))
        }
        do {
            try wire.verify()
        } catch {
            drop()
            throw error
        }
        return wire
    }

    func deadline(statements: Int = 1) -> ContinuousClock.Instant? {
        configuration.responseLimit(statements: statements).map { .now + $0 }
    }

    /// Gives the connection up when an error says that it is lost, and passes the error on.
    func noting(_ error: PostgresError) -> PostgresError {
        if error.isConnectionLoss { drop() } else { noteCondition() }
        return error
    }

    func noteCondition() {
        let current = Condition(
            socket: wire?.socket ?? -1, isUsable: wire.map { !$0.isBroken } ?? false,
            transaction: wire?.transaction ?? .unknown)
        condition.withLock { $0 = current }
    }

    func drop() {
        // Before the socket's number can belong to somebody else.
        condition.withLock { $0 = Condition() }
        canceller.attach(nil)
        wire = nil
        occupation = nil
        statements = StatementCache()
    }
}
