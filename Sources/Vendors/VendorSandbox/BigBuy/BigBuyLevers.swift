import Foundation

// What BigBuy's people, carriers and prices would do, as levers under `/_sandbox/`.

extension BigBuySandbox {
    /// Answers a lever.
    func pull(_ request: SandboxRequest) -> SandboxResponse {
        guard request.method == "POST" else {
            return Self.refused("levers are pulled with POST", status: 404)
        }
        // Some levers need no body; one that is no JSON has none of the members that the others need.
        let body = (try? request.json()) ?? [:]
        if let move = PathTemplate("/_sandbox/orders/{id}/{move}").match(request.path) {
            return advance(move["id"] ?? "", move["move"] ?? "", body)
        }
        switch request.path {
        case "/_sandbox/stock": return setStock(body)
        case "/_sandbox/products": return setProduct(body)
        case "/_sandbox/variations": return setVariations(body)
        case "/_sandbox/safety": return setSafety(body)
        case "/_sandbox/purse": return setPurse(body)
        case "/_sandbox/shipping": return setShipping(body)
        case "/_sandbox/progress": return setProgress(body)
        case "/_sandbox/limits":
            areLimitsOn = body["enabled"].bool ?? true
            return .json(["enabled": .bool(areLimitsOn)])
        default: return Self.refused("the BigBuy sandbox has no lever at \(request.path)", status: 404)
        }
    }

    /// `{"sku", "warehouse"?, "quantity"}`
    private func setStock(_ body: JSON) -> SandboxResponse {
        guard let goods = body["sku"].string.flatMap({ world.goods($0) }),
            let quantity = body["quantity"].integer
        else { return Self.refused("a known sku and a quantity are needed") }
        let warehouse = Int(body["warehouse"].integer ?? Int64(goods.warehouse))
        world.shelves[goods.sku, default: [:]][warehouse] = Int(quantity)
        return .json(["sku": .string(goods.sku), "stocks": .array(world.lots(of: goods.sku))])
    }

    /// `{"sku", "variations": [{"sku", "price", "quantity"?, "options"?}]}` says in what an article comes
    /// from now on; an empty list makes it one that is sold itself. A sku that is there keeps its number.
    private func setVariations(_ body: JSON) -> SandboxResponse {
        guard let position = world.articles.firstIndex(where: { $0.sku == body["sku"].string }) else {
            return Self.refused("a known sku is needed")
        }
        var next = (world.articles.flatMap(\.variations).map(\.id).max() ?? 900_000) + 1
        var variations: [BigBuyVariation] = []
        for wanted in body["variations"].array {
            let price = SandboxAmount.decimal(wanted["price"]).map(SandboxAmount.hundredths)
            guard let sku = wanted["sku"].string, let price else {
                return Self.refused("a variation needs a sku and a price")
            }
            let before = world.articles[position].variations.first { $0.sku == sku }
            let stock = wanted["quantity"].integer.map { [1: Int($0)] }
            variations.append(
                BigBuyVariation(
                    sku, before?.id ?? next, price: price, stock: stock ?? before?.firstStock ?? [:],
                    options: wanted["options"].array.compactMap(\.integer)))
            if before == nil { next += 1 }
            if let stock = stock ?? (before == nil ? [:] : nil) { world.shelves[sku] = stock }
        }
        world.articles[position].variations = variations
        world.articles[position].changedAt = world.now
        return .json(.array(variations.map { .string($0.sku) }))
    }

    /// `{"sku", "price"?, "active"?, "listed"?, "warehouse"?, "quantity"?, "name"?, "taxonomy"?}` changes an
    /// article or adds one. One that is no longer listed is gone from every list.
    private func setProduct(_ body: JSON) -> SandboxResponse {
        guard let sku = body["sku"].string, !sku.isEmpty else { return Self.refused("a sku is needed") }
        let price = SandboxAmount.decimal(body["price"]).map(SandboxAmount.hundredths)
        guard let position = world.articles.firstIndex(where: { $0.sku == sku }) else {
            return addProduct(sku, price, body)
        }
        world.articles[position].change(as: body, price: price, at: world.now)
        let article = world.articles[position]
        if let quantity = body["quantity"].integer {
            let warehouse = Int(body["warehouse"].integer ?? Int64(article.warehouse))
            world.shelves[sku, default: [:]][warehouse] = Int(quantity)
        }
        return .json(BigBuyWorld.product(world, article, "en") ?? .null)
    }

