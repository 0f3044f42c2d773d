// What the pages have in common on which a shopper says something about an order.

import Commerce
import CommerceStore
import WebSupport

extension ShopPage {
    /// A page about an order, with the way back to it.
    init(_ request: WebRequest, about order: Order, title: String, main: HTML) {
        let back = request.address("/o/\(order.token.rawValue)")
        self.init(
            request, title: title,
            main: """
                <h1>\(title)</h1>\(main)
                <p><a href="\(link: back)">\
                \(request.words(.orderTitle, ["number": order.number.description]))\
                </a></p>
                """)
    }
}

/// What is wrong with a form: a list above it, whose lines lead to the fields, and a line under each field.
struct FormFlaws {
    private let request: WebRequest
    private let flaws: [(field: String, problem: String)]

    init(_ request: WebRequest, _ flaws: [(field: String, problem: String)]) {
        self.request = request
        self.flaws = flaws
    }

    var summary: HTML {
        guard !flaws.isEmpty else { return .empty }
        let links = flaws.map { "<li><a href=\"#\($0.field)\">\($0.problem)</a></li>" as HTML }
        return """
            <div class="note bad" role="alert" id="problems"><p><strong>\(request.words(.checkFields))\
            </strong></p><ul>\(links)</ul></div>
            """
    }

    /// What a field that is wrong says to those who do not see it.
    func mark(_ field: String) -> HTML {
        guard flaws.contains(where: { $0.field == field }) else { return .empty }
        return " aria-invalid=\"true\" aria-describedby=\"\(field)-error\""
    }

    func error(_ field: String) -> HTML {
        guard let flaw = flaws.first(where: { $0.field == field }) else { return .empty }
        return "<p class=\"error\" id=\"\(field)-error\">\(flaw.problem)</p>"
    }
}
