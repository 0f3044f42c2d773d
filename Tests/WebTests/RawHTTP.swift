import Foundation
import Synchronization

// A client that sends exactly the bytes a test wants: any Host header, a body that lies about its length,
// no redirects followed. It runs on a thread of its own, because it blocks.

struct Answer: Sendable {
    let status: Int
    /// Lower-case names; repeated ones are joined with a line break.
    let headers: [String: String]
    let body: String

    /// The session cookie that was set, as it is sent back.
    var cookie: String? { headers["set-cookie"]?.split(separator: ";").first.map(String.init) }

    func problem() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] ?? [:]
    }

    var problemType: String? {
        (try? problem()["type"]) as? String
    }

    /// The value of a hidden field of the first form.
    func field(_ name: String) -> String? {
        guard let start = body.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
        return String(body[start.upperBound...].prefix { $0 != "\"" })
    }
}

struct RawHTTPError: Error {
    let message: String
}

enum RawHTTP {
    static func send(
        _ method: String, _ path: String, port: Int, host: String, headers: [String: String] = [:],
        body: [UInt8] = [], until isEnough: (@Sendable (String) -> Bool)? = nil
    ) async throws -> Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" || method == "PATCH" {
            if headers["Content-Length"] == nil, headers["Transfer-Encoding"] == nil {
                text += "Content-Length: \(body.count)\r\n"
            }
        }
        let request = Array((text + "\r\n").utf8) + body
        return try parse(try await exchange(request, port: port, until: isEnough))
    }

    private static func exchange(
        _ request: [UInt8], port: Int, until isEnough: (@Sendable (String) -> Bool)?
    ) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result { try blockingExchange(request, port: port, until: isEnough) })
            }
        }
    }

    private static func blockingExchange(
        _ request: [UInt8], port: Int, until isEnough: (@Sendable (String) -> Bool)?
    ) throws -> [UInt8] {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw RawHTTPError(message: "no connection: \(errno)") }
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
            // The server may refuse and close before it has read all; its answer is still there to read.
            guard count > 0 else { break }
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { break }
            received += buffer[..<count]
            if let isEnough, isEnough(String(decoding: received, as: UTF8.self)) { break }
        }
        return received
    }

    private static func parse(_ bytes: [UInt8]) throws -> Answer {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw RawHTTPError(message: "no answer: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw RawHTTPError(message: "no status: \(lines.first ?? "")")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let value = halves[1].trimmingCharacters(in: .whitespaces)
            let name = halves[0].lowercased()
            headers[name] = headers[name].map { "\($0)\n\(value)" } ?? value
        }
        var body = Array(bytes[end.upperBound...])
        if headers["transfer-encoding"] == "chunked" { body = unchunked(body) }
        return Answer(status: status, headers: headers, body: String(decoding: body, as: UTF8.self))
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let line = rest.firstRange(of: Array("\r\n".utf8)) {
            let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) ?? 0
            guard size > 0 else { break }
            rest = rest[line.upperBound...]
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return body
    }
}
