// What a visitor may choose for this browser: how the pages look, and, with a pass, to see a shop before it
// opens. Choosing the look is a page of its own because a form needs a token of the session, and pages that
// are kept for everybody have none.

import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    var visitorEndpoints: [Endpoint] {
        [
            page("GET", "/appearance") { request in appearance(request).response() },
            page("POST", "/appearance") { request in
                let choice = request.form["scheme"].flatMap(ColourScheme.init(rawValue:)) ?? .system
                var response = WebResponse.seeOther(Self.safePath(request.form["back"]))
                response.cookies.append(choice.line(on: request))
                return response
            },
            Endpoint("GET", "/preview/:slug", scope: .store, kind: .plain) { request in
                // Whoever comes here without a pass to a draft is told that there is no shop at this host.
                var response = WebResponse.seeOther("/")
                if let kept = request.keptPreviewPass { response.cookies.append(kept) }
                return response
            },
        ]
    }

    /// A path on this host and nothing else: what follows the form must not lead to another site.
    private static func safePath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.hasPrefix("/\\"),
            text.utf8.count <= 500, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return "/" }
        return text
    }

    private func appearance(_ request: WebRequest) -> ShopPage {
        let words = request.words
        let current = ColourScheme(of: request)
        let labels: [(ColourScheme, Message)] = [
            (.system, .appearanceSystem), (.light, .appearanceLight), (.dark, .appearanceDark),
        ]
        let choices = labels.map { scheme, label -> HTML in
            let mark: HTML = scheme == current ? " checked" : .empty
            return """
                <p class="tick"><input type="radio" name="scheme" id="scheme-\(scheme.rawValue)" \
                value="\(scheme.rawValue)"\(mark)>\
                <label for="scheme-\(scheme.rawValue)">\(words(label))</label></p>
                """
        }
        return ShopPage(
            request, title: words(.appearance),
            main: """
                <h1>\(words(.appearance))</h1>
                <form method="post" action="\(link: request.address("/appearance"))" class="panel">
                \(request.formTokenField)<input type="hidden" name="back" value="\(request.address("/"))">
                <fieldset><legend>\(words(.appearanceLead))</legend>\(choices)</fieldset>
                <p><button>\(words(.save))</button></p></form>
                """
        ).hidden
    }
}
