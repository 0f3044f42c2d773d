import Commerce
import CommerceStore
import Foundation
import Postgres
import Testing

@Suite struct PriceTagTests {
    /// The product was offered at 20.00 before it came to 15.00.
    private static func reducedShop() async throws -> WebShop {
        let shop = try await WebShop.open()
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            _ = try await tx.postgres.execute(
                """
                insert into shop.price_history (tenant_id, product_id, currency, valid_from, price_minor)
                values (\(shop.tenant.rawValue), \(shop.products[0].rawValue), 'EUR',
                    now() - interval '40 days', 2000)
                """)
        }
        return shop
    }

    @Test(
        "a reduced price never stands without the lowest of the thirty days before it",
        arguments: [
            ("en", "Lowest price of the 30 days before the reduction", "<s>€20.00</s>"),
            ("ro", "Cel mai mic preț din cele 30 de zile dinaintea reducerii", "<s>20,00\u{A0}€</s>"),
            ("de", "Niedrigster Preis der 30 Tage vor der Ermäßigung", "<s>20,00\u{A0}€</s>"),
            ("es", "Precio más bajo de los 30 días anteriores a la rebaja", "<s>20,00\u{A0}€</s>"),
        ])
    func reduced(language: String, sentence: String, before: String) async throws {
        let shop = try await Self.reducedShop()

        for path in ["/\(language)/", "/\(language)/p/product-1"] {
            let page = try await shop.get(path)
            #expect(page.status == 200, "\(path)")
            #expect(page.body.contains(sentence), "\(path)")
            #expect(page.body.contains(before), "\(path)")
            #expect(page.body.contains("\u{2212}25"), "\(path)")
        }
    }

    @Test("a price that was never another is shown alone")
    func unchanged() async throws {
        let shop = try await Self.reducedShop()

        let page = try await shop.get("/p/product-2")

        #expect(page.body.contains("€15.00"))
        #expect(!page.body.contains("Lowest price of the 30 days"))
    }

    @Test(
        "what is sold by volume shows the price per litre wherever it shows its price",
        arguments: [
            ("en", "Unit price: €20.00 / l"), ("ro", "Preț pe unitate de măsură: 20,00\u{A0}€ / l"),
            ("de", "Grundpreis: 20,00\u{A0}€ / l"), ("es", "Precio por unidad de medida: 20,00\u{A0}€ / l"),
        ])
    func perUnit(language: String, sentence: String) async throws {
        let shop = try await WebShop.open()
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Products().setContent(
                ContentQuantity(millionths: 750_000, unit: .litre), of: shop.products[0], in: tx)
        }
        let shopper = try await shop.shopper()

        for path in ["", "p/product-1", "search?q=thing", "cart"] {
            let page = try await shop.get("/\(language)/\(path)", cookie: shopper.cookie)
            #expect(page.body.contains(sentence), "\(path)")
        }
        let page = try await shop.get("/\(language)/p/product-1")
        let fact = "\"referenceQuantity\":{\"@type\":\"QuantitativeValue\",\"value\":\"0.75\""
        #expect(page.body.contains(fact))
        let other = try await shop.get("/\(language)/p/product-2")
        #expect(other.status == 200 && !other.body.contains(" / l"))
    }
}
