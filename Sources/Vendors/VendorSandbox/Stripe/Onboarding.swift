// Account links: a hosted page, used once, alive for five minutes. Coming back from it proves nothing, so
// the page offers every way it can end.

/// One visit to hosted onboarding.
struct OnboardingSession: Sendable {
    let account: String
    let refreshURL: String
    let returnURL: String
    let expires: Int64
    var isVisited = false
    var isFinished = false
}

/// How a merchant's onboarding can end.
enum OnboardingOutcome: String, CaseIterable, Sendable {
    case complete
    case pending
    case restricted
    case later

    var label: String {
        switch self {
        case .complete: "Submit and be verified"
        case .pending: "Submit, verification pending"
        case .restricted: "Submit with an expired document (restricted)"
        case .later: "Leave without finishing"
        }
    }
}

extension StripeWorld {
    static let accountLinkParams: Set<String> = [
        "account", "collect", "collection_options", "refresh_url", "return_url", "type",
    ]
    private static let linkLifetime: Int64 = 300

    mutating func createAccountLink(_ call: StripeCall) throws(StripeProblem) -> StripeReply {
        let account = try call.requiredText("account")
        guard try call.choice("type", of: ["account_onboarding", "account_update"]) != nil else {
            throw .missing("type")
        }
        guard find(.account, account, owner: StripeCall.platform) != nil else {
            throw .noSuch("account", account, param: "account", status: 400)
        }
        let refresh = try url(call, "refresh_url")
        let back = try url(call, "return_url")
        let token = newID("link", length: 32)
        onboarding[token] = OnboardingSession(
            account: account, refreshURL: refresh, returnURL: back, expires: now + Self.linkLifetime)
        let link: JSON = [
            "object": "account_link", "created": .integer(now),
            "expires_at": .integer(now + Self.linkLifetime),
            "url": .string("\(call.origin)/_sandbox/onboarding/\(account)/\(token)"),
        ]
        return StripeReply(link, effect: SandboxEffect("account_link.create", on: account))
    }

    /// Opens the page once. Nil when the link is spent or too old; then the merchant goes to `refresh_url`.
    mutating func visit(_ token: String) -> OnboardingSession? {
        guard let session = onboarding[token], !session.isVisited, session.expires > now else { return nil }
        onboarding[token]?.isVisited = true
        return session
    }

    /// Ends the visit. Nil when it had ended before.
    mutating func finish(_ token: String, _ outcome: OnboardingOutcome) -> OnboardingSession? {
        guard let session = onboarding[token], !session.isFinished else { return nil }
        onboarding[token]?.isVisited = true
        onboarding[token]?.isFinished = true
        switch outcome {
        case .complete: activate(session.account)
        case .pending: submit(session.account)
        case .restricted: restrict(session.account)
        case .later: break
        }
        return session
    }

    private func url(_ call: StripeCall, _ name: String) throws(StripeProblem) -> String {
        let url = try call.requiredText(name)
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw .invalid(name, "Not a valid URL", code: "url_invalid")
        }
        return url
    }
}
