/// Names that say nothing, and marks of work left undone.
enum NameRules {
    private static let empty: Set<String> = [
        "Util", "Utils", "Utilities", "Helper", "Helpers", "Common", "Manager", "Base", "Impl", "New", "Old",
        "V2",
    ]

    static func fileSaysWhatItHolds(_ file: SourceFile) -> [Finding] {
        let stem = String(file.name.prefix { $0 != "." })
        return emptyWords(in: stem).map {
            file.finding(0, "'\($0)' in a file's name says nothing of what it holds")
        }
    }

    static func typesSayWhatTheyAre(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        return file.code.indices.flatMap { index in
            declaredTypes(file.code[index]).flatMap { type in
                emptyWords(in: type).map {
                    file.finding(index, "'\($0)' in the name of \(type) says nothing")
                }
            }
        }
    }

    private static let typeKeywords: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype",
    ]

    private static func declaredTypes(_ code: String) -> [String] {
        let words = code.words
        return words.indices.dropLast().compactMap { index in
            let next = words[index + 1]
            guard typeKeywords.contains(words[index]), next.first?.isUppercase == true else { return nil }
            return String(next)
        }
    }

    static func emptyWords(in name: String) -> [String] { camelWords(name).filter { empty.contains($0) } }

    /// `PostgresBaseV2` is Postgres, Base, V2; `Database` is one word.
    private static func camelWords(_ name: String) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty || !(character.isLetter || character.isNumber) {
                words.append("")
            }
            if character.isLetter || character.isNumber { words[words.count - 1].append(character) }
        }
        return words
    }

    // Put together here, so that this file does not find itself.
    private static let leftovers = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]

    static func nothingIsLeftForLater(_ file: SourceFile) -> [Finding] {
        file.lines.indices.compactMap { index in
            let line = file.lines[index]
            guard
                let mark = leftovers.first(where: { line.contains($0) && line.words.contains(Substring($0)) })
            else { return nil }
            return file.finding(index, "\(mark): a known gap is an issue, not a note in a body")
        }
    }
}
