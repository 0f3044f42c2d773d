// The fields of a posted form. Unlike JSON from a program, a form comes from a person: fields are
// trimmed, unknown ones (a browser extension's) are ignored, and what is wrong is shown beside the field.

/// Decoded `application/x-www-form-urlencoded` pairs, in the order they were sent.
package struct FormFields: Sendable, Equatable {
    /// More fields than any of our forms has.
    static let fieldLimit = 200

    private let pairs: [(name: String, value: String)]

    package init(_ pairs: [(name: String, value: String)]) {
        self.pairs = pairs
    }

    /// Throws `.malformedRequest` when the text is not a form at all.
    package init(body: [UInt8]) throws(WebProblem) {
        var pairs: [(name: String, value: String)] = []
        for part in body.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.fieldLimit else {
                throw WebProblem(.malformedRequest, "the form has too many fields")
            }
            let halves = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(halves[0], plusIsSpace: true),
                let value = PercentCoding.decode(halves.count > 1 ? halves[1] : [], plusIsSpace: true)
            else { throw WebProblem(.malformedRequest, "the form is not valid UTF-8") }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// The first value with this name, without surrounding space.
    package subscript(_ name: String) -> String? {
        pairs.first { $0.name == name }?.value.trimmed
    }

    /// The names that begin with `prefix`, each once, in the order they were sent.
    package func names(with prefix: String) -> [String] {
        var seen: Set<String> = []
        return pairs.map(\.name).filter { $0.hasPrefix(prefix) && seen.insert($0).inserted }
    }

    package static func == (left: FormFields, right: FormFields) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0 == $1 }
    }
}

/// Percent decoding that refuses what is not UTF-8 and what Postgres cannot store.
package enum PercentCoding {
    package static func decode(_ bytes: some Sequence<UInt8>, plusIsSpace: Bool = false) -> String? {
        var decoded: [UInt8] = []
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(hexValue),
                    let low = iterator.next().flatMap(hexValue)
                else { return nil }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        guard !decoded.contains(0) else { return nil }
        return String(validating: decoded, as: UTF8.self)
    }

    /// Encodes everything but unreserved characters.
    package static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                encoded += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return encoded
    }

    /// The pairs of a query string; what cannot be decoded is left out.
    package static func query(_ text: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for part in text.utf8.split(separator: UInt8(ascii: "&")).prefix(FormFields.fieldLimit) {
            let halves = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(halves[0], plusIsSpace: true), pairs[name] == nil else { continue }
            pairs[name] = halves.count > 1 ? decode(halves[1], plusIsSpace: true) : ""
        }
        return pairs
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
