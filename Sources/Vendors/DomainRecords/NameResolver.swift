package import Durable
import Foundation
import Glibc

// Asks a resolver for records of a domain. The system's own functions answer with addresses alone, and from a
// cache that cannot be passed by, so the question is put on the wire here: one datagram there, one back. Each
// question blocks a thread of its own for some seconds at most; there are a few a day per domain.

/// A question that brought no answer. Asking again later may.
package enum LookupFailure: Classified, Equatable, CustomStringConvertible {
    case silent(String)
    case refused(String)
    /// The configured resolver is no IPv4 address.
    case resolver(String)

    package var disposition: Disposition { .transient() }

    package var description: String {
        switch self {
        case .silent(let name): "no name server answered a question about \(name)"
        case .refused(let reason): "the DNS could not be asked: \(reason)"
        case .resolver(let text): "\(text) is no resolver; write an IPv4 address, with a port if it is not 53"
        }
    }
}

package struct NameResolver: Sendable {
    private let address: String
    private let port: UInt16
    private let patience: Duration

    /// - Parameters:
    ///   - resolver: `1.1.1.1` or `127.0.0.1:5353`; the system's first one when nil.
    ///   - patience: how long one attempt waits; there are three.
    package init(_ resolver: String? = nil, patience: Duration = .seconds(3)) {
        let text = resolver ?? Self.systemResolver()
        let parts = text.split(separator: ":")
        address = parts.first.map(String.init) ?? text
        port = parts.count == 2 ? UInt16(parts[1]) ?? 0 : 53
        self.patience = patience
    }

    /// The records of one kind, and the aliases on the way to them. None for a name that does not exist.
    package func records(_ kind: RecordKind, of name: String) async throws -> [DomainRecord] {
        let socket = try DatagramSocket(to: address, port: port, patience: patience)
        let result: Result<[DomainRecord], LookupFailure> = await withCheckedContinuation { waiting in
            Thread.detachNewThread { waiting.resume(returning: socket.ask(kind, of: name)) }
        }
        return try result.get()
    }

    private static func systemResolver() -> String {
        // Without that file there is no resolver, which the first question says.
        let text = (try? String(contentsOfFile: "/etc/resolv.conf", encoding: .utf8)) ?? ""
        let servers = text.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.count >= 2 && words[0] == "nameserver" && !words[1].contains(":")
                ? String(words[1]) : nil
        }
        return servers.first ?? "127.0.0.1"
    }
}

/// One question at a time to one server. The socket is connected, so that nobody else's datagrams arrive.
private final class DatagramSocket: Sendable {
    private static let attempts = 3
    /// Strangers' datagrams with a wrong id are waited past, but not for ever.
    private static let strayLimit = 20

    private let descriptor: Int32

    init(to address: String, port: UInt16, patience: Duration) throws(LookupFailure) {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard port > 0, inet_pton(AF_INET, address, &target.sin_addr) == 1 else { throw .resolver(address) }
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let parts = patience.components
        var wait = timeval(
            tv_sec: Int(parts.seconds), tv_usec: Int(parts.attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard descriptor >= 0, connected == 0 else { throw .refused("error \(errno)") }
    }

    deinit { close(descriptor) }

    func ask(_ kind: RecordKind, of name: String) -> Result<[DomainRecord], LookupFailure> {
        for _ in 0..<Self.attempts {
            let id = UInt16.random(in: .min ... .max)
            let question = RecordMessage.question(id, name, kind)
            send(descriptor, question, question.count, Int32(MSG_NOSIGNAL))
            do throws(LookupFailure) {
                if let records = try receive(id, name) { return .success(records) }
            } catch {
                return .failure(error)
            }
        }
        return .failure(.silent(name))
    }

    private func receive(_ id: UInt16, _ name: String) throws(LookupFailure) -> [DomainRecord]? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<Self.strayLimit {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            if let records = try RecordMessage.answer(Array(buffer[..<count]), to: id, name) {
                return records
            }
        }
        return nil
    }
}
