internal import Commerce
internal import Postgres

// The small documents of an article, written straight into their text: a feed has five for each of 100,000
// rows, and a general encoder would take longer over them than Postgres does.

enum JSONText {
    static func object(_ values: [String: String]) -> JSONB {
        guard !values.isEmpty else { return empty }
        var out: [UInt8] = [UInt8(ascii: "{")]
        for (place, value) in values.sorted(by: { $0.key < $1.key }).enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            write(value.key, to: &out)
            out.append(UInt8(ascii: ":"))
            write(value.value, to: &out)
        }
        out.append(UInt8(ascii: "}"))
        return JSONB(out)
    }

    static func object(_ texts: [Language: String]) -> JSONB {
        object(Dictionary(texts.map { ($0.key.rawValue, $0.value) }) { $1 })
    }

    static func array(_ values: [String]) -> JSONB {
        var out: [UInt8] = [UInt8(ascii: "[")]
        for (place, value) in values.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            write(value, to: &out)
        }
        out.append(UInt8(ascii: "]"))
        return JSONB(out)
    }

    /// Under the names that products store, with the warnings by language as `warnings_en`.
    static func object(_ safety: ProductSafety) -> JSONB {
        var facts: [String: String] = [:]
        facts["manufacturer"] = safety.manufacturer
        facts["address"] = safety.address
        facts["country"] = safety.country?.rawValue
        facts["contact"] = safety.contact
        facts["responsible_person"] = safety.responsiblePerson
        for (language, text) in safety.warnings { facts["warnings_\(language.rawValue)"] = text }
        return object(facts)
    }

    static func safety(_ facts: [String: String]) -> ProductSafety {
        let warnings = facts.compactMap { key, text in
            key.hasPrefix("warnings_")
                ? Language(rawValue: String(key.dropFirst(9))).map { ($0, text) } : nil
        }
        return ProductSafety(
            manufacturer: facts["manufacturer"], address: facts["address"],
            country: facts["country"].flatMap(CountryCode.init(rawValue:)), contact: facts["contact"],
            responsiblePerson: facts["responsible_person"],
            warnings: Dictionary(warnings) { $1 })
    }

    private static let empty = JSONB("{}")
    private static let digits = Array("0123456789abcdef".utf8)

    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                out += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}
