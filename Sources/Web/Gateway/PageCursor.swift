// Where a page ended, as a program carries it back: opaque, of one length, and of one kind of list. It is not
// signed: whoever makes one up names a place in their own list and sees what they may see anyway.

import CommerceStore
import Foundation
import WebSupport

struct PageCursor: Sendable, Equatable {
    /// A cursor of one list is refused by another.
    enum List: UInt8, Sendable {
        case orders = 1
        case products
        case refunds
        case claims
    }

    private static let size = 25
    /// In base64, without padding.
    static let longest = 34

    let list: List
    let mark: PageMark

    init(_ list: List, _ mark: PageMark) {
        self.list = list
        self.mark = mark
    }

    init?(_ text: String) {
        guard text.utf8.count == Self.longest else { return nil }
        let padded = text.replacing("-", with: "+").replacing("_", with: "/") + "=="
        guard let data = Data(base64Encoded: padded), data.count == Self.size,
            let list = List(rawValue: data[0])
        else { return nil }
        let microseconds = data[1..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let bytes = [UInt8](data[9...])
        let id = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
        guard let mark = PageMark(microseconds: Int64(bitPattern: microseconds), id: id) else { return nil }
        self.init(list, mark)
        // One place has one cursor: what does not come out as it went in was made by somebody else.
        guard self.text == text else { return nil }
    }

    var text: String {
        var data = Data([list.rawValue])
        withUnsafeBytes(of: mark.microseconds.bigEndian) { data.append(contentsOf: $0) }
        withUnsafeBytes(of: mark.id.uuid) { data.append(contentsOf: $0) }
        return data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
}

/// Which page a request asks for.
struct PageRequest: Sendable {
    static let usual = 50

    let limit: Int
    let mark: PageMark?

    init(_ request: WebRequest, of list: PageCursor.List) throws(WebProblem) {
        limit = request.query["limit"].flatMap { Int($0) } ?? Self.usual
        guard let text = request.query["cursor"] else {
            mark = nil
            return
        }
        guard let cursor = PageCursor(text), cursor.list == list else {
            let problem = FieldError(
                "cursor", "must be the next_cursor of a page of this list", isInQuery: true)
            throw WebProblem(.invalidFields, fields: [problem])
        }
        mark = cursor.mark
    }
}
