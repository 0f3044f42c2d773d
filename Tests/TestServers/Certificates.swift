import Foundation

/// Certificates made with the `openssl` program: an authority, a server certificate for `localhost` that it
/// signed, and the certificate of another authority that signed nothing.
package struct Certificates: Sendable {
    package let folder: URL

    package var authority: String { path("authority.crt") }
    package var stranger: String { path("stranger.crt") }
    package var server: String { path("server.crt") }
    package var serverKey: String { path("server.key") }

    package static func make() async throws -> Certificates {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cartflux-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let made = Certificates(folder: folder)
        try await made.openssl(
            "req", "-x509", "-subj", "/CN=authority", made.key("authority"), made.out("authority"))
        try await made.openssl(
            "req", "-x509", "-subj", "/CN=stranger", made.key("stranger"), made.out("stranger"))
        try await made.openssl(
            "req", "-x509", "-subj", "/CN=server", "-addext", "subjectAltName=DNS:localhost",
            "-CA \(made.authority) -CAkey \(made.path("authority.key"))", made.key("server"),
            made.out("server"))
        // The server runs as another user when the tests run as root.
        try await Self.run("/bin/chmod", ["-R", "a+rX", folder.path])
        return made
    }

    package func remove() throws { try FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }
    private func key(_ name: String) -> String {
        "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout \(path(name + ".key"))"
    }
    private func out(_ name: String) -> String { "-days 2 -out \(path(name + ".crt"))" }

    private func openssl(_ words: String...) async throws {
        try await Self.run(
            "/usr/bin/env", ["openssl"] + words.flatMap { $0.split(separator: " ").map(String.init) })
    }

    private struct Failed: Error { let line: String }

    private static func run(_ program: String, _ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else { throw Failed(line: ([program] + arguments).joined(separator: " ")) }
    }
}
