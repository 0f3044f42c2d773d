// What every page of a shop shares: the name, the basket, the languages.

import Commerce
import WebSupport

struct ShopPage: Sendable {
    let request: WebRequest
    var title: String
    var description: String?
    var main: HTML
    /// Units in the basket, for the header.
    var basketCount = 0
    var isIndexed = true
    var refreshSeconds: Int?
    var script: Asset?

    init(_ request: WebRequest, title: String, basketCount: Int = 0, main: HTML) {
        self.request = request
        self.title = title
        self.basketCount = basketCount
        self.main = main
    }

    func response(status: Int = 200) -> WebResponse {
        .html(html, status: status)
    }

    private var html: HTML {
        let words = request.words
        let store = request.store
        var frame = PageFrame(
            language: request.language, title: title == store.name ? title : "\(title) · \(store.name)",
            header: header(words), main: main, footer: footer(words), skipLabel: words(.skip))
        frame.description = description
        frame.isIndexed = isIndexed
        frame.refreshSeconds = refreshSeconds
        frame.script = script
        if isIndexed {
            frame.alternates = store.languages.map { ($0, request.address(request.barePath, in: $0)) }
        }
        return frame.html
    }

    private func header(_ words: Words) -> HTML {
        let count: HTML =
            basketCount == 0
            ? .empty
            : """
            <span class="count">\(basketCount)<span class="hidden"> \(words(.basketCount))</span></span>
            """
        return """
            <div class="bar">
            <a class="brand" href="\(link: request.address("/"))">\(request.store.name)</a>
            <a class="basket" href="\(link: request.address("/cart"))">\(words(.basket))\(count)</a>
            </div>
            """
    }

    private func footer(_ words: Words) -> HTML {
        let tongues = request.store.languages.map { language -> HTML in
            let current: HTML = language == request.language ? " aria-current=\"true\"" : ""
            let address = request.address(request.barePath, in: language)
            return """
                <li><a href="\(link: address)" lang="\(language.rawValue)" \
                hreflang="\(language.rawValue)"\(current)>\
                \(language.nativeName)</a></li>
                """
        }
        return """
            <div class="bar">
            <nav aria-label="\(words(.languages))"><ul class="tongues">\(tongues)</ul></nav>
            <a href="\(link: request.address("/personal-data"))">\
            \(PersonalDataWords(request.language).title)</a>
            <span>\(words(.poweredBy))</span>
            </div>
            """
    }
}

extension WebRequest {
    var words: Words { Words(language: language) }

    /// The hidden field that proves that a form came from one of our pages.
    var formTokenField: HTML {
        "<input type=\"hidden\" name=\"form_token\" value=\"\(formToken)\">"
    }
}
