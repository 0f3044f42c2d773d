import Foundation

// What BigBuy has: articles, pieces in its warehouses, our wallet, our orders. Progress of an order is
// never stored: it follows from its age, so no timer runs and pushing the clock is enough.

/// The state of the BigBuy sandbox.
struct BigBuyWorld: Sendable {
    /// Goods are sold to us with Spanish VAT.
    static let taxRate = Decimal(21) / 100
    static let firstPurse: Int64 = 100_000_000

    var now = Date()
    var articles: [BigBuyArticle]
    /// Pieces by SKU and warehouse.
    var shelves: [String: [Int: Int]]
    var purse = BigBuyWorld.firstPurse
    /// What one parcel costs without VAT.
    var parcelCost: Int64 = 0
    var schedule = BigBuySchedule()
    private(set) var orders: [BigBuyParcelOrder] = []
    private var positions: [String: Int] = [:]
    private var references: [String: [String]] = [:]
    private var nextOrder: Int64

    /// - Parameter firstOrder: the number of the first order; it must differ between worlds.
    init(firstOrder: Int64) {
        nextOrder = firstOrder
        articles = BigBuyArticle.catalogue
        shelves = Dictionary(uniqueKeysWithValues: articles.map { ($0.sku, $0.firstStock) })
        for variation in articles.flatMap(\.variations) { shelves[variation.sku] = variation.firstStock }
    }

    func article(_ sku: String) -> BigBuyArticle? { articles.first { $0.sku == sku && $0.isListed } }

    /// Where the pieces of an article or a variation lie, as the lists of stock say it.
    func lots(of sku: String) -> [JSON] {
        (shelves[sku] ?? [:]).sorted { $0.key < $1.key }.map { warehouse, quantity in
            [
                "quantity": .integer(Int64(quantity)), "minHandlingDays": 0, "maxHandlingDays": 1,
                "warehouse": .integer(Int64(warehouse)),
            ]
        }
    }

    func article(id: String) throws(BigBuyProblem) -> BigBuyArticle {
        guard let found = articles.first(where: { String($0.id) == id && $0.isListed }) else {
            throw .notFound("Product not found.")
        }
        return found
    }

    func orders(reference: String) -> [BigBuyParcelOrder] {
        (references[reference] ?? []).compactMap { positions[$0].map { orders[$0] } }
    }

    func order(_ id: String) throws(BigBuyProblem) -> BigBuyParcelOrder {
        guard let position = positions[id] else { throw .notFound("Order not found.") }
        return orders[position]
    }

    mutating func change(_ order: BigBuyParcelOrder) {
        guard let position = positions[order.id] else { return }
        orders[position] = order
    }

    /// Takes goods off the shelf and money out of the wallet.
    mutating func place(_ parcel: BigBuyParcel, of request: BigBuyRequest) -> BigBuyParcelOrder {
        let order = BigBuyParcelOrder(
            id: String(nextOrder), reference: request.reference, placedAt: now, parcel: parcel,
            address: request.address)
        nextOrder += 1
        for line in parcel.lines { shelves[line.sku]?[parcel.warehouse]? -= line.quantity }
        purse -= parcel.charge
        positions[order.id] = orders.count
        orders.append(order)
        references[order.reference, default: []].append(order.id)
        return order
    }

    /// Puts the goods back and returns the money.
    mutating func takeBack(_ parcel: BigBuyParcel) {
        for line in parcel.lines { shelves[line.sku]?[parcel.warehouse]? += line.quantity }
        purse += parcel.charge
    }
}

/// When orders move by themselves, in seconds of age; nil where only a lever moves them.
struct BigBuySchedule: Sendable {
    var ship: Double? = 2
    var deliver: Double? = 4
}

/// One article or variation and pieces of it.
struct BigBuyLine: Sendable, Equatable {
    let sku: String
    let quantity: Int
    let price: Int64
    let article: Int64
}

/// What one warehouse sends, and its price.
struct BigBuyParcel: Sendable, Equatable {
    let warehouse: Int
    let lines: [BigBuyLine]
    let shipping: Int64

    var goods: Int64 { lines.reduce(0) { $0 + $1.price * Int64($1.quantity) } }
    var net: Int64 { goods + shipping }
    /// Not rounded: BigBuy shows more than two decimals here.
    var total: Decimal { SandboxAmount.decimal(net) * (1 + BigBuyWorld.taxRate) }
    /// What the wallet pays.
    var charge: Int64 { SandboxAmount.hundredths(total) }
    var references: JSON { .array(lines.map { .string($0.sku) }) }

    var totals: JSON {
        [
            "totalWithoutTaxesAndWithoutShippingCost": SandboxAmount.json(goods),
            "totalWithoutTaxes": SandboxAmount.json(net), "total": .decimal(total),
        ]
    }
}

/// An order that BigBuy accepted: the part of a request that one warehouse sends.
struct BigBuyParcelOrder: Sendable {
    let id: String
    let reference: String
    let placedAt: Date
    let parcel: BigBuyParcel
    let address: JSON
    /// Set by levers; they win over the schedule.
    var shippedAt: Date?
    var deliveredAt: Date?
    var canceledAt: Date?
    var parcelCount = 1
}
