import Commerce
import Foundation
import Testing
import VendorHTTP

@testable import BigBuy

@Suite("Reading BigBuy's variations")
struct ClientBigBuyVariationTests {
    private static func rows(_ text: String) throws -> [JSON] { try JSON(parsing: text).elements }

    @Test("a variation has the sku, the price and the product it is of, numbers as text or not")
    func variations() throws {
        let page = BigBuyPage(
            try Self.rows(
                """
                [{"id": 7, "sku": "A-S", "ean13": "8435012345679", "product": 3,
                    "wholesalePrice": 9.809999999, "retailPrice": "20.00"},
                 {"id": "8", "sku": "A-M", "ean13": "", "product": "3", "wholesalePrice": "10.00"}]
                """), as: BigBuyVariation.init)

        #expect(page.unusable.isEmpty)
        #expect(page.rows.map(\.id) == ["7", "8"])
        #expect(page.rows.map(\.product) == ["3", "3"])
        #expect(page.rows.map(\.wholesalePrice) == [.eur(981), .eur(1000)])
        #expect(page.rows.map(\.recommendedPrice) == [.eur(2000), nil])
        #expect(page.rows.map(\.ean) == ["8435012345679", nil])
    }

    @Test(
        "a variation that cannot be ordered is set aside with what it lacks",
        arguments: [
            (#"[{"id": 7, "product": 3, "wholesalePrice": 1}]"#, "sku"),
            (#"[{"id": 7, "sku": "", "product": 3, "wholesalePrice": 1}]"#, "sku"),
            (#"[{"id": 7, "sku": "A", "wholesalePrice": 1}]"#, "product"),
            (#"[{"id": 7, "sku": "A", "product": 3}]"#, "wholesalePrice"),
            (#"[{"id": 7, "sku": "A", "product": 3, "wholesalePrice": 0}]"#, "wholesalePrice"),
            (#"[{"id": 7, "sku": "A", "product": 3, "wholesalePrice": "-1"}]"#, "wholesalePrice"),
            (#"[{"sku": "A", "product": 3, "wholesalePrice": 1}]"#, "id"),
        ])
    func unusable(_ text: String, _ member: String) throws {
        let page = BigBuyPage(try Self.rows(text), as: BigBuyVariation.init)

        #expect(page.rows.isEmpty)
        #expect(page.unusable.count == 1)
        #expect(page.unusable.first?.reason.contains("\"\(member)\"") == true)
    }

    @Test("what tells variations apart needs at least one attribute, and each of them its number")
    func options() throws {
        let page = BigBuyPage(
            try Self.rows(
                """
                [{"id": 7, "attributes": [{"id": 11}, {"id": "21"}]}, {"id": 8, "attributes": []},
                 {"id": 9}, {"id": 10, "attributes": [{"name": "Blue"}]}]
                """), as: BigBuyOptions.init)

        #expect(page.rows.map(\.attributes) == [["11", "21"]])
        #expect(page.unusable.map(\.id) == ["8", "9", "10"])
    }

    @Test("names come in one line, without what a database refuses")
    func names() throws {
        let page = BigBuyPage(
            try Self.rows(
                #"""
                [{"id": 11, "attributeGroup": 1, "name": " Navy \u0000\n blue "},
                 {"id": 12, "attributeGroup": 1, "name": " "}, {"id": 13, "name": "Red"}]
                """#), as: BigBuyAttribute.init)

        #expect(page.rows.map(\.name) == ["Navy blue"])
        #expect(page.unusable.map(\.id) == ["12", "13"])
    }

    @Test(
        "colours and sizes are recognised; other groups keep their name",
        arguments: [
            ("Colour", "color"), ("Color", "color"), ("Frame colour", "color"), ("Size", "size"),
            ("Shoe size (EU)", "size"), ("SIZES", "size"), ("Capacity", "capacity"), ("Sizeable", "sizeable"),
        ])
    func groups(_ name: String, _ trait: String) throws {
        let group = try BigBuyAttributeGroup(["id": 1, "name": .string(name)])

        #expect(group.trait == trait)
    }
}
