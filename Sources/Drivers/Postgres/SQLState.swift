/// The five characters by which Postgres tells one failure from another, in every language and version.
public struct SQLState: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let uniqueViolation = SQLState(rawValue: "23505")
    public static let foreignKeyViolation = SQLState(rawValue: "23503")
    public static let checkViolation = SQLState(rawValue: "23514")
    public static let notNullViolation = SQLState(rawValue: "23502")
    public static let exclusionViolation = SQLState(rawValue: "23P01")
    public static let serializationFailure = SQLState(rawValue: "40001")
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    /// Somebody cancelled the statement, or it ran into `statement_timeout`.
    public static let queryCanceled = SQLState(rawValue: "57014")
    /// The lock was not free within `lock_timeout`, or at all with `nowait`.
    public static let lockNotAvailable = SQLState(rawValue: "55P03")
    public static let insufficientPrivilege = SQLState(rawValue: "42501")
    public static let syntaxError = SQLState(rawValue: "42601")
    public static let undefinedTable = SQLState(rawValue: "42P01")
    public static let undefinedColumn = SQLState(rawValue: "42703")
    public static let undefinedFunction = SQLState(rawValue: "42883")
    public static let duplicateTable = SQLState(rawValue: "42P07")
    public static let duplicateDatabase = SQLState(rawValue: "42P04")
    public static let datatypeMismatch = SQLState(rawValue: "42804")
    public static let invalidTextRepresentation = SQLState(rawValue: "22P02")
    public static let invalidByteSequence = SQLState(rawValue: "22021")
    /// JSON text that `jsonb` cannot hold, such as `\u0000`.
    public static let untranslatableCharacter = SQLState(rawValue: "22P05")
    public static let numericOutOfRange = SQLState(rawValue: "22003")
    public static let stringTooLong = SQLState(rawValue: "22001")
    public static let noDataFound = SQLState(rawValue: "P0002")
    /// What `raise exception` in a function reports when it names no state.
    public static let raisedException = SQLState(rawValue: "P0001")
    /// A statement was sent in a transaction that had already failed.
    public static let transactionAborted = SQLState(rawValue: "25P02")
    public static let readOnlyTransaction = SQLState(rawValue: "25006")
    public static let idleInTransactionTimeout = SQLState(rawValue: "25P03")
    public static let featureNotSupported = SQLState(rawValue: "0A000")
    public static let unknownStatementName = SQLState(rawValue: "26000")
    public static let adminShutdown = SQLState(rawValue: "57P01")
    public static let crashShutdown = SQLState(rawValue: "57P02")
    public static let cannotConnectNow = SQLState(rawValue: "57P03")
    public static let tooManyConnections = SQLState(rawValue: "53300")
    public static let diskFull = SQLState(rawValue: "53100")
    public static let outOfMemory = SQLState(rawValue: "53200")

    /// The first two characters, which name the kind of failure.
    var category: Substring { rawValue.prefix(2) }
}

extension SQLState: CustomStringConvertible {
    public var description: String { rawValue }
}
