import Commerce
import CommerceStore
import Foundation
import Synchronization
import Testing
import WebSupport

/// An order of a store, and a merchant who may see it.
struct MerchantOrder: Sendable {
    let shop: WebShop
    let bought: WebShop.Bought
    let merchant: Merchant
    let number: OrderNumber

    var store: TenantID { shop.tenant }
    var root: String { "/stores/\(store)" }
    var page: String { "\(root)/orders/\(number.rawValue)" }
    var told: ToldOrders { merchant.running.orders }

    /// One thing for 15.00 and 4.99 of carriage, paid, and its supplier order this far.
    static func made(
        as role: StoreRole = .staff, upTo last: SupplierOrderState = .checking, title: String = "A thing"
    ) async throws -> MerchantOrder {
        let shop = try await WebShop.open(title: title)
        let bought = try await shop.delivered(upTo: last)
        let merchant = try await Merchant.signedUp()
        try await merchant.join(shop.tenant, as: role)
        let number = try await shop.running.database.transaction(for: shop.tenant) {
            try await Orders().load(bought.order, in: $0).number
        }
        return MerchantOrder(shop: shop, bought: bought, merchant: merchant, number: number)
    }

    func inStore<Value: Sendable>(
        _ body: (CommerceStore.Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        try await shop.running.database.transaction(for: store, body)
    }

    /// What was written down about the order, by action.
    func acts() async throws -> [String] {
        try await inStore { tx in
            let order = try await Orders().load(bought.order, in: tx)
            return try await StoreOrders().annex(of: order, in: tx).acts.map(\.action)
        }
    }

    /// Its supplier order stops and asks. Returns the run that waits.
    func hold(_ kind: AttentionKind, _ message: String, asked: Money? = nil) async throws -> UUID {
        let run = UUID()
        try await shop.move(bought.order, to: [.onHold])
        try await inStore { tx in
            let group = try #require(try await SupplierOrders().all(of: bought.order, in: tx).first)
            try await SupplierOrders().recordRun(run, of: group.id, in: tx)
            _ = try await Attention().ask(
                .order(kind), subject: "\(group.id)", order: bought.order, message: message, asked: asked,
                in: tx)
            try await Orders().refreshStatus(bought.order, in: tx)
        }
        return run
    }
}

extension Merchant {
    /// Lets the merchant into somebody else's store.
    func join(_ store: TenantID, as role: StoreRole) async throws {
        let address = try #require(EmailAddress(rawValue: email))
        let account = try #require(try await Accounts(running.database).find(address))
        try await running.database.transaction(for: store) {
            try await Memberships(running.database).set(role, for: account.id, in: $0)
        }
    }
}

/// Stands in for the runs behind the order pages.
final class ToldOrders: Sendable {
    struct Answered: Sendable {
        let answer: SupplierReview
        let run: UUID
    }

    private let started = Mutex<[OrdersDesk.RefundStart]>([])
    private let answered = Mutex<[Answered]>([])

    func refunds(of order: OrderID) -> [OrdersDesk.RefundStart] {
        started.withLock { $0.filter { $0.order == order } }
    }

    func answers(to run: UUID) -> [Answered] { answered.withLock { $0.filter { $0.run == run } } }

    var desk: OrdersDesk {
        OrdersDesk(
            runs: OrderRuns(
                refund: { refund, _ in self.started.withLock { $0.append(refund) } },
                answer: { answer, run in
                    self.answered.withLock { answered in
                        defer { answered.append(Answered(answer: answer, run: run)) }
                        return !answered.contains { $0.answer.once == answer.once }
                    }
                },
                confirm: { order, key, tx in
                    let letter = Emails.Draft(
                        cause: "confirmation-again:\(key)", order: order, sender: "S <s@example.test>",
                        recipient: "ana@example.test", language: .english, subject: "Again", html: "Again",
                        plain: "Again")
                    _ = try await Emails().queue(letter, in: tx)
                    return true
                }))
    }

    /// Where nobody waits for what was canceled or corrected.
    static func returns(_ database: Database) -> ReturnsDesk {
        ReturnsDesk(
            database: database,
            runs: ReturnRuns(
                withdraw: { _, _ in UUID() }, tell: { _, _ in }, refund: { _, _, _ in },
                reply: { _, _ in }))
    }
}
