import Foundation

// The hosts of suppliers' feeds: files with their tags and dates, in parts where somebody asks for parts, and
// beside them one supplier with an API of its own (Matterhorn: a key without `Bearer`, items in pages).

/// Suppliers' feeds, stateful and in memory.
package actor FeedHost: SandboxVendor {
    package nonisolated let name = "feeds"

    private struct File {
        var body: [UInt8]
        var type: String
        var etag: String?
        var modified: String
    }

    private let workbench: Workbench
    private var files: [String: File] = [:]
    private var items: [JSON] = []
    private var versions = 0
    /// Wanted as `user:password` by HTTP Basic, where it is set.
    private var password: String?

    package init(_ workbench: Workbench) { self.workbench = workbench }

    /// Puts a file at a path, in place of what was there.
    package func publish(
        _ body: [UInt8], at path: String, type: String = "text/csv", hasTag: Bool = true
    ) {
        versions += 1
        files[path] = File(
            body: body, type: type, etag: hasTag ? "\"v\(versions)\"" : nil,
            modified: "Mon, 23 Nov 2026 08:\(String(60 + versions).suffix(2)):00 GMT")
    }

    /// What Matterhorn sells.
    package func sell(_ items: [JSON]) { self.items = items }

    package func lock(_ password: String?) { self.password = password }

    package func respond(to request: SandboxRequest) async -> SandboxResponse {
        if request.path == "/_sandbox/files", request.method == "POST" {
            publish(
                request.body, at: request.query("path") ?? "/feed.csv",
                type: request.header("content-type") ?? "text/csv")
            return .json(["files": .integer(Int64(files.count))])
        }
        guard request.method == "GET" else { return .text("Method Not Allowed", status: 405) }
        if request.path.hasPrefix("/B2BAPI/ITEMS") { return page(request) }
        if let password,
            request.header("authorization") != "Basic " + Data(password.utf8).base64EncodedString()
        {
            return .text("Unauthorized", status: 401)
        }
        guard let file = files[request.path] else { return .text("Not Found", status: 404) }
        return answer(request, file)
    }

    private func answer(_ request: SandboxRequest, _ file: File) -> SandboxResponse {
        var headers = [
            (name: "Content-Type", value: file.type), (name: "Last-Modified", value: file.modified),
        ]
        if let etag = file.etag { headers.append((name: "ETag", value: etag)) }
        let isKnown =
            request.header("if-none-match").map { $0 == file.etag }
            ?? request.header("if-modified-since").map { $0 == file.modified } ?? false
        if isKnown { return SandboxResponse(status: 304, headers: headers) }
        guard let range = request.header("range"), file.etag != nil,
            request.header("if-range").map({ $0 == file.etag }) ?? true,
            range.hasPrefix("bytes="), let from = Int(range.dropFirst(6).prefix { $0 != "-" })
        else { return SandboxResponse(status: 200, headers: headers, body: file.body) }
        guard from < file.body.count else { return SandboxResponse(status: 416, headers: headers) }
        headers.append(
            (name: "Content-Range", value: "bytes \(from)-\(file.body.count - 1)/\(file.body.count)"))
        return SandboxResponse(status: 206, headers: headers, body: Array(file.body[from...]))
    }

    private func page(_ request: SandboxRequest) -> SandboxResponse {
        guard request.header("authorization") == "matterhorn-key" else {
            return .json(["error": "Invalid API key"], status: 401)
        }
        let limit = min(Int(request.query("limit") ?? "100") ?? 100, 500)
        let number = max(1, Int(request.query("page") ?? "1") ?? 1)
        return .json(.array(Array(items.dropFirst((number - 1) * limit).prefix(limit))))
    }

    package func objects(_ kind: String) async -> [JSON]? {
        guard kind == "files" else { return nil }
        return files.sorted { $0.key < $1.key }.map { path, file in
            ["path": .string(path), "bytes": .integer(Int64(file.body.count)), "etag": JSON(file.etag)]
        }
    }

    package func reset() async {
        files = [:]
        items = []
        password = nil
    }

    package nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        SandboxResponse(
            status: failure.status, headers: failure.headers, body: Array("<html>error</html>".utf8))
    }
}
