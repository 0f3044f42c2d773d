internal import Glibc

/// An established connection: socket and reply reader together, signed in and on the right database.
///
/// Confined to the thread that dialled it.
final class Link {
    private static let readBytes = 64 << 10
    /// hiredis moves what is left of its buffer after each kilobyte, so large reads are fed in smaller
    /// slices.
    private static let feedBytes = 16 << 10
    /// Reads in one turn before the thread looks at what waits to be written.
    private static let readsPerTurn = 8

    private let transport: Transport
    private let reader: ReplyReader
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Link.readBytes, alignment: 16)

    /// When bytes last came from the server.
    private(set) var heard = Moment.now

    private init(_ transport: Transport, maximumReplyBytes: Int) {
        self.transport = transport
        reader = ReplyReader(maximumReplyBytes: maximumReplyBytes)
    }

    deinit { buffer.deallocate() }

    /// Connects and signs in. The first round trip proves that the server is ready to serve.
    static func dial(_ configuration: RedisConfiguration, _ pause: Pause) throws(DialFailure) -> Link {
        let deadline = Moment.now + configuration.connectTimeout
        let transport = try Transport.open(configuration, until: deadline, pause)
        let link = Link(transport, maximumReplyBytes: configuration.maximumReplyBytes)
        try link.signIn(configuration, until: deadline, pause)
        return link
    }

    func interest(_ events: Int32) -> SocketInterest {
        SocketInterest(descriptor: transport.descriptor, events: Int16(events))
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Progress { transport.write(bytes) }

    /// Reads what has arrived and hands on each complete reply. Returns whether more may be waiting unread.
    func receive(_ handle: (RedisValue) throws(RedisError) -> Void) throws(RedisError) -> Bool {
        for _ in 0..<Self.readsPerTurn {
            switch transport.read(into: buffer) {
            case .ended(let reason): throw .connection(reason: reason, mayHaveRun: true)
            case .blocked: return false
            case .moved(let count):
                heard = .now
                try parse(count, handle)
                // OpenSSL may keep more in its own buffer, of which `poll` knows nothing: read until it
                // blocks.
                if count < buffer.count && !transport.isEncrypted { return false }
            }
        }
        return true
    }

    private func parse(
        _ count: Int, _ handle: (RedisValue) throws(RedisError) -> Void
    ) throws(RedisError) {
        var start = 0
        while start < count {
            let end = min(count, start + Self.feedBytes)
            reader.feed(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            while let value = try reader.next() { try handle(value) }
            start = end
        }
    }
}

extension Link {
    private func signIn(
        _ configuration: RedisConfiguration, until deadline: Moment, _ pause: Pause
    ) throws(DialFailure) {
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            let names = configuration.user.map { [RedisArgument($0)] } ?? []
            commands.append(RedisCommand("AUTH", names, [RedisArgument(password)]))
        }
        if configuration.database != 0 {
            commands.append(RedisCommand("SELECT", RedisArgument(configuration.database)))
        }
        if let name = configuration.clientName {
            commands.append(RedisCommand("CLIENT", "SETNAME", RedisArgument(name)))
        }
        commands.append(RedisCommand("PING"))

        for reply in try exchange(commands, place: configuration.place, until: deadline, pause) {
            guard case .error(let code, let message) = reply else { continue }
            // A server that is loading its data, is full or has lost its primary will be ready later.
            // Everything else that it says to a greeting is about the configuration.
            let isPassing =
                ["LOADING", "MASTERDOWN", "BUSY", "CLUSTERDOWN"].contains(code)
                || message.hasPrefix("max number of clients")
            throw DialFailure(error: .reply(code: code, message: message), isLasting: !isPassing)
        }
    }

    private func exchange(
        _ commands: [RedisCommand], place: String, until deadline: Moment, _ pause: Pause
    ) throws(DialFailure) -> [RedisValue] {
        var outgoing: [UInt8] = []
        for command in commands { command.encode(into: &outgoing) }
        var written = 0
        var replies: [RedisValue] = []
        while replies.count < commands.count {
            var events = POLLIN
            if written < outgoing.count {
                let progress = outgoing.withUnsafeBytes { transport.write(.init(rebasing: $0[written...])) }
                switch progress {
                case .moved(let count): written += count
                case .blocked(let wanted): events |= Int32(wanted)
                case .ended(let reason): throw .unreachable("\(place): \(reason)")
                }
            }
            do throws(RedisError) {
                if try receive({ replies.append($0) }) { continue }
            } catch {
                throw Self.failure(error, place)
            }
            if replies.count >= commands.count || (written < outgoing.count && events == POLLIN) { continue }
            switch pause(interest(events), deadline) {
            case .ready: continue
            case .deadline: throw .unreachable("\(place) accepts connections but does not answer")
            case .stopped: throw .stopped
            }
        }
        return replies
    }

    private static func failure(_ error: RedisError, _ place: String) -> DialFailure {
        if case .connection(let reason, _) = error { return .unreachable("\(place): \(reason)") }
        return DialFailure(error: error)
    }
}
