internal import Glibc

// A non-blocking socket, plain or under TLS. It belongs to the thread that opened it and is closed with it.
// Waiting is the caller's affair: it knows what else can happen meanwhile. `Pause` is how it lends that here.

/// Sleeps until the socket is ready or the deadline comes, attending to the owner's duties meanwhile.
typealias Pause = (SocketInterest?, Moment) -> PauseEnd

enum PauseEnd { case ready, deadline, stopped }

/// Why there is no connection.
struct DialFailure: Error {
    let error: RedisError
    /// Whether waiting does not help: a wrong password, a refused certificate. Callers are told at once.
    var isLasting = false
    var isStopped = false

    static let stopped = DialFailure(error: .closed, isStopped: true)

    static func unreachable(_ reason: String, isLasting: Bool = false) -> DialFailure {
        DialFailure(error: .connection(reason: reason, mayHaveRun: false), isLasting: isLasting)
    }
}

/// How far a read or write came.
enum Progress {
    case moved(Int)
    /// Nothing moved; try again when the socket has one of these `poll` events.
    case blocked(Int16)
    case ended(String)
}

final class Transport {
    let descriptor: Int32
    private var session: TLSSession?

    var isEncrypted: Bool { session != nil }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit {
        session = nil
        close(descriptor)
    }

    static func open(
        _ configuration: RedisConfiguration, until deadline: Moment, _ pause: Pause
    ) throws(DialFailure) -> Transport {
        switch configuration.address {
        case .unix(let path):
            return try openUnix(path, until: deadline, pause)
        case .tcp(let host, let port):
            let transport = try openTCP(host, port, until: deadline, pause)
            if let tls = configuration.tls {
                let session = try TLSSession(tls, host: host, descriptor: transport.descriptor)
                try session.handshake(with: configuration.place, transport.descriptor, until: deadline, pause)
                transport.session = session
            }
            return transport
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Progress {
        if let session { return session.read(into: buffer) }
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .moved(count) }
        if count == 0 { return .ended("the server closed the connection") }
        return Self.outcome(of: errno, waitingFor: POLLIN)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Progress {
        if let session { return session.write(bytes) }
        let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        return count >= 0 ? .moved(count) : Self.outcome(of: errno, waitingFor: POLLOUT)
    }

    private static func outcome(of code: Int32, waitingFor event: Int32) -> Progress {
        switch code {
        case EAGAIN, EINTR: .blocked(Int16(event))
        default: .ended(String(cString: strerror(code)))
        }
    }
}

extension Transport {
    private static func openUnix(_ path: String, until deadline: Moment, _ pause: Pause) throws(DialFailure)
        -> Transport
    {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else {
            throw .unreachable("the socket path is longer than \(room - 1) bytes: \(path)", isLasting: true)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return try withUnsafePointer(to: &address) { pointer throws(DialFailure) in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic throws(DialFailure) in
                try connect(to: generic, length, family: AF_UNIX, place: path, until: deadline, pause)
            }
        }
    }

    private static func openTCP(
        _ host: String, _ port: UInt16, until deadline: Moment, _ pause: Pause
    ) throws(DialFailure) -> Transport {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        // This blocks the connection's own thread, as long as the resolver is configured to take.
        let outcome = getaddrinfo(host, String(port), &hints, &list)
        guard outcome == 0, let first = list else {
            throw .unreachable(
                "cannot find the address of \(host): \(String(cString: gai_strerror(outcome)))")
        }
        defer { freeaddrinfo(first) }

        let candidates = Array(sequence(first: first) { $0.pointee.ai_next })
        var failure = DialFailure.unreachable("\(host) has no address")
        for (index, candidate) in candidates.enumerated() {
            // An address that swallows packets must leave time for those after it.
            let left = max(0, deadline.nanoseconds - Moment.now.nanoseconds) / Int64(candidates.count - index)
            do {
                let info = candidate.pointee
                return try connect(
                    to: info.ai_addr, info.ai_addrlen, family: info.ai_family, place: "\(host):\(port)",
                    until: Moment.now + .nanoseconds(left), pause)
            } catch {
                if error.isStopped { throw error }
                failure = error
            }
        }
        throw failure
    }

    private static func connect(
        to address: UnsafePointer<sockaddr>, _ length: socklen_t, family: Int32, place: String,
        until deadline: Moment, _ pause: Pause
    ) throws(DialFailure) -> Transport {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw .unreachable("no socket: \(String(cString: strerror(errno)))") }
        let transport = Transport(descriptor: descriptor)
        if family != AF_UNIX { transport.tune() }

        if Glibc.connect(descriptor, address, length) == 0 { return transport }
        var code = errno
        if code == EINPROGRESS {
            switch pause(SocketInterest(descriptor: descriptor, events: Int16(POLLOUT)), deadline) {
            case .stopped: throw .stopped
            case .deadline: throw .unreachable("\(place) does not answer")
            case .ready: break
            }
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        }
        guard code == 0 else {
            throw .unreachable("cannot connect to \(place): \(String(cString: strerror(code)))")
        }
        return transport
    }

    /// Small writes leave at once, and a peer that vanished without a word is noticed within half a minute
    /// even when nothing is asked of it.
    private func tune() {
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
    }
}
