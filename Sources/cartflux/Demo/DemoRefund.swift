import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import VendorHTTP
import Workflows

/// A merchant gives one piece of an order back in money, and an operator carries it out.
struct DemoRefund {
    private let demo: DemoPlatform
    private let platform: Platform
    private let purchase: DemoPurchase

    init(_ demo: DemoPlatform, _ platform: Platform, _ purchase: DemoPurchase) {
        self.demo = demo
        self.platform = platform
        self.purchase = purchase
    }

    func refund() async throws -> String {
        DemoPlatform.say("a piece of the order is refunded")
        let (store, order) = try await purchase.order(on: platform)
        let line = try await platform.database.transaction(for: store) {
            try await Orders().lines(of: order.id, in: $0).first
        }
        guard let line else { throw DemoProblem("order \(order.number) has no lines") }
        let wish = RefundWish(order: order.number, cause: .goodwill, item: line.sku, once: "demo")
        let mandate = try Mandate(actor: "demo", reason: "it arrived with a scratch")
        guard let run = try await platform.refund(wish, of: store, by: mandate) else {
            throw DemoProblem("order \(order.number) was refunded before")
        }
        try await demo.wait(until: "the refund is settled") {
            try await platform.hasSucceeded(run) ? () : nil
        }
        let paper = try await demo.wait(until: "the refund is credited") {
            try await platform.database.transaction(for: store) { tx -> String? in
                let refund = try await Refunds().all(of: order.id, in: tx).last
                guard let origin = refund?.origin,
                    let paper = try await Invoices().find(.credit(origin), for: order.id, in: tx),
                    let series = paper.series, let number = paper.number
                else { return nil }
                return "\(series)-\(number)"
            }
        }
        let back = try await onThePage()
        return "refund of \(line.sku), order \(order.number): \(back["minor_units"].text ?? "?") "
            + "\(back["currency"].text ?? "") minor units back with the shopper, "
            + "credited as \(paper)"
    }

    /// What the shopper reads on the status page.
    private func onThePage() async throws -> JSON {
        let shop = DemoHTTP(base: demo.record.web.base, host: demo.record.stores[0].host)
        return try await demo.wait(until: "the shopper sees the refund") {
            let order = try await shop.get("/api/v1/orders/\(purchase.token)").document("the order")
            return (order["refunded"]["minor_units"].int ?? 0) > 0 ? order["refunded"] : nil
        }
    }
}
