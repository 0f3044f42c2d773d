package import Commerce
internal import Postgres

// What the platform's suppliers have. All stores sell from it, so no store may say what it is.

package struct PlatformStock: Sendable {
    package init() {}

    /// The pool that products of this supplier draw on.
    package static func pool(of supplier: String) -> String { "platform:\(supplier)" }

    /// What the supplier says it has right now of one of its references.
    package func observe(
        _ quantity: Int, of reference: SKU, at supplier: String, in tx: Transaction<EveryTenant>
    ) async throws {
        let seen = Int32(clamping: max(0, quantity))
        try await tx.execute(
            "select shop.observe_platform_stock(\(supplier), \(reference.rawValue), \(seen))")
    }
}
