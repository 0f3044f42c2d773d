import Commerce
import CommerceStore
import Foundation
import Synchronization
import Testing
import WebSupport

/// Stands in for the runs that read suppliers' feeds: each key is one.
final class ToldReadings: Sendable {
    private let wishes = Mutex<[String: SupplierDesk.Wish]>([:])

    var desk: SupplierDesk {
        SupplierDesk { wish, key, _ in _ = self.wishes.withLock { $0.updateValue(wish, forKey: key) } }
    }

    func wishes(of feed: SupplierFeedID) -> [SupplierDesk.Wish] {
        wishes.withLock { $0.values.filter { $0.feed == feed } }
    }
}

/// A store on Pro whose two products come from a supplier of its own, and a merchant who is let in. One of
/// each costs 10.00 and is sold at 15.00; of that the merchant keeps 4.55.
struct DashboardShelf: Sendable {
    let shop: WebShop
    let merchant: Merchant

    var root: String { "/stores/\(shop.tenant)" }
    var product: String { "\(root)/products/\(shop.products[0])" }

    static func open(as role: StoreRole = .staff, title: String = "A thing") async throws -> DashboardShelf {
        let shop = try await WebShop.open(title: title)
        let merchant = try await Merchant.signedUp()
        try await merchant.join(shop.tenant, as: role)
        return DashboardShelf(shop: shop, merchant: merchant)
    }

    func inStore<Value: Sendable>(
        _ body: (CommerceStore.Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await shop.running.database.transaction(for: shop.tenant, body)
    }

    func stored() async throws -> Product {
        try await inStore { try await Products().load(shop.products[0], in: $0) }
    }

    func post(_ path: String, _ fields: [String: String]) async throws -> Answer {
        try await merchant.post(path, fields)
    }
}
