import Foundation
import VendorSandbox

// As much of BigBuy as the workflows meet, with levers for what goes wrong there. It keeps orders by our
// reference, so that a lost answer can be looked up and a repetition is refused.

actor StandInSupplier: SandboxVendor {
    nonisolated let name = "bigbuy"

    private struct Placed {
        let id: String
        let reference: String
        let lines: [(sku: String, quantity: Int)]
        var isCanceled = false
        var tracking: String?
    }

    private var orders: [Placed] = []
    private var soldOut: Set<String> = []
    private var soldOutAtCreation: Set<String> = []
    private var unitPrice = 1000
    private var isWalletEmpty = false
    private var sendsApart = false
    private var unknownPostcode: String?
    private var hidden = 0

    init() {}

    // Levers -----------------------------------------------------------------------------------------------

    /// The check says that it has none.
    func sellOut(_ skus: String...) { soldOut.formUnion(skus) }
    /// The check still says yes; the order meets an empty shelf.
    func sellOutBetween(_ skus: String...) { soldOutAtCreation.formUnion(skus) }
    /// Every article comes from a warehouse of its own, as an order of its own.
    func sendApart() { sendsApart = true }
    func charge(_ cents: Int) { unitPrice = cents }
    /// The check says that there is no such postcode.
    func refuse(postcode: String) { unknownPostcode = postcode }
    /// So many times, whatever order is asked for by its number is not there.
    func hide(times: Int) { hidden = times }
    func emptyWallet(_ isEmpty: Bool) { isWalletEmpty = isEmpty }
    func track(_ status: String) {
        for index in orders.indices { orders[index].tracking = status }
    }
    func cancelAll() {
        for index in orders.indices { orders[index].isCanceled = true }
    }

    var references: [String] { orders.map(\.reference) }
    var soldLines: [String] { orders.flatMap { $0.lines.map { "\($0.quantity) x \($0.sku)" } }.sorted() }

    // Protocol ---------------------------------------------------------------------------------------------

    func respond(to request: SandboxRequest) async -> SandboxResponse {
        let body = (try? request.json()) ?? .null
        switch (request.method, request.path) {
        case ("POST", "/rest/order/check/multishipping.json"): return check(body["order"])
        case ("POST", "/rest/order/create/multishipping.json"): return create(body["order"])
        case ("POST", "/rest/tracking/orders.json"): return tracking(body)
        default: return look(request.path)
        }
    }

    private func lines(_ order: JSON) -> [(sku: String, quantity: Int)] {
        order["products"].array.map { ($0["reference"].string ?? "", Int($0["quantity"].integer ?? 0)) }
    }

    private func price(_ lines: [(sku: String, quantity: Int)]) -> JSON {
        .decimal(Decimal(lines.reduce(0) { $0 + $1.quantity * unitPrice }) / 100)
    }

    private func refusals(_ skus: [String]) -> JSON {
        skus.isEmpty
            ? .array([])
            : [
                [
                    "status": 409, "code": "ER003", "message": "No stock.",
                    "productReferences": .array(skus.map(JSON.string)), "warehouse": 1,
                ]
            ]
    }

    private func check(_ order: JSON) -> SandboxResponse {
        if let code = unknownPostcode, order["shippingAddress"]["postcode"].string == code {
            return error(409, "ER004", "Incorrect postcode.", data: "{\"zipExample\": \"400000\"}")
        }
        let lines = lines(order)
        let good = lines.filter { !soldOut.contains($0.sku) }
        let missing = lines.map(\.sku).filter(soldOut.contains)
        let group: JSON = [
            "productReferences": .array(good.map { .string($0.sku) }),
            "totalWithoutTaxesAndWithoutShippingCost": price(good), "totalWithoutTaxes": price(good),
            "total": price(good), "warehouse": 1,
        ]
        return .json(["orders": good.isEmpty ? .array([]) : [group], "errors": refusals(missing)])
    }

    private func create(_ order: JSON) -> SandboxResponse {
        let reference = order["internalReference"].string ?? ""
        if let known = orders.first(where: { $0.reference == reference }) {
            return error(409, "ER008", "The order already exists.", data: "{\"orderId\": \(known.id)}")
        }
        if isWalletEmpty {
            return error(
                409, "ER005", "Not enough money in the wallet.",
                data: "{\"moneyBoxAmount\": 0.0, \"totalOrder\": 10.0}")
        }
        let gone = soldOut.union(soldOutAtCreation)
        let good = lines(order).filter { !gone.contains($0.sku) }
        let missing = lines(order).map(\.sku).filter(gone.contains)
        guard !good.isEmpty else {
            let list = missing.map { "\"\($0)\"" }.joined(separator: ",")
            return error(409, "ER003", "Some products are out of stock.", data: "{\"skus\": [\(list)]}")
        }
        let placed = (sendsApart ? good.map { [$0] } : [good]).map { place($0, reference) }
        return .json(
            ["orders": .array(placed), "errors": refusals(missing)], status: 201,
            effect: SandboxEffect("order.create", on: reference))
    }

    private func place(_ lines: [(sku: String, quantity: Int)], _ reference: String) -> JSON {
        let id = String(15_000_001 + orders.count)
        orders.append(Placed(id: id, reference: reference, lines: lines))
        return [
            "productReferences": .array(lines.map { .string($0.sku) }), "id": .string(id), "warehouse": 1,
            "url": .string("/rest/order/\(id)"),
        ]
    }

    private func look(_ path: String) -> SandboxResponse {
        if let found = PathTemplate("/rest/order/reference/{name}").match(path)?["name"] {
            let reference = found.replacing(".json", with: "")
            guard let order = orders.first(where: { $0.reference == reference }) else {
                return .json(
                    ["code": 404, "message": .string("No order found with refOrder: \(reference)")],
                    status: 404)
            }
            return .json(["id": .string(order.id), "totalPaidTaxIncl": "10.00"])
        }
        let id = PathTemplate("/rest/order/{id}").match(path)?["id"]?.replacing(".json", with: "")
        if hidden > 0 {
            hidden -= 1
        } else if let order = orders.first(where: { $0.id == id }) {
            return show(order)
        }
        return .json(["code": 404, "message": "Not found"], status: 404)
    }

    private func show(_ order: Placed) -> SandboxResponse {
        .json([
            "id": .string(order.id), "internalReference": .string(order.reference),
            "totalPaidTaxIncl": price(order.lines), "totalPaidTaxExcl": price(order.lines),
            "status": .string(order.isCanceled ? "Canceled" : "In progress"),
            "products": .array(
                order.lines.map { ["reference": .string($0.sku), "quantity": .integer(Int64($0.quantity))] }),
        ])
    }

    private func tracking(_ body: JSON) -> SandboxResponse {
        let asked = body["track"]["orders"].array.compactMap { $0["id"].string }
        let known = orders.filter { asked.contains($0.id) && $0.tracking != nil && !$0.isCanceled }
        return .json(
            .array(
                known.map { order in
                    [
                        "id": .string(order.id), "reference": .string(order.reference),
                        "trackings": [
                            [
                                "trackingNumber": .string("GLS\(order.id)"),
                                "statusDescription": .string(order.tracking ?? ""), "carrier": ["id": "121"],
                            ]
                        ],
                    ]
                }))
    }

    private func error(_ status: Int, _ code: String, _ info: String, data: String) -> SandboxResponse {
        let message = "{\"info\": \"\(info)\", \"data\": \(data)}"
        return .json(["code": .string(code), "message": .string(message)], status: status)
    }

    func objects(_ kind: String) async -> [JSON]? { nil }

    func reset() async { orders = [] }

    nonisolated func refusal(_ failure: InjectedFailure) -> SandboxResponse {
        SandboxResponse(
            status: failure.status, headers: failure.headers, body: Array("<html>error</html>".utf8))
    }
}
