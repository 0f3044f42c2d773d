// What every page for merchants shares: the bar, the way out, and forms that keep what was typed and say at
// the field what is wrong with it.

import Commerce
import CommerceStore
import WebSupport

struct DashboardPage: Sendable {
    let request: WebRequest
    let title: String
    var account: Account?
    var refreshSeconds: Int?
    var script: Asset?
    /// What of it moves by itself.
    var live: LivePage?
    let main: HTML

    init(_ request: WebRequest, title: String, account: Account? = nil, main: HTML) {
        self.request = request
        self.title = title
        self.account = account
        self.main = main
    }

    func response(status: Int = 200) -> WebResponse {
        let whole = self.live == nil ? waiting : nil
        let live = self.live ?? whole
        if let parts = live?.answer(request) { return parts }
        let content = whole?.parts[0].html ?? main
        var frame = PageFrame(
            language: .english, title: "\(title) · CartFlux", header: header,
            main: "\(live?.bar(request))\(content)",
            skipLabel: "Skip to the content")
        frame.isIndexed = false
        frame.refreshSeconds = refreshSeconds
        frame.script = script ?? live.map { _ in LivePageScript.asset }
        frame.styles = [DashboardStyle.asset]
        return .html(frame.html, status: status)
    }

    /// Where there is script, a page that would reload itself without it asks for its content instead, until
    /// there is nothing to wait for.
    private var waiting: LivePage? {
        guard refreshSeconds != nil || request.wantsLiveParts else { return nil }
        return LivePage(
            [], pollSeconds: refreshSeconds, isOver: refreshSeconds == nil, [LivePart("page", main)])
    }

    private var header: HTML {
        let out: HTML? = account.map { account in
            """
            <a href="/stores">Stores</a><a href="/billing">Billing</a>\
            <a class="fine" href="/account/personal-data">\(account.name)</a>\
            <form method="post" action="/sign-out">\(request.formTokenField)\
            <button class="link">Sign out</button></form>
            """
        }
        return "<div class=\"bar\"><a class=\"brand\" href=\"/stores\">CartFlux</a>\(out)</div>"
    }
}

extension WebRequest {
    /// The hidden field that proves that a form came from one of our pages.
    var formTokenField: HTML { "<input type=\"hidden\" name=\"form_token\" value=\"\(formToken)\">" }
}

/// One field of a form, with its label, what was typed and what is wrong with it.
struct FormField: Sendable {
    let name: String
    let label: String
    var type = "text"
    var autocomplete = "off"
    var hint: String?
    var width = ""
    /// Choices of a list instead of a text: value and words.
    var choices: [(value: String, words: String)] = []
    var rows: Int?

    init(
        _ name: String, _ label: String, type: String = "text", autocomplete: String = "off",
        hint: String? = nil, width: String = "", choices: [(value: String, words: String)] = [],
        rows: Int? = nil
    ) {
        self.name = name
        self.label = label
        self.type = type
        self.autocomplete = autocomplete
        self.hint = hint
        self.width = width
        self.choices = choices
        self.rows = rows
    }

    func html(_ value: String, _ problems: [FieldError]) -> HTML {
        let problem = problems.first { $0.field == name }
        let error: HTML? = problem.map {
            "<p class=\"error\" id=\"\(name)-error\">\(label) \($0.message)</p>"
        }
        let hint: HTML? = hint.map { "<p class=\"fine\" id=\"\(name)-hint\">\($0)</p>" }
        return """
            <div class="\(width)"><label for="\(name)">\(label)</label>\(control(value, problem != nil))\
            \(hint)\(error)</div>
            """
    }

    private func control(_ value: String, _ isWrong: Bool) -> HTML {
        let described = [hint == nil ? nil : "\(name)-hint", isWrong ? "\(name)-error" : nil].compactMap(
            \.self)
        var marks: HTML =
            described.isEmpty ? .empty : " aria-describedby=\"\(described.joined(separator: " "))\""
        if isWrong { marks = marks + " aria-invalid=\"true\"" }
        if !choices.isEmpty {
            let options = choices.map { choice -> HTML in
                let chosen: HTML = choice.value == value ? " selected" : ""
                return "<option value=\"\(choice.value)\"\(chosen)>\(choice.words)</option>"
            }
            return "<select id=\"\(name)\" name=\"\(name)\"\(marks)>\(options)</select>"
        }
        if let rows {
            return """
                <textarea id="\(name)" name="\(name)" rows="\(rows)"\(marks)>\(value)</textarea>
                """
        }
        // A password is never written back into a page.
        let shown = type == "password" ? "" : value
        return """
            <input id="\(name)" name="\(name)" type="\(type)" value="\(shown)" \
            autocomplete="\(autocomplete)"\(marks)>
            """
    }
}

/// A whole form: its fields, a button, and a summary of what is wrong.
struct FormView: Sendable {
    let request: WebRequest
    let action: String
    let fields: [FormField]
    var values: [String: String] = [:]
    var problems: [FieldError] = []
    let button: String
    var hidden: [(name: String, value: String)] = []
    var extra: HTML = .empty

    var html: HTML {
        let rows = fields.map { $0.html(values[$0.name] ?? "", problems) }
        let kept = hidden.map { "<input type=\"hidden\" name=\"\($0.name)\" value=\"\($0.value)\">" as HTML }
        return """
            \(summary)
            <form method="post" action="\(link: action)" class="panel stack" novalidate>
            \(request.formTokenField)\(kept)
            <div class="fields">\(rows)</div>\(extra)
            <p><button>\(button)</button></p>
            </form>
            """
    }

    private var summary: HTML {
        guard !problems.isEmpty else { return .empty }
        let lines = problems.map { problem -> HTML in
            let label = fields.first { $0.name == problem.field }?.label
            guard let label else { return "<li>\(problem.message)</li>" }
            return "<li><a href=\"#\(problem.field)\">\(label)</a>: \(problem.message)</li>"
        }
        return """
            <div class="note bad" role="alert" id="problems"><p><strong>Please check these</strong></p>\
            <ul>\(lines)</ul></div>
            """
    }
}

extension WebRequest {
    /// What was typed into the fields of a form, to be shown again.
    func typed(_ fields: [FormField]) -> [String: String] {
        Dictionary(
            fields.compactMap { field in form[field.name].map { (field.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
