import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@Suite struct PreviewTemp {
    @Test("preview", .enabled(if: ProcessInfo.processInfo.environment["PREVIEW"] != nil))
    func preview() async throws {
        let shop = try await WebShop.open(
            title: "Desk lamp with a rather long name, brushed steel", products: 1)
        let names = [
            "Steel bottle 750 ml", "Linen apron", "Cork yoga mat", "Hand coffee grinder", "Wool blanket",
            "Garden tool set",
        ]
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(
                "update shop.store set name = 'Lumina' where tenant_id = \(shop.tenant.rawValue)")
            _ = try await tx.postgres.execute(
                "update shop.product set description = '{\"en\": \"A lamp for long evenings.\\nThree levels of warm light, an arm that stays where you put it, and a cable of two metres.\"}', safety = '{\"manufacturer\": \"Luz S.L., Calle Mayor 1, 28001 Madrid, hello@luz.example\"}'"
            )
            for (i, name) in names.enumerated() {
                let t = try JSONB(encoding: ["en": name])
                _ = try await tx.postgres.execute(
                    """
                    insert into shop.product (tenant_id, id, slug, sku, supplier_id, supplier_reference, stock_pool, cost_minor, cost_currency, price_minor, currency, vat_bp, title, description, status)
                    select tenant_id, \(ProductID().rawValue), \("n-\(i)"), \("N-\(i)"), supplier_id, \(i == 4 ? "NONE" : "REF-1"), stock_pool, 500, 'EUR', \(Int64(990 + i * 350)), 'EUR', 2100, \(t), '{}', 'published' from shop.product where tenant_id = \(shop.tenant.rawValue) and slug = 'product-1'
                    """)
            }
        }
        let bought = try await shop.buy()
        let token = try #require(
            bought.path.split(separator: "/").last.flatMap { StatusToken(rawValue: String($0)) })
        let intent = "pi_preview"
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            let checkout = try #require(try await Checkouts().find(token: token, in: tx))
            let quote = try await Quotes().confirm(checkout, in: tx)
            let order = try await Orders().place(checkout, quote: quote, run: UUID(), at: Date(), in: tx)
            let payment = try await Payments().open(
                for: order.id, amount: order.total.gross, fee: order.total.withheld, in: tx)
            _ = try await Payments().recordIntent(intent, clientSecret: "secret", of: payment.id, in: tx)
        }
        let shopper = try await shop.shopper(quantity: 2)
        try "\(shop.running.port) \(shop.host) \(bought.path) \(shopper.cookie) \(shop.tenant)".write(
            toFile: "/tmp/cf/preview.txt", atomically: true, encoding: .utf8)
        try await Task.sleep(for: .seconds(200))
    }
}
