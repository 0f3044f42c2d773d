import Commerce
import Foundation
import Testing

@testable import Storefront
@testable import WebSupport

@Suite struct PageTests {
    @Test("text is escaped wherever it is interpolated, markup is not")
    func escaping() {
        let hostile = "<script>alert('x')</script> & \"co\""

        let page: HTML = "<p title=\"\(hostile)\">\(hostile)</p>\(HTML(trusted: "<br>"))"

        #expect(!page.markup.contains("<script>"))
        #expect(page.markup.hasSuffix("</p><br>"))
        #expect(page.markup.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;"))
    }

    @Test(
        "only addresses that lead somewhere harmless become links",
        arguments: [
            ("/p/x", true), ("https://example.test/", true), ("http://127.0.0.1:4242/x", true),
            ("http://shop.localhost:8080/p", true), ("http://localhost:1@evil.test", false),
            ("javascript:alert(1)", false), ("//evil.test", false), ("/\\evil.test", false),
            ("http://evil.test", false), ("http://localhost.evil.test/", false), ("data:text/html,x", false),
        ])
    func links(address: String, isKept: Bool) {
        let markup = ("\(link: address)" as HTML).markup
        #expect((markup == address) == isKept)
    }

    @Test("every sentence exists in every language", arguments: Language.allCases)
    func translations(language: Language) {
        let table = Words.table(language)
        let missing = Message.allCases.filter { (table[$0] ?? "").isEmpty }
        #expect(missing.isEmpty, "\(language.nativeName) lacks \(missing)")
    }

    @Test("a translation fills in the same names as the English sentence", arguments: Language.allCases)
    func placeholders(language: Language) {
        func names(_ text: String) -> Set<String> {
            Set(
                text.split(separator: "{").dropFirst().compactMap {
                    $0.split(separator: "}").first.map(String.init)
                })
        }
        for (message, text) in Words.table(language) {
            let expected = names(Words.english[message] ?? "")
            // German may leave out what its sentence does not need, never invent a name.
            #expect(names(text).isSubset(of: expected), "\(language.rawValue) \(message)")
        }
    }

    @Test("errors have words in every language", arguments: Language.allCases)
    func errorWords(language: Language) {
        for kind in ErrorWords.Kind.allCases {
            let words = ErrorWords.words(kind, in: language)
            #expect(!words.title.isEmpty && !words.advice.isEmpty)
        }
    }

    @Test("the pay button says what the law wants it to say")
    func payButton() {
        #expect(Words(language: .romanian)(.payButton) == "Comandă cu obligație de plată")
        #expect(Words(language: .german)(.payButton) == "Zahlungspflichtig bestellen")
        #expect(Words(language: .spanish)(.payButton) == "Pedido con obligación de pago")
        #expect(Words(language: .english)(.payButton) == "Order with obligation to pay")
    }

    @Test(
        "amounts read as each language writes them",
        arguments: [
            (Language.english, Money.eur(123_456_789), "€1,234,567.89"),
            (.german, .eur(123_456), "1.234,56\u{A0}€"),
            (.spanish, .eur(123_456), "1234,56\u{A0}€"), (.romanian, .ron(1999), "19,99\u{A0}lei"),
            (.english, .ron(5), "RON\u{A0}0.05"), (.english, .eur(-747), "\u{2212}€7.47"),
        ])
    func amounts(language: Language, money: Money, text: String) {
        #expect(MoneyText.text(money, in: language) == text)
    }

    @Test("every country has a name in every language", arguments: Language.allCases)
    func countries(language: Language) {
        for country in CountryCode.europeanUnion {
            #expect(CountryNames.name(country, in: language).count > 2, "\(country)")
        }
    }

    @Test("the stylesheet stays small and balanced")
    func stylesheet() {
        let text = String(decoding: Stylesheet.asset.bytes, as: UTF8.self)
        #expect(text.utf8.count < 16_000)
        #expect(text.count { $0 == "{" } == text.count { $0 == "}" })
        #expect(Stylesheet.asset.path.hasPrefix("/assets/shop."))
    }
}
