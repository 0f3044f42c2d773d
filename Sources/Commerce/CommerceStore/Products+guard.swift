package import Commerce
internal import Postgres

// What happens to a product when the guard refuses a sale. It is called in a transaction that has locked none
// of the products, or all of them to change them: products that lose money by themselves leave the shelf,
// and the merchant is told with the figures. A coupon or a parcel that makes one order lose money is no fault
// of the products, so nothing is paused for it.

extension Products {
    /// Pauses those of the products that would be sold at a loss. Returns which.
    @discardableResult
    package func takeOffSale(
        _ ids: [ProductID], after refusal: SaleRefusal, in tx: Transaction<OneTenant>
    ) async throws -> [ProductID] {
        guard refusal.pausesProduct else { return [] }
        let store = try await Stores().load(in: tx)
        let pricing = try await Stores().pricing(of: store, at: nil, in: tx)
        var paused: [ProductID] = []
        for product in try await load(ids, in: tx) {
            let alone = try product.saleOfOne(pricing)
            guard alone.margin.isNegative else { continue }
            let reason = SaleRefusal.marginNegative(alone).merchantReason
            try await pause(product.id, reason: reason, in: tx)
            try await Attention().open(
                .unsellableProduct, subject: "\(product.id)", message: "\(product.sku): \(reason)", in: tx)
            paused.append(product.id)
        }
        if paused.isEmpty {
            try await Attention().open(
                .unsellableProduct, subject: ids.map(\.description).joined(separator: " "),
                message: refusal.merchantReason, in: tx)
        }
        return paused
    }
}

extension Product {
    /// G, S, M, C, P, W and N of one piece sold alone, at this moment's cost.
    package func saleOfOne(_ pricing: Pricing) throws -> MarginBreakdown {
        pricing.breakdown(
            gross: price, supplier: try pricing.rates.storeCost(cost),
            markedUpUnits: isPlatformCatalogue ? 1 : 0)
    }
}
