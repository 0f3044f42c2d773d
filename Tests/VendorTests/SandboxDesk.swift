import Foundation
import VendorSandbox

// One vendor on a sandbox of its own, and the calls that its tests make. Each test opens its own, so that
// nothing is shared and counts are exact.

/// A running sandbox and a caller of it.
struct SandboxDesk {
    let server: SandboxServer
    let headers: [String: String]

    var calls: CallRecorder { server.workbench.calls }

    /// Starts a sandbox and stops it after the body.
    static func open(
        _ make: (Workbench) -> any SandboxVendor, headers: [String: String],
        _ body: (SandboxDesk) async throws -> Void
    ) async throws {
        let workbench = Workbench(logger: VendorSandbox.quietLogger)
        let server = try await SandboxServer.start(make(workbench), workbench)
        do {
            try await body(SandboxDesk(server: server, headers: headers))
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, headers more: [String: String] = [:]
    ) async throws -> SandboxResponse {
        var headers = headers.merging(more) { $1 }
        if body != nil { headers["Content-Type"] = "application/json" }
        return try await SandboxCaller.send(
            method, server.baseURL + path, headers: headers.filter { !$0.value.isEmpty },
            body: body?.bytes ?? [])
    }

    func get(_ path: String) async throws -> JSON { try await send("GET", path).json() }

    func post(_ path: String, _ body: JSON, headers: [String: String] = [:]) async throws -> SandboxResponse {
        try await send("POST", path, body, headers: headers)
    }

    /// Pulls a lever that must obey.
    @discardableResult
    func pull(_ lever: String, _ body: JSON = [:]) async throws -> JSON {
        let response = try await send("POST", "/_sandbox/\(lever)", body)
        guard response.status < 300 else { throw Refused(status: response.status, body: response.text) }
        return try response.json()
    }

    /// What the sandbox has of a kind.
    func objects(_ kind: String) async throws -> [JSON] {
        try await get("/_sandbox/objects/\(kind)")["objects"].array
    }

    struct Refused: Error {
        let status: Int
        let body: String
    }
}
