// Every endpoint of the BigBuy sandbox and its limit. Paths are matched without their `.json`, which the
// vendor demands in some places and forgives in others.

/// A BigBuy request as its handler sees it.
struct BigBuyCall: Sendable {
    let segments: [String: String]
    let query: [String: String]
    let body: JSON
}

/// One endpoint.
struct BigBuyEndpoint: Sendable {
    // Plain `throws` because short closures do not infer a typed one; only a `BigBuyProblem` comes out.
    typealias Handler = @Sendable (inout BigBuyWorld, BigBuyCall) throws -> SandboxResponse

    let limit: CallWindow.Rule
    let handler: Handler
}

extension CallWindow.Rule {
    static let bigBuyList = CallWindow.Rule(calls: 10, seconds: 3600)
    static let bigBuyText = CallWindow.Rule(calls: 24, seconds: 3600)
    static let bigBuyItem = CallWindow.Rule(calls: 1, seconds: 5)
    static let bigBuyOrder = CallWindow.Rule(calls: 1, seconds: 1)
}

typealias BigBuyRoutes = SandboxRoutes<BigBuyEndpoint>

extension SandboxRoutes where Handler == BigBuyEndpoint {
    static let bigBuy: BigBuyRoutes = {
        var routes = BigBuyRoutes()
        routes.addLists()
        routes.addVariations()
        routes.addItems()
        routes.addOrders()
        return routes
    }()

    private mutating func add(
        _ endpoint: String, _ limit: CallWindow.Rule, _ handler: @escaping BigBuyEndpoint.Handler
    ) {
        on(endpoint, BigBuyEndpoint(limit: limit, handler: handler))
    }

    private mutating func addLists() {
        let base = "GET /rest/catalog"
        add("\(base)/products", .bigBuyList) { try $0.list($1, BigBuyWorld.product) }
        add("\(base)/productprices", .bigBuyList) { try $0.list($1, BigBuyWorld.price) }
        add("\(base)/productsstockbyhandlingdays", .bigBuyList) {
            try $0.list($1, isReversed: true, BigBuyWorld.stock)
        }
        add("\(base)/productsimages", .bigBuyList) { try $0.list($1, isReversed: true, BigBuyWorld.images) }
        add("\(base)/productsinformation", .bigBuyText) { try $0.list($1, BigBuyWorld.information) }
        add("\(base)/taxonomies", .bigBuyText) { try $0.taxonomies($1) }
        add("\(base)/languages", .bigBuyList) { _, _ in .json(.array(BigBuyWorld.languages)) }
        add("\(base)/manufacturers", CallWindow.Rule(calls: 5, seconds: 3600)) { _, _ in
            .json([["id": 1001, "name": "Demo Works", "urlImage": "", "reference": "DW"]])
        }
        add("\(base)/productstaxonomies", CallWindow.Rule(calls: 5, seconds: 3600)) {
            try $0.list($1, BigBuyWorld.branch)
        }
        add("\(base)/new-products", CallWindow.Rule(calls: 2, seconds: 3600)) {
            try $0.list($1, BigBuyWorld.newProduct)
        }
    }

    private mutating func addVariations() {
        let base = "GET /rest/catalog"
        add("\(base)/productsvariations", .bigBuyList) { try $0.variations($1, BigBuyWorld.variation) }
        add("\(base)/productvariationprices", .bigBuyList) {
            try $0.variations($1, BigBuyWorld.variationPrice)
        }
        add("\(base)/productsvariationsstockbyhandlingdays", .bigBuyList) {
            try $0.variations($1, isReversed: true, BigBuyWorld.variationStock)
        }
        add("\(base)/variations", .bigBuyList) {
            try $0.variations($1, isReversed: true, BigBuyWorld.options)
        }
        add("\(base)/attributes", .bigBuyText) { try $0.names(BigBuyWorld.attributes, $1) }
        add("\(base)/attributegroups", .bigBuyList) { try $0.names(BigBuyWorld.attributeGroups, $1) }
    }

    private mutating func addItems() {
        let base = "GET /rest/catalog"
        add("\(base)/product/{id}", .bigBuyItem) { try $0.item($1, BigBuyWorld.product) }
        add("\(base)/productstockbyhandlingdays/{id}", .bigBuyItem) {
            try $0.item($1, isWrapped: true, BigBuyWorld.stock)
        }
        add("\(base)/productinformation/{id}", .bigBuyItem) {
            try $0.item($1, isWrapped: true, BigBuyWorld.information)
        }
        add("\(base)/productinformationbysku/{sku}", .bigBuyItem) {
            try $0.item($1, isWrapped: true, BigBuyWorld.information)
        }
        add("\(base)/productimages/{id}", .bigBuyItem) {
            try $0.item($1, isWrapped: true, BigBuyWorld.images)
        }
        add("\(base)/productcompliance/{id}", .bigBuyItem) { try $0.item($1, BigBuyWorld.compliance) }
    }

    private mutating func addOrders() {
        add("POST /rest/shipping/orders", .bigBuyOrder) { try $0.shippingOptions($1) }
        add("GET /rest/shipping/carriers", .bigBuyOrder) { _, _ in .json(Self.carriers) }
        add("POST /rest/order/check", .bigBuyOrder) { try $0.check($1) }
        add("POST /rest/order/check/multishipping", .bigBuyOrder) { try $0.checkSeveral($1) }
        add("POST /rest/order/create", .bigBuyOrder) { try $0.create($1) }
        add("POST /rest/order/create/multishipping", .bigBuyOrder) { try $0.createSeveral($1) }
        add("GET /rest/order/reference/{reference}", .bigBuyOrder) { try $0.findReference($1) }
        add("GET /rest/order/orderstatuses", .bigBuyOrder) { _, _ in
            let statuses = BigBuyStatus.allCases.enumerated().map { position, status -> JSON in
                ["id": .string(String(position + 1)), "name": .string(status.rawValue)]
            }
            return .json(.array(statuses))
        }
        add("GET /rest/order/{id}", .bigBuyOrder) { try $0.readOrder($1) }
        add("GET /rest/tracking/order/{id}", .bigBuyOrder) { try $0.trackOne($1) }
        add("POST /rest/tracking/orders", .bigBuyOrder) { try $0.trackSeveral($1) }
        add("GET /rest/tracking/carriers", .bigBuyOrder) { _, _ in .json([["id": "121", "name": "GLS"]]) }
        add("GET /rest/user/purse", .bigBuyOrder) { world, _ in
            .json(.string(SandboxAmount.text(world.purse)))
        }
    }

    private static var carriers: JSON {
        let service: JSON = ["id": "121", "delay": "4-6 days", "name": "Euro Business", "pod": true]
        return [["id": "12", "name": "GLS", "shippingServices": [service]]]
    }
}
