// wrk as a child process. One thread of it is plenty for one web process, and on a small machine leaves the
// rest to the web and its database.

import Foundation

/// An address of the web under measurement, as somebody with these headers asks for it.
struct WebTarget: Sendable {
    let base: String
    let host: String
    let path: String
    var headers: [String: String] = [:]

    func with(_ name: String, _ value: String) -> WebTarget {
        var other = self
        other.headers[name] = value
        return other
    }
}

struct LoadGenerator: Sendable {
    /// An answer that takes longer has come to nothing.
    private static let patienceSeconds = 10

    private let seconds: Int
    /// The scripts, and what the generator says.
    private let folder: URL

    init(seconds: Int) throws {
        self.seconds = seconds
        folder = FileManager.default.temporaryDirectory.appending(path: "cartflux-bench-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// A leftover in the temporary folder harms nobody.
    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// A file of the bench's beside the generator's own.
    func place(of name: String) -> URL { folder.appending(path: name) }

    /// Asks for the page as often as it is served.
    func get(_ target: WebTarget, connections: Int) async throws -> LoadReport {
        try await run(target, connections, LoadReport.script)
    }

    /// Sends these forms, each once with its own cookie, in their order.
    func post(
        _ forms: [(cookie: String, body: String)], to target: WebTarget, connections: Int
    ) async throws -> LoadReport {
        let lines = place(of: "forms.txt")
        let text = forms.map { "\($0.cookie)\t\($0.body)\n" }.joined()
        try Data(text.utf8).write(to: lines)
        let report = try await run(
            target.with("Content-Type", "application/x-www-form-urlencoded"), connections,
            Self.posting(lines) + LoadReport.script)
        guard report.requests + connections < forms.count else {
            throw BenchError.unexpectedRows(
                "forms to send", wanted: report.requests + connections + 1, got: forms.count)
        }
        return report
    }

    /// The generator asks for one request before it begins, which it does not send.
    private static func posting(_ lines: URL) -> String {
        """
        local forms = {}
        for line in io.lines([[\(lines.path)]]) do forms[#forms + 1] = line end
        local last = 0
        request = function()
           last = math.min(last + 1, #forms)
           local cookie, body = forms[last]:match("^(.-)\\t(.*)$")
           wrk.headers["Cookie"] = cookie
           return wrk.format("POST", nil, nil, body)
        end

        """
    }

    private func run(_ target: WebTarget, _ connections: Int, _ script: String) async throws -> LoadReport {
        let (place, said) = (place(of: "load.lua"), place(of: "said.txt"))
        try Data(script.utf8).write(to: place)
        try Data().write(to: said)
        let output = try FileHandle(forWritingTo: said)
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments(target, connections, script: place)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        for await _ in ended {}
        try output.close()
        guard process.terminationStatus == 0 else {
            throw WebBenchProblem.generatorFailed(process.terminationStatus)
        }
        let report = try LoadReport(parsing: String(contentsOf: said, encoding: .utf8))
        guard report.refused == 0, report.broken == 0 else {
            throw WebBenchProblem.refused(target.path, report)
        }
        return report
    }

    private func arguments(_ target: WebTarget, _ connections: Int, script: URL) -> [String] {
        var words = [
            "wrk", "-t1", "-c\(connections)", "-d\(seconds)s", "--timeout", "\(Self.patienceSeconds)s",
            "-s", script.path, "-H", "Host: \(target.host)",
        ]
        for (name, value) in target.headers.sorted(by: { $0.key < $1.key }) {
            words += ["-H", "\(name): \(value)"]
        }
        return words + [target.base + target.path]
    }
}
