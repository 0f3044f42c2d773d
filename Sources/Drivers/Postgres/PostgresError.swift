// Every failure of the driver. What a description says may reach logs, so it holds the query's text but
// never a bound value, and not the server's detail, which quotes values of rows; ask for `detail` where it
// is needed.

/// A failure of the driver, the connection or the server.
public enum PostgresError: Error, Sendable {
    /// A URL or a setting that cannot be used. The text names which.
    case configuration(String)
    /// The server cannot be reached, refused the connection, or the connection broke.
    indirect case connection(ConnectionFailure)
    /// The connection broke while a commit was under way: the transaction has been committed or it has not.
    /// Whoever catches this must look before doing it again.
    indirect case commitUnknown(ConnectionFailure)
    /// The server refused a statement.
    indirect case server(ServerError)
    /// A value in a result is not what the caller asked for.
    indirect case decoding(DecodingFailure)
    /// A value cannot be sent, such as one that does not fit the column it is copied into.
    case encoding(String)
    /// The server did not answer within the limit that the text names. The connection is closed.
    case timeout(String)
    /// The task was cancelled. The statement did not take effect.
    case cancelled
    /// The body of a transaction swallowed an error of a statement, after which the server can only roll
    /// back.
    case rolledBack
    case poolClosed
    /// No connection became free within the wait limit.
    indirect case poolTimeout(PoolTimeout)
    /// A migration cannot be applied. The text names the file and the line.
    case migration(String)
    /// The driver was used in an order that cannot work, such as a transaction after its end.
    case misuse(String)
}

extension PostgresError {
    /// The server's code for the failure, where there is one.
    public var sqlState: SQLState? {
        switch self {
        case .server(let error): error.sqlState
        case .connection(let failure), .commitUnknown(let failure): failure.sqlState
        default: nil
        }
    }

    /// The constraint that was violated.
    public var constraint: String? {
        if case .server(let error) = self { error.constraint } else { nil }
    }

    /// The connection is gone or could not be made: nothing is wrong with the statement.
    public var isConnectionLoss: Bool {
        switch self {
        case .connection, .commitUnknown, .timeout: true
        case .poolTimeout(let failure): failure.lastFailure != nil
        default: false
        }
    }

    /// The whole transaction can be tried again and may succeed. Never true of ``commitUnknown(_:)``, where
    /// it may have taken effect. Outside a transaction look at `mayHaveRun` of a lost connection first,
    /// unless doing the work twice does no harm.
    public var isRetryable: Bool {
        switch self {
        case .connection(let failure): failure.isTemporary
        case .server(let error): error.isRetryable
        case .poolTimeout: true
        default: false
        }
    }
}

/// Why there is no connection, or none any more.
public struct ConnectionFailure: Sendable {
    public let message: String
    public let sqlState: SQLState?
    /// Something was sent that has not been answered, so the server may have done it.
    public let mayHaveRun: Bool

    /// False for what trying again cannot repair: a wrong password, an unknown database, an unknown role.
    public var isTemporary: Bool {
        guard let sqlState else { return true }
        return sqlState.category != "28" && sqlState.category != "3D"
    }

    func certainlyNotRun() -> ConnectionFailure {
        ConnectionFailure(message: message, sqlState: sqlState, mayHaveRun: false)
    }
}

/// What the server said about a statement that it refused.
public struct ServerError: Sendable {
    public let sqlState: SQLState
    public let message: String
    /// May quote values of rows. Not part of the description.
    public let detail: String?
    public let hint: String?
    public let schema: String?
    public let table: String?
    public let column: String?
    public let constraint: String?
    /// The place in the query's text, counted in characters from one.
    public let position: Int?
    /// The text of the statement, with placeholders and without values.
    public let query: String
    /// Which statement of a pipeline it was, counted from zero.
    public let queryIndex: Int

    var isRetryable: Bool {
        sqlState == .serializationFailure || sqlState == .deadlockDetected
    }
}

/// A value in a result that is not what the caller asked for.
public struct DecodingFailure: Sendable {
    public let column: String
    public let columnIndex: Int
    public let type: PostgresType
    public let message: String
}

/// Nobody gave a connection back in time.
public struct PoolTimeout: Sendable {
    public let waited: Duration
    public let size: Int
    /// Why no connection could be opened lately, if that was the reason.
    public let lastFailure: String?
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .configuration(let text): "Postgres configuration: \(text)"
        case .connection(let failure): "\(failure)"
        case .commitUnknown(let failure):
            "it is unknown whether the transaction was committed: \(failure.message); look before a repeat"
        case .server(let error): "\(error)"
        case .decoding(let failure): "\(failure)"
        case .encoding(let text): text
        case .timeout(let text): text
        case .cancelled: "the statement was cancelled"
        case .rolledBack:
            "the transaction was rolled back: an error of a statement in it was ignored; use a savepoint"
        case .poolClosed: "the pool of Postgres connections is shut down"
        case .poolTimeout(let failure): "\(failure)"
        case .migration(let text): text
        case .misuse(let text): text
        }
    }
}

extension ConnectionFailure: CustomStringConvertible {
    public var description: String {
        let effect = mayHaveRun ? "; what was sent last may have run" : ""
        return "Postgres connection: \(message)\(effect)"
    }
}

extension ServerError: CustomStringConvertible {
    public var description: String {
        var text = "\(message) (\(sqlState.rawValue))"
        if let table { text += ", table \(schema.map { "\($0)." } ?? "")\(table)" }
        if let column { text += ", column \(column)" }
        if let constraint { text += ", constraint \(constraint)" }
        if let hint { text += "; \(hint)" }
        return text + ", in: \(query)"
    }
}

extension DecodingFailure: CustomStringConvertible {
    public var description: String { "column \(column) (\(type)): \(message)" }
}

extension PoolTimeout: CustomStringConvertible {
    public var description: String {
        if let lastFailure { return "no Postgres connection within \(waited): \(lastFailure)" }
        return "all \(size) Postgres connections were busy for \(waited); raise the pool's size"
    }
}
