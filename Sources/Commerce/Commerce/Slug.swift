/// The name of a store in its address: `{slug}.cartflux.example`.
///
/// It is a DNS label, so the rule is DNS's, and three things more: the platform's own host names are
/// reserved, a label of two characters is refused (country codes invite confusion), and nothing that looks
/// like punycode passes, because a browser shows `xn--...` as letters that imitate somebody else's name.
package struct Slug: ValidatedText {
    package static var noun: String { "store address" }
    package static let lengthLimit = 63

    package let rawValue: String

    package init(unchecked text: String) {
        rawValue = text
    }

    package static func normalised(_ text: String) -> String { text.trimmed.lowercased() }

    package static func problem(in text: String) -> String? {
        guard let first = text.first, let last = text.last else { return "it is empty" }
        if text.count == 2 || text.count > lengthLimit {
            return "use one character, or 3 to \(lengthLimit)"
        }
        if !text.allSatisfy({ $0.isLowercaseLetterOrDigit || $0 == "-" }) {
            return "only a to z, 0 to 9 and the hyphen are possible"
        }
        if first == "-" || last == "-" { return "it cannot begin or end with a hyphen" }
        if text.dropFirst(2).hasPrefix("--") {
            return "two hyphens in the third and fourth place are not possible"
        }
        return reserved.contains(text) ? "the name is reserved" : nil
    }

    /// Host names the platform uses, may want to use, or that could pass for the platform.
    package static let reserved: Set<String> = [
        "about", "account", "accounts", "admin", "administrator", "api", "app", "apps", "assets", "auth",
        "autoconfig",
        "autodiscover", "billing", "blog", "cartflux", "cdn", "checkout", "console", "dashboard", "demo",
        "dev", "dns",
        "docs", "email", "files", "ftp", "help", "hooks", "host", "hostmaster", "images", "imap", "info",
        "invoice",
        "legal", "localhost", "login", "mail", "media", "metrics", "monitor", "mx", "noreply", "ns1", "ns2",
        "ops",
        "pay", "payment", "payments", "platform", "pop", "postmaster", "preview", "privacy", "root",
        "sandbox",
        "secure", "security", "shop", "signin", "signup", "smtp", "ssl", "staging", "static", "status",
        "store",
        "stripe", "support", "system", "test", "webhook", "webhooks", "webmail", "webmaster", "wpad", "www",
    ]
}
