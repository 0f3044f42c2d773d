/// `Workflows/` is the business as one would tell it: no SQL, no HTTP, no JSON, and no folders.
enum WorkflowRules {
    static func holdsBusinessOnly(_ file: SourceFile) -> [Finding] {
        guard file.folders.first == "Workflows" else { return [] }
        return file.code.indices.flatMap { index in
            technicalWords(in: file.code[index]).map {
                file.finding(index, "a workflow says what the shop does; '\($0)' belongs to a layer below")
            }
                + (isStatement(file.lines[index], code: file.code[index])
                    ? [file.finding(index, "a workflow contains no SQL; move the statement to CommerceStore")]
                    : [])
        }
    }

    static func isFlat(_ file: SourceFile) -> [Finding] {
        guard file.folders.first == "Workflows", file.folders.count > 1 else { return [] }
        return [file.finding(0, "Workflows/ is flat, one file per workflow")]
    }

    private static let modules: Set<Substring> = [
        "Postgres", "Redis", "VendorHTTP", "AsyncHTTPClient", "Hummingbird", "NIOCore", "NIOHTTP1",
    ]
    private static let types: Set<Substring> = ["Query", "ResultSet", "Row", "URLRequest", "URLSession"]

    private static func technicalWords(in code: String) -> [Substring] {
        code.words.filter { word in
            modules.contains(word) || types.contains(word) || word.hasPrefix("HTTP") || word.hasPrefix("JSON")
                || word.hasPrefix("SQL")
        }
    }

    /// A statement stands in a text, so it is in the line but not in its code.
    private static func isStatement(_ line: String, code: String) -> Bool {
        guard !line.isComment else { return false }
        let words = line.lowercased().words, outside = Set(code.lowercased().words)
        for (verb, follower) in [
            ("select", "from"), ("insert", "into"), ("update", "set"), ("delete", "from"),
        ] {
            guard let start = words.firstIndex(of: Substring(verb)), !outside.contains(Substring(verb)) else {
                continue
            }
            if words[start...].contains(Substring(follower)) { return true }
        }
        return false
    }
}
