/// A domain that a merchant wants the store to be served at. Ownership and direction are checked in the DNS;
/// this is only what can be seen in the name itself.
package struct DomainName: ValidatedText {
    package static var noun: String { "domain" }

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func normalised(_ text: String) -> String {
        var name = text.trimmed.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        return name
    }

    package static func problem(in text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.contains("/") || text.contains(":") || text.contains("@") {
            return "write the name alone, such as shop.example.com, without https:// and without a path"
        }
        if text.contains("*") { return "a name with an asterisk stands for many; name one" }
        if !text.allSatisfy(\.isASCII) {
            return "write it as the DNS does, beginning with xn--; your registrar shows that form"
        }
        if NetworkHost.isAddress(text) { return "it is an address and no name" }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count < 2 { return "it needs a dot, as in example.com" }
        if text.count > 253 { return "it is longer than 253 characters" }
        for label in labels {
            if label.isEmpty { return "two dots stand side by side, or one at the end" }
            if label.count > 63 { return "\"\(label.prefix(20))…\" is longer than 63 characters" }
            if !label.allSatisfy({ $0.isLowercaseLetterOrDigit || $0 == "-" }) {
                return "only a to z, 0 to 9 and the hyphen are possible between the dots"
            }
            if label.hasPrefix("-") || label.hasSuffix("-") {
                return "no part can begin or end with a hyphen"
            }
        }
        guard let last = labels.last, last.count >= 2, last.allSatisfy({ ("a"..."z").contains($0) })
        else { return "it does not end as domains do, such as .com or .ro" }
        return NetworkHost.isPrivate(text) ? "it is known inside a network only" : nil
    }

    /// Whether it is this domain or lies below it.
    package func isWithin(_ domain: String) -> Bool {
        rawValue == domain.lowercased() || rawValue.hasSuffix("." + domain.lowercased())
    }

    /// Where the proof of ownership is looked for.
    package var proofName: String { "_cartflux.\(rawValue)" }

    /// What stands there.
    package static func proofText(_ proof: String) -> String { "cartflux-domain=\(proof)" }
}

/// When a domain's DNS is looked at.
package enum DomainPatience {
    /// Looks at a domain that is being set up: often at first, for two weeks.
    package static let setUp: [Duration] =
        Array(repeating: .seconds(60), count: 10) + Array(repeating: .seconds(15 * 60), count: 20)
        + Array(repeating: .seconds(3_600), count: 48) + Array(repeating: .seconds(12 * 3_600), count: 24)
    /// Between looks at one that works.
    package static let daily: Duration = .seconds(86_400)
    /// A domain that has not led here for this long is served no more.
    package static let grace: Duration = .seconds(3 * 86_400)
}
