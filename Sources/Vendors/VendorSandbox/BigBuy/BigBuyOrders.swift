import Foundation

// Checking and ordering. What each warehouse can send becomes one order; what cannot be had is refused
// beside it, so that an order for several warehouses, or one with a missing article, succeeds in part.

/// An order taken apart by warehouse.
struct BigBuyPlan: Sendable {
    var parcels: [BigBuyParcel] = []
    /// What its warehouse does not have enough of.
    var missing: [(sku: String, warehouse: Int)] = []
}

extension BigBuyWorld {
    mutating func check(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        .json(try onlyParcel(try BigBuyRequest(call.body).wanted).totals)
    }

    mutating func checkSeveral(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let plan = try plan(BigBuyRequest(call.body).wanted)
        let orders = plan.parcels.map { parcel -> JSON in
            var json = parcel.totals
            json["productReferences"] = parcel.references
            json["warehouse"] = .integer(Int64(parcel.warehouse))
            return json
        }
        return .json(["orders": .array(orders), "errors": .array(plan.missing.map(Self.shortage))])
    }

    /// Orders from one warehouse. The answer is empty; the id is in `Location`.
    mutating func create(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let request = try BigBuyRequest(call.body)
        try refuseDuplicate(request)
        let parcel = try onlyParcel(request.wanted)
        if purse < parcel.charge { throw .walletTooLow(balance: purse, needed: parcel.charge) }
        let order = place(parcel, of: request)
        return SandboxResponse(
            status: 201, headers: [(name: "Location", value: "/rest/order/\(order.id)")],
            effect: SandboxEffect("order.create", on: order.reference))
    }

    /// Orders from every warehouse that can send its part.
    mutating func createSeveral(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let request = try BigBuyRequest(call.body)
        try refuseDuplicate(request)
        let plan = try plan(request.wanted)
        var placed: [JSON] = []
        var errors = plan.missing.map(Self.shortage)
        for parcel in plan.parcels {
            if purse < parcel.charge {
                let problem = BigBuyProblem.walletTooLow(balance: purse, needed: parcel.charge)
                errors.append(Self.error(problem, parcel.references, parcel.warehouse))
                continue
            }
            let order = place(parcel, of: request)
            placed.append([
                "id": .string(order.id), "productReferences": parcel.references,
                "warehouse": .integer(Int64(parcel.warehouse)), "url": .string("/rest/order/\(order.id)"),
            ])
        }
        let effect = placed.isEmpty ? nil : SandboxEffect("order.create", on: request.reference)
        return .json(
            ["orders": .array(placed), "errors": .array(errors)], status: 201, effect: effect)
    }

    func shippingOptions(_ call: BigBuyCall) throws(BigBuyProblem) -> SandboxResponse {
        let parcel = try onlyParcel(BigBuyRequest.merged(call.body["order"]["products"].array))
        let grams = parcel.lines.reduce(0) { sum, line in
            sum + (goods(line.sku)?.article.grams ?? 0) * Int64(line.quantity)
        }
        let services = [("121", "GLS", "4-6 days", "Euro Business"), ("133", "UPS", "2-3 days", "Standard")]
        let options = services.enumerated().map { position, service -> JSON in
            [
                "shippingService": [
                    "id": .string(service.0), "name": .string(service.1), "delay": .string(service.2),
                    "transportMethod": "standard", "serviceName": .string(service.3), "pod": true,
                ],
                // The second service is the fast one and costs half as much again.
                "cost": SandboxAmount.json(position == 0 ? parcelCost : parcelCost * 3 / 2),
                "weight": .decimal(Decimal(grams) / 1000),
            ]
        }
        return .json(["shippingOptions": .array(options)])
    }

    // MARK: - Parts

    private func refuseDuplicate(_ request: BigBuyRequest) throws(BigBuyProblem) {
        if let first = orders(reference: request.reference).first { throw .orderExists(first.id) }
    }

    /// The whole of it from one warehouse, or a refusal.
    private func onlyParcel(_ wanted: [(sku: String, quantity: Int)]) throws(BigBuyProblem) -> BigBuyParcel {
        let plan = try plan(wanted)
        if !plan.missing.isEmpty { throw .outOfStock(plan.missing.map(\.sku)) }
        guard plan.parcels.count == 1, let parcel = plan.parcels.first else {
            throw .severalWarehouses(plan.parcels.map { ($0.warehouse, $0.lines.map(\.sku)) })
        }
        return parcel
    }

    private func plan(_ wanted: [(sku: String, quantity: Int)]) throws(BigBuyProblem) -> BigBuyPlan {
        let unknown = wanted.map(\.sku).filter { goods($0) == nil }
        if !unknown.isEmpty { throw .unknownProducts(unknown) }
        let inactive = wanted.map(\.sku).filter { goods($0)?.article.isActive == false }
        if !inactive.isEmpty { throw .inactive(inactive) }

        var plan = BigBuyPlan()
        var lines: [Int: [BigBuyLine]] = [:]
        for (sku, quantity) in wanted {
            guard let goods = goods(sku) else { continue }
            guard let warehouse = warehouse(of: goods, with: quantity) else {
                plan.missing.append((sku, goods.warehouse))
                continue
            }
            lines[warehouse, default: []].append(
                BigBuyLine(sku: sku, quantity: quantity, price: goods.price, article: goods.article.id))
        }
        plan.parcels = lines.sorted { $0.key < $1.key }.map {
            BigBuyParcel(warehouse: $0.key, lines: $0.value, shipping: parcelCost)
        }
        return plan
    }

    /// Its own warehouse, or another that has enough.
    private func warehouse(of goods: BigBuyGoods, with quantity: Int) -> Int? {
        let shelf = shelves[goods.sku] ?? [:]
        let others = shelf.keys.sorted().filter { $0 != goods.warehouse }
        return ([goods.warehouse] + others).first { (shelf[$0] ?? 0) >= quantity }
    }

    private static func shortage(_ line: (sku: String, warehouse: Int)) -> JSON {
        [
            "status": 409, "code": "ER003", "message": "No stock.",
            "productReferences": [.string(line.sku)], "warehouse": .integer(Int64(line.warehouse)),
        ]
    }

    private static func error(_ problem: BigBuyProblem, _ references: JSON, _ warehouse: Int) -> JSON {
        var json = problem.json
        json["status"] = .integer(Int64(problem.status))
        json["productReferences"] = references
        json["warehouse"] = .integer(Int64(warehouse))
        return json
    }
}
