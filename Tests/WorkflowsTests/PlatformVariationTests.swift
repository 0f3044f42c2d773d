import Commerce
import CommerceStore
import Durable
import Foundation
import Testing
import VendorSandbox

@testable import Workflows

@Suite("Platform catalogue: articles in sizes and colours")
struct PlatformVariationTests {
    private static let aside =
        "select list, reference, reason from shop.catalogue_quarantine order by list, reference collate \"C\""

    /// What can be sold of a product: itself, or its variations.
    private static func offered(_ product: String, _ world: CatalogueWorld) async throws -> [String] {
        try await world.raw.psql(
            """
            select reference from shop.catalogue_item
            where is_active and (source_id = '\(product)' or family = '\(product)')
            order by reference collate "C"
            """
        ).split(separator: "\n").map(String.init)
    }

    private static func lamp(in colours: [(String, Int64)], _ world: CatalogueWorld) async throws {
        let variations = colours.map { sku, option -> JSON in
            ["sku": .string(sku), "price": 11, "quantity": 4, "options": [.integer(option)]]
        }
        try await world.turn("variations", ["sku": "V0100101", "variations": .array(variations)])
        world.fleet.clock.advance(by: .seconds(86_400))
    }

    @Test("each variation is an article with its own price and stock, and the words of its product")
    func articles() async throws {
        try await CatalogueWorld.open { world in
            let pulled = try await world.pull(.full)

            #expect(pulled.refused == 0)
            #expect(
                try await Self.offered("334517", world) == [
                    "V0100121BM", "V0100121BS", "V0100121RM", "V0100121RS",
                ])
            #expect(try await world.item("V0100121", "is_active, is_varied, family is null") == "f|t|t")
            let facts = "family, cost_minor, recommended_minor, brand, category"
            #expect(try await world.item("V0100121RM", facts) == "334517|925|1850|1001|19658")
            #expect(
                try await world.item("V0100121RM", "attributes") == #"{"size": "M", "color": "Red"}"#)
            // The colour comes first whatever the list says, in the language of the words.
            let titles = "titles ->> 'en', titles ->> 'ro'"
            #expect(
                try await world.item("V0100121BM", titles)
                    == "Cotton T-shirt (Blue, M)|Tricou din bumbac (Albastru, M)")
            #expect(try await world.item("V0100122B", "titles ->> 'de'") == "Thermobecher (500 ml)")
            #expect(try await world.item("V0100122B", "attributes") == #"{"capacity": "500 ml"}"#)
            let cover = "https://cdnbigbuy.com/images/V0100121_00.jpg"
            #expect(try await world.item("V0100121BS", "images ->> 0") == cover)
            #expect(try await world.item("V0100121BS", "descriptions ->> 'en'") == "Cotton T-shirt")
            #expect(try await world.stock("V0100121BS") == "9")
            #expect(try await world.stock("V0100121RS") == "0")
            // The lamp's number is also that of a variation.
            #expect(try await world.item("V0100101", "source_id, titles ->> 'en'") == "334497|LED desk lamp")
            #expect(try await world.item("V0100121BS", "source_id") == "v334497")
        }
    }

    @Test("a price and the stock of a variation arrive with the lists of prices and of stock")
    func news() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100122B", cost: 1390, at: 2990)
            try await world.turn("stock", ["sku": "V0100122B", "quantity": 2])
            try await world.turn(
                "variations",
                [
                    "sku": "V0100122",
                    "variations": [
                        ["sku": "V0100122A", "price": "11.50", "options": [31]],
                        ["sku": "V0100122B", "price": 15, "options": [32]],
                    ],
                ])

            let stock = try await world.pull(.stock)
            #expect(try await world.product(id).available == 2)
            #expect(try await world.product(id).cost == .eur(1390))
            let prices = try await world.pull(.prices)

            #expect(stock.changed == 0 && stock.storesTold == 0)
            #expect(prices.changed == 1 && prices.storesTold == 1)
            #expect(try await world.product(id).cost == .eur(1500))
            #expect(try await world.pull(.prices).storesTold == 0)
        }
    }

    @Test("a shelf shows the other versions, with the safety data that was asked of their product once")
    func shelf() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            try await world.pull(.safety)

            let siblings = try await world.database.transaction(for: world.tenant) { tx in
                let taken = try await CatalogueShelf().take(
                    [
                        "bigbuy:V0100121BS": .eur(1990), "bigbuy:V0100121BM": .eur(1990),
                        "bigbuy:V0100121RM": .eur(2190), "bigbuy:V0100121": .eur(1990),
                    ], in: tx)
                #expect(taken == 3)
                let small = try await Products().find(sku: SKU(unchecked: "V0100121BS"), in: tx)
                #expect(small?.safety["contact"] == "safety@demo-works.test")
                #expect(small?.available == 9)
                return try await Shelf().background(of: try #require(small).id, in: tx).siblings
            }

            #expect(
                siblings.map { $0.titles[.english] } == [
                    "Cotton T-shirt (Blue, M)", "Cotton T-shirt (Red, M)",
                ])
            let asked = world.bigBuy.workbench.calls.calls.filter {
                $0.path.contains("productcompliance/334517")
            }
            #expect(asked.count == 1)
        }
    }

    @Test("what came plain is sold in its variations, and plain again when it has none, never as both")
    func plainAndVaried() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let plain = try await world.sell("V0100101", cost: 1000, at: 1500)
            #expect(try await Self.offered("334497", world) == ["V0100101"])

            try await Self.lamp(in: [("LAMP-B", 11), ("LAMP-R", 12)], world)
            #expect(try await world.pull(.full).storesTold == 1)
            #expect(try await Self.offered("334497", world) == ["LAMP-B", "LAMP-R"])
            #expect(try await world.item("LAMP-R", "titles ->> 'es'") == "Lámpara LED de escritorio (Rojo)")
            #expect(try await world.stock("LAMP-R") == "4")
            #expect(try await world.product(plain).status == .paused)
            let red = try await world.sell("LAMP-R", cost: 1100, at: 1900)

            try await Self.lamp(in: [], world)
            #expect(try await world.pull(.prices).storesTold == 1)
            #expect(try await Self.offered("334497", world) == ["V0100101"])
            #expect(try await world.product(red).status == .paused)
            world.fleet.clock.advance(by: .seconds(86_400))
            #expect(try await world.pull(.full).removed == 0)
            #expect(try await Self.offered("334497", world) == ["V0100101"])
        }
    }

    @Test("a variation that is new waits for its name; one that has gone twice is sold no more")
    func gainedAndLost() async throws {
        try await CatalogueWorld.open { world in
            try await Self.lamp(in: [("LAMP-B", 11), ("LAMP-R", 12)], world)
            try await world.pull(.full)
            try await Self.lamp(in: [("LAMP-B", 11), ("LAMP-S", 21)], world)

            try await world.pull(.prices)
            #expect(try await Self.offered("334497", world) == ["LAMP-B", "LAMP-R"])
            try await world.pull(.full)
            #expect(try await Self.offered("334497", world) == ["LAMP-B", "LAMP-R", "LAMP-S"])
            world.fleet.clock.advance(by: .seconds(86_400))
            #expect(try await world.pull(.full).removed == 1)
            #expect(try await Self.offered("334497", world) == ["LAMP-B", "LAMP-S"])
            world.fleet.clock.advance(by: .seconds(86_400))
            let last = try await world.pull(.full)
            #expect(last.removed == 0 && last.refused == 0)
            #expect(try await Self.offered("334497", world) == ["LAMP-B", "LAMP-S"])
        }
    }

    @Test("a variation that is bad in one list or another is set aside with the reason, and no other is")
    func quarantine() async throws {
        try await CatalogueWorld.open { world in
            try await world.turn(
                "variations",
                [
                    "sku": "V0100122",
                    "variations": [
                        ["sku": "V0100122A", "price": 0, "options": [31]],
                        ["sku": "V0100122B", "price": 13, "options": [32, 99]],
                        ["sku": "V0100122C", "price": 13, "options": []],
                        ["sku": "V0100122D", "price": 13, "options": [31]],
                        ["sku": "V0100102", "price": 13, "options": [32]],
                    ],
                ])
            let pulled = try await world.pull(.full)

            #expect(pulled.refused == 5)
            #expect(
                try await world.raw.psql(Self.aside).split(separator: "\n").map(String.init) == [
                    #"options|900005|member "attributes" is missing or unusable: found none"#,
                    "options|V0100122B|its attributes 99 have no name",
                    "options|V0100122C|no list tells its attributes",
                    #"variations|900003|member "wholesalePrice" is missing or unusable: found a number"#,
                    "variations|900007|its sku V0100102 is that of another article",
                ])
            #expect(try await Self.offered("334518", world) == ["V0100122D"])
            #expect(try await world.item("V0100102", "is_active, family is null") == "t|t")
        }
    }
}
