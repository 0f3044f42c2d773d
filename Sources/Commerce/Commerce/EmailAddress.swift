/// An e-mail address that can be delivered to, as far as its shape tells.
///
/// The whole grammar of the standard (quoted local parts, comments) is refused on purpose: no mailbox
/// that a shopper uses needs it, and vendors reject it. Describing an address masks it, so that it cannot
/// reach a log by accident; whoever needs the address asks for `rawValue`.
package struct EmailAddress: ValidatedText {
    package static var noun: String { "e-mail address" }

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    /// For comparison and uniqueness: people do not remember how they capitalised themselves.
    package var canonical: String { rawValue.lowercased() }

    package var domain: String { String(rawValue.drop { $0 != "@" }.dropFirst()) }

    package var description: String { "\(rawValue.prefix(1))***@\(domain)" }

    package static func normalised(_ text: String) -> String {
        let text = text.trimmed
        guard let at = text.lastIndex(of: "@") else { return text }
        return text[..<at] + text[at...].lowercased()
    }

    package static func problem(in text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return "one @ is needed" }
        if text.utf8.count > 254 || parts[0].utf8.count > 64 { return "it is too long" }
        return localProblem(parts[0]) ?? domainProblem(parts[1])
    }

    private static func localProblem(_ local: Substring) -> String? {
        if local.isEmpty { return "the part before the @ is empty" }
        if local.hasPrefix(".") || local.hasSuffix(".") || local.contains("..") {
            return "dots before the @ must stand between other characters"
        }
        let allowed = local.allSatisfy { character in
            character.isASCII
                && (character.isLetter || character.isDigit || "!#$%&'*+-/=?^_`{|}~.".contains(character))
        }
        return allowed ? nil : "it contains a character that is not possible before the @"
    }

    private static func domainProblem(_ domain: Substring) -> String? {
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, let top = labels.last else { return "the part after the @ needs a dot" }
        let sound = labels.allSatisfy { label in
            (1...63).contains(label.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.allSatisfy { $0.isLowercaseLetterOrDigit || $0 == "-" }
        }
        if !sound { return "the part after the @ is not a domain name" }
        return top.count >= 2 && !top.allSatisfy(\.isDigit)
            ? nil : "the part after the @ is not a domain name"
    }
}
