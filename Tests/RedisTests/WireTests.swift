import Testing

@testable import Redis

@Suite("commands and replies as bytes")
struct WireTests {
    private func encoded(_ command: RedisCommand) -> String {
        var bytes: [UInt8] = []
        command.encode(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a command is an array of counted strings")
    func encoding() {
        #expect(encoded(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(encoded(RedisCommand("SET", "ș", "")) == "*3\r\n$3\r\nSET\r\n$2\r\nș\r\n$0\r\n\r\n")
        let numbers: [RedisArgument] = [0, 10, -7, RedisArgument(Int64.min), RedisArgument(UInt64.max)]
        #expect(
            encoded(RedisCommand("N", ["k"], numbers))
                == "*7\r\n$1\r\nN\r\n$1\r\nk\r\n$1\r\n0\r\n$2\r\n10\r\n$2\r\n-7\r\n"
                + "$20\r\n-9223372036854775808\r\n$20\r\n18446744073709551615\r\n")
        #expect(
            encoded(RedisCommand("Z", 1.5, RedisArgument(-Double.infinity))).hasSuffix(
                "$3\r\n1.5\r\n$4\r\n-inf\r\n"))
        let many = RedisCommand("M", [RedisArgument](repeating: "a", count: 123))
        #expect(encoded(many).hasPrefix("*124\r\n$1\r\nM\r\n"))
    }

    private func parse(_ text: String, by step: Int, limit: Int = 1 << 20) throws -> [RedisValue] {
        let reader = ReplyReader(maximumReplyBytes: limit)
        let bytes = Array(text.utf8)
        var values: [RedisValue] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            bytes[start..<min(bytes.count, start + step)].withUnsafeBytes { reader.feed($0) }
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    @Test("every kind of reply is read, however it is cut", arguments: [1, 2, 3, 7, 1000])
    func replies(step: Int) throws {
        let text =
            "+OK\r\n:-5\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
            + "*3\r\n:1\r\n*2\r\n$1\r\nx\r\n*1\r\n+y\r\n$0\r\n\r\n-OOM no more\r\n*1\r\n-ERR in it\r\n"
        let expected: [RedisValue] = [
            .status("OK"), .integer(-5), .bulk(Array("a\r\n".utf8.prefix(3))), .null, .null, .array([]),
            .array([.integer(1), .array([.bulk([120]), .array([.status("y")])]), .bulk([])]),
            .error(code: "OOM", message: "no more"), .array([.error(code: "ERR", message: "in it")]),
        ]

        #expect(try parse(text.replacing("$3\r\na\r\n\r\n", with: "$3\r\na\r\n\r\n"), by: step) == expected)
    }

    @Test(
        "what is not the protocol is refused",
        arguments: ["HTTP/1.1 200\r\n", "$x\r\n", "*99999999999\r\n", "\u{0}"])
    func nonsense(text: String) {
        let error = #expect(throws: RedisError.self) { try parse(text, by: 100) }
        guard case .protocolViolation = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("an announced length costs nothing until the bytes arrive, and too many bytes are refused")
    func limits() throws {
        #expect(try parse("*2147483647\r\n:1\r\n", by: 100) == [])
        let error = #expect(throws: RedisError.self) {
            try parse("$5000\r\n" + String(repeating: "x", count: 4000), by: 100, limit: 1000)
        }
        #expect(error == .protocolViolation("a reply is larger than the limit of 1000 bytes"))
    }

    @Test("many replies in one piece do not count as one large reply")
    func manyReplies() throws {
        let values = try parse(
            String(repeating: "$100\r\n\(String(repeating: "x", count: 100))\r\n", count: 500),
            by: 16_384, limit: 20_000)
        #expect(values.count == 500)
    }

    @Test("the digest of a function is the one that the server computes")
    func digests() {
        #expect(
            LuaFunction(name: "empty_v1", source: "return 1").sha1
                == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
    }

    @Test("a blocking command gets its limit where Redis expects it")
    func limitsOfBlockingCommands() {
        let half: Duration = .milliseconds(500)
        #expect(RedisCommand("BLPOP", "a", "b").waiting(atMost: half).arguments == ["a", "b", 0.5])
        #expect(
            RedisCommand("bzmpop", 1, "z", "MIN").waiting(atMost: half).arguments == [0.5, 1, "z", "MIN"])
        #expect(
            RedisCommand("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">").waiting(atMost: half).arguments
                == ["GROUP", "g", "c", "BLOCK", 500, "STREAMS", "s", ">"])
        #expect(RedisCommand("BRPOP", "a").waiting(atMost: .zero).arguments == ["a", 0.001])
    }
}
