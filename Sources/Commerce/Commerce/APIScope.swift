/// What an API key may do. The raw value is stored and written in documents; never rename one.
package enum APIScope: String, Codable, Hashable, Sendable, CaseIterable {
    case store
    case events
    case orders
    case products
    case prices
    case refunds
    case claims
    case webhooks

    /// For those who choose.
    package var meaning: String {
        switch self {
        case .store: "read the store: its name, state, plan and currency"
        case .events: "read what has happened: orders, shipments, invoices, products"
        case .orders: "read orders with their buyers, amounts and refunds"
        case .products: "read products with their costs and margins"
        case .prices: "change prices"
        case .refunds: "give shoppers their money back"
        case .claims: "read what shoppers report, and decide it: a refund is money"
        case .webhooks: "set up where events are sent, and see the signing secrets"
        }
    }
}
