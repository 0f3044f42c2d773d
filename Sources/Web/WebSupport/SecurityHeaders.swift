// Sent with every response, errors included. No inline script or style anywhere, so whatever slipped
// through the escaping would still not run. No page may stand in a frame, with one exception: a shop that the
// merchants' pages show beside the choice of its look, and there alone.

enum SecurityHeaders {
    /// Origins of other hosts of ours that this page has to do with. None for nearly all pages.
    struct Frames: Sendable, Equatable {
        /// What it shows in frames.
        var shown: [String] = []
        /// Who may show it in one.
        var shownBy: [String] = []

        static let none = Frames()
    }

    private static let rules = [
        "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' https: data:",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "object-src 'none'",
    ]
    private static let usual = (rules + ["frame-ancestors 'none'"]).joined(separator: "; ")

    static func all(isSecure: Bool, _ frames: Frames = .none) -> [String: String] {
        var headers = [
            "Content-Security-Policy": policy(frames),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            // The address of an order page is a secret: no other site may see it.
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        ]
        // The older header knows no other host than the page's own; the policy says it all.
        if !frames.shownBy.isEmpty { headers["X-Frame-Options"] = nil }
        if isSecure { headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains" }
        return headers
    }

    private static func policy(_ frames: Frames) -> String {
        guard frames != .none else { return usual }
        var rules = rules
        if !frames.shown.isEmpty { rules.append("frame-src \(frames.shown.joined(separator: " "))") }
        let ancestors = frames.shownBy.isEmpty ? "'none'" : frames.shownBy.joined(separator: " ")
        return (rules + ["frame-ancestors \(ancestors)"]).joined(separator: "; ")
    }
}
