internal import CHiredis

// Replies are parsed by hiredis. Instead of its own reply objects, which would be allocated one by one,
// copied and freed, its callbacks build `RedisValue`s directly. hiredis reports values depth first, so an
// array under construction is a frame on a stack, and a value completes the frames above it. This also
// keeps the announced length of an array from being allocated before its elements have arrived.

final class ReplyReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let callbacks: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let builder = ReplyBuilder()
    private let maximumReplyBytes: Int
    /// Bytes fed since the last complete reply.
    private var bytesInReply = 0

    init(maximumReplyBytes: Int) {
        self.maximumReplyBytes = maximumReplyBytes
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ReplyBuilder.callbacks)
        guard let reader = redisReaderCreateWithFunctions(callbacks) else {
            preconditionFailure("no memory for a Redis reply reader")
        }
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
        callbacks.deallocate()
    }

    func feed(_ bytes: UnsafeRawBufferPointer) {
        bytesInReply += bytes.count
        redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }

    /// The next complete reply, or nil when more bytes are needed.
    func next() throws(RedisError) -> RedisValue? {
        var ignored: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &ignored) == REDIS_OK else {
            let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw .protocolViolation(text)
        }
        if let value = builder.takeFinished() {
            bytesInReply = reader.pointee.len - reader.pointee.pos
            return value
        }
        if bytesInReply > maximumReplyBytes {
            throw .protocolViolation("a reply is larger than the limit of \(maximumReplyBytes) bytes")
        }
        return nil
    }
}

/// Puts the reported values together. The reader holds an unretained pointer to it, and its owner both.
private final class ReplyBuilder {
    private struct Frame {
        var elements: [RedisValue]
        var missing: Int
    }

    private var frames: [Frame] = []
    private var finished: RedisValue?

    func takeFinished() -> RedisValue? {
        guard finished != nil else { return nil }
        defer { finished = nil }
        return finished
    }

    private func open(count: Int) {
        guard count > 0 else { return add(.array([])) }
        var elements: [RedisValue] = []
        elements.reserveCapacity(min(count, 1024))
        frames.append(Frame(elements: elements, missing: count))
    }

    private func add(_ value: RedisValue) {
        var value = value
        while let top = frames.indices.last {
            frames[top].elements.append(value)
            frames[top].missing -= 1
            if frames[top].missing > 0 { return }
            value = .array(frames.removeLast().elements)
        }
        finished = value
    }

    private static func text(_ kind: Int32, _ bytes: UnsafeRawBufferPointer) -> RedisValue {
        switch kind {
        case REDIS_REPLY_STATUS:
            return .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR:
            let line = String(decoding: bytes, as: UTF8.self)
            let code = line.prefix { $0 != " " }
            return .error(code: String(code), message: String(line.dropFirst(code.count + 1)))
        default:
            return .bulk([UInt8](bytes))
        }
    }

    /// What the callbacks return as "the object": hiredis only checks that it is not null.
    nonisolated(unsafe) private static let built = UnsafeMutableRawPointer(bitPattern: 1)

    private static func of(_ task: UnsafePointer<redisReadTask>?) -> ReplyBuilder? {
        task?.pointee.privdata.map { Unmanaged<ReplyBuilder>.fromOpaque($0).takeUnretainedValue() }
    }

    static var callbacks: redisReplyObjectFunctions {
        redisReplyObjectFunctions(
            createString: { task, start, count in
                let bytes = UnsafeRawBufferPointer(start: start, count: count)
                ReplyBuilder.of(task)?.add(ReplyBuilder.text(task?.pointee.type ?? 0, bytes))
                return ReplyBuilder.built
            },
            createArray: { task, count in
                ReplyBuilder.of(task)?.open(count: Int(count))
                return ReplyBuilder.built
            },
            createInteger: { task, number in
                ReplyBuilder.of(task)?.add(.integer(number))
                return ReplyBuilder.built
            },
            createNil: { task in
                ReplyBuilder.of(task)?.add(.null)
                return ReplyBuilder.built
            },
            freeObject: { _ in })
    }
}
