// libpq takes four parallel arrays of C. They are built in memory that the connection keeps, so that sending
// a batch allocates nothing: the values are copied one after the other, and libpq copies them on into its
// own buffer.

/// Memory for the arguments of one statement.
struct BindScratch: ~Copyable {
    private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
    private var types: [UInt32] = []
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    deinit { bytes.deallocate() }

    struct Arguments {
        let count: Int32
        let types: UnsafePointer<UInt32>?
        let values: UnsafePointer<UnsafePointer<CChar>?>?
        let lengths: UnsafePointer<Int32>?
        let formats: UnsafePointer<Int32>?
    }

    /// Lends pointers to the binds, valid for the length of `body`.
    mutating func with(_ binds: [Bind], _ body: (Arguments) -> Bool) -> Bool {
        if binds.isEmpty {
            return body(Arguments(count: 0, types: nil, values: nil, lengths: nil, formats: nil))
        }
        fill(binds)
        return types.withUnsafeBufferPointer { types in
            values.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(
                            Arguments(
                                count: Int32(binds.count), types: types.baseAddress,
                                values: values.baseAddress,
                                lengths: lengths.baseAddress, formats: formats.baseAddress))
                    }
                }
            }
        }
    }

    private mutating func fill(_ binds: [Bind]) {
        types.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        reserve(binds.reduce(0) { $0 + ($1.bytes?.count ?? 0) })
        var position = bytes.baseAddress!
        for bind in binds {
            types.append(bind.type.rawValue)
            formats.append(1)
            lengths.append(Int32(bind.bytes?.count ?? 0))
            guard let content = bind.bytes else {
                values.append(nil)
                continue
            }
            // An empty value still needs a pointer, since none means null.
            values.append(UnsafePointer(position.assumingMemoryBound(to: CChar.self)))
            content.withUnsafeBytes { source in
                if let start = source.baseAddress {
                    position.copyMemory(from: start, byteCount: source.count)
                }
            }
            position += content.count
        }
    }

    /// Grows, and shrinks after one statement that was far larger than the others.
    private mutating func reserve(_ count: Int) {
        let isWasteful = bytes.count > Self.keptBytes && count <= Self.keptBytes
        guard count > bytes.count || isWasteful else { return }
        bytes.deallocate()
        bytes = .allocate(byteCount: max(count, 4096), alignment: 16)
    }

    private static let keptBytes = 1 << 20
}