    private func addProduct(_ sku: String, _ price: Int64?, _ body: JSON) -> SandboxResponse {
        guard let price else { return Self.refused("a new article needs a price") }
        let root = body["taxonomy"].integer ?? BigBuyTaxonomy.home.rawValue
        guard let taxonomy = BigBuyTaxonomy(rawValue: root) else {
            return Self.refused("there is no taxonomy \(root)")
        }
        let shelf = [Int(body["warehouse"].integer ?? 1): Int(body["quantity"].integer ?? 0)]
        var article = BigBuyArticle(
            sku, (world.articles.map(\.id).max() ?? 0) + 1, taxonomy, price: price, grams: 1000, stock: shelf,
            isActive: body["active"].bool ?? true, titles: BigBuyArticle.titles(body["name"].string ?? sku))
        article.addedAt = world.now
        article.changedAt = world.now
        world.articles.append(article)
        world.shelves[sku] = shelf
        return .json(BigBuyWorld.product(world, article, "en") ?? .null, status: 201)
    }

    /// `{"sku", "known"?, "name"?, "address"?, "country"?, "contact"?, "website"?, "warnings"?}` changes what
    /// is told of the maker of an article.
    private func setSafety(_ body: JSON) -> SandboxResponse {
        guard let position = world.articles.firstIndex(where: { $0.sku == body["sku"].string }) else {
            return Self.refused("a known sku is needed")
        }
        world.articles[position].compliance.change(as: body)
        return .json(BigBuyWorld.compliance(world, world.articles[position], "en") ?? .null)
    }

    private func setPurse(_ body: JSON) -> SandboxResponse {
        guard let amount = SandboxAmount.decimal(body["amount"]) else {
            return Self.refused("an amount is needed")
        }
        world.purse = SandboxAmount.hundredths(amount)
        return .json(["amount": .string(SandboxAmount.text(world.purse))])
    }

    private func setShipping(_ body: JSON) -> SandboxResponse {
        guard let cost = SandboxAmount.decimal(body["cost"]) else { return Self.refused("a cost is needed") }
        world.parcelCost = SandboxAmount.hundredths(cost)
        return .json(["cost": .string(SandboxAmount.text(world.parcelCost))])
    }

    /// `{"ship_after_seconds", "deliver_after_seconds"}`; null or absent leaves it to the levers.
    private func setProgress(_ body: JSON) -> SandboxResponse {
        func seconds(_ name: String) -> Double? {
            body[name].decimal.map { NSDecimalNumber(decimal: $0).doubleValue }
        }
        world.schedule = BigBuySchedule(
            ship: seconds("ship_after_seconds"), deliver: seconds("deliver_after_seconds"))
        return .json(body)
    }

    private func advance(_ id: String, _ move: String, _ body: JSON) -> SandboxResponse {
        // An order that does not exist is the lever's own kind of refusal.
        guard var order = try? world.order(id) else {
            return Self.refused("there is no order \(id)", status: 404)
        }
        let status = world.status(of: order)
        if status == .canceled { return Self.refused("order \(id) is canceled", status: 409) }
        switch move {
        case "ship":
            order.shippedAt = world.now
            order.parcelCount = max(1, Int(body["parcels"].integer ?? 1))
        case "deliver":
            order.shippedAt = order.shippedAt ?? world.now
            order.deliveredAt = world.now
        case "cancel":
            if status != .processing { return Self.refused("order \(id) has left", status: 409) }
            order.canceledAt = world.now
            world.takeBack(order.parcel)
        default: return Self.refused("an order can ship, deliver or cancel", status: 404)
        }
        world.change(order)
        return .json(world.json(of: order))
    }

    private static func refused(_ message: String, status: Int = 400) -> SandboxResponse {
        .json(["error": .string(message)], status: status)
    }
}

extension BigBuyArticle {
    fileprivate mutating func change(as body: JSON, price: Int64?, at now: Date) {
        if let price { self.price = price }
        if let isActive = body["active"].bool { self.isActive = isActive }
        if let isListed = body["listed"].bool { self.isListed = isListed }
        if let name = body["name"].string { titles = Self.titles(name) }
        changedAt = now
    }

    /// One name in every language.
    fileprivate static func titles(_ name: String) -> [String: String] {
        ["en": name, "ro": name, "de": name, "es": name]
    }
}
