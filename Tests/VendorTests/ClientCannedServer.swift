import Foundation
import Glibc
import Synchronization

// A server that says exactly what it is told, byte by byte, or breaks off where it is told. A sandbox
// answers well by design; what these tests need is the opposite. Plain sockets on threads of its own,
// since they block.

/// Answers requests on a loopback port with canned replies, in order; the last one repeats.
final class CannedServer: Sendable {
    enum Reply: Sendable {
        case bytes(String)
        /// Reads the request and closes the connection.
        case close
        /// Reads the request and never answers.
        case silence
        /// Sends this much and then nothing more, with the connection open.
        case stalled(String)

        static func answer(
            _ status: Int, _ body: String = "",
            headers: [String: String] = ["Content-Type": "application/json"]
        ) -> Reply {
            let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
            return .bytes(
                "HTTP/1.1 \(status) X\r\n\(lines)Content-Length: \(body.utf8.count)\r\n"
                    + "Connection: close\r\n\r\n\(body)"
            )
        }
    }

    private struct State {
        var replies: [Reply]
        var requests: [String] = []
    }

    /// The listening socket. Its number is given back when nobody can use it any more: a number that was
    /// given back too early belongs to somebody else's socket by the time it is shut down.
    private final class Listener: Sendable {
        let descriptor: Int32

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    let port: Int
    private let listener: Listener
    private let state: Mutex<State>

    init(_ replies: [Reply]) throws {
        state = Mutex(State(replies: replies))
        let listener = Listener(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(listener.descriptor, plain, length) == 0 && listen(listener.descriptor, 64) == 0
                    && getsockname(listener.descriptor, plain, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRINUSE) }
        self.listener = listener
        port = Int(address.sin_port.bigEndian)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener.descriptor, nil, nil)
                guard connection >= 0 else { break }
                guard let server = self else {
                    close(connection)
                    break
                }
                Thread.detachNewThread { server.serve(connection) }
            }
        }
    }

    deinit { stop() }

    var base: String { "http://127.0.0.1:\(port)" }

    /// The requests so far, head and body as text.
    var requests: [String] { state.withLock(\.requests) }

    func stop() { listener.stop() }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = read(connection) else { return }
        let reply = state.withLock { state in
            state.requests.append(request)
            return state.replies.count > 1 ? state.replies.removeFirst() : state.replies[0]
        }
        switch reply {
        case .bytes(let text):
            let bytes = Array(text.utf8)
            send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            shutdown(connection, Int32(SHUT_WR))
        case .close: return
        case .stalled(let text):
            let bytes = Array(text.utf8)
            send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            var byte: UInt8 = 0
            recv(connection, &byte, 1, 0)
        case .silence:
            var byte: UInt8 = 0
            recv(connection, &byte, 1, 0)
        }
    }

    private func read(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &part, part.count, 0)
            guard count > 0 else { return nil }
            bytes.append(contentsOf: part[..<count])
            let text = String(decoding: bytes, as: UTF8.self)
            guard let head = text.firstRange(of: "\r\n\r\n") else { continue }
            let length = text[..<head.lowerBound].lowercased().split(separator: "\r\n")
                .first { $0.hasPrefix("content-length:") }.flatMap {
                    Int($0.dropFirst(15).drop { $0 == " " })
                }
            if text[head.upperBound...].utf8.count >= length ?? 0 { return text }
        }
    }
}
