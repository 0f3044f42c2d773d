// What search engines read before anything else: which addresses they should leave alone, and a list of all
// the others, with every language of each. One host is one shop, so both are made for the host that was
// asked; the platform's own hosts and drafts keep everything to themselves.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Storefront {
    private static let secondsKept = 600

    var discoveryEndpoints: [Endpoint] {
        [
            Endpoint("GET", "/robots.txt", scope: .anywhere, kind: .plain) { request in
                WebResponse.text(Self.robots(request)).tagged(
                    for: request, cache: "public, max-age=\(Self.secondsKept)")
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
        let files = try await database.transaction(for: request.store.tenant) { tx in
            try await ShelfIndex().files(in: tx)
        }
        var entries: [HTML] = [entry("pages", changed: nil, request)]
        for (place, changed) in files.enumerated() {
            entries.append(entry("products-\(place + 1)", changed: changed, request))
        }
        return .xml(
            """
            <sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
            \(entries)</sitemapindex>
            """
        ).tagged(for: request, cache: "public, max-age=\(Self.secondsKept)")
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
        let addresses: [HTML]
        if file == "pages" {
            addresses = try await pages(request)
        } else {
            let number = file.hasPrefix("products-") ? Int(file.dropFirst("products-".count)) : nil
            // No store has a million files; a number beyond that is nobody's.
            guard let number, (1...1_000_000).contains(number) else { throw WebProblem(.notFound) }
            let entries = try await database.transaction(for: request.store.tenant) { tx in
                try await ShelfIndex().entries(ofFile: number - 1, in: tx)
            }
            guard !entries.isEmpty else { throw WebProblem(.notFound) }
            addresses = entries.flatMap { Self.addresses("/p/\($0.slug)", changed: $0.changedAt, request) }
        }
        return .xml(
            """
            <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" \
            xmlns:xhtml="http://www.w3.org/1999/xhtml">
            \(addresses)</urlset>
            """
        ).tagged(for: request, cache: "public, max-age=\(Self.secondsKept)")
    }

    private func pages(_ request: WebRequest) async throws -> [HTML] {
        let (categories, kinds) = try await database.transaction(for: request.store.tenant) { tx in
            (
                try await Shelf().categories(in: tx),
                Set(try await LegalPages().all(in: tx).map(\.kind))
            )
        }
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
