/// The bytes of a result and where each value stands in them.
@usableFromInline
final class ResultStorage: Sendable {
    @usableFromInline let columns: [Column]
    @usableFromInline let rowCount: Int
    @usableFromInline let bytes: [UInt8]
    /// Row by row.
    @usableFromInline let cells: [Cell]
    let affected: Int
    let command: String

    @usableFromInline struct Column: Sendable {
        @usableFromInline let name: String
        @usableFromInline let type: PostgresType
    }

    @usableFromInline struct Cell: Sendable {
        @usableFromInline let start: Int
        /// -1 for null.
        @usableFromInline let length: Int
    }

    init(columns: [Column], rowCount: Int, bytes: [UInt8], cells: [Cell], affected: Int, command: String) {
        self.columns = columns
        self.rowCount = rowCount
        self.bytes = bytes
        self.cells = cells
        self.affected = affected
        self.command = command
    }

    @inlinable @inline(__always)
    func cell(row: Int, column: Int) -> Cell {
        precondition(column >= 0 && column < columns.count, "the result has \(columns.count) columns")
        return cells[row &* columns.count &+ column]
    }

    @inlinable @inline(__always)
    func decode<Value: PostgresDecodable>(row: Int, column: Int) throws(PostgresError) -> Value {
        let cell = cell(row: row, column: column)
        do {
            if cell.length < 0 { return try Value.decodeNull() }
            let bytes = bytes
            let value = bytes.span.bytes.extracting(cell.start..<cell.start &+ cell.length)
            return try Value.decode(value, type: columns[column].type)
        } catch {
            throw failure(error, column: column)
        }
    }

    @usableFromInline
    func index(of name: String) throws(PostgresError) -> Int {
        // Results have few columns, for which comparing is faster than hashing.
        guard let index = columns.firstIndex(where: { $0.name == name }) else {
            let names = columns.map(\.name).joined(separator: ", ")
            let message = "is not in the result, which has: \(names)"
            throw .decoding(
                DecodingFailure(column: name, columnIndex: -1, type: .unknown, message: message))
        }
        return index
    }

    @usableFromInline
    func failure(_ problem: DecodingProblem, column: Int) -> PostgresError {
        let described = columns[column]
        return .decoding(
            DecodingFailure(
                column: described.name, columnIndex: column, type: described.type, message: problem.message))
    }
}
