import Commerce
import Foundation
import Testing

@testable import SupplierFeeds

@Suite("CSV feeds")
struct FeedCSVTests {
    private static let header = "sku,name,price,stock\n"

    @Test("a plain feed is read as it stands")
    func plain() throws {
        let read = try FeedDesk.csv(Self.header + "A-1,Lamp,12.50,7\r\nA-2,\"Table, small\",1.5,0\n")

        #expect(read.problems.isEmpty)
        #expect(read.items.map(\.reference.rawValue) == ["A-1", "A-2"])
        #expect(read.items.map(\.cost) == [.eur(1250), .eur(150)])
        #expect(read.items.map(\.stock) == [7, 0])
        #expect(read.items[1].titles == [.english: "Table, small"])
        #expect(read.rows == [2, 3])
    }

    @Test("quoted line ends and doubled quotes belong to the field")
    func quotes() throws {
        let read = try FeedDesk.csv(Self.header + "A-1,\"Lamp \"\"Sun\"\"\nwarm\",1.00,1\nA-2,Chair,2.00,2")

        #expect(read.items.map { $0.titles[.english] ?? "" } == ["Lamp \"Sun\" warm", "Chair"])
    }

    @Test(
        "the delimiter is what the header has most of",
        arguments: [",", ";", "\t", "|"])
    func delimiters(_ mark: String) throws {
        let text = "sku,name,price,stock\nA,Lamp,1.00,3\n".replacing(",", with: mark)

        #expect(try FeedDesk.csv(text).items.count == 1)
    }

    @Test("contents are read with their unit, from one column or from two")
    func contents() throws {
        let feed = "sku,name,price,stock,net\nA,Oil,1.00,3,750 ml\nB,Lamp,1.00,3,1 pcs\nC,Tea,1.00,3,\n"
        let one = try FeedDesk.csv(feed) { $0.mapping.paths[.content] = "net" }
        #expect(one.problems.isEmpty)
        #expect(one.items.map { $0.content?.description } == ["750 ml", nil, nil])

        let apart = "sku;name;price;stock;net;unit\nA;Öl;1,00;3;0,75;L\nB;Mehl;1,00;3;1.000;g"
        let two = try FeedDesk.csv(apart) {
            $0.mapping.paths[.content] = "net"
            $0.mapping.paths[.contentUnit] = "unit"
            $0.mapping.decimal = .comma
        }
        #expect(two.problems.isEmpty)
        #expect(two.items.map { $0.content?.description } == ["750 ml", "1 kg"])
    }

    @Test("contents that cannot be read set the row aside")
    func badContents() throws {
        let head = "sku,name,price,stock,net\n"
        let rows = "A,Oil,1.00,3,\"0,75 l\"\nB,Oil,1.00,3,12 oz\nC,Oil,1.00,3,80 g\n"

        let read = try FeedDesk.csv(head + rows) { $0.mapping.paths[.content] = "net" }

        #expect(read.items.map(\.reference.rawValue) == ["C"])
        #expect(read.problems.map(\.field) == ["content", "content"])
        #expect(read.problems.map(\.row) == [2, 3])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let row: String
        let field: String
        let reason: String
        var testDescription: String { row.debugDescription }
        init(_ row: String, _ field: String, _ reason: String) {
            (self.row, self.field, self.reason) = (row, field, reason)
        }
    }

    @Test(
        "a row that cannot be used is set aside with its number, field and reason",
        arguments: [
            Bad("A-1,Lamp,-3.00,1", "cost", "it is negative"),
            Bad("A-1,Lamp,0,1", "cost", "it is zero"),
            Bad("A-1,Lamp,,1", "cost", "it is missing"),
            Bad("A-1,Lamp,1e9,1", "cost", "it is above"),
            Bad("A-1,Lamp,twelve,1", "cost", "digits are needed"),
            Bad("A-1,Lamp,12.50 USD,1", "cost", "it is in USD where the feed is set to EUR"),
            Bad("A-1,Lamp,1.00,-4", "stock", "it is negative"),
            Bad("A-1,Lamp,1.00,few", "stock", "a whole number is needed"),
            Bad("A-1,Lamp,1.00,99999999999999999999", "stock", "a whole number is needed"),
            Bad(",Lamp,1.00,1", "sku", "it is missing"),
            Bad("\(String(repeating: "x", count: 65)),Lamp,1.00,1", "sku", "longer than 64"),
            Bad("=1+1,Lamp,1.00,1", "sku", "spreadsheet formula"),
            Bad("A-1,\"=HYPERLINK(\"\"http://x\"\")\",1.00,1", "name", "spreadsheet formula"),
            Bad("A-1,@SUM(A1:A9),1.00,1", "name", "spreadsheet formula"),
            Bad("A-1,-2+3+cmd|' /C calc'!A0,1.00,1", "name", "spreadsheet formula"),
            Bad("A-1,,1.00,1", "name", "it is missing"),
            Bad("A-1,Lamp,1.00", "row", "it has 3 fields where the header has 4"),
            Bad("A-1,Lamp,1.00,1,extra", "row", "it has 5 fields where the header has 4"),
            Bad("A-1,\"Lamp\"x,1.00,1", "row", "a quote stands where no quote can be"),
        ])
    func quarantine(_ bad: Bad) throws {
        let read = try FeedDesk.csv(Self.header + "G-1,Good,1.00,1\n\(bad.row)\nG-2,Good,1.00,1\n")

        #expect(read.items.map(\.reference.rawValue) == ["G-1", "G-2"])
        let problem = try #require(read.problems.first)
        #expect(problem.row == 3)
        #expect(problem.field == bad.field)
        #expect(problem.reason.contains(bad.reason), "\(problem)")
    }

