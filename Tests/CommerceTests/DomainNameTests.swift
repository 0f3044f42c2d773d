import Testing

@testable import Commerce

@Suite("Domains of stores")
struct DomainNameTests {
    @Test(
        "what can be a domain is brought into one form",
        arguments: [
            (" Shop.Example.COM. ", "shop.example.com"), ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("a-1.ro", "a-1.ro"),
        ])
    func accepted(text: String, name: String) throws {
        #expect(try DomainName(parsing: text).rawValue == name)
    }

    @Test(
        "what cannot be one is refused with the reason",
        arguments: [
            ("", "empty"), ("https://shop.example.com", "the name alone"),
            ("shop.example.com/a", "the name alone"),
            ("shop.example.com:8080", "the name alone"), ("me@example.com", "the name alone"),
            ("*.example.com", "asterisk"), ("bücher.example", "xn--"), ("10.1.2.3", "an address"),
            ("8.8.8.8", "an address"), ("0x7f.1", "an address"), ("localhost", "a dot"),
            ("a..example.com", "two dots"), ("-a.example.com", "hyphen"), ("a-.example.com", "hyphen"),
            ("a_b.example.com", "only a to z"), ("a b.example.com", "only a to z"),
            ("example.c", "does not end"), ("example.c0m", "does not end"),
            ("db.internal", "inside a network"),
            (String(repeating: "a", count: 64) + ".com", "63 characters"),
            (String(repeating: "abc.", count: 64) + "com", "253 characters"),
        ])
    func refused(text: String, reason: String) {
        let problem = DomainName.problem(in: DomainName.normalised(text))
        #expect(problem?.contains(reason) == true, "\(text): \(problem ?? "accepted")")
    }

    @Test("what lies below the platform is the platform's")
    func within() {
        let name = DomainName(unchecked: "shop.cartflux.test")

        #expect(name.isWithin("cartflux.test") && name.isWithin("SHOP.cartflux.test"))
        #expect(
            !name.isWithin("flux.test") && !DomainName(unchecked: "mycartflux.test").isWithin("cartflux.test")
        )
    }

    @Test("a domain is looked at often at first, and for about two weeks")
    func patience() {
        let whole = DomainPatience.setUp.reduce(.zero, +)

        #expect(DomainPatience.setUp == DomainPatience.setUp.sorted())
        #expect(whole > .seconds(13 * 86_400) && whole < .seconds(16 * 86_400))
    }
}
