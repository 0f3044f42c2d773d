// application/x-www-form-urlencoded fields in the order they were added. The order matters: the same call
// must produce the same bytes on every attempt, or a vendor's idempotency check sees another request.
// Stripe's nesting is written by `nested`: metadata[order_id]=o1. The brackets stay literal, as in
// Stripe's own clients.

/// Ordered fields of a form body or a query string.
package struct FormFields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    private var fields: [(name: String, value: String)] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    package var isEmpty: Bool { fields.isEmpty }

    package mutating func add(_ name: String, _ value: String) {
        fields.append((name, value))
    }

    /// Adds nothing when there is no value; an empty string would unset the field at Stripe.
    package mutating func add(_ name: String, _ value: String?) {
        if let value { add(name, value) }
    }

    package mutating func add(_ name: String, _ value: Bool) {
        add(name, value ? "true" : "false")
    }

    package mutating func add(_ name: String, _ value: Int64) {
        add(name, String(value))
    }

    /// Adds `name[key]=value` for each pair, sorted by key so that the bytes are stable.
    package mutating func add(nested name: String, _ pairs: [String: String]) {
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) { add("\(name)[\(key)]", value) }
    }

    /// Adds `name[0]=a`, `name[1]=b`.
    package mutating func add(list name: String, _ values: [String]) {
        for (position, value) in values.enumerated() { add("\(name)[\(position)]", value) }
    }

    package var encoded: String {
        fields.map { "\(Self.escape($0.name, keeping: "[]"))=\(Self.escape($0.value, keeping: ""))" }
            .joined(separator: "&")
    }

    package static func == (left: FormFields, right: FormFields) -> Bool {
        left.fields.elementsEqual(right.fields) { $0 == $1 }
    }

    /// Percent-encodes everything but RFC 3986's unreserved characters; a space is %20, which every
    /// parser reads.
    package static func escape(_ text: String, keeping kept: String = "") -> String {
        let plain = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8 + Array(kept.utf8))
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            if plain.contains(byte) {
                out.append(byte)
            } else {
                out.append(contentsOf: [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
