// Ends of JSON records: a value per line (NDJSON), the elements of one array, or those of an array that is a
// member of one object. Only brackets and strings are looked at; each element goes to the JSON reader by
// itself.

struct JSONCutter {
    /// The member that holds the array, where the feed is an object.
    let member: String?

    func cut(_ cut: inout Cut) throws(FeedProblem) {
        if cut.page.cursor.list == nil {
            guard try findList(&cut) else { return }
        }
        if cut.page.cursor.skipping != nil, try !passOver(&cut) { return }
        while !cut.isFull {
            while cut.position < cut.bytes.count, isBetween(cut.bytes[cut.position], cut) {
                cut.position += 1
            }
            guard cut.position < cut.bytes.count else { return try leave(&cut) }
            if cut.page.cursor.list == .array, cut.bytes[cut.position] == UInt8(ascii: "]") {
                cut.position += 1
                cut.page.cursor.isAtEnd = true
                return
            }
            guard try takeRecord(&cut) else { return }
        }
    }

    private func isBetween(_ byte: UInt8, _ cut: Cut) -> Bool {
        byte.isSpace || (cut.page.cursor.list == .array && byte == UInt8(ascii: ","))
    }

    private func takeRecord(_ cut: inout Cut) throws(FeedProblem) -> Bool {
        var scan = JSONScan()
        let isLines = cut.page.cursor.list == .lines
        for place in cut.position..<cut.bytes.count {
            let ends = isLines ? cut.bytes[place].isLineEnd : scan.ends(before: cut.bytes[place])
            if ends {
                cut.take(upTo: place, then: place)
                return true
            }
            guard !isLines, scan.pass(cut.bytes[place]) else { continue }
            cut.take(upTo: place + 1, then: place + 1)
            return true
        }
        if cut.isEnd {
            guard isLines else {
                throw .truncated(row: cut.page.cursor.row, "the list of records is not closed")
            }
            cut.take(upTo: cut.bytes.count, then: cut.bytes.count)
            return true
        }
        if cut.bytes.count - cut.position > FeedCutter.recordLimit {
            cut.refuse(Cut.tooLong, then: cut.bytes.count)
            cut.page.cursor.skipping = FeedCursor.Skipping(scan: scan)
        }
        return false
    }

    private func passOver(_ cut: inout Cut) throws(FeedProblem) -> Bool {
        guard var skipping = cut.page.cursor.skipping else { return true }
        let isLines = cut.page.cursor.list == .lines
        while cut.position < cut.bytes.count {
            let byte = cut.bytes[cut.position]
            cut.position += 1
            if isLines ? byte.isLineEnd : skipping.scan.pass(byte) {
                cut.page.cursor.skipping = nil
                return true
            }
        }
        guard !cut.isEnd || isLines else {
            throw .truncated(row: cut.page.cursor.row, "the list of records is not closed")
        }
        cut.page.cursor.skipping = skipping
        cut.page.cursor.isAtEnd = cut.isEnd
        return false
    }

    private func leave(_ cut: inout Cut) throws(FeedProblem) {
        guard cut.isEnd else { return }
        guard cut.page.cursor.list == .lines else {
            throw .truncated(row: cut.page.cursor.row, "the list of records is not closed")
        }
        cut.page.cursor.isAtEnd = true
    }

    /// Finds where the records begin; false where the window is too short to tell.
    private func findList(_ cut: inout Cut) throws(FeedProblem) -> Bool {
        guard let first = cut.bytes[cut.position...].firstIndex(where: { !$0.isSpace }) else { return false }
        cut.position = first
        switch cut.bytes[first] {
        case UInt8(ascii: "["):
            cut.position = first + 1
            cut.page.cursor.list = .array
            return true
        case UInt8(ascii: "{"):
            guard let member else {
                cut.page.cursor.list = .lines
                return true
            }
            guard let start = array(of: member, in: cut) else {
                guard !cut.isEnd, cut.bytes.count < FeedCutter.windowSize else {
                    throw .malformed(row: 0, "there is no list called \"\(member)\" in it")
                }
                return false
            }
            cut.position = start
            cut.page.cursor.list = .array
            return true
        default: throw .malformed(row: 0, "it begins neither with [ nor with {; is it JSON?")
        }
    }

    /// Behind the `[` of a member of the outermost object.
    private func array(of member: String, in cut: Cut) -> Int? {
        let wanted = Array("\"\(member)\"".utf8)
        var scan = JSONScan()
        var place = cut.position
        while place < cut.bytes.count {
            if scan.depth == 1, !scan.isInString, cut.bytes[place] == UInt8(ascii: "\""),
                place + wanted.count < cut.bytes.count,
                cut.bytes[place..<(place + wanted.count)].elementsEqual(wanted)
            {
                let rest = cut.bytes[(place + wanted.count)...]
                let marks = rest.lazy.enumerated().filter { !$0.element.isSpace }.prefix(2).map { $0 }
                if marks.map(\.element) == [UInt8(ascii: ":"), UInt8(ascii: "[")] {
                    return rest.startIndex + marks[1].offset + 1
                }
            }
            _ = scan.pass(cut.bytes[place])
            place += 1
        }
        return nil
    }
}

/// Follows the brackets and strings of a JSON value, byte by byte.
struct JSONScan: Codable, Sendable, Hashable {
    private(set) var depth = 0
    private(set) var isInString = false
    private var isEscaped = false

    /// Whether the value, which has no brackets, is over before this byte.
    func ends(before byte: UInt8) -> Bool {
        depth == 0 && !isInString && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]"))
    }

    /// Goes past one byte. True when it is the closing bracket of the whole value.
    mutating func pass(_ byte: UInt8) -> Bool {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return false
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            return depth == 0
        default: break
        }
        return false
    }
}
