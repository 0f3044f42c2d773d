/// How large things may grow before they hold more than one idea.
enum SizeRules {
    static let fileLimit = 500
    static let functionLimit = 70
    static let columnLimit = 110

    static func fileIsShort(_ file: SourceFile) -> [Finding] {
        guard file.lines.count > fileLimit else { return [] }
        return [file.finding(fileLimit, "the file has \(file.lines.count) lines, the limit is \(fileLimit)")]
    }

    static func linesAreShort(_ file: SourceFile) -> [Finding] {
        file.lines.indices.compactMap { index in
            // Bytes first: counting characters of every line is the slowest part of these tests.
            guard file.lines[index].utf8.count > columnLimit, file.lines[index].count > columnLimit else {
                return nil
            }
            return file.finding(index, "\(file.lines[index].count) columns, the limit is \(columnLimit)")
        }
    }

    static func functionsAreShort(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        return functions(in: file).compactMap { function in
            guard function.length > functionLimit else { return nil }
            return file.finding(
                function.start, "\(function.name) has \(function.length) lines, the limit is \(functionLimit)"
            )
        }
    }

    struct Function: Equatable {
        let name: String
        let start: Int
        let length: Int
    }

    /// Every function, initialiser and subscript that has a body, from its declaration to its last brace.
    static func functions(in file: SourceFile) -> [Function] {
        file.code.indices.compactMap { index in
            guard let name = declaredName(file.code[index]), let end = end(of: index, in: file.code) else {
                return nil
            }
            return Function(name: name, start: index, length: end - index + 1)
        }
    }

    private static func declaredName(_ line: String) -> String? {
        let words = line.words
        if let keyword = words.firstIndex(of: "func") {
            return keyword + 1 < words.count ? String(words[keyword + 1]) : "an operator"
        }
        let text = line.trimmed
        for keyword in ["init", "deinit", "subscript"] where words.contains(Substring(keyword)) {
            // A call (`self.init(`) is no declaration: before one stand only modifiers.
            let modifiers = words.prefix { $0 != Substring(keyword) }
            if modifiers.allSatisfy({ declarationModifiers.contains($0) }), !text.hasPrefix(".") {
                return keyword
            }
        }
        return nil
    }

    private static let declarationModifiers: Set<Substring> = [
        "public", "package", "internal", "private", "fileprivate", "required", "convenience", "override",
        "static",
        "isolated", "nonisolated", "mutating",
    ]

    /// The line of the brace that closes the body, or nil for a requirement of a protocol, which has none.
    private static func end(of start: Int, in code: [String]) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            if index > start, parentheses == 0, braces == 0, beginsDeclaration(code[index]) { return nil }
            for character in code[index].utf8 {
                switch character {
                case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
                // A default argument may be a closure; its braces stand inside the parentheses.
                case UInt8(ascii: "{") where parentheses == 0 || braces > 0: braces += 1
                case UInt8(ascii: "}") where parentheses == 0 || braces > 0:
                    braces -= 1
                    if braces <= 0 { return braces == 0 ? index : nil }
                default: break
                }
            }
        }
        return nil
    }

    private static func beginsDeclaration(_ line: String) -> Bool {
        let declarations: Set<Substring> = [
            "func", "init", "deinit", "subscript", "var", "let", "case", "static", "struct", "enum", "class",
            "actor",
            "extension", "protocol", "associatedtype", "typealias", "import", "public", "package", "private",
        ]
        return line.trimmed.hasPrefix("@") || line.words.first.map { declarations.contains($0) } ?? false
    }
}
