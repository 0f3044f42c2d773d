// What BigBuy says about orders. Success in part is a case of its own everywhere: a list of orders that
// is not empty is not yet success, and an article that appears neither among the orders nor among the
// errors counts as refused.

import Commerce
import VendorHTTP

/// A way of delivering, and its price.
package struct BigBuyShippingOption: Sendable, Equatable {
    package let serviceID: String
    package let carrier: String
    package let serviceName: String
    /// Such as "4-6 days".
    package let delay: String
    package let cost: Money

    init(_ json: JSON) throws(JSONMismatch) {
        let service = json["shippingService"]
        serviceID = try service.needText("id")
        carrier = try service.needText("name")
        serviceName = service["serviceName"].text ?? ""
        delay = service["delay"].text ?? ""
        cost = try json.need("cost", \.euros)
    }
}

/// What was refused of an order, and for which articles.
package struct BigBuyRefusedGroup: Sendable, Equatable {
    package let refusal: BigBuyRefusal
    package let skus: [SKU]
    package let warehouse: WarehouseCode?

    init(_ refusal: BigBuyRefusal, skus: [SKU], warehouse: WarehouseCode? = nil) {
        self.refusal = refusal
        self.skus = skus
        self.warehouse = warehouse
    }

    init(_ json: JSON) {
        let error = BigBuyErrorBody(json)
        let refusal =
            error.map(BigBuyRefusal.init) ?? .other(code: "unknown", info: json["status"].text ?? "")
        let named = json["productReferences"].elements.compactMap(\.sku)
        let skus = named.isEmpty ? refusal.skus : named
        // In this list the code tells what happened and the articles stand beside it, not inside.
        self.init(refusal.about(skus), skus: skus, warehouse: json["warehouse"].warehouse)
    }

    static func unaccounted(_ asked: [SKU], seen: Set<SKU>) -> [BigBuyRefusedGroup] {
        let missing = asked.filter { !seen.contains($0) }
        return missing.isEmpty ? [] : [BigBuyRefusedGroup(.unaccounted, skus: missing)]
    }
}

extension BigBuyRefusal {
    fileprivate func about(_ skus: [SKU]) -> BigBuyRefusal {
        switch self {
        case .productUnknown([]): .productUnknown(skus)
        case .outOfStock([]): .outOfStock(skus)
        default: self
        }
    }
}

/// What an order would cost.
package struct BigBuyQuote: Sendable, Equatable {
    /// What one warehouse would send.
    package struct Group: Sendable, Equatable {
        package let skus: [SKU]
        package let warehouse: WarehouseCode?
        /// Without VAT and without shipping.
        package let goods: Money
        /// Without VAT, with shipping.
        package let net: Money
        /// What the wallet would pay.
        package let total: Money
    }

    package let groups: [Group]
    package let refused: [BigBuyRefusedGroup]

    /// Whether everything that was asked for can be delivered.
    package var isComplete: Bool { refused.isEmpty && !groups.isEmpty }

    package var total: Money { groups.map(\.total).total(.eur) }

    init(_ json: JSON, asked: [SKU]) throws(JSONMismatch) {
        groups = try readAll(try json.need("orders", \.list), as: Group.init)
        let named = json["errors"].elements.map { BigBuyRefusedGroup($0) }
        let seen = Set(groups.flatMap(\.skus) + named.flatMap(\.skus))
        refused = named + BigBuyRefusedGroup.unaccounted(asked, seen: seen)
    }
}

extension BigBuyQuote.Group {
    fileprivate init(_ json: JSON) throws(JSONMismatch) {
        skus = json["productReferences"].elements.compactMap(\.sku)
        warehouse = json["warehouse"].warehouse
        goods = try json.need("totalWithoutTaxesAndWithoutShippingCost", \.euros)
        net = try json.need("totalWithoutTaxes", \.euros)
        total = try json.need("total", \.euros)
    }
}

