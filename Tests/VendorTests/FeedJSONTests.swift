import Commerce
import Foundation
import Testing

@testable import SupplierFeeds

@Suite("JSON feeds")
struct FeedJSONTests {
    private func record(_ sku: String) -> String {
        #"{"sku":"\#(sku)","name":"Lamp [x] \"y\" }","price":12.5,"stock":3,"tags":["a","b"]}"#
    }

    private func read(_ text: String, _ change: (inout FeedSettings) -> Void = { _ in }) throws
        -> FeedDesk.Result
    {
        try FeedDesk.read(Array(text.utf8), .json, change)
    }

    @Test("an array, a member of an object, and a value per line give the same records")
    func shapes() throws {
        let (a, b) = (record("A"), record("B"))
        let array = try read("[\(a),\n\(b)]")
        let member = try read(#"{"meta":{"products":[1]},"products" : [\#(a),\#(b)],"more":1}"#) {
            $0.record = "products"
        }
        let lines = try read("\(a)\n\n\(b)\r\n")

        #expect(array.items.map(\.reference.rawValue) == ["A", "B"])
        #expect(array.items[0].cost == .eur(1250))
        #expect(member.items == array.items)
        #expect(lines.items == array.items)
    }

    @Test("members of members and lists are reached by their path")
    func paths() throws {
        let text =
            #"[{"id":7,"text":{"en":"Lamp"},"prices":[{"net":"3.10"}],"qty":2,"#
            + #""img":["https://i/1","https://i/2"]}]"#
        let read = try read(text) {
            $0.mapping = FieldMapping([
                .sku: "id", .name: "text/en", .cost: "prices/net", .stock: "qty", .images: "img",
            ])
        }

        #expect(read.problems.isEmpty)
        #expect(read.items.map(\.cost) == [.eur(310)])
        #expect(read.items.first?.images == ["https://i/1", "https://i/2"])
    }

    @Test("a record that is no object or no JSON costs itself only")
    func broken() throws {
        let read = try read("\(record("A"))\n{\"sku\": }\n[1]\n\(record("B"))\n")

        #expect(read.items.map(\.reference.rawValue) == ["A", "B"])
        #expect(read.problems.map(\.row) == [2, 3])
    }

    @Test(
        "a feed that ends too early is refused",
        arguments: ["[{\"sku\":\"A\"}", "[{\"sku\":", "[", "{\"products\":[{\"a\":1},"])
    func truncated(_ text: String) throws {
        let problem = #expect(throws: FeedProblem.self) { try read(text) { $0.record = "products" } }
        #expect("\(problem as Any)".contains("ends too early"))
    }

    @Test("a page of HTML is no feed")
    func html() throws {
        let problem = #expect(throws: FeedProblem.self) { try read("<html></html>") }
        #expect("\(problem as Any)".contains("is it JSON?"))
    }

    @Test("a record of many megabytes is passed over in flat memory")
    func endlessRecord() throws {
        let long = #"{"sku":"X","name":"\#(String(repeating: "x", count: 3_000_000))"}"#
        let read = try read("[\(record("A")),\(long),\(record("B"))]")

        #expect(read.items.map(\.reference.rawValue) == ["A", "B"])
        #expect(read.problems.map(\.row) == [2])
        #expect(read.largestWindow <= FeedCutter.windowSize)
    }

    @Test("how the feed is divided into windows cannot be seen in what is read")
    func windows() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = FeedRandom(seed: seed)
        let text = "[" + (1...150).map { record("S-\($0)") }.joined(separator: " ,\n") + "]"
        let settings = FeedSettings(.json, mapping: FeedDesk.mapping)
        for _ in 1...20 {
            let window = Int.random(in: 20...2_500, using: &random)
            let desk = FeedDesk(
                settings: settings, window: window, pageRows: Int.random(in: 1...60, using: &random))
            let read = try desk.read(Array(text.utf8))
            #expect(read.items.count == 150, "seed \(seed), window \(window)")
            #expect(read.problems.isEmpty, "seed \(seed)")
        }
    }
}

@Suite("What a feed's words become")
struct FeedTextTests {
    @Test(
        "HTML becomes plain words",
        arguments: [
            ("<p><b>Lamp</b></p><script>alert(1)</script>", "Lamp"),
            ("a<br/>b &amp; c&nbsp;d", "a\nb & c d"),
            ("<style>p{}</style>x <iframe src='y'>z</iframe>", "x"),
            ("5 < 6", "5 < 6"), ("plain", "plain"), ("<script>never closed", ""),
        ])
    func html(_ html: String, _ text: String) {
        #expect(PlainText.ofHTML(html) == text)
    }

    @Test("honest signs are no formulas", arguments: ["+39 perfume", "-20 degrees", "a=b", "4+1 pack"])
    func signs(_ text: String) { #expect(!PlainText.isFormula(text)) }

    @Test("an EAN is held to its check digit")
    func ean() {
        #expect(SupplierItem.isEAN("4006381333931"))
        #expect(!SupplierItem.isEAN("4006381333932"))
        #expect(!SupplierItem.isEAN("400638133393"))
        #expect(SupplierItem.isEAN("96385074"))
    }

    @Test("settings that cannot work are refused when they are saved")
    func settings() {
        let bare = FeedSettings(.xml, delimiter: "x", mapping: FieldMapping([.sku: "id"]))

        #expect(bare.problems.map(\.field) == ["cost", "name", "stock", "delimiter", "record"])
    }
}
