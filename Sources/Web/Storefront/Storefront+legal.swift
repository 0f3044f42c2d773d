// The pages that the law wants, as the merchant's own words or as they were filled in from the identity and
// the policies. A page that a store does not have is not there: it is never shown with blanks, and what is
// missing stands on the merchant's list.

import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    var legalEndpoints: [Endpoint] {
        [
            page("GET", "/legal/:page") { request in
                guard let kind = LegalPageKind(rawValue: try request.parameter("page")) else {
                    throw WebProblem(.notFound)
                }
                let page = CachedPage(
                    path: "/legal/\(kind.rawValue)", seconds: CachedPage.textSeconds, audience: .everybody)
                return try await cached(request, page) { visit, tx in
                    guard let found = try await LegalPages().find(kind, in: visit.language, tx) else {
                        throw WebProblem(.notFound)
                    }
                    let count = try await basket(visit, tx)?.unitCount ?? 0
                    return legal(visit, found, basketCount: count).response()
                }
            }
        ]
    }

    private func legal(_ request: WebRequest, _ found: LegalPage, basketCount: Int) -> ShopPage {
        let title = found.kind.title(in: request.language)
        let way = [
            Breadcrumb(name: request.words(.home), path: "/"),
            Breadcrumb(name: title, path: "/legal/\(found.kind.rawValue)"),
        ]
        // A paragraph may have lines of its own, as the model form has; the style keeps them.
        let paragraphs = found.body.replacing("\r\n", with: "\n").split(separator: "\n\n").map {
            text -> HTML in
            "<p>\(String(text).trimmed)</p>\n"
        }
        let ownData: HTML? =
            found.kind != .privacy
            ? nil
            : """
            <p><a href="\(link: request.address("/personal-data"))">\
            \(PersonalDataWords(request.language).title)</a></p>
            """
        var page = ShopPage(
            request, title: title, basketCount: basketCount,
            main: """
                \(Breadcrumb.html(way, request))
                <h1>\(title)</h1><div class="legal">\(paragraphs)</div>
                \(ownData)
                """)
        page.facts = [StructuredData.breadcrumbs(way, request)]
        return page
    }
}
