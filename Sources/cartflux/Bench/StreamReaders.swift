// Reads the event streams of many pages, with plain sockets on a thread of its own: it must cost next to
// nothing beside the process under measurement, and what is asked for is the moment at which bytes arrive.

import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A stream to open.
struct StreamTicket: Sendable {
    let target: WebTarget
    /// The store that it is about.
    let tenant: String
}

final class StreamReaders: Sendable {
    private struct State {
        var arrivals: [StreamArrival] = []
        var opened: Set<Int> = []
        var problem: String?
        var isStopping = false
    }

    private let port: Int
    private let tickets: [StreamTicket]
    private let state = Mutex(State())
    private let ended: AsyncStream<Void>
    private let ending: AsyncStream<Void>.Continuation

    private static let patience: Duration = .seconds(30)
    /// How long it takes at most until the thread notices that it is to stop.
    private static let look: Int32 = 100

    init(port: Int, _ tickets: [StreamTicket]) {
        self.port = port
        self.tickets = tickets
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        ended = stream
        ending = continuation
    }

    /// Runs `body` while every stream is open, and closes them afterwards.
    func during<Value>(_ body: () async throws -> Value) async throws -> Value {
        Thread.detachNewThread { self.follow() }
        let outcome: Result<Value, any Error>
        do {
            try await waitUntilOpen()
            let value = try await body()
            if let problem = state.withLock({ $0.problem }) { throw WebBenchProblem.stream(problem) }
            outcome = .success(value)
        } catch {
            outcome = .failure(error)
        }
        state.withLock { $0.isStopping = true }
        for await _ in ended {}
        return try outcome.get()
    }

    /// What arrived until now.
    var arrivals: [StreamArrival] { state.withLock { $0.arrivals } }

    /// A stream that has just opened is told at once that it may have missed something.
    private func waitUntilOpen() async throws {
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            let (opened, problem) = state.withLock { ($0.opened.count, $0.problem) }
            if let problem { throw WebBenchProblem.stream(problem) }
            if opened == tickets.count { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw WebBenchProblem.stream("not all of \(tickets.count) opened within \(Self.patience)")
    }

    // MARK: - The thread

    private func follow() {
        var lines: [StreamLine] = []
        for ticket in tickets {
            guard let line = StreamLine(to: ticket.target, port: port) else {
                state.withLock { $0.problem = "no connection to port \(port)" }
                break
            }
            lines.append(line)
        }
        var watched = lines.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while !state.withLock({ $0.isStopping }) {
            guard poll(&watched, nfds_t(watched.count), Self.look) > 0 else { continue }
            let now = Date().timeIntervalSince1970
            for place in watched.indices where watched[place].revents != 0 {
                let told = lines[place].receive()
                note(told, from: place, at: now)
                // The system passes over negative descriptors.
                if told == nil { watched[place].fd = -1 }
            }
        }
        for line in lines { close(line.descriptor) }
        ending.finish()
    }

    private func note(_ told: Int?, from stream: Int, at now: Double) {
        state.withLock { state in
            guard let told else {
                state.problem = "stream \(stream) of \(tickets.count) ended, or was refused"
                return
            }
            guard told > 0 else { return }
            state.opened.insert(stream)
            state.arrivals.append(StreamArrival(stream: stream, at: now))
        }
    }
}

/// One connection and what was read of it.
private struct StreamLine {
    let descriptor: Int32
    private var isAccepted = false
    private var counter = ChangeCounter()

    private static let accepted = Array("HTTP/1.1 200 ".utf8)

    /// Nil where nobody listens there.
    init?(to target: WebTarget, port: Int) {
        let words = ["GET \(target.path) HTTP/1.1", "Host: \(target.host)"]
        let fields = target.headers.map { "\($0.key): \($0.value)" }
        let request = Array(((words + fields).joined(separator: "\r\n") + "\r\n\r\n").utf8)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        guard Self.isConnected(descriptor, port: port) else {
            close(descriptor)
            return nil
        }
        let sent = request.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard sent == request.count else {
            close(descriptor)
            return nil
        }
    }

    private static func isConnected(_ descriptor: Int32, port: Int) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// How many changes the bytes tell that are there; nil where the stream has ended or was refused.
    mutating func receive() -> Int? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        // The first bytes hold the whole first line: the server writes the head at once.
        if !isAccepted, !bytes.starts(with: Self.accepted) { return nil }
        isAccepted = true
        return counter.changes(in: bytes[..<count])
    }
}
