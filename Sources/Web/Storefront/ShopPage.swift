// What every page of a shop shares: the name, the search, the basket, the languages, the pages that the law
// wants, the look.

import Commerce
import CommerceStore
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
    /// What the page tells search engines about what is on it.
    var facts: [Fact] = []
    var picture: String?
    /// As the Open Graph names it.
    var kind = "website"
    /// What the visitor looked for, so that the field still says it.
    var sought = ""

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
        // A draft is nobody's business yet, and a language that the store does not speak is not its page.
        let isFound = isIndexed && store.isPublic && store.languages.contains(request.language)
        frame.isIndexed = isFound
        frame.scheme = ColourScheme(of: request)
        frame.styles = [ShopStyle.asset, store.theme.asset]
        frame.head =
            SearchHead(
                request: request, title: title, description: description, path: request.barePath,
                isIndexed: isFound, picture: picture, kind: kind, facts: facts
            ).html
        frame.refreshSeconds = refreshSeconds
        frame.script = script
        return frame.html
    }

    private func header(_ words: Words) -> HTML {
        // On a page for many, a place for what each visitor has.
        let count: HTML =
            request.slots.map { slots -> HTML in "\(slots.basket)" }
            ?? Self.mark(ofBasket: basketCount, words)
        let note: HTML? =
            request.store.isPublic
            ? nil : "<p class=\"preview\" role=\"status\">\(words(.previewNote))</p>"
        return """
            \(note)<div class="bar">
            <a class="brand" href="\(link: request.address("/"))">\(request.store.name)</a>
            <form class="seek" role="search" action="\(link: request.address("/search"))">
            <label class="hidden" for="q">\(words(.search))</label>
            <input id="q" name="q" type="search" maxlength="\(ShelfQuestion.wordsLimit)" value="\(sought)">
            <button class="quiet">\(words(.searchButton))</button></form>
            <a class="basket" href="\(link: request.address("/cart"))">\(words(.basket))\(count)</a>
            </div>
            """
    }

    /// Beside the word for the basket: how much is in it, or nothing.
    static func mark(ofBasket count: Int, _ words: Words) -> HTML {
        guard count > 0 else { return .empty }
        return """
            <span class="count">\(count)<span class="hidden"> \(words(.basketCount))</span></span>
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
        let legal = LegalPageKind.allCases.map { kind -> HTML in
            let address = request.address("/legal/\(kind.rawValue)")
            return "<li><a href=\"\(link: address)\">\(kind.title(in: request.language))</a></li>"
        }
        return """
            <div class="bar"><nav aria-label="\(words(.legalPages))"><ul class="links">\(legal)
            \(offices(words))</ul></nav></div>
            <div class="bar">
            <nav aria-label="\(words(.languages))"><ul class="tongues">\(tongues)</ul></nav>
            <a href="\(link: request.address("/personal-data"))">\
            \(PersonalDataWords(request.language).title)</a>
            <a href="\(link: request.address("/appearance"))">\(words(.appearance))</a>
            <span>\(words(.poweredBy))</span>
            </div>
            """
    }
}

extension ShopPage {
    /// Romania wants its consumer authority and the mediation it offers named on every page. The Union's own
    /// dispute platform has closed, so there is no link to it.
    private func offices(_ words: Words) -> HTML {
        guard request.store.country == .romania else { return .empty }
        return """
            <li><a href="https://anpc.ro/" rel="external">\(words(.consumerOffice))</a></li>
            <li><a href="https://anpc.ro/ce-este-sal/" rel="external">\(words(.mediation))</a></li>
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
