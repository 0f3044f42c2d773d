// Frees the runs of supplier orders on hold of which everything was canceled, or whose address was corrected:
// the word that follows either may be lost with the process that was to send it, and then nobody would be
// asked any more and nothing would go on. What is to be told is read from the rows, and the word is the same
// one, so any number of processes may do so at once.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

package struct HoldWakes: Sendable {
    /// Stores of one round, and supplier orders of one store in it. What is left over comes up again in the
    /// next; the newest come first, so a run that cannot go on stands in nobody's way.
    private static let storeLimit = 200
    private static let orderLimit = 200

    private let database: Database
    private let signals: any SignalSender

    /// The database needs the platform's pool: a store can only see its own orders.
    package init(_ database: Database, signals: any SignalSender) {
        self.database = database
        self.signals = signals
    }

    /// Tells the runs of all stores. Returns how many had not heard it. A store that cannot be served stops
    /// no other; the first such error is thrown at the end.
    @discardableResult
    package func tell() async throws -> Int {
        let stores = try await database.platformTransaction { tx in
            try await SupplierOrders().storesWithAnswered(limit: Self.storeLimit, in: tx)
        }
        return try await stores.serveEach { try await tell($0) }
    }

    /// Tells the runs of one store.
    @discardableResult
    package func tell(_ store: TenantID) async throws -> Int {
        let answered = try await database.transaction(for: store) {
            try await SupplierOrders().answered(limit: Self.orderLimit, in: $0)
        }
        return try await answered.serveEach { held in
            let review = SupplierReview(held.isEmpty ? .cancel : .retry, to: held.item)
            let isNew = try await signals.send(
                .supplierReview, review, to: RunID(rawValue: held.run), once: review.once)
            return isNew ? 1 : 0
        }
    }
}
