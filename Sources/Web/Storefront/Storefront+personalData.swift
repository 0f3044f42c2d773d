// What a store keeps about a shopper: the page to ask for a copy or for its erasure, and the pages behind the
// links in the letters. The answer to an address is always the same; who asked, only its mailbox learns. A
// link alone does nothing: mail programs follow links by themselves, so each page asks once more.

import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    var personalDataEndpoints: [Endpoint] {
        guard let desk = personalData else { return [] }
        return [
            page("GET", "/personal-data") { request in
                PersonalDataPage(request).form([:], []).response()
            },
            page(
                "POST", "/personal-data",
                { request in
                    let typed = [
                        "email": request.form["email"] ?? "", "kind": request.form["kind"] ?? "",
                    ]
                    let email = EmailAddress(rawValue: typed["email"] ?? "")
                    let kind = PersonalDataKind(rawValue: typed["kind"] ?? "")
                    var wrong: [String] = []
                    if email == nil { wrong.append("email") }
                    if kind == nil { wrong.append("kind") }
                    guard let email, let kind else {
                        return PersonalDataPage(request).form(typed, wrong).response(status: 422)
                    }
                    try await desk.ask(kind, of: email, on: request)
                    return PersonalDataPage(request).letterSent.response()
                }, isRateLimited: true),
            page("GET", "/personal-data/confirm") { request in
                guard let token = Self.token(request.query["token"]),
                    let kind = try await desk.unproven(token, on: request)
                else { return PersonalDataPage(request).tooOld.response(status: 404) }
                return PersonalDataPage(request).confirmation(kind, token).response()
            },
            page("POST", "/personal-data/confirm") { request in
                guard let token = Self.token(request.form["token"]),
                    let kind = try await desk.confirm(token, on: request)
                else { return PersonalDataPage(request).tooOld.response(status: 404) }
                return PersonalDataPage(request).underWay(kind).response()
            },
            page("GET", "/personal-data/copy") { request in
                guard let token = Self.token(request.query["token"]),
                    let copy = try await desk.copy(token, on: request)
                else { return PersonalDataPage(request).tooOld.response(status: 404) }
                return .download(copy, named: "personal-data.json")
            },
        ]
    }

    private static func token(_ text: String?) -> SecretToken? {
        text.flatMap { SecretToken(presented: $0) }
    }
}

/// The pages about a shopper's data.
struct PersonalDataPage {
    let request: WebRequest

    init(_ request: WebRequest) { self.request = request }

    private var words: PersonalDataWords { PersonalDataWords(request.language) }

    /// - Parameter wrong: the names of the fields that cannot be taken as they were typed.
    func form(_ typed: [String: String], _ wrong: [String]) -> ShopPage {
        page(
            words.title,
            """
            \(summary(wrong))
            <form method="post" action="\(link: request.address("/personal-data"))" class="panel stack" \
            novalidate>\(request.formTokenField)
            <p>\(words.lead)</p>
            <div class="fields"><div><label for="email">\(request.words(.email))</label>\
            <input id="email" name="email" type="email" autocomplete="email" maxlength="254" required \
            value="\(typed["email"] ?? "")"\(mark("email", wrong))>\(error("email", wrong))</div></div>
            <fieldset><legend>\(words.choice)</legend>
            <p><label><input type="radio" name="kind" id="kind" value="export"\(chosen("export", typed))> \
            \(words.wantsCopy)</label></p>
            <p><label><input type="radio" name="kind" value="erasure"\(chosen("erasure", typed))> \
            \(words.wantsErasure)</label></p>\(error("kind", wrong))</fieldset>
            <p class="fine">\(words.law)</p>
            <p><button>\(words.send)</button></p></form>
            """)
    }

    var letterSent: ShopPage { page(words.mailbox, "<p role=\"status\">\(words.mailboxText)</p>") }

    var tooOld: ShopPage {
        let again: HTML = "<a href=\"\(link: request.address("/personal-data"))\">\(words.title)</a>"
        return page(words.linkOver, "<p>\(words.linkOverText)</p><p>\(again)</p>")
    }

    func confirmation(_ kind: PersonalDataKind, _ token: SecretToken) -> ShopPage {
        let isErasure = kind == .erasure
        return page(
            isErasure ? words.wantsErasure : words.wantsCopy,
            """
            <form method="post" action="\(link: request.address("/personal-data/confirm"))" \
            class="panel stack">\(request.formTokenField)
            <input type="hidden" name="token" value="\(token.text)">
            <p>\(isErasure ? words.law : words.copyText)</p>
            <p><button>\(words.confirm)</button></p></form>
            """)
    }

    func underWay(_ kind: PersonalDataKind) -> ShopPage {
        page(
            words.thanks,
            "<p role=\"status\">\(kind == .erasure ? words.erasureText : words.copyText)</p>")
    }

    private func page(_ title: String, _ main: HTML) -> ShopPage {
        ShopPage(request, title: title, main: "<h1>\(title)</h1>\(main)").hidden
    }

    private func summary(_ wrong: [String]) -> HTML {
        guard !wrong.isEmpty else { return .empty }
        let lines = wrong.map { name -> HTML in "<li><a href=\"#\(name)\">\(problem(name))</a></li>" }
        return """
            <div class="note bad" role="alert" id="problems"><p><strong>\
            \(request.words(.checkFields))</strong></p><ul>\(lines)</ul></div>
            """
    }

    private func problem(_ name: String) -> String {
        name == "email" ? request.words(.badEmail) : words.chooseOne
    }

    private func error(_ name: String, _ wrong: [String]) -> HTML {
        guard wrong.contains(name) else { return .empty }
        return "<p class=\"error\" id=\"\(name)-error\">\(problem(name))</p>"
    }

    private func mark(_ name: String, _ wrong: [String]) -> HTML {
        wrong.contains(name) ? " aria-invalid=\"true\" aria-describedby=\"\(name)-error\"" : .empty
    }

    private func chosen(_ value: String, _ typed: [String: String]) -> HTML {
        typed["kind"] == value ? " checked" : .empty
    }
}
