import Commerce
import CommerceStore
import Foundation
import Testing

@testable import Storefront
@testable import WebSupport

/// The shop's pages in a language that nobody speaks. Whatever a visitor could read there stands in brackets,
/// because it came from a catalogue, or is data; and every bracket closes, because nothing was cut off.
@Suite("Pages in a language that nobody speaks")
struct PseudoLanguageTests {
    private static let title = "Lampadar XQ"

    @Test("the shelf, the basket and the checkout take every word from a catalogue")
    func buying() async throws {
        let shop = try await WebShop.open(title: Self.title)
        let shopper = try await shop.shopper()
        let looked = PseudoVisit(shop: shop, site: try await shop.site(), cookie: shopper.cookie)
        let checkout = try await shop.get("/checkout", cookie: shopper.cookie)
        var wrong = shop.checkoutForm(checkout)
        wrong["email"] = "1"
        wrong["firstName"] = ""
        wrong["postcode"] = "1"

        for (path, query) in [
            ("/", [:]), ("/all", [:]), ("/all", ["min": "?"]), ("/search", [:]), ("/search", ["q": "9"]),
            ("/search", ["q": "lampadar"]), ("/cart", [:]), ("/checkout", [:]), ("/appearance", [:]),
            ("/personal-data", [:]),
        ] as [(String, [String: String])] {
            try await expectWords(in: looked.page(path, query: query), at: "\(path) \(query)")
        }
        try await expectWords(
            in: looked.page("/p/:name", parameters: ["name": "product-1"]), at: "a product")
        try await expectWords(in: looked.sent("/checkout", wrong), at: "a checkout with mistakes")
        try await expectWords(in: looked.sent("/personal-data", [:]), at: "a request with mistakes")
    }

    @Test("an order's page and the forms behind it take every word from a catalogue")
    func afterwards() async throws {
        let shop = try await WebShop.open(title: Self.title)
        let site = try await shop.site()
        let unpaid = try await shop.buy()
        try await shop.placeOrder(at: unpaid.path)
        let shipped = try await shop.delivered(upTo: .shipped)
        let bought = try await shop.delivered()

        for (path, cookie) in [
            (unpaid.path, unpaid.cookie), (shipped.path, shipped.cookie), (bought.path, bought.cookie),
        ] {
            let looked = PseudoVisit(shop: shop, site: site, cookie: cookie)
            let order = ["token": String(path.split(separator: "/").last ?? "")]
            try await expectWords(in: looked.page("/o/:token", parameters: order), at: path)
        }
        let looked = PseudoVisit(shop: shop, site: site, cookie: bought.cookie)
        let order = ["token": String(bought.path.split(separator: "/").last ?? "")]
        for form in ["withdraw", "problem", "address"] {
            let pattern = "/o/:token/\(form)"
            try await expectWords(in: looked.page(pattern, parameters: order), at: form)
            try await expectWords(
                in: looked.sent(pattern, [:], parameters: order), at: "\(form) with mistakes")
        }
    }

    @Test("errors take every word from a catalogue", arguments: ErrorWords.Kind.allCases)
    func errors(kind: ErrorWords.Kind) throws {
        let name = try #require(ProblemName.allCases.first { ErrorWords.Kind($0) == kind })

        let page = PseudoLanguage.$reading.withValue(PseudoText.reading) {
            ErrorPage.response(WebProblem(name), requestID: "7", language: .german, homeAddress: "/")
        }

        expectWords(in: try PseudoText.markup(of: page), at: "\(kind)")
    }

    @Test("what is not of a catalogue is found, and what was cut off is too")
    func finding() {
        let page = "<title>⟦ţ~⟧</title><p>⟦Ţö~⟧ 2 <b title=\"Sold\">out</b></p><script>var x</script>⟦ţ"

        let found = PseudoText.strays(in: page, data: [])

        #expect(found == ["out", "⟦ţ", "Sold"])
        #expect(PseudoText.strays(in: "<p>⟦ƒöŕ Lamp &amp; Co~⟧ Lamp &amp; Co</p>", data: ["Lamp & Co"]) == [])
        #expect(PseudoText.read("{count} left") == "⟦{count} ļéƒţ~~~~~⟧")
    }

    private func expectWords(in page: String, at place: String) {
        let strays = PseudoText.strays(in: page, data: Self.data)
        #expect(strays.isEmpty, "\(place): \(strays)")
        #expect(page.contains("⟦"), "\(place) shows nothing of a catalogue")
    }

    /// What is on the pages and no sentence of ours: names that somebody gave, languages in their own words,
    /// and the titles of the law's pages, which the law's texts are kept with.
    private static let data =
        ["Test & Co", title, "Thing 2", "SKU-1", "Ana", "Cluj-Napoca", "UTC"]
        + Language.allCases.map(\.nativeName) + LegalPageKind.allCases.map { $0.title(in: .english) }
}

