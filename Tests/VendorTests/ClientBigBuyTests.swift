import Commerce
import Durable
import Foundation
import Testing
import VendorHTTP

@testable import BigBuy

@Suite("Reading BigBuy")
struct ClientBigBuyReadingTests {
    @Test("an article's prices are exact")
    func products() throws {
        let rows = try Example.json("bigbuy-products.page.json").elements.map(BigBuyProduct.init)

        #expect(rows.map(\.wholesalePrice) == [.eur(912), .eur(10_920)])
        #expect(rows.map(\.isActive) == [true, false])
        #expect(rows.map(\.hasVariations) == [false, true])
        #expect(rows[1].condition == "REFURBISHED_B")
        #expect(rows[0].sku.rawValue == "V0700822")
    }

    @Test("a row that cannot be used is set aside with its reason")
    func quarantine() throws {
        let elements = try JSON(
            parsing: #"[{"id":1,"sku":"A","wholesalePrice":"x"},{"id":2,"sku":"B","wholesalePrice":1}]"#)

        let page = BigBuyPage(elements.elements, as: BigBuyProduct.init)

        #expect(page.rows.map(\.id) == ["2"])
        #expect(page.unusable.map(\.id) == ["1"])
        #expect(page.isLast(ofSize: 3))
        #expect(!page.isLast(ofSize: 2))
    }

    @Test("stock, information, images and taxonomies are read")
    func catalogue() throws {
        let stock = try Example.json("bigbuy-productsstockbyhandlingdays.json").elements.map(BigBuyStock.init)
        let information = try Example.json("bigbuy-productsinformation.ro.json").elements.map(
            BigBuyInformation.init)
        let images = try Example.json("bigbuy-productsimages.json").elements.map(BigBuyImages.init)
        let taxonomies = try Example.json("bigbuy-taxonomies.json").elements.map(BigBuyTaxonomy.init)

        #expect(stock.map(\.quantity) == [4, 0])
        #expect(information[0].name == "Lampă de birou LED")
        #expect(images[0].urls == ["https://cdnbigbuy.com/images/V0700822_00.jpg"])
        #expect(taxonomies[0].parent == nil)
    }

    @Test("a quote rounds binary dust away")
    func quote() throws {
        let quote = try BigBuyQuote(
            try Example.json("bigbuy-order-check-multishipping.response.json"),
            asked: ClientBigBuyCallTests.skus)

        #expect(quote.groups.map(\.total) == [.eur(3245), .eur(13_213)])
        #expect(quote.groups.map(\.goods) == [.eur(1824), .eur(10_920)])
        #expect(quote.total == .eur(16_458))
        #expect(quote.isComplete)
    }

    @Test("an order that succeeded in part is no success")
    func partial() throws {
        let placement = try BigBuyPlacement(
            try Example.json("bigbuy-order-create-multishipping.partial.201.json"),
            asked: ClientBigBuyCallTests.skus)

        guard case .partial(let placed, let refused) = placement else {

            Issue.record("\(placement)")

            return

        }
        #expect(placed.map(\.id) == ["15012345"])
        #expect(refused.map(\.refusal) == [.outOfStock([SKU(unchecked: "S7106391")])])
        #expect(refused.map(\.warehouse) == [WarehouseCode(unchecked: "3")])
    }

    @Test("an article that the answer forgets counts as refused")
    func unaccounted() throws {
        let json = try JSON(parsing: #"{"orders":[{"productReferences":["V0700822"],"id":"1"}],"errors":[]}"#)

        guard case .partial(_, let refused) = try BigBuyPlacement(json, asked: ClientBigBuyCallTests.skus)
        else {
            Issue.record("taken for complete")
            return
        }
        #expect(refused.map(\.refusal) == [.unaccounted])
        #expect(refused.flatMap(\.skus) == [SKU(unchecked: "S7106391")])
    }

    @Test("orders, shipping and tracking are read")
    func orders() throws {
        let order = try BigBuyOrder(try Example.json("bigbuy-order.json"))
        let options = try Example.json("bigbuy-shipping-orders.response.json")["shippingOptions"].elements
            .map(BigBuyShippingOption.init)
        let tracking = try Example.json("bigbuy-tracking-orders.response.json").elements.map(
            BigBuyTracking.init)

        #expect(order.totalPaid == .eur(3245))
        #expect(order.lines.map(\.quantity) == [2])
        #expect(options.map(\.cost) == [.eur(858)])
        #expect(tracking.map(\.order) == ["15012345"])
        #expect(tracking[0].parcels.map(\.number) == ["GLS0000000001"])
    }
}

@Suite("Failures of BigBuy")
struct ClientBigBuyFailureTests {
    private func failure(
        _ status: Int, _ body: String, headers: [String: String] = ["Content-Type": "application/json"]
    ) async throws -> BigBuyFailure {
        let server = try CannedServer([.answer(status, body, headers: headers)])
        let failure = await #expect(throws: BigBuyFailure.self) {
            try await ClientBigBuyCallTests.client(server).check(ClientBigBuyCallTests.request)
        }
        return try #require(failure)
    }

    private func failure(_ status: Int, file: String) async throws -> BigBuyFailure {
        try await failure(status, try Example.text(file))
    }

    @Test("business errors are understood, JSON inside the message included")
    func examples() async throws {
        let sku = SKU(unchecked: "V0700822")

        #expect(
            try await failure(409, file: "bigbuy-error-ER003.409.json").reason == .refused(.outOfStock([sku]))
        )
        let wallet = try await failure(409, file: "bigbuy-error-ER005.409.json")
        #expect(wallet.reason == .refused(.walletTooLow(balance: .eur(0), needed: .eur(3245))))
        #expect(wallet.disposition == .deferred(until: Example.now.addingTimeInterval(900)))
        let invalid = try await failure(400, file: "bigbuy-error-validation.400.json")
        guard case .refused(.invalid(let fields)) = invalid.reason else {
            Issue.record("\(invalid)")
            return
        }
        #expect(Array(fields.keys) == ["shippingAddress.postcode"])
        #expect(invalid.disposition == .permanent)
    }

