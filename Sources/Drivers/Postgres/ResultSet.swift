// A result of the C library is copied once, into one array of bytes and one of offsets, and freed at once. A
// row is a reference to both and a number, so handing rows around copies nothing.

/// What a statement returned.
public struct ResultSet: Sendable {
    @usableFromInline let storage: ResultStorage

    @usableFromInline init(storage: ResultStorage) { self.storage = storage }

    public var rows: Rows { Rows(storage: storage) }

    /// The names of the columns, in order.
    public var columns: [String] { storage.columns.map(\.name) }

    /// How many rows the statement inserted, updated, deleted or returned.
    public var affected: Int { storage.affected }

    /// What the server says it did, such as `INSERT` or `ROLLBACK`.
    public var command: String { storage.command }

    public var first: Row? { storage.rowCount > 0 ? Row(storage: storage, index: 0) : nil }

    /// A whole column at once.
    @inlinable
    public func column<Value: PostgresDecodable>(
        _ index: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(storage.rowCount)
        for row in 0..<storage.rowCount {
            values.append(try storage.decode(row: row, column: index))
        }
        return values
    }

    /// The rows of a result, in the server's order.
    public struct Rows: RandomAccessCollection, Sendable {
        @usableFromInline let storage: ResultStorage
        @usableFromInline init(storage: ResultStorage) { self.storage = storage }

        @inlinable public var startIndex: Int { 0 }
        @inlinable public var endIndex: Int { storage.rowCount }
        @inlinable public subscript(position: Int) -> Row {
            precondition(
                position >= 0 && position < storage.rowCount, "the result has \(storage.rowCount) rows")
            return Row(storage: storage, index: position)
        }
    }
}

/// One row of a result. It keeps the whole result alive.
public struct Row: Sendable {
    @usableFromInline let storage: ResultStorage
    /// The row's place in its result, from zero.
    public let index: Int

    @inlinable init(storage: ResultStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    /// The value of a column by its place, which costs next to nothing.
    ///
    /// - Throws: ``PostgresError/decoding(_:)`` that names the column when the value is of another type, is
    ///   null and `Value` is not optional, or is out of range.
    @inlinable
    public func decode<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try storage.decode(row: index, column: column)
    }

    /// The value of a column by its name.
    @inlinable
    public func decode<Value: PostgresDecodable>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try storage.decode(row: index, column: storage.index(of: column))
    }

    /// The first columns of the row, in order: `let (id, total) = try row.decode(UUID.self, Int.self)`.
    public func decode<First: PostgresDecodable, Second: PostgresDecodable, each Other: PostgresDecodable>(
        _ first: First.Type, _ second: Second.Type, _ others: repeat (each Other).Type
    ) throws(PostgresError) -> (First, Second, repeat each Other) {
        var column = 1
        func next<Value: PostgresDecodable>(_ type: Value.Type) throws(PostgresError) -> Value {
            column += 1
            return try decode(column, as: type)
        }
        return (try decode(0, as: first), try decode(1, as: second), repeat try next(each others))
    }

    public func isNull(_ column: Int) -> Bool { storage.cell(row: index, column: column).length < 0 }
}
