import BigBuy
import Commerce
import Foundation
import Testing
import VendorHTTP
import VendorSandbox

// The client of CartFlux against a BigBuy that keeps state and loses answers.

@Suite("The BigBuy client against the sandbox")
struct SandboxBigBuyClientTests {
    private static func open(_ body: (BigBuyClient, SandboxServer) async throws -> Void) async throws {
        try await SandboxDesk.open({ BigBuySandbox($0) }, headers: [:]) { desk in
            // Far enough away that the time which the test itself takes does not matter.
            try await desk.pull("progress", ["ship_after_seconds": 300, "deliver_after_seconds": 600])
            let client = BigBuyClient(key: "key", base: desk.server.baseURL, timeout: .seconds(5))
            try await body(client, desk.server)
        }
    }

    private static func request(_ reference: String, _ lines: [(String, Int)]) -> BigBuyOrderRequest {
        BigBuyOrderRequest(
            reference: BigBuyReference(rawValue: reference),
            recipient: BigBuyRecipient(
                firstName: "Ana", lastName: "Exemplu", country: .romania, postcode: "400001",
                town: "Cluj-Napoca", address: "Str. Exemplu 10", phone: "+40700000001",
                email: EmailAddress(unchecked: "orders@shop.example")),
            lines: lines.map { BigBuyOrderLine(sku: SKU(unchecked: $0.0), quantity: $0.1) })
    }

    @Test("a quote is the cost of the goods, and an order is complete, then already placed")
    func order() async throws {
        try await Self.open { client, _ in
            let request = Self.request("CF-1", [("V0100101", 1), ("V0100108", 2)])

            let quote = try await client.check(request)
            let placement = try await client.create(request)
            let again = try await client.create(request)

            #expect(quote.isComplete)
            #expect(quote.groups.map(\.net) == [.eur(1000), .eur(1080)])
            guard case .complete(let placed) = placement, case .alreadyPlaced(let id) = again else {
                Issue.record("\(placement), \(again)")
                return
            }
            #expect(placed.map(\.warehouse?.rawValue) == ["1", "2"])
            #expect(id == placed[0].id)
            #expect(try await client.order(placed[1].id).totalPaidNet == .eur(1080))
            #expect(try await client.order(withReference: request.reference)?.totalPaid == .eur(1210))
            #expect(try await client.purse() == .eur(99_997_483))
        }
    }

    @Test("tracking follows the clock")
    func tracking() async throws {
        try await Self.open { client, server in
            guard
                case .complete(let placed) = try await client.create(Self.request("CF-1", [("V0100101", 1)]))
            else {
                Issue.record("not placed")
                return
            }
            #expect(try await client.tracking([placed[0].id]).isEmpty)

            await server.advanceClock(seconds: 600)

            let tracking = try await client.tracking([placed[0].id])
            #expect(tracking.first?.order == placed[0].id)
            #expect(tracking.first?.parcels.first?.status == "Delivered")
        }
    }

    @Test("a refusal is read as what it means")
    func refusals() async throws {
        try await Self.open { client, server in
            let unknown = await #expect(throws: BigBuyFailure.self) {
                try await client.check(Self.request("a", [("NOPE", 1)]))
            }
            let shortage = try await client.check(Self.request("a", [("V0100112", 5), ("V0100101", 1)]))
            server.workbench.inject(Fault("*", .softError, count: 1))
            let soft = await #expect(throws: BigBuyFailure.self) { try await client.purse() }
            let absent = try await client.order(withReference: BigBuyReference(rawValue: "none"))

            #expect(unknown?.reason == .refused(.productUnknown([SKU(unchecked: "NOPE")])))
            #expect(shortage.refused.map(\.refusal) == [.outOfStock([SKU(unchecked: "V0100112")])])
            #expect(shortage.groups.flatMap(\.skus) == [SKU(unchecked: "V0100101")])
            #expect(soft?.mayHaveHappened == true)
            #expect(absent == nil)
        }
    }

    @Test("the catalogue is read without a row lost")
    func catalogue() async throws {
        try await Self.open { client, _ in
            let roots = try await client.taxonomies(.romanian)
            var products = 0
            for root in roots.rows {
                let page = try await client.products(below: root.id, page: 0)
                #expect(page.unusable.isEmpty)
                #expect(try await client.stocks(below: root.id, page: 0).rows.count == page.rows.count)
                #expect(try await client.images(below: root.id, page: 0).rows.count == page.rows.count)
                products += page.rows.count
            }
            #expect(products == 22)
            #expect(try await client.stock("334497").quantity == 40)
        }
    }

    @Test("variations are read with their stock and with what tells them apart, in every language")
    func variations() async throws {
        try await Self.open { client, _ in
            let home: BigBuyTaxonomy.ID = "19658"
            let variations = try await client.variations(below: home, page: 0)
            let stocks = try await client.variationStocks(below: home, page: 0)
            let options = try await client.options(below: home, page: 0)
            let groups = try await client.attributeGroups(below: home, page: 0)
            let names = try await client.attributes(below: home, in: .romanian, page: 0)

            #expect(variations.unusable.isEmpty && options.unusable.isEmpty && names.unusable.isEmpty)
            let small = try #require(variations.rows.first { $0.sku.rawValue == "V0100121BS" })
            #expect(small.product == "334517")
            #expect(small.wholesalePrice == .eur(850))
            #expect(stocks.rows.first { $0.sku == small.sku }?.quantity == 9)
            #expect(options.rows.first { $0.id == small.id }?.attributes == ["11", "21"])
            #expect(options.rows.map(\.id) != variations.rows.map(\.id))
            #expect(groups.rows.map(\.trait) == ["color", "size", "capacity"])
            #expect(names.rows.first { $0.id == "11" }?.name == "Albastru")
            #expect(try await client.variations(below: "19657", page: 0).rows.isEmpty)
        }
    }

    @Test("a variation is ordered by its own sku at its own price")
    func variationOrder() async throws {
        try await Self.open { client, _ in
            let request = Self.request("CF-1", [("V0100121RM", 2), ("V0100121BS", 1)])

            let quote = try await client.check(request)
            let placement = try await client.create(request)
            let none = try await client.check(Self.request("a", [("V0100121RS", 1), ("V0100101", 1)]))
            let product = await #expect(throws: BigBuyFailure.self) {
                try await client.check(Self.request("a", [("V0100121", 1)]))
            }

            #expect(quote.groups.map(\.net) == [.eur(850), .eur(1850)])
            guard case .complete(let placed) = placement else {
                Issue.record("\(placement)")
                return
            }
            #expect(placed.map(\.warehouse?.rawValue) == ["1", "2"])
            #expect(none.refused.map(\.refusal) == [.outOfStock([SKU(unchecked: "V0100121RS")])])
            #expect(product?.reason == .refused(.productUnknown([SKU(unchecked: "V0100121")])))
            let left = try await client.variationStocks(below: "19658", page: 0).rows
            #expect(left.first { $0.sku.rawValue == "V0100121RM" }?.quantity == 1)
        }
    }
}
