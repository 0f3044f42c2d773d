// What every page for operators shares: the bar with the one search, the places to go, and forms that keep
// what was typed and say at the field what is wrong with it.

import CommerceStore
import WebSupport

struct ConsolePage: Sendable {
    let request: WebRequest
    let title: String
    var admin: Admin?
    /// Browsers without script reload the page this often.
    var refreshSeconds: Int?
    /// What of it moves by itself.
    var live: LivePage?
    let main: HTML

    init(_ request: WebRequest, title: String, admin: Admin? = nil, main: HTML) {
        self.request = request
        self.title = title
        self.admin = admin
        self.main = main
    }

    func response(status: Int = 200) -> WebResponse {
        if let live, let parts = live.answer(request) { return parts }
        var frame = PageFrame(
            language: .english, title: "\(title) · CartFlux operations", header: header,
            main: "\(live?.bar(request))\(main)",
            footer: footer,
            skipLabel: "Skip to the content")
        frame.isIndexed = false
        frame.scheme = ColourScheme(of: request)
        frame.refreshSeconds = refreshSeconds
        frame.styles = [ConsoleStyle.asset]
        if live != nil { frame.script = LivePageScript.asset }
        if admin != nil { frame.head = "<script src=\"\(ConsoleKeys.asset.path)\" defer></script>\n" }
        return .html(frame.html, status: status)
    }

    private static let places = [
        ("/ops", "Overview"), ("/ops/runs", "Runs"), ("/ops/orders", "Orders"), ("/ops/claims", "Claims"),
        ("/ops/errors", "Errors"),
        ("/ops/queues", "Queues"), ("/ops/schedules", "Schedules"), ("/ops/webhooks", "Webhooks"),
        ("/ops/ledger", "Ledger"), ("/ops/tenants", "Tenants"), ("/ops/bulk", "Bulk"),
        ("/ops/audit", "Audit"), ("/ops/plans", "Plans"), ("/ops/suppliers", "Suppliers"),
        ("/ops/affiliates", "Affiliates"), ("/ops/settings", "Settings"), ("/ops/health", "Health"),
    ]

    private var footer: HTML {
        let change: HTML? = admin.map { _ in "<a href=\"/ops/display\">Display and keys</a>" }
        return """
            <div class="bar"><p class="fine">All times are in \(ReaderZone.title), schedules in their own \
            zone. \(change)</p></div>\(admin.map { _ in ConsoleKeys.dialog })
            """
    }

    private var header: HTML {
        guard let admin else {
            return "<div class=\"bar\"><span class=\"brand\">CartFlux operations</span></div>"
        }
        let links = Self.places.map { path, words -> HTML in
            let isHere = path == "/ops" ? request.path == path : request.path.hasPrefix(path)
            let mark: HTML = isHere ? " aria-current=\"page\"" : ""
            return "<li><a href=\"\(path)\"\(mark)>\(words)</a></li>"
        }
        return """
            <div class="bar"><a class="brand" href="/ops">CartFlux operations</a>\
            <form method="get" action="/ops/search" role="search" class="find">\
            <label class="hidden" for="find">Order number, run, payment, address or store</label>\
            <input id="find" name="q" type="search" placeholder="Order number, run, payment, store" \
            value="\(request.query["q"] ?? "")"><button>Find</button></form>\
            <span class="fine">\(admin.email.rawValue) · \(admin.role.rawValue) · \
            <a href="/ops/display">times in \(ReaderZone.title)</a></span>\
            <form method="post" action="/ops/sign-out">\(request.tokenField)\
            <button class="link">Sign out</button></form></div>\
            <nav class="places" aria-label="Console"><ul>\(links)</ul></nav>
            """
    }
}

extension WebRequest {
    /// The hidden field that proves that a form came from one of our pages.
    var tokenField: HTML { "<input type=\"hidden\" name=\"form_token\" value=\"\(formToken)\">" }
}

/// One field of a form with its label, what was typed and what is wrong with it.
struct Entry: Sendable {
    let name: String
    let label: String
    var type = "text"
    var autocomplete = "off"
    var hint: String?
    /// Choices of a list instead of a text: value and words.
    var choices: [(value: String, words: String)] = []
    var rows: Int?
    /// Set where a page has the same field in several forms.
    var id: String
    var value: String?

    init(
        _ name: String, _ label: String, type: String = "text", autocomplete: String = "off",
        hint: String? = nil, choices: [(value: String, words: String)] = [], rows: Int? = nil,
        id: String? = nil, value: String? = nil
    ) {
        self.name = name
        self.label = label
        self.type = type
        self.autocomplete = autocomplete
        self.hint = hint
        self.choices = choices
        self.rows = rows
        self.id = id ?? name
        self.value = value
    }

    /// With what was typed into this form, or else its own value. A password is never written back.
    func html(_ request: WebRequest, _ problems: [FieldError], wasSent: Bool = true) -> HTML {
        let sent = request.method == "POST" ? request.form[name] : request.query[name]
        let typed = wasSent ? sent : nil
        let shown = type == "password" || name == "code" ? "" : typed ?? value ?? ""
        let problem = problems.first { $0.field == name }
        let error: HTML? = problem.map { "<p class=\"error\" id=\"\(id)-error\">\($0.message)</p>" }
        let words: HTML? = hint.map { "<p class=\"fine\" id=\"\(id)-hint\">\($0)</p>" }
        let described = [hint == nil ? nil : "\(id)-hint", problem == nil ? nil : "\(id)-error"]
            .compactMap(\.self)
        var marks: HTML =
            described.isEmpty ? .empty : " aria-describedby=\"\(described.joined(separator: " "))\""
        if problem != nil { marks = marks + " aria-invalid=\"true\"" }
        return "<div><label for=\"\(id)\">\(label)</label>\(control(shown, marks))\(words)\(error)</div>"
    }

    private func control(_ shown: String, _ marks: HTML) -> HTML {
        if !choices.isEmpty {
            let options = choices.map { choice -> HTML in
                let chosen: HTML = choice.value == shown ? " selected" : ""
                return "<option value=\"\(choice.value)\"\(chosen)>\(choice.words)</option>"
            }
            return "<select id=\"\(id)\" name=\"\(name)\"\(marks)>\(options)</select>"
        }
        if let rows {
            return "<textarea id=\"\(id)\" name=\"\(name)\" rows=\"\(rows)\"\(marks)>\(shown)</textarea>"
        }
        return """
            <input id="\(id)" name="\(name)" type="\(type)" value="\(shown)" \
            autocomplete="\(autocomplete)"\(marks)>
            """
    }
}

enum ErrorSummary {
    static func html(_ problems: [FieldError]) -> HTML {
        guard !problems.isEmpty else { return .empty }
        let lines = problems.map { "<li>\($0.message)</li>" as HTML }
        return """
            <div class="note bad" role="alert" id="problems"><p><strong>This was not done</strong></p>\
            <ul>\(lines)</ul></div>
            """
    }
}
