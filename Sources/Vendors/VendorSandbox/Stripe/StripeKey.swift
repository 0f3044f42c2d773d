import Foundation

// Any secret test key opens the sandbox; everything else is refused with Stripe's own sentences.

/// Reads and judges API keys.
enum StripeKey {
    static func check(_ request: SandboxRequest) throws(StripeProblem) {
        guard let key = key(request), !key.isEmpty else {
            throw StripeProblem(
                401,
                "You did not provide an API key. You need to provide your API key in the "
                    + "Authorization header, using "
                    + "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
                    + "https://stripe.com/docs/api#authentication for details, or we can help at "
                    + "https://support.stripe.com/.")
        }
        if key.hasPrefix("pk_") {
            throw StripeProblem(
                401, code: "secret_key_required",
                "This API call cannot be made with a publishable API key. Please use a secret "
                    + "API key. You can find "
                    + "a list of your API keys at https://dashboard.stripe.com/account/apikeys.")
        }
        guard key.hasPrefix("sk_test_"), key.count > 8 else {
            throw StripeProblem(401, "Invalid API Key provided: \(redact(key))")
        }
    }

    /// The key in a form that can be shown.
    static func redacted(_ request: SandboxRequest) -> String { redact(key(request) ?? "") }

    private static func redact(_ key: String) -> String {
        guard key.count > 12 else { return String(repeating: "*", count: key.count) }
        return key.prefix(8) + String(repeating: "*", count: key.count - 12) + key.suffix(4)
    }

    /// The key of Bearer, or the user of Basic.
    private static func key(_ request: SandboxRequest) -> String? {
        guard let header = request.header("authorization") else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0].lowercased() {
        case "bearer": return parts[1].trimmingCharacters(in: .whitespaces)
        case "basic":
            guard let decoded = Data(base64Encoded: parts[1]) else { return nil }
            return String(decoding: decoded, as: UTF8.self).split(separator: ":").first.map(String.init)
        default: return nil
        }
    }
}