/// How placing an order ended.
package enum BigBuyPlacement: Sendable, Equatable {
    /// One order of what one warehouse sends.
    package struct Placed: Sendable, Equatable, Codable {
        package let id: BigBuyOrder.ID
        package let skus: [SKU]
        package let warehouse: WarehouseCode?
    }

    case complete([Placed])
    /// Some warehouses have an order, others do not. Both halves need work.
    case partial([Placed], refused: [BigBuyRefusedGroup])
    case refused([BigBuyRefusedGroup])
    /// The reference was used before, so an earlier attempt succeeded: read the order and adopt it.
    case alreadyPlaced(BigBuyOrder.ID?)

    init(_ json: JSON, asked: [SKU]) throws(JSONMismatch) {
        var placed = try readAll(try json.need("orders", \.list), as: Placed.init)
        var refused: [BigBuyRefusedGroup] = []
        for group in json["errors"].elements.map({ BigBuyRefusedGroup($0) }) {
            if case .orderExists(let id?) = group.refusal {
                placed.append(Placed(id: id, skus: group.skus, warehouse: group.warehouse))
            } else {
                refused.append(group)
            }
        }
        let seen = Set(placed.flatMap(\.skus) + refused.flatMap(\.skus))
        refused += BigBuyRefusedGroup.unaccounted(asked, seen: seen)
        if placed.isEmpty {
            self = .refused(refused)
        } else {
            self = refused.isEmpty ? .complete(placed) : .partial(placed, refused: refused)
        }
    }
}

extension BigBuyPlacement.Placed {
    fileprivate init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        skus = json["productReferences"].elements.compactMap(\.sku)
        warehouse = json["warehouse"].warehouse
    }
}

/// The little that a look-up by reference tells.
package struct BigBuyOrderSummary: Sendable, Equatable {
    package let id: BigBuyOrder.ID
    package let totalPaid: Money?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        totalPaid = json["totalPaidTaxIncl"].euros
    }
}

/// An order as BigBuy keeps it.
package struct BigBuyOrder: Sendable, Equatable {
    package typealias ID = BigBuyID<BigBuyOrder>

    package struct Line: Sendable, Equatable {
        package let sku: SKU
        package let quantity: Int
        package let netPrice: Money?
    }

    package let id: ID
    package let reference: BigBuyReference?
    /// In BigBuy's words; the list is theirs and changes.
    package let status: String
    package let totalPaid: Money
    package let totalPaidNet: Money
    package let shippingNet: Money?
    package let carriers: [String]
    package let lines: [Line]

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        reference = json["internalReference"].filledText.map(BigBuyReference.init(rawValue:))
        status = json["status"].text ?? ""
        totalPaid = try json.need("totalPaidTaxIncl", \.euros)
        totalPaidNet = try json.need("totalPaidTaxExcl", \.euros)
        shippingNet = json["totalShippingTaxExcl"].euros
        carriers = json["carriers"].elements.compactMap { $0["name"].text }
        lines = try readAll(json["products"].elements, as: Line.init)
    }

    /// Whether BigBuy gave it up, as far as its words tell.
    package var isCanceled: Bool {
        let word = status.lowercased()
        return word.hasPrefix("cancel") || word.hasPrefix("anulado")
    }
}

extension BigBuyOrder.Line {
    fileprivate init(_ json: JSON) throws(JSONMismatch) {
        sku = try json.need("reference", \.sku)
        quantity = try json.need("quantity", \.int)
        netPrice = json["priceTaxExcl"].euros
    }
}

/// The parcels of one order.
package struct BigBuyTracking: Sendable, Equatable {
    package struct Parcel: Sendable, Equatable {
        package let number: String
        /// In BigBuy's words, such as "In transit".
        package let status: String
        /// As written: BigBuy does not say in which zone.
        package let statusAt: String?
        package let carrierID: String?
    }

    package let order: BigBuyOrder.ID
    package let reference: BigBuyReference?
    package let parcels: [Parcel]

    init(_ json: JSON) throws(JSONMismatch) {
        order = try json.needID()
        reference = json["reference"].filledText.map(BigBuyReference.init(rawValue:))
        parcels = try readAll(json["trackings"].elements, as: Parcel.init)
    }
}

extension BigBuyTracking.Parcel {
    fileprivate init(_ json: JSON) throws(JSONMismatch) {
        number = try json.needText("trackingNumber")
        status = json["statusDescription"].text ?? ""
        statusAt = json["statusDate"].text
        carrierID = json["carrier"]["id"].text
    }
}
