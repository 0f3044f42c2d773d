// What search engines read before anything else: which addresses they should leave alone, and a list of all
// the others, with every language of each. One host is one shop, so both are made for the host that was
// asked; the platform's own hosts and drafts keep everything to themselves.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Storefront {
    var discoveryEndpoints: [Endpoint] {
        [
            Endpoint("GET", "/robots.txt", scope: .anywhere, kind: .plain) { request in
                WebResponse.text(Self.robots(request)).tagged(
                    for: request, cache: "public, max-age=\(CachedPage.listSeconds)")
            },
            Endpoint("GET", "/sitemap.xml", scope: .store, kind: .plain, handler: sitemapIndex),
            Endpoint("GET", "/sitemaps/:file", scope: .store, kind: .plain, handler: sitemap),
        ]
    }

    private static func robots(_ request: WebRequest) -> String {
        guard case .store(let store) = request.site, store.isPublic else {
            return "User-agent: *\nDisallow: /\n"
        }
        let closed = [
            "/cart", "/checkout", "/o/", "/search", "/personal-data", "/appearance", "/preview/",
        ]
        // Below each language's prefix as well.
        let lines = closed.flatMap { path in ["Disallow: \(path)", "Disallow: /*\(path)"] }
        return (["User-agent: *"] + lines + ["", "Sitemap: \(request.origin)/sitemap.xml", ""])
            .joined(separator: "\n")
    }

    private func sitemapIndex(_ request: WebRequest) async throws -> WebResponse {
        guard request.store.isPublic else { throw WebProblem(.notFound) }
        return try await cached(request, Self.list("/sitemap.xml")) { visit, tx in
            let files = try await ShelfIndex().files(in: tx)
            var entries: [HTML] = [entry("pages", changed: nil, visit)]
            for (place, changed) in files.enumerated() {
                entries.append(entry("products-\(place + 1)", changed: changed, visit))
            }
            return .xml(
                """
                <sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
                \(entries)</sitemapindex>
                """)
        }
    }

    /// The lists name addresses and days, neither of which moves with the stock.
    private static func list(_ path: String) -> CachedPage {
        CachedPage(path: path, seconds: CachedPage.textSeconds, audience: .machines)
    }

    private func entry(_ file: String, changed: Date?, _ request: WebRequest) -> HTML {
        """
        <sitemap><loc>\(request.origin)/sitemaps/\(file).xml</loc>\(changed.map(Self.lastModified))</sitemap>

        """
    }

    private func sitemap(_ request: WebRequest) async throws -> WebResponse {
        let name = try request.parameter("file")
        guard request.store.isPublic, name.hasSuffix(".xml") else { throw WebProblem(.notFound) }
        let file = name.dropLast(".xml".count)
        return try await cached(request, Self.list("/sitemaps/\(name)")) { visit, tx in
            let addresses = try await file == "pages" ? pages(visit, tx) : products(ofFile: file, visit, tx)
            return .xml(
                """
                <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" \
                xmlns:xhtml="http://www.w3.org/1999/xhtml">
                \(addresses)</urlset>
                """)
        }
    }

    private func products(
        ofFile file: Substring, _ request: WebRequest, _ tx: Transaction<OneTenant>
    ) async throws -> [HTML] {
        let number = file.hasPrefix("products-") ? Int(file.dropFirst("products-".count)) : nil
        // No store has a million files; a number beyond that is nobody's, and so is one written as 01.
        guard let number, (1...1_000_000).contains(number), file == "products-\(number)" else {
            throw WebProblem(.notFound)
        }
        let entries = try await ShelfIndex().entries(ofFile: number - 1, in: tx)
        guard !entries.isEmpty else { throw WebProblem(.notFound) }
        return entries.flatMap { Self.addresses("/p/\($0.slug)", changed: $0.changedAt, request) }
    }

    private func pages(_ request: WebRequest, _ tx: Transaction<OneTenant>) async throws -> [HTML] {
        let categories = try await Shelf().categories(in: tx)
        let kinds = Set(try await LegalPages().all(in: tx).map(\.kind))
        let legal = LegalPageKind.allCases.filter(kinds.contains).map { "/legal/\($0.rawValue)" }
        let paths = ["/", "/all"] + categories.map { "/c/\($0.slug)" } + legal
        return paths.flatMap { Self.addresses($0, changed: nil, request) }
    }

    /// One page: an entry for each language, each with all of them beside it.
    private static func addresses(_ path: String, changed: Date?, _ request: WebRequest) -> [HTML] {
        let others = request.store.languages.map { language -> HTML in
            alternate(language.rawValue, request.canonical(path, in: language))
        }
        let first = alternate("x-default", request.canonical(path, in: request.store.language))
        return request.store.languages.map { language in
            """
            <url><loc>\(request.canonical(path, in: language))</loc>\(changed.map(lastModified))\
            \(others)\(first)</url>

            """
        }
    }

    private static func alternate(_ language: String, _ address: String) -> HTML {
        "<xhtml:link rel=\"alternate\" hreflang=\"\(language)\" href=\"\(address)\"/>"
    }

    private static func lastModified(_ moment: Date) -> HTML {
        "<lastmod>\(moment.formatted(.iso8601))</lastmod>"
    }
}

extension WebResponse {
    /// What markup escapes, XML escapes.
    static func xml(_ markup: HTML) -> WebResponse {
        .text(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + markup.markup + "\n",
            type: "application/xml; charset=utf-8")
    }
}
