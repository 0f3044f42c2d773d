import Foundation
import Glibc
import Synchronization

// A name server on loopback that knows what a test tells it. It follows aliases as a resolver does, and can
// be silent or refuse. Plain sockets on a thread of its own, since they block.

/// Answers questions about domains.
package final class NameServer: Sendable {
    package enum Answering: Sendable { case normally, withFailure, notAtAll }

    private struct State {
        var addresses: [String: [String]] = [:]
        var aliases: [String: String] = [:]
        var texts: [String: [String]] = [:]
        var answering = Answering.normally
    }

    /// The socket; its number is given back when nobody can use it any more.
    private final class Socket: Sendable {
        let descriptor: Int32
        init(_ descriptor: Int32) { self.descriptor = descriptor }
        deinit { close(descriptor) }
    }

    package let port: Int
    private let socket: Socket
    private let state = Mutex(State())

    package init() throws {
        let socket = Socket(Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(socket.descriptor, plain, length) == 0
                    && getsockname(socket.descriptor, plain, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        self.socket = socket
        port = Int(address.sin_port.bigEndian)
        Thread.detachNewThread { [weak self] in
            while let question = Self.receive(socket.descriptor) {
                guard let self else { break }
                answer(question.bytes, question.sender)
            }
        }
    }

    deinit { stop() }

    /// As `NameResolver` is told it.
    package var resolver: String { "127.0.0.1:\(port)" }

    package func stop() { shutdown(socket.descriptor, Int32(SHUT_RDWR)) }

    // MARK: - What it knows

    package func point(_ name: String, at addresses: [String]) {
        state.withLock {
            $0.aliases[name] = nil
            $0.addresses[name] = addresses
        }
    }

    package func alias(_ name: String, to target: String) { state.withLock { $0.aliases[name] = target } }

    package func say(_ texts: [String], at name: String) { state.withLock { $0.texts[name] = texts } }

    package func answer(_ how: Answering) { state.withLock { $0.answering = how } }

    package func forget(_ name: String) {
        state.withLock {
            $0.addresses[name] = nil
            $0.aliases[name] = nil
            $0.texts[name] = nil
        }
    }

    // MARK: - Datagrams

    private static func receive(_ descriptor: Int32) -> (bytes: [UInt8], sender: sockaddr_in)? {
        var buffer = [UInt8](repeating: 0, count: 1024)
        var sender = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        return count > 0 ? (Array(buffer[..<count]), sender) : nil
    }

    private func answer(_ question: [UInt8], _ sender: sockaddr_in) {
        let reply = state.withLock { Self.reply(to: question, $0) }
        guard let reply else { return }
        var sender = sender
        _ = withUnsafePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(
                    socket.descriptor, reply, reply.count, 0, $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func reply(to question: [UInt8], _ state: State) -> [UInt8]? {
        guard question.count > 16, state.answering != .notAtAll else { return nil }
        var labels: [String] = []
        var place = 12
        while place < question.count, question[place] > 0 {
            let end = place + 1 + Int(question[place])
            guard end < question.count else { return nil }
            labels.append(String(decoding: question[place + 1..<end], as: UTF8.self))
            place = end
        }
        guard place + 4 < question.count else { return nil }
        let kind = Int(question[place + 2])
        let name = labels.joined(separator: ".").lowercased()
        let fails = state.answering == .withFailure
        let records = fails ? [] : answers(name, kind, state)
        let isKnown =
            state.aliases[name] != nil || state.addresses[name] != nil || state.texts[name] != nil
        let code: UInt8 = fails ? 2 : isKnown ? 0 : 3
        var reply = Array(question[..<2])
        reply += [0x81, 0x80 | code, 0, 1, 0, UInt8(records.count), 0, 0, 0, 0]
        reply += question[12...place + 4]
        for record in records { reply += record }
        return reply
    }

    private static func answers(_ asked: String, _ kind: Int, _ state: State) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var name = asked
        while kind == 1, let target = state.aliases[name], records.count < 8 {
            records.append(record(name, 5, encoded(target)))
            name = target
        }
        switch kind {
        case 1:
            records += (state.addresses[name] ?? []).map { address in
                record(name, 1, address.split(separator: ".").map { UInt8($0) ?? 0 })
            }
        case 16:
            records += (state.texts[name] ?? []).map { text in
                record(name, 16, [UInt8(min(255, text.utf8.count))] + Array(text.utf8.prefix(255)))
            }
        default: break
        }
        return records
    }

    private static func record(_ name: String, _ kind: UInt8, _ data: [UInt8]) -> [UInt8] {
        var bytes = encoded(name)
        bytes += [0, kind, 0, 1, 0, 0, 0, 60, UInt8(data.count >> 8), UInt8(data.count & 0xFF)]
        bytes += data
        return bytes
    }

    private static func encoded(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for label in name.split(separator: ".") {
            bytes.append(UInt8(min(label.utf8.count, 63)))
            bytes += label.utf8.prefix(63)
        }
        bytes.append(0)
        return bytes
    }
}
