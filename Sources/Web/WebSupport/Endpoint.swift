// One row of a face's route table. The kind decides how the body is read, whether a form token is
// asked for and how an error is shown, so that no handler can forget any of it.

package struct Endpoint: Sendable {
    package typealias Handler = @Sendable (WebRequest) async throws -> WebResponse

    /// On which hosts the endpoint exists.
    package enum Scope: Sendable {
        /// Hosts of stores only; the handler may ask for `request.store`.
        case store
        /// The platform's own hosts only.
        case platform
        /// The merchants' host only.
        case dashboard
        /// The administrators' host only.
        case console
        /// Everywhere but on stores' hosts: probes and metrics, which are asked for by address.
        case operations
        /// Every known host: assets.
        case anywhere
    }

    package enum Kind: Sendable {
        /// A page for people; errors are pages too.
        case page
        /// A form that a page posts: urlencoded, with a token bound to the session.
        case form
        /// JSON in and out, problem+json for errors.
        case api
        /// A vendor's signed call: the raw body is kept as it came.
        case webhook
        /// Probes, metrics, assets.
        case plain
    }

    package let method: String
    package let path: String
    package let scope: Scope
    package let kind: Kind
    /// Also served below `/ro`, `/en`, `/de` and `/es`.
    package let isTranslated: Bool
    /// Counts against the limit per client address.
    package let isRateLimited: Bool
    package let handler: Handler

    package init(
        _ method: String, _ path: String, scope: Scope, kind: Kind, isTranslated: Bool = false,
        isRateLimited: Bool = false, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.scope = scope
        self.kind = kind
        self.isTranslated = isTranslated
        self.isRateLimited = isRateLimited
        self.handler = handler
    }
}
