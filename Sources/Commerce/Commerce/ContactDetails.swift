/// How to reach the shopper. Suppliers insist on a telephone number, so there is one for every order.
package struct ContactDetails: Sendable, Hashable, Codable {
    package let email: EmailAddress
    package let phone: PhoneNumber

    package init(email: EmailAddress, phone: PhoneNumber) {
        self.email = email
        self.phone = phone
    }
}

/// A telephone number: an optional plus sign and 6 to 15 digits. Spaces, hyphens, dots, slashes and
/// parentheses are left out; a leading 00 becomes the plus. Describing it masks it.
package struct PhoneNumber: ValidatedText {
    package static var noun: String { "telephone number" }

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package var description: String { "***\(rawValue.suffix(2))" }

    package static func normalised(_ text: String) -> String {
        let bare = text.filter { !$0.isWhitespace && !"-./()".contains($0) }
        return bare.hasPrefix("00") ? "+" + bare.dropFirst(2) : bare
    }

    package static func problem(in text: String) -> String? {
        let digits = text.hasPrefix("+") ? text.dropFirst() : text[...]
        if !digits.allSatisfy(\.isDigit) { return "only digits are possible, after an optional +" }
        return (6...15).contains(digits.count) ? nil : "6 to 15 digits are needed"
    }
}
