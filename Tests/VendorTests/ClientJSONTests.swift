import Commerce
import Testing
import VendorHTTP

@Suite("JSON that keeps numbers as they were written")
struct ClientJSONTests {
    @Test(
        "amounts come out exact",
        arguments: [
            ("32.452200000000005", 3245), ("0.1", 10), ("14.02", 1402), ("109.2", 10920),
            ("9.809999999999999", 981),
            ("1.005", 101), ("-1.005", -101), ("1e2", 10_000), ("0", 0), ("2.675", 268),
        ])
    func amounts(text: String, cents: Int64) throws {
        let json = try JSON(parsing: #"{"price": \#(text)}"#)

        #expect(json["price"] == .number(text))
        #expect(try Money(json.needText("price"), .eur, rounding: .halfUp).minorUnits == cents)
    }

    @Test("strings, escapes and surrogates are read")
    func strings() throws {
        let json = try JSON(parsing: #"["a\"\\\/\n\u0103", "\ud83d\ude00", "\ud83d", "ș"]"#)

        #expect(json.elements.map(\.string) == ["a\"\\/\nă", "😀", "\u{FFFD}", "ș"])
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "-", "+1", "nul", "\"a", "\"\\x\"", "\"\\u12\"",
            "{} {}", "<html>",
            "{\"a\" 1}", "'a'", "[1 2]", "\"\u{01}\"",
        ])
    func refusals(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test("nesting has an end")
    func depth() {
        let text = String(repeating: "[", count: 100_000)

        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test("writing gives the same bytes each time and reads back")
    func roundTrip() throws {
        let json: JSON = [
            "b": ["x", 1, true, .null], "a": .string("line\n\"ș\"\u{01}"), "n": .number("242.00"),
        ]

        let text = String(decoding: json.bytes, as: UTF8.self)

        #expect(text == #"{"b":["x",1,true,null],"a":"line\n\"ș\"\u0001","n":242.00}"#)
        #expect(try JSON(parsing: text) == json)
    }

    @Test(
        "every example file is read",
        arguments: try Example.names(beginning: "").filter { $0.hasSuffix(".json") })
    func examples(name: String) throws {
        let json = try Example.json(name)

        #expect(try JSON(parsing: json.bytes) == json)
    }
}
