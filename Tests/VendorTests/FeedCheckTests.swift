import Commerce
import Testing

@testable import SupplierFeeds

/// A feed looked at by itself, and the addresses that feeds may have.
@Suite("Checking a feed")
struct FeedCheckTests {
    private static let settings = FeedSettings(.csv, mapping: FeedDesk.mapping)

    @Test("what would be read is counted, and what would be set aside is named with row and field")
    func counted() throws {
        let text = """
            sku,name,price,stock
            A-1,Lamp,12.50,7
            A-2,Vase,-1,7
            A-1,Lamp again,3.00,1
            A-3,Cup,4.00,many
            """

        let check = try FeedCheck(of: Array(text.utf8), Self.settings)

        #expect(check.rows == 4 && check.articles == 1 && check.problemCount == 3)
        #expect(check.columns == ["sku", "name", "price", "stock"])
        #expect(check.examples.map(\.reference.rawValue) == ["A-1"])
        #expect(check.unlistable == 1)
        let found = check.problems.map { "\($0.row) \($0.field)" }
        #expect(Set(found) == ["3 cost", "4 sku", "5 stock"])
    }

    @Test("a feed larger than a window is read to its end")
    func large() throws {
        let rows = (1...40_000).map { "A-\($0),Lamp number \($0) of many,12.50,7" }
        let text = "sku,name,price,stock\n" + rows.joined(separator: "\n") + "\n"

        let check = try FeedCheck(of: Array(text.utf8), Self.settings)

        #expect(text.utf8.count > FeedCutter.windowSize)
        #expect(check.rows == 40_000 && check.articles == 40_000 && check.problemCount == 0)
        #expect(check.examples.count == FeedCheck.exampleLimit)
    }

    @Test("a feed that cannot be read says so as a whole")
    func unreadable() {
        #expect(throws: FeedProblem.empty) { try FeedCheck(of: [], Self.settings) }
        #expect(throws: FeedProblem.self) { try FeedCheck(of: [0xFF, 0xFE, 0x41, 0], Self.settings) }
    }

    @Test("addresses at public hosts are taken with their path and query")
    func addresses() throws {
        let address = try FeedAddress(
            parsing: "https://Feeds.example.com:8443/a/b.csv?key=1", mayBePrivate: false)

        #expect(address.base == "https://Feeds.example.com:8443" && address.path == "/a/b.csv?key=1")
        #expect(throws: Never.self) { try FeedAddress(parsing: "http://127.0.0.1:1/x", mayBePrivate: true) }
    }

    @Test(
        "every other address is refused",
        arguments: [
            "http://127.0.0.1/", "http://192.168.1.1/feed", "http://[::1]/", "http://localhost/",
            "https://intranet/", "ftp://example.com/", "example.com/feed.csv", "https://a:b@example.com/", "",
            "https://exa mple.com/", "https://example.com/ü", "http://0x7f.1/",
        ])
    func refused(address: String) {
        #expect(throws: FeedProblem.self) { try FeedAddress(parsing: address, mayBePrivate: false) }
    }
}
