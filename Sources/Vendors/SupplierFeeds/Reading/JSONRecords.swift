internal import VendorHTTP

// Whole JSON records, each read by itself. Numbers keep their text, so that a price stays what was written.

enum JSONRecords {
    static func read(_ texts: [(record: RawRecord, text: String)], into result: inout ReadRecords) {
        for (record, text) in texts {
            do throws(JSONSyntaxError) {
                let value = try JSON(parsing: text)
                guard value.isObject else {
                    result.refuse(record, "it is no object")
                    continue
                }
                result.records.append((record.row, node("record", value)))
            } catch {
                result.refuse(record, "it is \(error.description)")
            }
        }
    }

    /// The elements of a list stand under the name of the list, one after another.
    private static func node(_ name: String, _ value: JSON) -> FeedNode {
        var node = FeedNode(name, text: text(value))
        for member in value.members { append(member.name, member.value, to: &node) }
        return node
    }

    private static func append(_ name: String, _ value: JSON, to parent: inout FeedNode) {
        let elements = value.elements
        guard elements.isEmpty else {
            for element in elements { append(name, element, to: &parent) }
            return
        }
        parent.children.append(node(name, value))
    }

    private static func text(_ value: JSON) -> String {
        if case .bool(let flag) = value { return flag ? "true" : "false" }
        return value.text ?? ""
    }
}
