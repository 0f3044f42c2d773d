import Foundation
import Glibc
import Synchronization

/// A TCP server that says what a test wants said. It greets like Redis: the first command of each
/// connection, the driver's PING, gets its reply. Everything after that is up to `answer`.
final class FakeServer: Sendable {
    enum Answer: Sendable {
        case say(String)
        case hangUp
        case nothing
    }

    let port: UInt16
    private let listener: Int32
    private let answer: @Sendable (String) -> Answer
    private let received = Mutex<[String]>([])

    var url: String { "redis://127.0.0.1:\(port)" }

    /// Every piece of text that came after the greetings, in order.
    var heard: [String] { received.withLock { $0 } }

    init(answer: @escaping @Sendable (String) -> Answer) {
        self.answer = answer
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                precondition(bind(descriptor, generic, size) == 0, "no port for a fake server")
                listen(descriptor, 16)
                getsockname(descriptor, generic, &size)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        Thread.detachNewThread { self.accept() }
    }

    // Only when nobody can shut it down any more: the number would be somebody else's socket by then.
    deinit { Glibc.close(listener) }

    /// Refuses connections from now on. Those that exist stay until their clients leave.
    func close() { Glibc.shutdown(listener, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let peer = Glibc.accept(listener, nil, nil)
            if peer < 0 { break }
            Thread.detachNewThread { self.serve(peer) }
        }
    }

    private func serve(_ peer: Int32) {
        var isGreeted = false
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(peer, &buffer, buffer.count, 0)
            if count <= 0 { break }
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            let reply: Answer
            if isGreeted {
                received.withLock { $0.append(text) }
                reply = answer(text)
            } else {
                isGreeted = true
                reply = .say("+PONG\r\n")
            }
            switch reply {
            case .say(let words): _ = words.withCString { send(peer, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            case .nothing: break
            case .hangUp:
                Glibc.close(peer)
                return
            }
        }
        Glibc.close(peer)
    }
}
