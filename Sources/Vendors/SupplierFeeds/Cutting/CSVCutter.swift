// Ends of CSV records: a line end outside quotes. A quote that is never closed would swallow the rest of the
// feed; where that happens the line that opens it is set aside, and reading goes on with the next line, so
// that no other row is lost with it.

struct CSVCutter {
    let settings: FeedSettings

    private static let quote = UInt8(ascii: "\"")

    func cut(_ cut: inout Cut) throws(FeedProblem) {
        if cut.page.cursor.skipping != nil { passOver(&cut) }
        while cut.page.cursor.skipping == nil, !cut.isFull {
            skipLineEnds(&cut)
            guard cut.position < cut.bytes.count else { break }
            let header = cut.page.cursor.columns.isEmpty
            if header, cut.page.cursor.row == 0 {
                cut.page.cursor.delimiter = settings.delimiter ?? guessedDelimiter(cut)
            }
            let delimiter = cut.page.cursor.delimiter.utf8.first ?? UInt8(ascii: ",")
            guard next(&cut, delimiter) else { break }
            if header { try readHeader(&cut) }
        }
        if cut.isEnd, cut.position == cut.bytes.count {
            guard !cut.page.cursor.columns.isEmpty else { throw .empty }
            cut.page.cursor.isAtEnd = true
        }
    }

    private func skipLineEnds(_ cut: inout Cut) {
        while cut.position < cut.bytes.count, cut.bytes[cut.position].isLineEnd { cut.position += 1 }
    }

    /// Takes or refuses one record; false where its end lies behind the window.
    private func next(_ cut: inout Cut, _ delimiter: UInt8) -> Bool {
        switch end(in: cut, delimiter) {
        case .at(let end):
            if end - cut.position > FeedCutter.recordLimit {
                cut.refuse(Cut.tooLong, then: end)
            } else {
                cut.take(upTo: end, then: end)
            }
        case .unclosed(let line):
            guard cut.isEnd || cut.bytes.count - cut.position > FeedCutter.recordLimit else { return false }
            if let line {
                cut.refuse("a quote that is opened here is never closed", then: line)
            } else if cut.isEnd {
                cut.refuse("a quote that is opened here is never closed", then: cut.bytes.count)
            } else {
                return beginPassingOver(&cut)
            }
        case .behind:
            guard !cut.isEnd else {
                cut.take(upTo: cut.bytes.count, then: cut.bytes.count)
                return true
            }
            guard cut.bytes.count - cut.position > FeedCutter.recordLimit else { return false }
            return beginPassingOver(&cut)
        }
        return true
    }

    private enum End {
        case at(Int)
        /// A quote is open where the window ends; the first line end behind it, if any.
        case unclosed(Int?)
        case behind
    }

    private func end(in cut: Cut, _ delimiter: UInt8) -> End {
        var place = cut.position
        var isQuoted = false
        var isAtStart = true
        var firstLine: Int?
        let bytes = cut.bytes
        while place < bytes.count {
            let byte = bytes[place]
            if isQuoted {
                if byte == Self.quote {
                    if place + 1 < bytes.count, bytes[place + 1] == Self.quote {
                        place += 1
                    } else {
                        isQuoted = false
                    }
                } else if byte.isLineEnd, firstLine == nil {
                    firstLine = place
                }
            } else if byte.isLineEnd {
                return .at(place)
            } else if byte == delimiter {
                isAtStart = true
            } else if byte == Self.quote, isAtStart {
                (isQuoted, isAtStart) = (true, false)
            } else if byte != 0x20 {
                isAtStart = false
            }
            place += 1
        }
        return isQuoted ? .unclosed(firstLine) : .behind
    }

    private func beginPassingOver(_ cut: inout Cut) -> Bool {
        cut.refuse(Cut.tooLong, then: cut.bytes.count)
        cut.page.cursor.skipping = FeedCursor.Skipping()
        return false
    }

    private func passOver(_ cut: inout Cut) {
        guard let end = cut.bytes[cut.position...].firstIndex(where: \.isLineEnd) else {
            cut.position = cut.bytes.count
            return
        }
        cut.position = end
        cut.page.cursor.skipping = nil
    }

    /// The first row names the columns.
    private func readHeader(_ cut: inout Cut) throws(FeedProblem) {
        guard let record = cut.page.records.popLast() else {
            throw .malformed(row: 1, cut.page.problems.last?.reason ?? "the header cannot be read")
        }
        let encoding = cut.page.cursor.encoding ?? .utf8
        guard let text = encoding.text(record.bytes),
            let columns = CSVRecords.fields(of: text, delimiter: cut.page.cursor.delimiter), !columns.isEmpty
        else { throw .malformed(row: 1, "the header is no row of \(encoding.rawValue) text") }
        let names = columns.map { $0.trimmingSpace }
        for (place, name) in names.enumerated() where !name.isEmpty && names[..<place].contains(name) {
            throw .malformed(row: 1, "two columns are called \"\(name.prefix(60))\"")
        }
        for field in FieldMapping.required {
            guard let column = settings.mapping.paths[field], !names.contains(column) else { continue }
            throw .malformed(
                row: 1, "there is no column \"\(column)\", which is mapped to \(field.rawValue)")
        }
        cut.page.cursor.columns = names
    }

    private func guessedDelimiter(_ cut: Cut) -> String {
        let line = cut.bytes[cut.position...].prefix { !$0.isLineEnd }
        let counts = FeedSettings.delimiters.map { mark in
            line.count { $0 == mark.utf8.first }
        }
        let most = counts.max() ?? 0
        return most == 0 ? "," : FeedSettings.delimiters[counts.firstIndex(of: most) ?? 0]
    }
}

extension StringProtocol {
    /// Without the white space around it.
    var trimmingSpace: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
