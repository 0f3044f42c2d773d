// Who may post a form. Two independent checks: the browser's own word about where the request comes
// from, and a token that only a page of this session could contain. Either alone would do in a current
// browser; together they also hold in an old one and behind a careless proxy.

struct CrossSiteGuard: Sendable {
    /// The hidden field of every form.
    static let field = "form_token"

    let signer: SessionSigner

    /// Refuses a form post from another site, and one without a valid token.
    func check(_ request: WebRequest) throws(WebProblem) {
        try checkOrigin(request)
        guard !request.session.isNew, let token = request.form[Self.field],
            signer.isFormToken(token, for: request.session)
        else { throw WebProblem(.formExpired, "reload the page and send the form again") }
    }

    private func checkOrigin(_ request: WebRequest) throws(WebProblem) {
        if let origin = request.headers["origin"] {
            guard origin == "http://\(request.authority)" || origin == "https://\(request.authority)" else {
                throw WebProblem(.crossSite, "the form was sent from another site")
            }
        } else if let site = request.headers["sec-fetch-site"], site != "same-origin", site != "none" {
            throw WebProblem(.crossSite, "the form was sent from another site")
        }
    }
}
