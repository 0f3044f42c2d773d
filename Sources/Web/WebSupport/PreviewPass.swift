// Who may look at a store before it opens: whoever holds a pass that a page of the merchant's gave out. It is
// signed and not stored, names the store and its own end, and lives at the store's own host alone, so that
// what a merchant writes is never shown at the address at which merchants are signed in.

import Commerce
import Crypto
import Foundation

struct PreviewPass: Sendable {
    static let cookie = "cartflux-preview"
    /// Long enough to show a draft to a colleague, short enough to be forgotten.
    static let lifetimeSeconds = 7 * 24 * 3600

    private let key: SymmetricKey

    init(key: SymmetricKey) { self.key = key }

    func text(for store: TenantID, until end: Date) -> String {
        let seconds = String(Int(end.timeIntervalSince1970))
        let code = HMAC<SHA256>.authenticationCode(for: Self.claim(store, seconds), using: key)
        let signature = Data(code).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return "\(seconds).\(signature)"
    }

    /// Compared in constant time.
    func admits(_ text: String, to store: TenantID, at now: Date) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 12, parts[1].utf8.count == 43,
            let end = Int(parts[0]), Double(end) > now.timeIntervalSince1970,
            let code = Data(
                base64Encoded: parts[1].replacing("-", with: "+").replacing("_", with: "/") + "=")
        else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: Self.claim(store, String(parts[0])), using: key)
    }

    private static func claim(_ store: TenantID, _ seconds: String) -> Data {
        Data("\(store)|\(seconds)".utf8)
    }
}

extension WebRequest {
    /// A pass to the draft of a store. Only who may see that store gets to ask.
    package func previewPass(for store: TenantID) -> String {
        guard let previews else { preconditionFailure("the reception gives every visit its passes") }
        let end = receivedAt.addingTimeInterval(Double(PreviewPass.lifetimeSeconds))
        return previews.text(for: store, until: end)
    }

    /// The header that keeps the pass which this address carries; nil where it carries none for this store.
    package var keptPreviewPass: String? {
        guard case .store(let store) = site, let text = query["pass"],
            previews?.admits(text, to: store.tenant, at: receivedAt) == true
        else { return nil }
        return "\(PreviewPass.cookie)=\(text); Path=/; Max-Age=\(PreviewPass.lifetimeSeconds); HttpOnly; "
            + "SameSite=Lax" + (isSecure ? "; Secure" : "")
    }

    /// Whether this visitor may see a store that is not open.
    var mayPreview: Bool {
        guard case .store(let store) = site else { return false }
        if keptPreviewPass != nil { return true }
        return cookie(PreviewPass.cookie).map {
            previews?.admits($0, to: store.tenant, at: receivedAt) == true
        } ?? false
    }

    /// A cookie as it was sent, unchecked.
    package func cookie(_ name: String) -> String? {
        for pair in (headers["cookie"] ?? "").split(separator: ";") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            if halves.count == 2, halves[0].trimmed == name { return halves[1].trimmed }
        }
        return nil
    }
}

extension WebRequest {
    /// The look that somebody with a pass tries on; nobody else sees it.
    var triedTheme: Theme? {
        guard keptPreviewPass != nil else { return nil }
        return query["theme"].flatMap { Theme(rawValue: $0) }
    }
}

extension StoreSite {
    /// The same store in another theme.
    func wearing(_ theme: Theme) -> StoreSite {
        StoreSite(
            tenant: tenant, name: name, languages: languages, country: country, shipping: shipping,
            takesOrders: takesOrders, domain: domain, theme: theme, isPublic: isPublic)
    }
}
