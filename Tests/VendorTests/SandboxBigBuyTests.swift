import Foundation
import Testing
import VendorSandbox

@Suite("SandboxBigBuy")
struct SandboxBigBuyTests {
    private static func open(_ body: (SandboxDesk) async throws -> Void) async throws {
        try await SandboxDesk.open(
            { BigBuySandbox($0) }, headers: ["Authorization": "Bearer key"], body)
    }

    private static func order(_ reference: String, _ products: [(String, Int64)]) -> JSON {
        [
            "order": [
                "internalReference": .string(reference), "language": "ro", "paymentMethod": "moneybox",
                "carriers": [],
                "shippingAddress": [
                    "firstName": "Ana", "lastName": "Exemplu", "country": "RO", "postcode": "400001",
                    "town": "Cluj-Napoca", "address": "Str. Exemplu 10", "phone": "+40700000001",
                    "email": "orders@shop.example", "comment": "",
                ],
                "products": .array(
                    products.map { ["reference": .string($0.0), "quantity": .integer($0.1)] }),
            ]
        ]
    }

    private static let create = "/rest/order/create/multishipping.json"
    private static let check = "/rest/order/check/multishipping.json"

    /// The JSON that travels as text inside an error's message.
    private static func inside(_ response: SandboxResponse) throws -> JSON {
        try JSON.parse(Array((try response.json()["message"].string ?? "").utf8))
    }

