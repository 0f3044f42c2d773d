// The server's binary arrays: number of dimensions, a flag for nulls, the element's type, the length and
// lower bound of the dimension; then each element with its length in front, -1 for null. All big-endian.

/// Writes an array element by element, for types whose size is not known before.
struct ArrayWriter {
    private var bytes: [UInt8] = []

    init(of type: PostgresType, count: Int, elementBytes: Int = 16) {
        bytes.reserveCapacity(ArrayHeader.size + count * (4 + elementBytes))
        withUnsafeTemporaryAllocation(byteCount: ArrayHeader.size, alignment: 4) { space in
            ArrayHeader.write(type, count: count, to: space.baseAddress!)
            bytes.append(contentsOf: space)
        }
    }

    mutating func append(_ element: [UInt8]?) {
        let length = Int32(element?.count ?? -1)
        withUnsafeBytes(of: length.bigEndian) { bytes.append(contentsOf: $0) }
        if let element { bytes.append(contentsOf: element) }
    }

    func finish() -> [UInt8] { bytes }
}

enum ArrayHeader {
    static let size = 20

    static func write(_ type: PostgresType, count: Int, to space: UnsafeMutableRawPointer) {
        // No dimension at all is how the server itself writes an empty array, but one of length zero reads
        // the same.
        store(Int32(1), at: space)
        store(Int32(1), at: space + 4)
        store(type.rawValue, at: space + 8)
        store(Int32(count), at: space + 12)
        store(Int32(1), at: space + 16)
    }
}

@inline(__always)
func store<Number: FixedWidthInteger>(_ number: Number, at space: UnsafeMutableRawPointer) {
    space.storeBytes(of: number.bigEndian, as: Number.self)
}

/// Encodes an array in one pass into memory of exactly its size. `size` is nil for null, and `write` must
/// fill what `size` announced.
@inline(__always)
func encodeElements<Element>(
    _ values: [Element], as type: PostgresType, size: (Element) -> Int?,
    write: (Element, UnsafeMutableRawPointer) -> Void
) -> [UInt8] {
    var total = ArrayHeader.size + 4 * values.count
    for value in values { total += size(value) ?? 0 }
    return [UInt8](unsafeUninitializedCapacity: total) { space, count in
        var position = UnsafeMutableRawPointer(space.baseAddress!)
        ArrayHeader.write(type, count: values.count, to: position)
        position += ArrayHeader.size
        for value in values {
            let length = size(value)
            store(Int32(length ?? -1), at: position)
            position += 4
            if let length {
                write(value, position)
                position += length
            }
        }
        count = total
    }
}

/// Encodes one value of fixed size.
@inline(__always)
func encodeFixed(_ size: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: size) { space, count in
        write(UnsafeMutableRawPointer(space.baseAddress!))
        count = size
    }
}
