// Signing in with password and one-time code, asked for together, and out again.

import Commerce
import CommerceStore
import WebSupport

extension Console {
    var signInEndpoints: [Endpoint] {
        [
            page("/") { request in
                .seeOther(try await desk.admin(of: request) == nil ? "/ops/sign-in" : "/ops")
            },
            page("/ops/sign-in") { request in signInPage(request, []).response() },
            form("/ops/sign-in", signIn),
            form("/ops/sign-out") { request in
                try await desk.signOut(request)
                var response = WebResponse.seeOther("/ops/sign-in")
                response.cookies = [SignedInCookie.admin.cleared(on: request)]
                response.renewsSession = true
                return response
            },
        ]
    }

    private func signInPage(_ request: WebRequest, _ problems: [FieldError]) -> ConsolePage {
        let fields = [
            Entry("email", "E-mail address", type: "email", autocomplete: "username"),
            Entry("password", "Password", type: "password", autocomplete: "current-password"),
            Entry(
                "code", "One-time code", autocomplete: "one-time-code",
                hint: "Six digits from your authenticator, or a recovery code."),
        ]
        let next = Self.destination(request.query["next"] ?? request.form["next"])
        let rows = fields.map { $0.html(request, problems) }
        return ConsolePage(
            request, title: "Sign in",
            main: """
                <h1>Sign in</h1>
                <p class="lead">For the platform's operators. Merchants have an address of their own.</p>
                \(ErrorSummary.html(problems))
                <form method="post" action="/ops/sign-in" class="panel stack narrow">\(request.tokenField)\
                <input type="hidden" name="next" value="\(next)">\(rows)
                <p><button>Sign in</button></p></form>
                """)
    }

    private func signIn(_ request: WebRequest) async throws -> WebResponse {
        // What cannot be an address costs the same as one that nobody has.
        let email =
            EmailAddress(rawValue: request.form["email"] ?? "") ?? EmailAddress(unchecked: "nobody@invalid")
        let token = try await desk.signIn(
            email, password: request.form["password"] ?? "", code: request.form["code"] ?? "", on: request)
        guard let token else {
            return signInPage(
                request,
                [FieldError("code", "Address, password and code do not fit together. Each code works once.")]
            ).response(status: 422)
        }
        var response = WebResponse.seeOther(Self.destination(request.form["next"]))
        response.cookies = [SignedInCookie.admin.set(token, for: Admins.lifetime, on: request)]
        response.renewsSession = true
        return response
    }

    /// A page of the console, never another site.
    private static func destination(_ text: String?) -> String {
        guard let text, text == "/ops" || text.hasPrefix("/ops/"), text != "/ops/sign-in",
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return "/ops" }
        return text
    }
}
