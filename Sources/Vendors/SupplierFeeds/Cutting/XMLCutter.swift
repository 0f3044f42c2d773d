// Ends of XML records: the closing tag of the element that holds one. Only tags, comments, CDATA and quotes
// are looked at here; what stands in a record is for the XML library to judge. A document type is refused
// wherever it stands, before the library sees it, because entities are declared nowhere else.

struct XMLCutter {
    let record: String

    func cut(_ cut: inout Cut) throws(FeedProblem) {
        if cut.page.cursor.skipping != nil, try !passOver(&cut) { return }
        while !cut.isFull {
            guard let open = cut.bytes[cut.position...].firstIndex(of: UInt8(ascii: "<")) else {
                return try leave(&cut, at: cut.bytes.count)
            }
            cut.position = open
            guard let token = try token(in: cut, at: open) else { return try leave(&cut, at: open) }
            switch token.kind {
            case .other: cut.position = token.end
            case .closing:
                cut.page.cursor.depth -= 1
                cut.position = token.end
                if cut.page.cursor.depth <= 0 {
                    cut.page.cursor.isAtEnd = true
                    return
                }
            case .opening(let isEmpty):
                if name(in: cut, at: open + 1) == record {
                    guard try takeRecord(&cut, opening: token, isEmpty: isEmpty) else { return }
                } else {
                    notePrefixes(&cut, open..<token.end)
                    if !isEmpty { cut.page.cursor.depth += 1 }
                    cut.position = token.end
                }
            }
        }
    }

    private struct Token {
        enum Kind { case opening(isEmpty: Bool), closing, other }
        let kind: Kind
        let end: Int
    }

    /// What begins with the `<` at `place`; nil where it ends behind the window.
    private func token(in cut: Cut, at place: Int) throws(FeedProblem) -> Token? {
        guard place + 1 < cut.bytes.count else { return nil }
        switch cut.bytes[place + 1] {
        case UInt8(ascii: "?"): return cut.find("?>", from: place).map { Token(kind: .other, end: $0 + 2) }
        case UInt8(ascii: "!"):
            if cut.starts(with: "<!--", at: place) {
                return cut.find("-->", from: place + 4).map { Token(kind: .other, end: $0 + 3) }
            }
            if cut.starts(with: "<![CDATA[", at: place) {
                return cut.find("]]>", from: place + 9).map { Token(kind: .other, end: $0 + 3) }
            }
            // Shorter than the marks above: the window may end within one of them.
            guard cut.bytes.count - place >= 9 || cut.isEnd else { return nil }
            throw .documentType(row: cut.page.cursor.row)
        case UInt8(ascii: "/"):
            return cut.find(">", from: place).map { Token(kind: .closing, end: $0 + 1) }
        default:
            guard let end = endOfTag(in: cut, from: place + 1) else { return nil }
            return Token(kind: .opening(isEmpty: cut.bytes[end - 1] == UInt8(ascii: "/")), end: end + 1)
        }
    }

    /// A `>` inside the quotes of an attribute ends nothing.
    private func endOfTag(in cut: Cut, from start: Int) -> Int? {
        var quote: UInt8?
        for place in start..<cut.bytes.count {
            let byte = cut.bytes[place]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                return place
            }
        }
        return nil
    }

    private func name(in cut: Cut, at start: Int) -> String {
        let name = cut.bytes[start...].prefix {
            !$0.isSpace && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/")
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Takes the record that begins at the position; false where its end lies behind the window.
    private func takeRecord(
        _ cut: inout Cut, opening: Token, isEmpty: Bool
    ) throws(FeedProblem) -> Bool {
        if isEmpty {
            cut.take(upTo: opening.end, then: opening.end)
            return true
        }
        var depth = 1
        var place = opening.end
        while let open = cut.bytes[place...].firstIndex(of: UInt8(ascii: "<")),
            let token = try token(in: cut, at: open)
        {
            place = token.end
            switch token.kind {
            case .other: continue
            case .opening(let isEmpty): if !isEmpty { depth += 1 }
            case .closing: depth -= 1
            }
            guard depth == 0 else { continue }
            if place - cut.position > FeedCutter.recordLimit {
                cut.refuse(Cut.tooLong, then: place)
            } else {
                cut.take(upTo: place, then: place)
            }
            return true
        }
        guard !cut.isEnd else {
            throw .truncated(row: cut.page.cursor.row, "the last <\(record)> is not closed")
        }
        guard cut.bytes.count - cut.position > FeedCutter.recordLimit else { return false }
        // The closing tag may have begun already; a few bytes more than it has are looked at again.
        cut.refuse(Cut.tooLong, then: cut.bytes.count - record.utf8.count - 4)
        cut.page.cursor.skipping = FeedCursor.Skipping()
        return false
    }

    /// Looks for the closing tag of a record that is too long; false where it lies behind the window.
    private func passOver(_ cut: inout Cut) throws(FeedProblem) -> Bool {
        let tag = Array("</\(record)>".utf8)
        guard
            let end = (cut.position..<max(cut.position, cut.bytes.count - tag.count + 1)).first(where: {
                cut.bytes[$0] == tag[0] && cut.bytes[$0..<($0 + tag.count)].elementsEqual(tag)
            })
        else {
            guard !cut.isEnd else {
                throw .truncated(row: cut.page.cursor.row, "the last <\(record)> is not closed")
            }
            cut.position = max(cut.position, cut.bytes.count - tag.count)
            return false
        }
        cut.position = end + tag.count
        cut.page.cursor.skipping = nil
        return true
    }

    /// Nothing more can be cut from this window.
    private func leave(_ cut: inout Cut, at place: Int) throws(FeedProblem) {
        cut.position = place
        guard cut.isEnd else {
            guard cut.bytes.count - place <= FeedCutter.recordLimit else {
                throw .malformed(row: cut.page.cursor.row, "a tag or comment is \(Cut.tooLong)")
            }
            return
        }
        guard cut.page.cursor.row > 0 || cut.page.cursor.depth > 0 else {
            throw .malformed(row: 0, "there is no element in it; is it XML?")
        }
        throw .truncated(row: cut.page.cursor.row, "the elements around the records are not closed")
    }

    /// Prefixes are declared around the records and must be known within each.
    private func notePrefixes(_ cut: inout Cut, _ tag: Range<Int>) {
        let text = String(decoding: cut.bytes[tag], as: UTF8.self)
        guard text.contains("xmlns") else { return }
        for declaration in text.matches(of: /(xmlns(?::[A-Za-z_][\w.\-]*)?)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/)
        {
            let value = declaration.output.2 ?? declaration.output.3 ?? ""
            cut.page.cursor.prefixes[String(declaration.output.1)] = String(value)
        }
    }
}
