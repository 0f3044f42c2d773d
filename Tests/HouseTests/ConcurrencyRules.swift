/// What the compiler cannot prove needs a sentence that does.
enum ConcurrencyRules {
    /// Far enough for a statement that begins on an earlier line, near enough to be about it.
    private static let reach = 3

    static func uncheckedStaysInDrivers(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        return file.code.indices.compactMap { index in
            let line = file.code[index]
            guard line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") else {
                return nil
            }
            guard file.path.hasPrefix("Sources/Drivers/") else {
                return file.finding(index, "unchecked concurrency is for Sources/Drivers alone")
            }
            return hasComment(above: index, in: file)
                ? nil : file.finding(index, "unchecked concurrency needs a comment above it that proves it")
        }
    }

    static func tasksAreOwned(_ file: SourceFile) -> [Finding] {
        guard file.isSwift else { return [] }
        return file.code.indices.compactMap { index in
            guard startsTask(file.code[index]), !hasComment(above: index, in: file) else { return nil }
            return file.finding(index, "a Task needs a comment above it: who awaits it, who cancels it")
        }
    }

    private static func startsTask(_ line: String) -> Bool {
        var rest = Substring(line)
        while let found = rest.firstRange(of: "Task") {
            let before = rest[..<found.lowerBound].last ?? " "
            var after = rest[found.upperBound...]
            rest = after
            guard !(before.isLetter || before.isNumber || before == "_" || before == ".") else { continue }
            if after.hasPrefix(".detached") { return true }
            if after.hasPrefix("<") {
                guard let closing = after.lastIndex(of: ">") else { continue }
                after = after[after.index(after: closing)...]
            }
            after = after.drop { $0 == " " }
            if after.hasPrefix("{") || after.hasPrefix("(") { return true }
        }
        return false
    }

    private static func hasComment(above index: Int, in file: SourceFile) -> Bool {
        var above = index - 1
        while above >= 0, index - above <= reach {
            let line = file.lines[above]
            if line.isComment { return true }
            // The statement before this one has its own comment, or none.
            if line.trimmed.isEmpty || line.trimmed == "}" { return false }
            above -= 1
        }
        return false
    }
}
