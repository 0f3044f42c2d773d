internal import CLibpq

/// Owns one result of libpq.
struct WireResult: ~Copyable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQclear(handle) }

    enum Status { case rows, oneRow, done, failed, skipped, synced, copyIn, other }

    var status: Status {
        switch PQresultStatus(handle) {
        case PGRES_TUPLES_OK: .rows
        case PGRES_SINGLE_TUPLE: .oneRow
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .done
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: .failed
        case PGRES_PIPELINE_ABORTED: .skipped
        case PGRES_PIPELINE_SYNC: .synced
        case PGRES_COPY_IN: .copyIn
        default: .other
        }
    }

    var rowCount: Int { Int(PQntuples(handle)) }

    /// Copies everything out in one pass over the lengths and one over the bytes.
    func copy() -> ResultSet {
        let columns = describeColumns()
        let rows = rowCount
        var cells: [ResultStorage.Cell] = []
        cells.reserveCapacity(rows * columns.count)
        let total = measure(into: &cells, columns: columns.count, from: 0)
        let bytes = [UInt8](unsafeUninitializedCapacity: total) { space, count in
            copyValues(cells[...], columns: columns.count, to: space.baseAddress, from: 0)
            count = total
        }
        return ResultSet(
            storage: ResultStorage(
                columns: columns, rowCount: rows, bytes: bytes, cells: cells, affected: affected,
                command: String(cString: PQcmdStatus(handle))))
    }

    func describeColumns() -> [ResultStorage.Column] {
        (0..<PQnfields(handle)).map { column in
            ResultStorage.Column(
                name: String(cString: PQfname(handle, column)),
                type: PostgresType(rawValue: PQftype(handle, column)))
        }
    }

    /// Adds the rows to a batch that is being gathered.
    func append(to batch: inout RowBatch) {
        if batch.columns.isEmpty { batch.columns = describeColumns() }
        let first = batch.cells.count
        let start = batch.bytes.count
        let end = measure(into: &batch.cells, columns: batch.columns.count, from: start)
        batch.rowCount += rowCount
        let cells = batch.cells[first...]
        for (offset, cell) in cells.enumerated() where cell.length > 0 {
            let (row, column) = offset.quotientAndRemainder(dividingBy: batch.columns.count)
            let value = PQgetvalue(handle, Int32(row), Int32(column))
            batch.bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: cell.length))
        }
        assert(batch.bytes.count == end)
    }

    private func measure(into cells: inout [ResultStorage.Cell], columns: Int, from start: Int) -> Int {
        var position = start
        for row in 0..<PQntuples(handle) {
            for column in 0..<Int32(columns) {
                var length = Int(PQgetlength(handle, row, column))
                if length == 0, PQgetisnull(handle, row, column) == 1 { length = -1 }
                cells.append(ResultStorage.Cell(start: position, length: length))
                position += max(0, length)
            }
        }
        return position
    }

    private func copyValues(
        _ cells: ArraySlice<ResultStorage.Cell>, columns: Int, to space: UnsafeMutablePointer<UInt8>?,
        from start: Int
    ) {
        guard let space = space.map({ UnsafeMutableRawPointer($0) }) else { return }
        var index = cells.startIndex
        for row in 0..<PQntuples(handle) {
            for column in 0..<Int32(columns) {
                let cell = cells[index]
                index += 1
                guard cell.length > 0, let value = PQgetvalue(handle, row, column) else { continue }
                (space + cell.start).copyMemory(from: value, byteCount: cell.length)
            }
        }
    }

    private var affected: Int {
        guard let text = PQcmdTuples(handle) else { return 0 }
        var number = 0
        var position = text
        while position.pointee != 0 {
            number = number * 10 + Int(position.pointee) - 48
            position += 1
        }
        return number
    }

    /// What went wrong with the statement, or with the connection when the server ends it.
    func failure(_ query: Query, index: Int) -> PostgresError {
        failure(text: query.text, index: index)
    }

    func failure(text: String, index: Int) -> PostgresError {
        let message = field(.message) ?? String(cString: PQresultErrorMessage(handle)).singleLine
        guard let state = field(.sqlState).map({ SQLState(rawValue: $0) }) else {
            return .connection(ConnectionFailure(message: message, sqlState: nil, mayHaveRun: true))
        }
        if let severity = field(.severity), severity == "FATAL" || severity == "PANIC" {
            return .connection(ConnectionFailure(message: message, sqlState: state, mayHaveRun: true))
        }
        return .server(
            ServerError(
                sqlState: state, message: message, detail: field(.detail), hint: field(.hint),
                schema: field(.schema), table: field(.table), column: field(.column),
                constraint: field(.constraint), position: field(.position).flatMap { Int($0) }, query: text,
                queryIndex: index))
    }

    /// libpq's letters for the parts of an error.
    private enum Field: Unicode.Scalar {
        case severity = "V"
        case sqlState = "C"
        case message = "M"
        case detail = "D"
        case hint = "H"
        case position = "P"
        case schema = "s"
        case table = "t"
        case column = "c"
        case constraint = "n"
    }

    private func field(_ field: Field) -> String? {
        PQresultErrorField(handle, Int32(field.rawValue.value)).map { String(cString: $0) }
    }
}

/// Rows that are gathered from many small results.
struct RowBatch {
    var columns: [ResultStorage.Column] = []
    var rowCount = 0
    var bytes: [UInt8] = []
    var cells: [ResultStorage.Cell] = []

    func finish() -> ResultSet {
        ResultSet(
            storage: ResultStorage(
                columns: columns, rowCount: rowCount, bytes: bytes, cells: cells, affected: rowCount,
                command: "SELECT \(rowCount)"))
    }
}