    @Test("an order is checked, placed, found by reference, shipped and delivered")
    func mainPath() async throws {
        try await Self.open { desk in
            // Far apart, so that the time which the test itself takes does not matter.
            try await desk.pull("progress", ["ship_after_seconds": 1_000, "deliver_after_seconds": 2_000])
            let order = Self.order("CF-1", [("V0100101", 2), ("V0100107", 1)])

            let checked = try await desk.post(Self.check, order).json()
            let placed = try await desk.post(Self.create, order)

            #expect(
                checked["orders"].array.map { $0["totalWithoutTaxes"].decimal } == [
                    20, Decimal(string: "13.4"),
                ])
            #expect(checked["orders"][0]["total"].decimal == Decimal(string: "24.2"))
            #expect(checked["errors"] == [])
            #expect(placed.status == 201)
            let orders = try placed.json()["orders"].array
            #expect(orders.map { $0["warehouse"].integer } == [1, 2])
            let id = try #require(orders[0]["id"].string)
            #expect(orders[0]["url"].string == "/rest/order/\(id)")

            let found = try await desk.get("/rest/order/reference/CF-1.json")
            #expect(found["id"].string == id)
            #expect(found["totalPaidTaxIncl"] == "24.20")
            #expect(try await desk.get("/rest/user/purse.json") == "999959.59")

            let asked: JSON = ["track": ["orders": [["id": .string(id)]]]]
            #expect(try await desk.get("/rest/order/\(id).json")["status"] == "In process")
            #expect(try await desk.post("/rest/tracking/orders.json", asked).json() == [])
            await desk.server.advanceClock(seconds: 1_200)
            let underWay = try await desk.post("/rest/tracking/orders.json", asked).json()
            #expect(underWay[0]["trackings"][0]["statusDescription"] == "In transit")
            await desk.server.advanceClock(seconds: 1_200)
            let arrived = try await desk.get("/rest/tracking/order/\(id).json")
            #expect(arrived[0]["trackings"][0]["statusDescription"] == "Delivered")
            #expect(try await desk.get("/rest/order/\(id).json")["status"] == "Delivered")
            #expect(desk.calls.count(of: "order.create", on: "CF-1") == 1)
            #expect(try await desk.objects("orders").count == 2)
        }
    }

    @Test("a reference is used once: the second order is ER008 with the first one's id")
    func duplicate() async throws {
        try await Self.open { desk in
            let order = Self.order("CF-1", [("V0100101", 1)])
            let first = try await desk.post(Self.create, order).json()["orders"][0]["id"].string

            let second = try await desk.post(Self.create, order)

            #expect(second.status == 409)
            #expect(try second.json()["code"] == "ER008")
            #expect(try Self.inside(second)["data"]["orderId"].integer.map { String($0) } == first)
            #expect(try await desk.objects("orders").count == 1)
        }
    }

    @Test("an answer that is lost leaves exactly one order, found by its reference")
    func lostAnswer() async throws {
        try await Self.open { desk in
            desk.server.workbench.inject(Fault("POST /rest/order/create/*", .dropBefore, count: 1))
            desk.server.workbench.inject(Fault("POST /rest/order/create/*", .dropAfter, count: 1))
            let order = Self.order("CF-1", [("V0100101", 1)])

            await #expect(throws: (any Error).self) { try await desk.post(Self.create, order) }
            let missing = try await desk.send("GET", "/rest/order/reference/CF-1.json")
            await #expect(throws: (any Error).self) { try await desk.post(Self.create, order) }
            let found = try await desk.send("GET", "/rest/order/reference/CF-1.json")
            let again = try await desk.post(Self.create, order)

            #expect(missing.status == 404)
            #expect(try missing.json() == ["code": 404, "message": "No order found with refOrder: CF-1"])
            #expect(found.status == 200)
            #expect(again.status == 409)
            #expect(desk.calls.count(of: "order.create") == 1)
        }
    }

    @Test("what a warehouse lacks is refused beside what was ordered")
    func partial() async throws {
        try await Self.open { desk in
            try await desk.pull("stock", ["sku": "V0100107", "warehouse": 2, "quantity": 0])
            let order = Self.order("CF-1", [("V0100101", 1), ("V0100107", 1)])

            let placed = try await desk.post(Self.create, order)

            #expect(placed.status == 201)
            let json = try placed.json()
            #expect(json["orders"].array.map { $0["productReferences"] } == [["V0100101"]])
            #expect(json["errors"][0]["code"] == "ER003")
            #expect(json["errors"][0]["productReferences"] == ["V0100107"])
            #expect(json["errors"][0]["warehouse"] == 2)
        }
    }

    @Test("refusals: unknown, inactive, sold out, poor, malformed, several warehouses, key")
    func refusals() async throws {
        try await Self.open { desk in
            let unknown = try await desk.post(Self.check, Self.order("a", [("NOPE", 1)]))
            let inactive = try await desk.post(Self.check, Self.order("a", [("V0100118", 1)]))
            let soldOut = try await desk.post("/rest/order/check.json", Self.order("a", [("V0100112", 2)]))
            let spread = try await desk.post(
                "/rest/order/create.json", Self.order("a", [("V0100101", 1), ("V0100107", 1)]))
            try await desk.pull("purse", ["amount": "1.00"])
            let poor = try await desk.post("/rest/order/create.json", Self.order("a", [("V0100101", 1)]))
            let poorGroup = try await desk.post(Self.create, Self.order("a", [("V0100101", 1)])).json()
            var malformed = Self.order("a", [("V0100101", 1)])
            malformed["order"]["shippingAddress"]["postcode"] = "1"
            let invalid = try await desk.post(Self.check, malformed)
            let stranger = try await desk.send(
                "GET", "/rest/user/purse.json", headers: ["Authorization": ""])

            #expect(try unknown.json()["code"] == "ER001")
            #expect(try Self.inside(inactive)["data"][0]["sku"] == "V0100118")
            #expect(try Self.inside(soldOut)["data"]["skus"] == ["V0100112"])
            #expect(try spread.json()["error_detail"]["warehouses"].array.count == 2)
            #expect(try Self.inside(poor)["data"]["totalOrder"].decimal == Decimal(string: "12.1"))
            #expect(poorGroup["errors"][0]["code"] == "ER005")
            #expect(invalid.status == 400)
            #expect(
                try invalid.json()["errors"]["children"]["shippingAddress"]["children"]["postcode"]["errors"]
                    .array.count == 1)
            #expect(stranger.status == 401)
            #expect(try stranger.json() == ["message": "Invalid Token"])
            #expect(try await desk.objects("orders").isEmpty)
        }
    }

    @Test("a plain order answers with a location and an empty body")
    func plainCreate() async throws {
        try await Self.open { desk in
            let placed = try await desk.post("/rest/order/create.json", Self.order("a", [("V0100101", 1)]))

            #expect(placed.status == 201)
            #expect(placed.body.isEmpty)
            let location = try #require(placed.header("Location"))
            #expect(try await desk.get(location)["internalReference"] == "a")
        }
    }

    @Test("levers ship in parcels, cancel with the money back, and stop the clockwork")
    func levers() async throws {
        try await Self.open { desk in
            try await desk.pull("progress")
            let placed = try await desk.post(
                Self.create, Self.order("a", [("V0100101", 1), ("V0100107", 1)])
            ).json()
            let ids = placed["orders"].array.compactMap { $0["id"].string }
            await desk.server.advanceClock(seconds: 3600)
            #expect(try await desk.get("/rest/order/\(ids[0]).json")["status"] == "In process")

            try await desk.pull("orders/\(ids[0])/ship", ["parcels": 2])
            try await desk.pull("orders/\(ids[1])/cancel")

            let tracking = try await desk.get("/rest/tracking/order/\(ids[0]).json")
            #expect(tracking[0]["trackings"].array.count == 2)
            #expect(try await desk.get("/rest/order/\(ids[1]).json")["status"] == "Canceled")
            #expect(try await desk.get("/rest/user/purse.json") == "999987.90")
            let stock = try await desk.objects("stock").first { $0["sku"] == "V0100107" }
            #expect(stock?["stocks"][0]["quantity"] == 30)
        }
    }

    @Test("the last piece goes to one of many")
    func lastPiece() async throws {
        try await Self.open { desk in
            let placed = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let order = Self.order("CF-\(number)", [("V0100112", 1)])
                        return try await desk.post(Self.create, order).json()["orders"].array.count
                    }
                }
                return try await group.reduce(0, +)
            }

            #expect(placed == 1)
        }
    }

    @Test("the catalogue comes in pages, by root and language")
    func catalogue() async throws {
        try await Self.open { desk in
            let all = try await desk.get("/rest/catalog/products.json?isoCode=ro")
            let page = try await desk.get("/rest/catalog/products.json?page=1&pageSize=15")
            let home = try await desk.get("/rest/catalog/products.json?parentTaxonomy=19658")
            let names = try await desk.get("/rest/catalog/productsinformation.json?isoCode=ro")
            let stock = try await desk.get("/rest/catalog/productsstockbyhandlingdays.json")
            let one = try await desk.get("/rest/catalog/product/334497.json")
            let roots = try await desk.get("/rest/catalog/taxonomies.json?isoCode=ro&firstLevel=1")

            #expect(all.array.count == 22)
            #expect(page.array.count == 7)
            #expect(home.array.allSatisfy { $0["taxonomy"] == 19658 })
            #expect(names.array.first?["name"] == "Lampă de birou LED")
            #expect(stock.array.first?["sku"] == "V0100122")
            #expect(one["wholesalePrice"] == 10)
            #expect(roots.array.map { $0["name"] } == ["Iluminat", "Casă", "Timp liber"])
        }
    }

    @Test("a lever changes, adds and withdraws articles in every list")
    func catalogueLevers() async throws {
        try await Self.open { desk in
            try await desk.pull("products", ["sku": "V0100101", "price": 12, "quantity": 3])
            try await desk.pull("products", ["sku": "V0100102", "listed": false])
            try await desk.pull(
                "products", ["sku": "V0999001", "price": 4, "quantity": 7, "taxonomy": 19659])

            let base = "/rest/catalog"
            let prices = try await desk.get("\(base)/productprices.json?parentTaxonomy=19657")
            let stock = try await desk.get("\(base)/productsstockbyhandlingdays.json")
            let fresh = try await desk.get("\(base)/new-products.json")
            let branches = try await desk.get("\(base)/productstaxonomies.json?parentTaxonomy=19659")
            let gone = try await desk.send("GET", "\(base)/product/334498.json")

            #expect(prices.array.first { $0["sku"] == "V0100101" }?["wholesalePrice"] == 12)
            #expect(stock.array.first { $0["sku"] == "V0100101" }?["stocks"][0]["quantity"] == 3)
            #expect(!stock.array.contains { $0["sku"] == "V0100102" })
            #expect(fresh.array.map { $0["sku"] } == ["V0999001"])
            #expect(branches.array.last?["product"] == 334519)
            #expect(gone.status == 404)
        }
    }

    @Test("limits, once on, refuse in plain text until the window ends")
    func limits() async throws {
        try await Self.open { desk in
            let path = "/rest/catalog/product/334497.json"
            for _ in 0..<3 { _ = try await desk.get(path) }
            try await desk.pull("limits", ["enabled": true])

            let first = try await desk.send("GET", path)
            let second = try await desk.send("GET", path)
            await desk.server.advanceClock(seconds: 6)
            let later = try await desk.send("GET", path)

            #expect(first.header("X-RateLimit-Remaining") == "0")
            #expect(second.status == 429)
            #expect(second.text == "You exceeded the rate limit")
            #expect(second.header("X-RateLimit-Reset") != nil)
            #expect(later.status == 200)
        }
    }

    @Test("a soft error is a success with an error inside, and changes nothing")
    func softError() async throws {
        try await Self.open { desk in
            desk.server.workbench.inject(Fault("POST /rest/order/create/*", .softError, count: 1))

            let answer = try await desk.post(Self.create, Self.order("a", [("V0100101", 1)]))

            #expect(answer.status == 200)
            #expect(try answer.json()["code"] == 409)
            #expect(try await desk.objects("orders").isEmpty)
        }
    }
}
