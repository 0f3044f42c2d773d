import Foundation

/// Runs a program and waits for it on a thread that is not one of Swift's, which a wait would starve:
/// there is one of those per core, and tests run on all of them.
package struct Command: Sendable {
    let program: URL
    let arguments: [String]

    init(_ program: URL, _ arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    /// Finds the program on the `PATH`.
    package init(named name: String, _ arguments: [String]) {
        self.init(URL(fileURLWithPath: "/usr/bin/env"), [name] + arguments)
    }

    /// One of the repository's scripts, found from where this file stands in it.
    package init(ops name: String, _ arguments: [String]) {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        self.init(root.appending(path: "ops/\(name)"), arguments)
    }

    /// Returns what the program printed. Throws what it complained about when it fails.
    @discardableResult
    package func run(input: String = "") async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try runAndWait(input: input) })
            }
        }
    }

    private func runAndWait(input: String) throws -> String {
        // Files and not pipes: a program that leaves a server behind would keep a pipe open for ever.
        let name = "cartflux-\(UUID().uuidString)"
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A leftover in the temporary folder harms nobody.
        defer { try? FileManager.default.removeItem(at: folder) }
        let said = folder.appending(path: "output")
        let complaint = folder.appending(path: "error")
        let asked = folder.appending(path: "input")
        try Data(input.utf8).write(to: asked)
        try Data().write(to: said)
        try Data().write(to: complaint)

        let status = try spawnAndWait(input: asked, output: said, error: complaint)
        let output = String(decoding: try Data(contentsOf: said), as: UTF8.self)
        guard status == 0 else {
            let error = String(decoding: try Data(contentsOf: complaint), as: UTF8.self)
            throw CommandFailure(
                line: ([program.path] + arguments).joined(separator: " "), status: status,
                error: error.isEmpty ? output : error)
        }
        return output
    }

    /// Not Foundation's `Process`: on Linux that takes a child for alive as long as any of the child's own
    /// children keeps a certain file open, as a server does that a script has started.
    private func spawnAndWait(input: URL, output: URL, error: URL) throws -> Int32 {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, input.path, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, output.path, O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&files, 2, error.path, O_WRONLY, 0)

        var words: [UnsafeMutablePointer<CChar>?] = ([program.path] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        let refusal = posix_spawn(&child, program.path, &files, nil, &words, environ)
        guard refusal == 0 else {
            throw CommandFailure(
                line: program.path, status: refusal, error: String(cString: strerror(refusal)))
        }

        var status: Int32 = 0
        while waitpid(child, &status, 0) == -1, errno == EINTR {}
        // The low seven bits name the signal that ended it; else the next byte is what it returned.
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}

/// A program that a test needs has failed.
package struct CommandFailure: Error, CustomStringConvertible {
    package let line: String
    package let status: Int32
    package let error: String

    package var description: String { "`\(line)` ended with \(status): \(error)" }
}
