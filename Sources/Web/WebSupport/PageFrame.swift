// The frame around every page: head, skip link, landmarks. A face supplies its header, main part and
// footer; the frame guarantees a language, a title, one stylesheet, and nothing inline.

import Commerce

package struct PageFrame: Sendable {
    package var language: Language
    package var title: String
    package var description: String?
    package var header: HTML
    package var main: HTML
    package var footer: HTML
    package var skipLabel: String
    /// Addresses of the same page in other languages, for search engines.
    package var alternates: [(Language, String)] = []
    package var isIndexed = true
    /// What else stands in the head: addresses and facts for search engines.
    package var head: HTML = .empty
    package var scheme = ColourScheme.system
    /// Browsers without script reload the page this often.
    package var refreshSeconds: Int?
    package var script: Asset?
    /// Beside the one stylesheet that all faces share.
    package var styles: [Asset] = []

    package init(
        language: Language, title: String, header: HTML = .empty, main: HTML, footer: HTML = .empty,
        skipLabel: String
    ) {
        self.language = language
        self.title = title
        self.header = header
        self.main = main
        self.footer = footer
        self.skipLabel = skipLabel
    }

    package var html: HTML {
        """
        <!doctype html>
        <html lang="\(language.rawValue)"\(schemeMark)>
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title)</title>
        \(headLinks)\(head)
        <link rel="stylesheet" href="\(Stylesheet.asset.path)">
        \(styles.map { "<link rel=\"stylesheet\" href=\"\($0.path)\">\n" as HTML })\
        <link rel="icon" href="\(Stylesheet.icon.path)" type="image/svg+xml">
        </head>
        <body>
        <a class="skip" href="#main">\(skipLabel)</a>
        <header class="top">\(header)</header>
        <main id="main" tabindex="-1">
        \(main)
        </main>
        <footer class="bottom">\(footer)</footer>
        </body>
        </html>

        """
    }

    private var schemeMark: HTML {
        scheme == .system ? .empty : " data-scheme=\"\(scheme.rawValue)\""
    }

    private var headLinks: [HTML] {
        var links: [HTML] = []
        if let description { links.append("<meta name=\"description\" content=\"\(description)\">\n") }
        if !isIndexed { links.append("<meta name=\"robots\" content=\"noindex, nofollow\">\n") }
        for (language, address) in alternates {
            links.append(
                "<link rel=\"alternate\" hreflang=\"\(language.rawValue)\" href=\"\(link: address)\">\n")
        }
        if let refreshSeconds {
            links.append("<noscript><meta http-equiv=\"refresh\" content=\"\(refreshSeconds)\"></noscript>\n")
        }
        if let script { links.append("<script src=\"\(script.path)\" defer></script>\n") }
        return links
    }
}
