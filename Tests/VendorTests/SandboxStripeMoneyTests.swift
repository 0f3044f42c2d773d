import Testing
import VendorSandbox

@Suite("SandboxStripe refunds, transfers and disputes")
struct SandboxStripeMoneyTests {
    @Test("without flags the platform pays the refund")
    func platformPays() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1000, fee: 300)["id"].string ?? ""

            let refund = try await shop.created("/v1/refunds", ["payment_intent": intent, "amount": "400"])

            #expect(refund["status"] == "succeeded")
            #expect(refund["transfer_reversal"].isNull)
            #expect(try await shop.total() == 300 - 40 - 400)
            #expect(try await shop.total(of: shop.merchant) == 700)
        }
    }

    @Test("a full refund in odd parts undoes transfer and fee exactly")
    func proportional() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1000, fee: 333)["id"].string ?? ""
            let form = [
                "payment_intent": intent, "reverse_transfer": "true", "refund_application_fee": "true",
            ]

            for part in ["1", "332", "333"] {
                _ = try await shop.created("/v1/refunds", form.merging(["amount": part]) { $1 })
            }
            let charge = try await shop.read("/v1/payment_intents/\(intent)?expand[0]=latest_charge")[
                "latest_charge"]
            let half = try await shop.read("/v1/application_fees/\(charge["application_fee"].string ?? "")")
            #expect(half["amount_refunded"] == 222)  // 333 x 666 / 1000 is 221.778
            let last = try await shop.created("/v1/refunds", form)

            #expect(last["amount"] == 334)
            let fee = try await shop.read("/v1/application_fees/\(charge["application_fee"].string ?? "")")
            #expect(fee["amount_refunded"] == 333)
            #expect(fee["refunded"] == true)
            let transfer = try await shop.read("/v1/transfers/\(charge["transfer"].string ?? "")")
            #expect(transfer["amount_reversed"] == 1000)
            #expect(transfer["reversed"] == true)
            #expect(try await shop.total(of: shop.merchant) == 0)
            #expect(try await shop.total() == -40)  // what Stripe kept
        }
    }

    @Test("the transfer alone reversed, an exact part of the fee refunded beside it")
    func exactFee() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500, fee: 1095)["id"].string ?? ""
            let charge = try await shop.read("/v1/payment_intents/\(intent)?expand[]=latest_charge")[
                "latest_charge"]
            let fee = charge["application_fee"].string ?? ""

            _ = try await shop.created(
                "/v1/refunds", ["payment_intent": intent, "reverse_transfer": "true"])
            let back = try await shop.created("/v1/application_fees/\(fee)/refunds", ["amount": "45"])
            let over = try await shop.post("/v1/application_fees/\(fee)/refunds", ["amount": "1051"])

            #expect(back["object"] == "fee_refund")
            #expect(over.status == 400)
            #expect(try await shop.total(of: shop.merchant) == -1050)
            #expect(try await shop.total() == 1095 - 48 - 45)
        }
    }

    @Test("refunds beyond the charge are refused")
    func refused() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1000, fee: 300)["id"].string ?? ""

            let none = try await shop.post("/v1/refunds", ["payment_intent": intent, "amount": "0"])
            let over = try await shop.post("/v1/refunds", ["payment_intent": intent, "amount": "1001"])
            _ = try await shop.created("/v1/refunds", ["payment_intent": intent])
            let again = try await shop.post("/v1/refunds", ["payment_intent": intent])
            let unpaid = try await shop.pay(1000, with: nil)["id"].string ?? ""
            let early = try await shop.post("/v1/refunds", ["payment_intent": unpaid])

            for response in [none, over, again, early] { #expect(response.status == 400) }
            #expect(try none.json()["error"]["code"] == "parameter_invalid_integer")
            #expect(try over.json()["error"]["param"] == "amount")
            #expect(try again.json()["error"]["code"] == "charge_already_refunded")
            #expect(server(shop).count(of: "refund.create") == 1)
        }
    }

    @Test("a refund can fail days later and the money is the platform's again")
    func failsLater() async throws {
        try await StripeShop.open { shop in
            let listener = try await shop.listen(["refund.failed"])
            let intent = try await shop.pay(1000, with: "pm_card_refundFail")["id"].string ?? ""
            let before = try await shop.total()
            let refund = try await shop.created("/v1/refunds", ["payment_intent": intent])
            #expect(refund["status"] == "succeeded")

            await shop.server.advanceClock(seconds: 5 * 86_400)
            await listener.catcher.arrival(of: 1)

            let failed = try await shop.read("/v1/refunds/\(refund["id"].string ?? "")")
            #expect(failed["status"] == "failed")
            #expect(failed["failure_reason"] == "expired_or_canceled_card")
            #expect(try await shop.total() == before)
            let charge = try await shop.read("/v1/charges/\(refund["charge"].string ?? "")")
            #expect(charge["amount_refunded"] == 0)
            await listener.stop()
        }
    }

    @Test("a disputed charge costs amount and fee, and cannot be refunded")
    func disputes() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1000, fee: 300, with: "pm_card_createDispute")["id"].string ?? ""

            let refused = try await shop.post("/v1/refunds", ["payment_intent": intent])
            let dispute = try await shop.read("/v1/disputes?payment_intent=\(intent)")["data"][0]
            #expect(try await shop.total() == 300 - 40 - 1000 - 2000)
            let won = try await shop.created(
                "/v1/disputes/\(dispute["id"].string ?? "")",
                ["evidence[uncategorized_text]": "winning_evidence"])

            #expect(try refused.json()["error"]["code"] == "charge_disputed")
            #expect(dispute["status"] == "needs_response")
            #expect(won["status"] == "won")
            #expect(try await shop.total() == 300 - 40)
        }
    }

    @Test("transfers need funds, and can be reversed in part")
    func transfers() async throws {
        try await StripeShop.open { shop in
            let form = ["amount": "500", "currency": "eur", "destination": shop.merchant]
            let poor = try await shop.post("/v1/transfers", form)
            let platform = ["amount": "1000", "currency": "eur", "confirm": "true"]
            let pending = try await shop.created(
                "/v1/payment_intents", platform.merging(["payment_method": "pm_card_visa"]) { $1 })
            let early = try await shop.post("/v1/transfers", form)
            let drawn = try await shop.created(
                "/v1/transfers",
                form.merging(["source_transaction": pending["latest_charge"].string ?? ""]) { $1 })
            _ = try await shop.created(
                "/v1/payment_intents", platform.merging(["payment_method": "pm_card_bypassPending"]) { $1 })
            let free = try await shop.created("/v1/transfers", form)
            let path = "/v1/transfers/\(free["id"].string ?? "")/reversals"
            let reversal = try await shop.created(path, ["amount": "200"])
            let over = try await shop.post(path, ["amount": "301"])

            #expect(try poor.json()["error"]["code"] == "balance_insufficient")
            #expect(try early.json()["error"]["code"] == "balance_insufficient")
            #expect(drawn["source_transaction"] == pending["latest_charge"])
            #expect(reversal["amount"] == 200)
            #expect(over.status == 400)
            #expect(try await shop.total(of: shop.merchant) == 800)
        }
    }

    @Test("an application fee cannot be refunded twice over by mixing both ways")
    func mixedFees() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1000, fee: 300)["id"].string ?? ""
            let charge = try await shop.read("/v1/payment_intents/\(intent)?expand[]=latest_charge")[
                "latest_charge"]
            let fee = charge["application_fee"].string ?? ""
            _ = try await shop.created("/v1/application_fees/\(fee)/refunds", ["amount": "250"])

            _ = try await shop.created(
                "/v1/refunds", ["payment_intent": intent, "refund_application_fee": "true"])

            #expect(try await shop.read("/v1/application_fees/\(fee)")["amount_refunded"] == 300)
        }
    }

    private func server(_ shop: StripeShop) -> CallRecorder { shop.server.workbench.calls }
}
