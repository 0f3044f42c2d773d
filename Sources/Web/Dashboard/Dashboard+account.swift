// Signing up, in and out, and a forgotten password, as pages. What they say never depends on whether an
// address is known.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var accountEndpoints: [Endpoint] {
        [
            page("/") { request in
                let isSignedIn = try await desk.session(of: request) != nil
                return .seeOther(isSignedIn ? "/stores" : "/sign-in")
            },
            page("/sign-up") { request in
                signUpPage(request, try await ownLinkProblems(request), ["language": "en"]).response()
            },
            form("/sign-up", signUp),
            page("/sign-in") { request in signInPage(request, []).response() },
            form("/sign-in", signIn),
            form("/sign-out") { request in
                endEvents(request)
                try await desk.signOut(request)
                var response = WebResponse.seeOther("/sign-in")
                response.cookies = [SignedInCookie.merchant.cleared(on: request)]
                response.renewsSession = true
                return response
            },
            page("/verify") { request in linkPage(.verify, request, []).response() },
            form("/verify", verify),
            page("/forgotten") { request in forgottenPage(request, []).response() },
            form("/forgotten", forgotten),
            page("/reset") { request in linkPage(.reset, request, []).response() },
            form("/reset", reset),
        ]
    }

    // MARK: - Signing up

    private static let signUpFields = [
        FormField("name", "Your name", autocomplete: "name"),
        FormField("email", "E-mail address", type: "email", autocomplete: "email"),
        FormField(
            "password", "Password", type: "password", autocomplete: "new-password",
            hint: "At least \(Passwords.lengths.lowerBound) characters. A sentence is fine."),
        FormField(
            "language", "Language of our letters",
            choices: Language.allCases.map { ($0.rawValue, $0.nativeName) }),
    ]

    private func signUpPage(
        _ request: WebRequest, _ problems: [FieldError], _ values: [String: String]
    ) -> DashboardPage {
        let form = FormView(
            request: request, action: "/sign-up", fields: Self.signUpFields, values: values,
            problems: problems, button: "Create the account", hidden: request.referrerField)
        return DashboardPage(
            request, title: "Open an account",
            main: """
                <h1>Open an account</h1><p class="lead">Your shop can be online in ten minutes.\
                </p>\(form.html)
                <p>You have one already? <a href="/sign-in">Sign in</a></p>
                """)
    }

    private func signUp(_ request: WebRequest) async throws -> WebResponse {
        var problems: [FieldError] = []
        let name = request.form["name"] ?? ""
        if !(1...100).contains(name.count) {
            problems.append(FieldError("name", "is needed, up to 100 characters"))
        }
        let email = EmailAddress(rawValue: request.form["email"] ?? "")
        if email == nil { problems.append(FieldError("email", "is not an address")) }
        let password = request.form["password"] ?? ""
        problems += Self.problems(ofPassword: password)
        guard problems.isEmpty, let email else {
            return signUpPage(request, problems, request.typed(Self.signUpFields)).response(status: 422)
        }
        let language = request.form["language"].flatMap { Language(rawValue: $0) } ?? .english
        try await desk.signUp(
            AccountDesk.SignUp(
                email: email, name: name, password: password, language: language,
                referrer: request.referrer), on: request)
        return letterSent(request)
    }

    private static func problems(ofPassword password: String) -> [FieldError] {
        Passwords.lengths.contains(password.utf8.count)
            ? [] : [FieldError("password", "needs \(Passwords.lengths.lowerBound) characters or more")]
    }

    private func letterSent(_ request: WebRequest) -> WebResponse {
        DashboardPage(
            request, title: "Look into your mailbox",
            main: """
                <div class="empty stack"><h1>Look into your mailbox</h1>
                <p>We have written to you. Follow the link in the letter; it may take a minute to arrive.</p>
                </div>
                """
        ).response()
    }

    // MARK: - Links in letters

    private enum LetterLink { case verify, reset }

    private func linkPage(
        _ link: LetterLink, _ request: WebRequest, _ problems: [FieldError]
    ) -> DashboardPage {
        let isReset = link == .reset
        let token = request.query["token"] ?? request.form["token"] ?? ""
        let title = isReset ? "Choose a new password" : "Confirm your address"
        let field = FormField(
            "password", isReset ? "New password" : "The password you chose", type: "password",
            autocomplete: isReset ? "new-password" : "current-password",
            hint: isReset ? "At least \(Passwords.lengths.lowerBound) characters." : nil)
        let form = FormView(
            request: request, action: isReset ? "/reset" : "/verify", fields: [field], problems: problems,
            button: isReset ? "Use this password" : "Confirm", hidden: [("token", token)])
        return DashboardPage(request, title: title, main: "<h1>\(title)</h1>\(form.html)")
    }

    private func verify(_ request: WebRequest) async throws -> WebResponse {
        let token = request.form["token"].flatMap { SecretToken(presented: $0) }
        let password = request.form["password"] ?? ""
        guard let token, let session = try await desk.verify(token, password: password, on: request) else {
            let problem = FieldError(
                "password", "or link is not right; a link works once, for a day. Sign up again for a new one")
            return linkPage(.verify, request, [problem]).response(status: 422)
        }
        return admitted(session, request, to: "/stores")
    }

    private func reset(_ request: WebRequest) async throws -> WebResponse {
        let password = request.form["password"] ?? ""
        let problems = Self.problems(ofPassword: password)
        guard problems.isEmpty else { return linkPage(.reset, request, problems).response(status: 422) }
        let token = request.form["token"].flatMap { SecretToken(presented: $0) }
        guard let token, let session = try await desk.reset(token, to: password, on: request) else {
            let problem = FieldError("token", "The link works once, for an hour. Ask for a new one.")
            return linkPage(.reset, request, [problem]).response(status: 422)
        }
        return admitted(session, request, to: "/stores")
    }

    // MARK: - Signing in

    private static let signInFields = [
        FormField("email", "E-mail address", type: "email", autocomplete: "username"),
        FormField("password", "Password", type: "password", autocomplete: "current-password"),
    ]

    private func signInPage(_ request: WebRequest, _ problems: [FieldError]) -> DashboardPage {
        let form = FormView(
            request: request, action: "/sign-in", fields: Self.signInFields,
            values: request.typed(Self.signInFields), problems: problems, button: "Sign in",
            hidden: [("next", Self.destination(request.query["next"] ?? request.form["next"]))])
        return DashboardPage(
            request, title: "Sign in",
            main: """
                <h1>Sign in</h1>\(form.html)
                <p><a href="/forgotten">Forgot your password?</a> · <a href="/sign-up">Open an account</a></p>
                """)
    }

    private func signIn(_ request: WebRequest) async throws -> WebResponse {
        let password = request.form["password"] ?? ""
        // What cannot be an address costs the same as one that nobody has.
        let email =
            EmailAddress(rawValue: request.form["email"] ?? "") ?? EmailAddress(unchecked: "nobody@invalid")
        guard let session = try await desk.signIn(email, password: password, on: request) else {
            let problem = FieldError(
                "password", "and address do not fit together, or the address is not confirmed yet")
            return signInPage(request, [problem]).response(status: 422)
        }
        return admitted(session, request, to: Self.destination(request.form["next"]))
    }

    /// A path on this host, never another site.
    private static func destination(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.hasPrefix("/\\"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return "/stores" }
        return text
    }

    private func admitted(_ token: SecretToken, _ request: WebRequest, to path: String) -> WebResponse {
        var response = WebResponse.seeOther(path)
        response.cookies = [SignedInCookie.merchant.set(token, for: AccountSessions.lifetime, on: request)]
        response.renewsSession = true
        return response
    }

    // MARK: - A forgotten password

    private static let forgottenFields = [
        FormField("email", "E-mail address", type: "email", autocomplete: "username")
    ]

    private func forgottenPage(_ request: WebRequest, _ problems: [FieldError]) -> DashboardPage {
        let form = FormView(
            request: request, action: "/forgotten", fields: Self.forgottenFields,
            values: request.typed(Self.forgottenFields), problems: problems, button: "Send a link")
        return DashboardPage(
            request, title: "Forgotten password", main: "<h1>Forgotten password</h1>\(form.html)")
    }

    private func forgotten(_ request: WebRequest) async throws -> WebResponse {
        guard let email = EmailAddress(rawValue: request.form["email"] ?? "") else {
            return forgottenPage(request, [FieldError("email", "is not an address")]).response(status: 422)
        }
        try await desk.askReset(email, on: request)
        return letterSent(request)
    }
}
