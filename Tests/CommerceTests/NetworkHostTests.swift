import Testing

@testable import Commerce

@Suite struct NetworkHostTests {
    @Test(
        "no form of a number reaches a machine of ours",
        arguments: [
            "127.0.0.1", "127.0.0.0x1", "127.0.0.0xfe", "0x7f.1", "0X7F.0.0.1", "0177.0.0.1", "127.1",
            "2130706433", "10.1.2.3.", "1.2.3.4.5", "1.2.3.0x4", "172.20.0.1", "192.168.0.1", "[::1]",
            "evil.127", "127.0.0.1\u{FF11}", "\u{FF11}\u{FF12}\u{FF17}.0.0.\u{FF11}", "localhost", "db",
            "db.internal", "printer.local", "168.63.129.16",
        ])
    func closed(host: String) {
        #expect(NetworkHost.isPrivate(host))
    }

    @Test(
        "where a name leads is held to the same ranges, in both families",
        arguments: [
            [127, 0, 0, 1], [10, 0, 0, 5], [172, 16, 0, 1], [192, 168, 1, 1], [169, 254, 169, 254],
            [100, 64, 0, 1], [0, 0, 0, 0], [224, 0, 0, 1], [255, 255, 255, 255], [192, 0, 0, 192], [],
            [1, 2, 3], [168, 63, 129, 16],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 169, 254, 169, 254],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 168, 63, 129, 16],
            [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54],
            [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1],
            [0x20, 0x02, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        ] as [[UInt8]])
    func inside(address: [UInt8]) {
        #expect(!NetworkHost.isPublic(address))
    }

    @Test(
        "addresses of the open internet are public",
        arguments: [
            [8, 8, 8, 8], [168, 63, 129, 17], [172, 32, 0, 1], [100, 128, 0, 1],
            [0x2A, 0, 0x14, 0x50, 0x40, 1, 8, 0x2B, 0, 0, 0, 0, 0, 0, 0x20, 0x0E],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 8, 8, 8, 8],
        ] as [[UInt8]])
    func outside(address: [UInt8]) {
        #expect(NetworkHost.isPublic(address))
    }

    @Test("names and public addresses are open", arguments: ["8.8.8.8", "1a.example.com", "0x7f.example"])
    func open(host: String) {
        #expect(!NetworkHost.isPrivate(host))
    }
}
