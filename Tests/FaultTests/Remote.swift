import Foundation
import VendorSandbox

/// A server as its clients see it.
struct Remote: Sendable {
    let base: String
    /// The store that is asked, where one server has many.
    var host: String?

    func get(_ path: String) async throws -> SandboxResponse { try await send("GET", path, [:], "") }

    func post(_ path: String, json: JSON, headers: [String: String] = [:]) async throws -> SandboxResponse {
        try await send("POST", path, headers.merging(["Content-Type": "application/json"]) { $1 }, json.text)
    }

    func post(
        _ path: String, form: [String: String], headers: [String: String] = [:]
    ) async throws -> SandboxResponse {
        let items = form.sorted { $0.key < $1.key }.map { FormItem($0.key, $0.value) }
        let type = "application/x-www-form-urlencoded"
        return try await send(
            "POST", path, headers.merging(["Content-Type": type]) { $1 }, FormItem.encode(items))
    }

    private func send(
        _ method: String, _ path: String, _ headers: [String: String], _ body: String
    ) async throws -> SandboxResponse {
        var headers = headers
        headers["Host"] = host
        // Resend refuses a caller without a name.
        headers["User-Agent"] = "cartflux-tests"
        return try await SandboxCaller.send(method, base + path, headers: headers, body: Array(body.utf8))
    }

    /// A port that nobody listens on now; the program under test will in a moment.
    static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isFree = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        guard isFree else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

extension SandboxResponse {
    /// The body of an answer that had to be a success.
    func document() throws -> JSON {
        guard (200..<300).contains(status) else { throw Refused(status: status, body: text) }
        return try json()
    }
}

struct Refused: Error, CustomStringConvertible {
    let status: Int
    let body: String
    var description: String { "answered \(status): \(body)" }
}
