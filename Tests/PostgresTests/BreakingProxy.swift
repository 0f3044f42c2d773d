import ConnectionThread
import Glibc
import Synchronization

/// Stands between the driver and the server and cuts the connection at a chosen word, so that a test can
/// lose it at exactly the moment it is about.
final class BreakingProxy: Sendable {
    enum Cut { case beforeDelivery, afterAnswer }

    let port: Int
    private let listener: Int32

    /// Passes one connection through to the server until the client sends `word`.
    init(to serverPort: Int, cutting cut: Cut, at word: String) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                precondition(bind(listener, address, length) == 0 && listen(listener, 1) == 0)
                getsockname(listener, address, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.listener = listener
        ConnectionThread.run(named: "proxy") {
            Self.serve(listener, serverPort: serverPort, cut: cut, word: Array(word.utf8))
        }
    }

    private static func serve(_ listener: Int32, serverPort: Int, cut: Cut, word: [UInt8]) {
        let client = accept(listener, nil, nil)
        close(listener)
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: UInt16(serverPort))
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        defer {
            close(client)
            close(server)
        }
        while true {
            var entries = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { return }
            if entries[1].revents != 0, !pass(receive(server), to: client) { return }
            guard entries[0].revents != 0 else { continue }
            let sent = receive(client)
            let isHit = sent.windows(of: word.count).contains { $0.elementsEqual(word) }
            if isHit, cut == .beforeDelivery { return }
            guard pass(sent, to: server) else { return }
            // The server has done it by the time it answers, and the answer is lost.
            if isHit {
                _ = receive(server)
                return
            }
        }
    }

    private static func receive(_ descriptor: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }

    private static func pass(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        !bytes.isEmpty && send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

extension [UInt8] {
    fileprivate func windows(of size: Int) -> some Sequence<ArraySlice<UInt8>> {
        (0..<Swift.max(0, count - size + 1)).lazy.map { self[$0..<$0 + size] }
    }
}
