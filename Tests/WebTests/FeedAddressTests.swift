import Testing

@testable import Dashboard

@Suite("Where a feed's login may go")
struct FeedAddressTests {
    @Test(
        "another host or port, or the same without encryption, is elsewhere",
        arguments: [
            ("https://a.example/feed", "https://a.example/other?x=1", false),
            ("https://a.example/feed", "https://A.EXAMPLE/feed", false),
            ("http://a.example/feed", "https://a.example/feed", false),
            ("https://a.example/feed", "http://a.example/feed", true),
            ("https://a.example/feed", "https://b.example/feed", true),
            ("https://a.example/feed", "https://a.example.evil.test/feed", true),
            ("https://a.example/feed", "https://a.example:8443/feed", true),
            ("https://a.example:8443/feed", "https://a.example:8443/x", false),
            ("https://a.example/feed", "https://evil.test/a.example/feed", true),
            ("https://a.example/feed", "https://a.example@evil.test/feed", true),
            ("https://a.example/feed", "not an address at all %", true),
        ])
    func elsewhere(_ before: String, _ after: String, _ isElsewhere: Bool) {
        #expect(FeedForm.isElsewhere(before, after) == isElsewhere)
    }
}
