/// A text that obeys a rule: once a value exists, the rule holds.
///
/// Reading from a form uses `init(parsing:)`, which says what is wrong; reading from a database or JSON
/// uses `init(rawValue:)`, which holds the same rule.
package protocol ValidatedText: RawRepresentable, Codable, Hashable, Sendable, Comparable,
    CustomStringConvertible,
    CodingKeyRepresentable
where RawValue == String {
    /// What to call it in a message: "slug", "e-mail address".
    static var noun: String { get }
    /// Brings what people type into the stored form, before the rule is applied.
    static func normalised(_ text: String) -> String
    /// Why the normalised text breaks the rule, or nil.
    static func problem(in text: String) -> String?
    /// Takes a text that is known to obey the rule.
    init(unchecked text: String)
}

extension ValidatedText {
    package init(parsing text: String) throws(CommerceError) {
        let normal = Self.normalised(text)
        if let reason = Self.problem(in: normal) {
            throw .malformed(noun: Self.noun, text: text, reason: reason)
        }
        self.init(unchecked: normal)
    }

    package init?(rawValue: String) {
        let normal = Self.normalised(rawValue)
        guard Self.problem(in: normal) == nil else { return nil }
        self.init(unchecked: normal)
    }

    package static func normalised(_ text: String) -> String { text.trimmed }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { rawValue }

    package var codingKey: any CodingKey { TextKey(stringValue: rawValue) }

    package init?<T: CodingKey>(codingKey: T) { self.init(rawValue: codingKey.stringValue) }
}

extension StringProtocol {
    /// Without the white space around it.
    var trimmed: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}

extension Character {
    var isLowercaseLetterOrDigit: Bool { ("a"..."z").contains(self) || ("0"..."9").contains(self) }

    var isDigit: Bool { ("0"..."9").contains(self) }

    var isControl: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
