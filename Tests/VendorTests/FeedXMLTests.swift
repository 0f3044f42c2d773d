import Commerce
import Foundation
import Testing

@testable import SupplierFeeds

@Suite("XML feeds")
struct FeedXMLTests {
    private func product(_ sku: String, _ extra: String = "", name: String = "Lamp") -> String {
        "<product><sku>\(sku)</sku><name>\(name)</name><price>2.50</price><stock>4</stock>\(extra)</product>"
    }

    private func read(_ text: String, _ change: (inout FeedSettings) -> Void = { _ in }) throws
        -> FeedDesk.Result
    {
        try FeedDesk.read(Array(text.utf8), .xml, change)
    }

    @Test("records are found wherever they stand, and CDATA holds markup")
    func plain() throws {
        let text =
            "<?xml version='1.0'?><!-- <product> --><shop note=\"a > b\"><head>x</head><list>"
            + product("A", "<description><![CDATA[<p>Warm</p><script>x</script></product>]]></description>")
            + product("B", name: "Table &amp; chair") + "</list></shop>"
        let read = try read(text)

        #expect(read.problems.isEmpty)
        #expect(read.items.map(\.reference.rawValue) == ["A", "B"])
        #expect(read.items[1].titles[.english] == "Table & chair")
        #expect(read.items[0].descriptions[.english]?.contains("Warm") == true)
    }

    @Test("Google's feed is read by its own names")
    func google() throws {
        let text = """
            <rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
            <item><g:id>7</g:id><g:title>Shoe</g:title><g:price>12.50 EUR</g:price>
            <g:availability>in_stock</g:availability><g:gtin>4006381333931</g:gtin>
            <g:item_group_id>S</g:item_group_id><g:color>red</g:color>
            <g:image_link>https://img.example/1.jpg</g:image_link></item></channel></rss>
            """
        let read = try read(text) {
            $0.record = "item"
            $0.mapping = .googleMerchant()
        }

        #expect(read.problems.isEmpty)
        let item = try #require(read.items.first)
        #expect(item.cost == .eur(1250))
        #expect(item.stock == 1)
        #expect(item.family == "S")
        #expect(item.attributes == ["color": "red"])
        #expect(item.images == ["https://img.example/1.jpg"])
    }

    @Test("nested variants become articles of one family")
    func variants() throws {
        let text = """
            <list><product><code>T</code><name>Shirt</name><price>5.00</price><sizes>
            <size n="S"><id>T-S</id><qty>3</qty></size><size n="M"><id>T-M</id><qty>0</qty></size>
            </sizes></product></list>
            """
        let read = try read(text) {
            $0.mapping = FieldMapping(
                [
                    .sku: "sizes/size/id", .name: "name", .cost: "price", .stock: "sizes/size/qty",
                    .family: "code", .size: "sizes/size/@n",
                ], variants: "sizes/size")
        }

        #expect(read.items.map(\.reference.rawValue) == ["T-S", "T-M"])
        #expect(read.items.map(\.stock) == [3, 0])
        #expect(read.items.allSatisfy { $0.family == "T" })
        #expect(read.items.map { $0.attributes["size"] } == ["S", "M"])
    }

    @Test(
        "an XML bomb is refused before any of it is read",
        arguments: [
            "<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><l>&b;</l>",
            "<!DOCTYPE l SYSTEM 'file:///etc/passwd'><l/>",
            "<l><product><!DOCTYPE x></product></l>",
        ])
    func bomb(_ text: String) throws {
        let problem = #expect(throws: FeedProblem.self) { try read(text) }
        #expect("\(problem as Any)".contains("document type declaration"))
    }

    @Test("an entity that nobody declared, broken markup and deep nesting cost their record only")
    func brokenRecords() throws {
        let deep = String(repeating: "<x>", count: 60) + String(repeating: "</x>", count: 60)
        let text =
            "<list>" + product("A") + product("B", name: "&bomb;") + product("C")
            + "<product><sku>D</sku><name>x</nam></product>" + product("E", deep) + product("F") + "</list>"
        let read = try read(text)

        #expect(read.items.map(\.reference.rawValue) == ["A", "C", "F"])
        #expect(read.problems.map(\.row) == [2, 4, 5])
    }

    @Test(
        "a feed that ends too early is refused",
        arguments: ["<list><product><sku>A</sku>", "<list><product></product>", "<list><prod", "<list>"])
    func truncated(_ text: String) throws {
        let problem = #expect(throws: FeedProblem.self) { try read(text) }
        #expect("\(problem as Any)".contains("ends too early"))
    }

    @Test("what is no XML says so")
    func noXML() throws {
        #expect(throws: FeedProblem.malformed(row: 0, "there is no element in it; is it XML?")) {
            try read("Service unavailable")
        }
    }

    @Test("a record of many megabytes is passed over in flat memory")
    func endlessRecord() throws {
        let long = String(repeating: "x", count: 3_000_000)
        let read = try read("<list>" + product("A") + product("B", name: long) + product("C") + "</list>")

        #expect(read.items.map(\.reference.rawValue) == ["A", "C"])
        #expect(read.problems.map(\.row) == [2])
        #expect(read.largestWindow <= FeedCutter.windowSize)
    }

    @Test("how the feed is divided into windows cannot be seen in what is read")
    func windows() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = FeedRandom(seed: seed)
        var text = "<?xml version='1.0'?><shop xmlns:s='urn:s'><list>"
        for row in 1...120 {
            text += product("S-\(row)", "<!-- </product> --><s:x a='>'/>") + " \n"
        }
        text += "</list></shop>\n"
        let settings = FeedSettings(.xml, record: "product", mapping: FeedDesk.mapping)
        for _ in 1...20 {
            let window = Int.random(in: 40...2_500, using: &random)
            let rows = Int.random(in: 1...50, using: &random)
            let read = try FeedDesk(settings: settings, window: window, pageRows: rows).read(Array(text.utf8))
            #expect(read.items.count == 120, "seed \(seed), window \(window)")
            #expect(read.problems.isEmpty, "seed \(seed)")
        }
    }
}
