import Commerce
import Foundation
import Testing

@testable import SupplierFeeds

@Suite("Letters of feeds")
struct FeedEncodingTests {
    private func csv(_ name: [UInt8]) -> [UInt8] {
        Array("sku,name,price,stock\nA-1,".utf8) + name + Array(",1.00,1\n".utf8)
    }

    @Test("UTF-8 with and without a byte-order mark")
    func utf8() throws {
        let plain = csv(Array("Lampă".utf8))

        #expect(try FeedDesk.read(plain, .csv).items[0].titles[.english] == "Lampă")
        #expect(try FeedDesk.read([0xEF, 0xBB, 0xBF] + plain, .csv).items[0].titles[.english] == "Lampă")
    }

    @Test(
        "single-byte encodings are read where they are declared",
        arguments: [
            (FeedEncoding.windows1252, [0x47, 0x72, 0xF6, 0xDF, 0x65, 0x20, 0x80] as [UInt8], "Größe €"),
            (.latin1, [0x63, 0x61, 0xF1, 0x61], "caña"),
            (.latin2, [0x4C, 0x61, 0x6D, 0x70, 0xE3], "Lampă"),
            (.windows1250, [0x4C, 0x61, 0x6D, 0x70, 0xE3], "Lampă"),
        ])
    func singleByte(_ encoding: FeedEncoding, _ bytes: [UInt8], _ name: String) throws {
        let read = try FeedDesk.read(csv(bytes), .csv) { $0.encoding = encoding }

        #expect(read.items.map { $0.titles[.english] ?? "" } == [name])
    }

    @Test("an XML declaration is believed")
    func declaration() throws {
        let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?><list><product><sku>A</sku><name>Lamp"
        let rest = "</name><price>1.00</price><stock>1</stock></product></list>"
        let read = try FeedDesk.read(Array(text.utf8) + [0xE3] + Array(rest.utf8), .xml)

        #expect(read.items.map { $0.titles[.english] ?? "" } == ["Lampă"])
    }

    @Test("what is neither UTF-8 nor declared is refused with what to do")
    func undeclared() throws {
        let problem = #expect(throws: FeedProblem.self) { try FeedDesk.read(csv([0x4C, 0xE3, 0x20]), .csv) }
        #expect("\(problem as Any)".contains("set the feed's encoding"))
    }

    @Test("UTF-16 and encodings that nobody knows are refused by name")
    func refused() throws {
        #expect(throws: FeedProblem.self) { try FeedDesk.read([0xFF, 0xFE, 0x41, 0x00], .csv) }
        let problem = #expect(throws: FeedProblem.self) {
            try FeedDesk.read(Array("<?xml version='1.0' encoding='KOI8-R'?><a/>".utf8), .xml)
        }
        #expect("\(problem as Any)".contains("KOI8-R"))
    }

    @Test("one row in other letters is set aside, the others are read")
    func oneRow() throws {
        // Behind the part of the feed by which it is judged as a whole.
        var bytes = Array("sku,name,price,stock\n".utf8)
        for row in 1...40_000 { bytes += Array("A-\(row),Lamp and shade,1.00,1\n".utf8) }
        bytes += Array("B-1,L".utf8) + [0xE3] + Array("mp,1.00,1\nB-2,Lamp,1.00,1\n".utf8)
        let read = try FeedDesk.read(bytes, .csv)

        #expect(read.items.count == 40_001)
        #expect(read.problems.map(\.row) == [40_002])
        #expect(read.problems[0].reason.contains("not utf-8 text"))
    }

    @Test("JSON in anything but UTF-8 is refused")
    func json() {
        #expect(throws: FeedProblem.self) {
            try FeedDesk.read(Array("[]".utf8), .json) { $0.encoding = .latin2 }
        }
    }
}