    @Test("codes and messages are recognised when swapped")
    func swapped() async throws {
        let failure = try await failure(409, #"{"code":"{\"data\":{\"skus\":[\"A\"]}}","message":"ER003"}"#)

        #expect(failure.reason == .refused(.outOfStock([SKU(unchecked: "A")])))
    }

    @Test("articles that cannot be sold, and warehouses that must be split")
    func conflicts() async throws {
        let rejected = try await failure(
            409,
            #"{"code":409,"message":"{\"info\":\"Products error.\","#
                + #"\"data\":[{\"sku\":\"A\",\"message\":\"inactive\"}]}"}"#
        )
        let split = try await failure(
            409,
            #"{"code":409,"message":"Warehouses","error_detail":{"warehouses":["#
                + #"{"id":1,"references":["A"]},{"id":3,"references":["B"]}]}}"#
        )

        #expect(rejected.reason == .refused(.productsRejected([SKU(unchecked: "A"): "inactive"])))
        #expect(split.reason == .refused(.severalWarehouses([[SKU(unchecked: "A")], [SKU(unchecked: "B")]])))
    }

    @Test(
        "an answer that proves nothing leaves the outcome open",
        arguments: [
            (200, ""), (200, "<html>error</html>"), (200, "HTTP/1.0 500 Internal Server Error\r\n\r\n{}"),
            (200, #"{"code":409,"message":"Something went wrong 0123456789abcdef"}"#),
            (502, "<html>bad gateway</html>"),
            (200, #"{"orders":[{"productReferences":["A"],"total":"many"}],"errors":[]}"#), (500, ""),
            (200, "null"),
        ])
    func unknown(status: Int, body: String) async throws {
        let failure = try await failure(status, body)

        #expect(failure.mayHaveHappened, "\(failure)")
        #expect(failure.disposition == .transient())
    }

    @Test("a rate limit waits for the instant it names")
    func rateLimit() async throws {
        let failure = try await failure(
            429, try Example.text("bigbuy-error-rate.429.txt"), headers: ["X-RateLimit-Reset": "1795370090"])

        #expect(failure.disposition == .deferred(until: Example.now.addingTimeInterval(90)))
        #expect(!failure.mayHaveHappened)
    }

    @Test("a wrong key is for a human")
    func key() async throws {
        let failure = try await failure(401, #"{"message":"Invalid Token"}"#)

        #expect(failure.reason == .keyRefused)
        #expect(failure.call.account.description == "bigbuy:platform")
    }
}

@Suite("Calling BigBuy")
struct ClientBigBuyCallTests {
    static let skus = [SKU(unchecked: "V0700822"), SKU(unchecked: "S7106391")]

    static let request = BigBuyOrderRequest(
        reference: BigBuyReference(rawValue: "CF-000123-1"), carriers: ["gls", "ups"],
        recipient: BigBuyRecipient(
            firstName: "Ana", lastName: "Exemplu", country: .romania, postcode: "400001", town: "Cluj-Napoca",
            address: "Str. Exemplu 10", phone: "+40700000001",
            email: EmailAddress(unchecked: "orders+cf000123@cartflux.example")),
        lines: [BigBuyOrderLine(sku: skus[0], quantity: 2), BigBuyOrderLine(sku: skus[1], quantity: 1)])

    static func client(_ server: CannedServer) -> BigBuyClient {
        BigBuyClient(key: "key", base: server.base, timeout: .seconds(5), now: { Example.now })
    }

    @Test("an order is written as in the example")
    func body() throws {
        #expect(Self.request.json == (try Example.json("bigbuy-order-request.json")))
    }

    @Test("a reference that exists is a success of an earlier attempt")
    func alreadyPlaced() async throws {
        let server = try CannedServer([.answer(409, try Example.text("bigbuy-error-ER008.409.json"))])

        #expect(try await Self.client(server).create(Self.request) == .alreadyPlaced("15012345"))
    }

    @Test("only BigBuy's own words make a reference absent")
    func byReference() async throws {
        let absent = try CannedServer([
            .answer(404, try Example.text("bigbuy-error-reference-not-found.404.json"))
        ])
        let found = try CannedServer([.answer(200, #"{"id":"15012345","totalPaidTaxIncl":"32.45"}"#)])

        #expect(try await Self.client(absent).order(withReference: Self.request.reference) == nil)
        let order = try await Self.client(found).order(withReference: Self.request.reference)
        #expect(order?.id == "15012345")
        #expect(order?.totalPaid == .eur(3245))
        #expect(found.requests.first?.hasPrefix("GET /rest/order/reference/CF-000123-1.json ") == true)
    }

    @Test(
        "any other answer about a reference leaves it unknown",
        arguments: [
            (404, "<html>not found</html>"), (404, #"{"code":404,"message":"No route found"}"#), (500, "{}"),
            (200, ""),
        ])
    func referenceUnknown(status: Int, body: String) async throws {
        let server = try CannedServer([.answer(status, body)])

        let failure = await #expect(throws: BigBuyFailure.self) {
            try await Self.client(server).order(withReference: Self.request.reference)
        }

        #expect(failure?.mayHaveHappened == true)
    }

    @Test("the wallet is read as text or as a number", arguments: ["\"10000.00\"", "10000", "10000.0"])
    func purse(body: String) async throws {
        let server = try CannedServer([.answer(200, body)])

        #expect(try await Self.client(server).purse() == .eur(1_000_000))
    }

    @Test("a lost connection while ordering may have ordered")
    func lost() async throws {
        let server = try CannedServer([.close])

        let failure = await #expect(throws: BigBuyFailure.self) {
            try await Self.client(server).create(Self.request)
        }

        #expect(failure?.mayHaveHappened == true)
    }
}
