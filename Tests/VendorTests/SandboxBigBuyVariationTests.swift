import Foundation
import Testing
import VendorSandbox

@Suite("SandboxBigBuy: articles in variations")
struct SandboxBigBuyVariationTests {
    private static let base = "/rest/catalog"

    private static func open(_ body: (SandboxDesk) async throws -> Void) async throws {
        try await SandboxDesk.open(
            { BigBuySandbox($0) }, headers: ["Authorization": "Bearer key"], body)
    }

    @Test("they are listed with prices, stock, attributes and names, by root, page and language")
    func lists() async throws {
        try await Self.open { desk in
            let products = try await desk.get("\(Self.base)/products.json?parentTaxonomy=19658")
            let variations = try await desk.get("\(Self.base)/productsvariations.json?parentTaxonomy=19658")
            let page = try await desk.get("\(Self.base)/productsvariations.json?page=1&pageSize=4")
            let elsewhere = try await desk.get("\(Self.base)/variations.json?parentTaxonomy=19657")
            let prices = try await desk.get("\(Self.base)/productvariationprices.json")
            let stock = try await desk.get("\(Self.base)/productsvariationsstockbyhandlingdays.json")
            let options = try await desk.get("\(Self.base)/variations.json")
            let groups = try await desk.get("\(Self.base)/attributegroups.json?isoCode=de")
            let names = try await desk.get("\(Self.base)/attributes.json?isoCode=ro")

            let shirt = products.array.first { $0["sku"] == "V0100121" }
            #expect(shirt?["attributes"] == true)
            #expect(products.array.first { $0["sku"] == "V0100102" }?["attributes"] == false)
            #expect(variations.array.count == 6)
            #expect(variations[0]["product"] == shirt?["id"])
            // Numbered apart from articles: the lamp has this number too.
            #expect(variations[0]["id"] == 334497)
            #expect(page.array.map { $0["sku"] } == ["V0100122A", "V0100122B"])
            #expect(elsewhere == [])
            #expect(prices.array.last?["wholesalePrice"].decimal == Decimal(string: "13.9"))
            #expect(stock.array.first?["sku"] == "V0100122B")
            #expect(stock.array.last?["stocks"][0]["quantity"] == 9)
            #expect(options.array.last?["attributes"] == [["id": 11], ["id": 21]])
            #expect(groups.array.map { $0["name"] } == ["Farbe", "Größe", "Inhalt"])
            #expect(names[1]["name"] == "Roșu")
            #expect(names[1]["attributeGroup"] == 1)
        }
    }

    @Test("a lever says in what an article comes, and the stock of a variation moves by its own sku")
    func levers() async throws {
        try await Self.open { desk in
            try await desk.pull(
                "variations",
                ["sku": "V0100101", "variations": [["sku": "L-1", "price": 11, "options": [12]]]])
            try await desk.pull("variations", ["sku": "V0100122", "variations": []])
            try await desk.pull("stock", ["sku": "L-1", "quantity": 5])

            let products = try await desk.get("\(Self.base)/products.json")
            let variations = try await desk.get("\(Self.base)/productsvariations.json")
            let stock = try await desk.objects("variations")

            func isVaried(_ sku: JSON) -> JSON? {
                products.array.first { $0["sku"] == sku }?["attributes"]
            }
            #expect(isVaried("V0100101") == true)
            #expect(isVaried("V0100122") == false)
            #expect(variations[0]["sku"] == "L-1")
            #expect(variations[0]["id"] == 900_005)
            #expect(variations[0]["wholesalePrice"] == 11)
            #expect(variations.array.count == 5)
            #expect(stock.first { $0["sku"] == "L-1" }?["stocks"][0]["quantity"] == 5)
        }
    }

    @Test("their lists are limited as the others are")
    func limits() async throws {
        try await Self.open { desk in
            try await desk.pull("limits", ["enabled": true])
            for list in ["productsvariations", "productsvariationsstockbyhandlingdays", "variations"] {
                for _ in 0..<10 { _ = try await desk.get("\(Self.base)/\(list).json") }
                #expect(try await desk.send("GET", "\(Self.base)/\(list).json").status == 429)
            }
        }
    }
}
