import Testing
import VendorSandbox

@Suite("SandboxStripe plans")
struct SandboxStripeBillingTests {
    @Test("a plan is bought on the hosted page, renews with the clock and ends at the period's end")
    func lifecycle() async throws {
        try await StripeShop.open { shop in
            let listener = try await shop.listen()
            let pro = try await price(1900, in: shop)
            let session = try await shop.created(
                "/v1/checkout/sessions",
                [
                    "mode": "subscription", "line_items[0][price]": pro, "line_items[0][quantity]": "1",
                    "customer_email": "owner@casa-exemplu.example",
                    "success_url": "https://app.example/done?session={CHECKOUT_SESSION_ID}",
                    "subscription_data[metadata][owner_id]": "u-1",
                ])
            let id = session["id"].string ?? ""
            let card = ["number": "4242424242424242", "expiry": "12/34", "cvc": "123"]
            let paid = try await shop.post("/_sandbox/checkout/\(id)", card)
            #expect(paid.header("Location") == "https://app.example/done?session=\(id)")

            let complete = try await shop.read("/v1/checkout/sessions/\(id)?expand[]=subscription")
            #expect(complete["payment_status"] == "paid")
            #expect(complete["subscription"]["status"] == "active")
            #expect(complete["subscription"]["metadata"]["owner_id"] == "u-1")
            let subscription = complete["subscription"]["id"].string ?? ""
            #expect(try await shop.total() == 1900 - 54)

            await shop.server.advanceClock(seconds: 31 * 86_400)
            #expect(try await shop.total() == 2 * (1900 - 54))
            _ = try await shop.created("/v1/subscriptions/\(subscription)", ["cancel_at_period_end": "true"])
            await shop.server.advanceClock(seconds: 30 * 86_400)
            await shop.server.workbench.webhooks.settled()

            #expect(try await shop.read("/v1/subscriptions/\(subscription)")["status"] == "canceled")
            let types = try await listener.types.filter {
                $0.hasPrefix("customer.subscription") || $0 == "invoice.paid"
            }
            #expect(
                types == [
                    "invoice.paid", "customer.subscription.created", "invoice.paid",
                    "customer.subscription.updated", "customer.subscription.updated",
                    "customer.subscription.deleted",
                ])
            await listener.stop()
        }
    }

    @Test("a change of plan tells the old price, a card that stops paying leaves the plan past due")
    func changes() async throws {
        try await StripeShop.open { shop in
            let listener = try await shop.listen(["customer.subscription.updated", "invoice.payment_failed"])
            let pro = try await price(1900, in: shop)
            let business = try await price(4900, in: shop)
            let customer = try await shop.created("/v1/customers")["id"].string ?? ""
            let good = try await method("4242424242424242", of: customer, in: shop)
            let poor = try await method("4000000000000341", of: customer, in: shop)
            let subscription = try await shop.created(
                "/v1/subscriptions",
                ["customer": customer, "items[0][price]": pro, "default_payment_method": good])
            let path = "/v1/subscriptions/\(subscription["id"].string ?? "")"

            _ = try await shop.created(path, ["items[0][price]": business, "default_payment_method": poor])
            await shop.server.advanceClock(seconds: 31 * 86_400)
            await shop.server.workbench.webhooks.settled()

            #expect(try await shop.read(path)["status"] == "past_due")
            let events = try await listener.events
            let change = events.first?["data"]["previous_attributes"]["items"]["data"][0]["price"]
            #expect(change?["unit_amount"] == 1900)
            #expect(events.contains { $0["type"] == "invoice.payment_failed" })
            await listener.stop()
        }
    }

    @Test("an invoice that is open is paid by hand on its hosted page, once, with a card that is good")
    func hostedInvoice() async throws {
        try await StripeShop.open { shop in
            let listener = try await shop.listen(["invoice.paid"])
            let customer = try await shop.created("/v1/customers")["id"].string ?? ""
            let drafted = try await shop.created("/v1/invoices", ["customer": customer, "currency": "eur"])
            let invoice = drafted["id"].string ?? ""
            let page = "/_sandbox/invoice/\(invoice)"
            func pay(_ number: String) async throws -> Int {
                try await shop.post(page, ["number": number, "expiry": "12/34", "cvc": "123"]).status
            }
            #expect(drafted["hosted_invoice_url"].string?.hasSuffix(page) == true)
            #expect(try await pay("4242424242424242") == 404, "a draft cannot be paid")
            _ = try await shop.created(
                "/v1/invoiceitems", ["customer": customer, "invoice": invoice, "amount": "2299"])
            _ = try await shop.created("/v1/invoices/\(invoice)/finalize")

            #expect(try await pay("4000000000009995") == 402)
            #expect(try await shop.read("/v1/invoices/\(invoice)")["status"] == "open")
            #expect(try await pay("4242424242424242") == 200)
            #expect(try await pay("4242424242424242") == 200, "the page says that it is paid")
            await shop.server.workbench.webhooks.settled()

            let paid = try await shop.read("/v1/invoices/\(invoice)")
            #expect(paid["status"] == "paid" && paid["amount_paid"] == 2299)
            #expect(try await listener.types == ["invoice.paid"])
            await listener.stop()
        }
    }

    private func price(_ amount: Int, in shop: StripeShop) async throws -> String {
        let form = [
            "currency": "eur", "unit_amount": String(amount), "recurring[interval]": "month",
            "product_data[name]": "Plan \(amount)",
        ]
        return try await shop.created("/v1/prices", form)["id"].string ?? ""
    }

    private func method(_ number: String, of customer: String, in shop: StripeShop) async throws -> String {
        let card = [
            "type": "card", "card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2034",
            "card[cvc]": "123",
        ]
        let id = try await shop.created("/v1/payment_methods", card)["id"].string ?? ""
        _ = try await shop.created("/v1/payment_methods/\(id)/attach", ["customer": customer])
        return id
    }
}
