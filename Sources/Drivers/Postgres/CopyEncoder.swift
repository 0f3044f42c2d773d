/// Writes rows in the server's binary COPY format.
struct CopyEncoder: Sendable {
    let columns: [ResultStorage.Column]

    /// A query that returns no rows and the types of the columns of `"table (column, ...)"`.
    static func probe(_ target: String) -> Query {
        guard let open = target.firstIndex(of: "("), let close = target.lastIndex(of: ")"), open < close
        else {
            return "select * from \(raw: target) where false"
        }
        let names = target[target.index(after: open)..<close]
        return "select \(raw: String(names)) from \(raw: String(target[..<open])) where false"
    }

    /// The signature, no flags, no extension.
    static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
    static let trailer: [UInt8] = [0xFF, 0xFF]

    func encode(_ rows: ArraySlice<[(any PostgresEncodable)?]>) throws(PostgresError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(rows.count * columns.count * 16)
        for row in rows {
            guard row.count == columns.count else {
                throw .encoding("a row to copy has \(row.count) values for \(columns.count) columns")
            }
            bytes.append(contentsOf: bigEndian(Int16(columns.count)))
            for (value, column) in zip(row, columns) {
                guard let value, let content = try fit(Bind(value), column) else {
                    bytes.append(contentsOf: bigEndian(Int32(-1)))
                    continue
                }
                bytes.append(contentsOf: bigEndian(Int32(content.count)))
                bytes.append(contentsOf: content)
            }
        }
        return bytes
    }

    /// The value in the column's own type, where that loses nothing.
    private func fit(_ bind: Bind, _ column: ResultStorage.Column) throws(PostgresError) -> [UInt8]? {
        guard let bytes = bind.bytes else { return nil }
        if bind.type == column.type { return bytes }
        switch (bind.type, column.type) {
        case (.int8, .int4), (.int8, .int2), (.int4, .int8), (.int4, .int2), (.int2, .int4), (.int2, .int8):
            return try fit(integer: bytes, bind.type, column)
        case (.text, .varchar), (.text, .bpchar), (.text, .name), (.text, .json), (.text, .xml): return bytes
        case (.text, _) where column.type.isDefinedByUser: return bytes
        case (.text, .jsonb): return [JSONB.version] + bytes
        case (.jsonb, .json), (.jsonb, .text): return Array(bytes.dropFirst())
        case (.timestamptz, .timestamp): return bytes
        default:
            throw .encoding(
                "column \(column.name) is \(column.type); a value of type \(bind.type) does not fit")
        }
    }

    private func fit(
        integer bytes: [UInt8], _ type: PostgresType, _ column: ResultStorage.Column
    ) throws(PostgresError) -> [UInt8] {
        var number = bytes[0] & 0x80 == 0 ? 0 : -1
        for byte in bytes { number = number << 8 | Int(byte) }
        switch column.type {
        case .int8: return bigEndian(Int64(number))
        case .int4: if let small = Int32(exactly: number) { return bigEndian(small) }
        default: if let small = Int16(exactly: number) { return bigEndian(small) }
        }
        throw .encoding("column \(column.name) is \(column.type); a number does not fit it")
    }

    private func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        encodeFixed(Number.bitWidth / 8) { store(number, at: $0) }
    }
}
