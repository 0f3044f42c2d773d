/// What an API key may do. The raw value is stored and written in documents; never rename one.
package enum APIScope: String, Codable, Hashable, Sendable, CaseIterable {
    case store
    case events

    /// For those who choose.
    package var meaning: String {
        switch self {
        case .store: "read the store: its name, state, plan and currency"
        case .events: "read what has happened: orders, shipments, invoices, products"
        }
    }
}