    @Test("everything that is wrong with a row is said at once")
    func allProblems() throws {
        let read = try FeedDesk.csv(Self.header + "A-1,,-1.00,x\n")

        #expect(read.problems.map(\.field) == ["cost", "name", "stock"])
        #expect(read.problems.allSatisfy { $0.reference == "A-1" })
    }

    @Test("a quote that is never closed costs the line that opens it and no other")
    func unclosedQuote() throws {
        let rows = (1...50).map { $0 == 20 ? "A-\($0),\"Lamp,1.00,1" : "A-\($0),Lamp,1.00,1" }
        let read = try FeedDesk.csv(Self.header + rows.joined(separator: "\n") + "\n")

        #expect(read.items.count == 49)
        #expect(read.problems.map(\.row) == [21])
        #expect(read.problems[0].reason.contains("never closed"))
    }

    @Test("a line of many megabytes is passed over in flat memory")
    func endlessLine() throws {
        let long = String(repeating: "x", count: 9_000_000)
        let read = try FeedDesk.csv(Self.header + "G-1,Good,1.00,1\nA-1,\(long),1,1\nG-2,Good,1.00,1\n")

        #expect(read.items.map(\.reference.rawValue) == ["G-1", "G-2"])
        #expect(read.problems.map(\.row) == [3])
        #expect(read.problems[0].reason.contains("longer than 262144 bytes"))
        #expect(read.largestWindow <= FeedCutter.windowSize)
    }

    @Test("amounts with a decimal comma are read where the feed has them")
    func decimalComma() throws {
        let text = "sku;name;price;stock\nA;Lamp;1.234,50;3\nB;Lamp;1.5;3\nC;Lamp;12,5 EUR;1\n"
        let read = try FeedDesk.csv(text) { $0.mapping.decimal = .comma }

        #expect(read.items.map(\.cost) == [.eur(123_450), .eur(1_250)])
        #expect(read.problems.map(\.row) == [3])
    }

    @Test("a feed without what it needs is refused as a whole", arguments: ["", "   \n \n"])
    func empty(_ text: String) {
        #expect(throws: FeedProblem.empty) { try FeedDesk.csv(text) }
    }

    @Test("two columns of one name are refused: which one is meant cannot be told")
    func twins() {
        #expect(throws: FeedProblem.malformed(row: 1, "two columns are called \"price\"")) {
            try FeedDesk.csv("sku,name,price,price,stock\n")
        }
    }

    @Test("a mapped column that the header lacks is named")
    func missingColumn() {
        #expect(
            throws: FeedProblem.malformed(row: 1, "there is no column \"stock\", which is mapped to stock")
        ) { try FeedDesk.csv("sku,name,price,qty\nA,B,1,1\n") }
    }

    @Test("how the feed is divided into windows cannot be seen in what is read")
    func windows() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = FeedRandom(seed: seed)
        let pieces = ["a", "\"\"", "\n", ",", "é", " ", "'", "<", "€"]
        var text = Self.header
        for row in 1...200 {
            let name = (0..<Int.random(in: 1...30, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            text += "S-\(row),\"\(name)z\",1.0\(row % 10),\(row)\n"
        }
        let whole = try FeedDesk.csv(text)
        var desk = FeedDesk(settings: FeedSettings(.csv, mapping: FeedDesk.mapping))
        for _ in 1...20 {
            desk.window = Int.random(in: 60...2_000, using: &random)
            desk.pageRows = Int.random(in: 1...70, using: &random)
            let parts = try desk.read(Array(text.utf8))
            #expect(parts.items == whole.items, "seed \(seed)")
            #expect(parts.problems == whole.problems, "seed \(seed)")
        }
        #expect(whole.items.count + Set(whole.problems.map(\.row)).count == 200, "seed \(seed)")
    }

    @Test("no bytes whatever make the reader trap, stand still or lose a row without a word")
    func noise() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = FeedRandom(seed: seed)
        for _ in 1...150 {
            let marks: [UInt8] = [
                0x22, 0x2C, 0x0A, 0x0D, 0x3C, 0x3E, 0x5B, 0x5D, 0x7B, 0x7D, 0x3A, 0x00, 0xC3,
            ]
            let noise = (0..<Int.random(in: 1...400, using: &random)).map { _ -> UInt8 in
                Bool.random(using: &random)
                    ? marks.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
            }
            for format in FeedFormat.allCases {
                let start = format == .csv ? Self.header : format == .xml ? "<a><product>" : "["
                // A feed that is refused as a whole says why; here only traps and loops count.
                _ = try? FeedDesk.read(Array(start.utf8) + noise, format)
            }
        }
    }
}
