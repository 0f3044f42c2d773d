// Sent with every response, errors included. No inline script or style anywhere, so whatever slipped
// through the escaping would still not run.

enum SecurityHeaders {
    private static let policy = [
        "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' https: data:",
        "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "object-src 'none'",
        "frame-ancestors 'none'",
    ].joined(separator: "; ")

    static func all(isSecure: Bool) -> [String: String] {
        var headers = [
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            // The address of an order page is a secret: no other site may see it.
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        ]
        if isSecure { headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains" }
        return headers
    }
}
