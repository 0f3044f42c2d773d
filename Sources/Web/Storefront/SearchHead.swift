// What a page tells search engines about itself: the one address it should be known by, the same page in the
// other languages, and how a link to it looks elsewhere. Every language has its own address with its prefix,
// also the store's first one, which answers without a prefix too: the two never compete.

import Commerce
import WebSupport

extension WebRequest {
    /// The address by which a page is known, with its language.
    func canonical(_ path: String, in other: Language? = nil) -> String {
        origin + address(path, in: other ?? language)
    }
}

struct SearchHead {
    let request: WebRequest
    let title: String
    let description: String?
    /// Without language or filters.
    let path: String
    let isIndexed: Bool
    var picture: String?
    /// As the Open Graph names it.
    var kind = "website"
    var facts: [Fact] = []

    var html: HTML {
        guard isIndexed else { return .empty }
        let address = request.canonical(path)
        let others = request.store.languages.map { language -> HTML in
            alternate(language.rawValue, request.canonical(path, in: language))
        }
        let first = alternate("x-default", request.canonical(path, in: request.store.language))
        return """
            <link rel="canonical" href="\(address)">
            \(others)\(first)\(graph(address))\(facts.map(\.html))
            """
    }

    private func alternate(_ language: String, _ address: String) -> HTML {
        "<link rel=\"alternate\" hreflang=\"\(language)\" href=\"\(address)\">\n"
    }

    private func graph(_ address: String) -> [HTML] {
        var lines: [(String, String)] = [
            ("og:type", kind), ("og:site_name", request.store.name), ("og:title", title),
            ("og:url", address), ("og:locale", request.language.rawValue),
        ]
        if let description { lines.append(("og:description", description)) }
        if let picture { lines.append(("og:image", picture)) }
        return lines.map { "<meta property=\"\($0.0)\" content=\"\($0.1)\">\n" }
    }
}