/// One browser's visit of the real pages, in this test's own task, where sentences are read as the test says.
private struct PseudoVisit {
    let shop: WebShop
    let site: StoreSite
    let cookie: String

    func page(
        _ pattern: String, query: [String: String] = [:], parameters: [String: String] = [:]
    ) async throws -> String {
        try await answer("GET", pattern, visit("GET", pattern, query, parameters))
    }

    func sent(
        _ pattern: String, _ form: [String: String], parameters: [String: String] = [:]
    ) async throws -> String {
        var request = visit("POST", pattern, [:], parameters)
        request.form = FormFields(form.map { ($0.key, $0.value) })
        return try await answer("POST", pattern, request)
    }

    private func visit(
        _ method: String, _ path: String, _ query: [String: String], _ parameters: [String: String]
    ) -> WebRequest {
        let signer = SessionSigner(secret: WebPlatform.sessionSecret, isSecure: false)
        var request = WebRequest(
            id: UUID().uuidString, method: method, path: path, query: query, headers: [:],
            authority: shop.host, clientAddress: "127.0.0.1", site: .store(site),
            session: signer.session(cookieHeader: cookie), receivedAt: Date())
        request.parameters = parameters
        request.formToken = "nonce.signature"
        return request
    }

    private func answer(_ method: String, _ pattern: String, _ request: WebRequest) async throws -> String {
        let endpoint = try #require(
            shop.running.storefront.endpoints.first { $0.method == method && $0.path == pattern })
        let response = try await PseudoLanguage.$reading.withValue(PseudoText.reading) {
            try await endpoint.handler(request)
        }
        return try PseudoText.markup(of: response)
    }
}

enum PseudoText {
    static let reading: @Sendable (String) -> String = { read($0) }

    private static let accents: [Character: Character] = [
        "a": "á", "c": "ç", "d": "ď", "e": "é", "f": "ƒ", "g": "ğ", "i": "î", "l": "ļ", "n": "ñ", "o": "ö",
        "r": "ŕ", "s": "š", "t": "ţ", "u": "ü", "A": "Á", "E": "É", "I": "Î", "O": "Ö", "S": "Š", "T": "Ţ",
    ]

    /// With accents, four tenths longer, between brackets that tell where it begins and ends.
    static func read(_ sentence: String) -> String {
        var text = ""
        var isName = false
        for character in sentence {
            if character == "{" { isName = true }
            text.append(isName ? character : accents[character] ?? character)
            if character == "}" { isName = false }
        }
        return "⟦" + text + String(repeating: "~", count: (sentence.count * 4 + 9) / 10) + "⟧"
    }

    static func markup(of response: WebResponse) throws -> String {
        guard case .bytes(let bytes) = response.body else {
            throw RawHTTPError(message: "no page: \(response.status) \(response.headers)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The texts of a page that a person reads or hears and that neither came from a catalogue nor are data.
    static func strays(in page: String, data: [String]) -> [String] {
        let known = data.sorted { $0.count > $1.count }
        return texts(of: page).filter { text in
            guard var rest = unmarked(text) else { return true }
            for datum in known { rest = rest.replacing(datum, with: "") }
            // One letter is the picture of a product without one.
            return rest.contains(where: \.isLetter) && rest.trimmed.count > 1
        }
    }

    /// What stands outside of all brackets; nil where one is never closed, or was never opened.
    private static func unmarked(_ text: String) -> String? {
        var depth = 0
        var rest = ""
        for character in text {
            switch character {
            case "⟦": depth += 1
            case "⟧": depth -= 1
            default: if depth == 0 { rest.append(character) }
            }
            if depth < 0 { return nil }
        }
        return depth == 0 ? rest : nil
    }

    /// What stands between tags, then what stands in attributes that are shown or read aloud.
    private static func texts(of page: String) -> [String] {
        var shown: [String] = []
        var told: [String] = []
        var rest = Substring(page)
        while let start = rest.firstIndex(of: "<") {
            shown.append(String(rest[..<start]))
            let end = rest[start...].firstIndex(of: ">") ?? rest.endIndex
            let tag = rest[start..<end]
            told += Self.spoken.compactMap { value(of: $0, in: tag) }
            rest = rest[end...].dropFirst()
            // What a script or a style says, it says to the browser.
            for silent in ["script", "style"] where tag.hasPrefix("<\(silent)") {
                if let close = rest.firstRange(of: "</\(silent)") { rest = rest[close.lowerBound...] }
            }
        }
        shown.append(String(rest))
        return (shown + told).map(decoded).filter { !$0.trimmed.isEmpty }
    }

    private static let spoken = ["alt", "aria-label", "placeholder", "title"]

    private static func value(of name: String, in tag: Substring) -> String? {
        guard let start = tag.firstRange(of: " \(name)=\"") else { return nil }
        return String(tag[start.upperBound...].prefix { $0 != "\"" })
    }

    private static func decoded(_ text: String) -> String {
        text.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&#39;", with: "'").replacing("&amp;", with: "&").trimmed
    }
}
