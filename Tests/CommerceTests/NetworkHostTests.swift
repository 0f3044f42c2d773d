import Testing

@testable import Commerce

@Suite struct NetworkHostTests {
    @Test(
        "no form of a number reaches a machine of ours",
        arguments: [
            "127.0.0.1", "127.0.0.0x1", "127.0.0.0xfe", "0x7f.1", "0X7F.0.0.1", "0177.0.0.1", "127.1",
            "2130706433", "10.1.2.3.", "1.2.3.4.5", "1.2.3.0x4", "172.20.0.1", "192.168.0.1", "[::1]",
            "evil.127", "127.0.0.1\u{FF11}", "\u{FF11}\u{FF12}\u{FF17}.0.0.\u{FF11}", "localhost", "db",
            "db.internal", "printer.local",
        ])
    func closed(host: String) {
        #expect(NetworkHost.isPrivate(host))
    }

    @Test("names and public addresses are open", arguments: ["8.8.8.8", "1a.example.com", "0x7f.example"])
    func open(host: String) {
        #expect(!NetworkHost.isPrivate(host))
    }
}
