import Testing
import VendorSandbox

@Suite("SandboxStripe payments")
struct SandboxStripePaymentTests {
    @Test("a payment intent without a method waits for one")
    func waits() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500, fee: 1095, with: nil)

            #expect(intent["status"] == "requires_payment_method")
            #expect(
                intent["client_secret"].string?.hasPrefix("\(intent["id"].string ?? "")_secret_") == true)
            #expect(intent["application_fee_amount"] == 1095)
            #expect(intent["transfer_data"]["destination"].string == shop.merchant)
            #expect(intent["metadata"]["order_id"] == "o-1")
            #expect(intent["latest_charge"].isNull)
        }
    }

    @Test("a confirmed destination charge splits the money and keeps every object linked")
    func succeeds() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500, fee: 1095)

            #expect(intent["status"] == "succeeded")
            #expect(intent["amount_received"] == 1500)
            let path =
                "/v1/payment_intents/\(intent["id"].string ?? "")?expand[]=latest_charge.balance_transaction"
            let charge = try await shop.read(path)["latest_charge"]
            #expect(charge["balance_transaction"]["fee"] == 48)  // 1.5 % of 15.00 is 22.5, half-up, plus 25
            #expect(charge["balance_transaction"]["net"] == 1452)
            let fee = try await shop.read("/v1/application_fees/\(charge["application_fee"].string ?? "")")
            #expect(fee["amount"] == 1095)
            #expect(fee["originating_transaction"] == charge["id"])
            #expect(try await shop.total() == 1095 - 48)
            #expect(try await shop.total(of: shop.merchant) == 405)
        }
    }

    @Test(
        "a declined card leaves the payment payable",
        arguments: [
            ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
            ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
            ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
            ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
            ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
            ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
            ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
        ])
    func declines(method: String, code: String, declineCode: String) async throws {
        try await StripeShop.open { shop in
            let id = try await shop.pay(1500, with: nil)["id"].string ?? ""

            let refused = try await shop.post(
                "/v1/payment_intents/\(id)/confirm", ["payment_method": method])

            #expect(refused.status == 402)
            let error = try refused.json()["error"]
            #expect(error["type"] == "card_error")
            #expect(error["code"].string == code)
            #expect(error["decline_code"].string == declineCode)
            #expect(error["payment_intent"]["status"] == "requires_payment_method")
            #expect(error["payment_intent"]["last_payment_error"]["code"].string == code)
            let again = try await shop.created(
                "/v1/payment_intents/\(id)/confirm", ["payment_method": "pm_card_ro"])
            #expect(again["status"] == "succeeded")
            #expect(again["last_payment_error"].isNull)
        }
    }

    @Test("authentication is asked for, and can pass or fail")
    func challenges() async throws {
        try await StripeShop.open { shop in
            for (outcome, status) in [("authenticate", "succeeded"), ("fail", "requires_payment_method")] {
                let intent = try await shop.pay(
                    1500, with: "pm_card_threeDSecure2Required",
                    extra: ["return_url": "https://shop.example/back"])
                #expect(intent["status"] == "requires_action")
                #expect(intent["next_action"]["type"] == "redirect_to_url")
                let id = intent["id"].string ?? ""

                let back = try await shop.post(
                    "/_sandbox/authenticate/\(id)",
                    ["outcome": outcome, "return_url": "https://shop.example/back"])

                #expect(back.status == 303)
                #expect(
                    back.header("Location")?.hasPrefix("https://shop.example/back?payment_intent=\(id)")
                        == true)
                #expect(try await shop.read("/v1/payment_intents/\(id)")["status"].string == status)
            }
        }
    }

    @Test("off session, a card that needs authentication is declined")
    func offSession() async throws {
        try await StripeShop.open { shop in
            let form = shop.order(1500, with: "pm_card_authenticationRequired").merging([
                "off_session": "true"
            ]) { $1 }

            let refused = try await shop.post("/v1/payment_intents", form)

            #expect(refused.status == 402)
            #expect(try refused.json()["error"]["code"] == "authentication_required")
        }
    }

    @Test("cancelling is final, and refused once the money has moved")
    func cancels() async throws {
        try await StripeShop.open { shop in
            let open = try await shop.pay(1500, with: nil)["id"].string ?? ""
            let paid = try await shop.pay(1500)["id"].string ?? ""

            let canceled = try await shop.created(
                "/v1/payment_intents/\(open)/cancel", ["cancellation_reason": "abandoned"])
            let late = try await shop.post(
                "/v1/payment_intents/\(open)/confirm", ["payment_method": "pm_card_visa"])
            let refused = try await shop.post("/v1/payment_intents/\(paid)/cancel")

            #expect(canceled["status"] == "canceled")
            #expect(canceled["cancellation_reason"] == "abandoned")
            #expect(late.status == 400)
            #expect(try late.json()["error"]["code"] == "payment_intent_unexpected_state")
            #expect(refused.status == 400)
            #expect(try refused.json()["error"]["payment_intent"]["status"] == "succeeded")
        }
    }

    @Test("manual capture takes part of what was authorised")
    func captures() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(2000, fee: 500, extra: ["capture_method": "manual"])
            #expect(intent["status"] == "requires_capture")
            #expect(try await shop.total() == 0)

            let captured = try await shop.created(
                "/v1/payment_intents/\(intent["id"].string ?? "")/capture", ["amount_to_capture": "1200"])

            #expect(captured["status"] == "succeeded")
            #expect(captured["amount_received"] == 1200)
            #expect(try await shop.total(of: shop.merchant) == 700)
        }
    }

    @Test("a restricted merchant cannot be paid")
    func restricted() async throws {
        try await StripeShop.open { shop in
            let waiting = try await shop.pay(1500, with: nil)["id"].string ?? ""
            _ = try await shop.post("/_sandbox/accounts/\(shop.merchant)", ["outcome": "restricted"])

            let fresh = try await shop.post("/v1/payment_intents", shop.order(1500))
            let confirmed = try await shop.post(
                "/v1/payment_intents/\(waiting)/confirm", ["payment_method": "pm_card_visa"])

            for refused in [fresh, confirmed] {
                #expect(refused.status == 400)
                #expect(try refused.json()["error"]["code"] == "insufficient_capabilities_for_transfer")
            }
        }
    }

    @Test(
        "bad parameters are refused in Stripe's words",
        arguments: [
            (["amount": ""], "parameter_missing", "amount"),
            (["currency": ""], "parameter_missing", "currency"),
            (["amount": "12.5"], "parameter_invalid_integer", "amount"),
            (["amount": "49"], "amount_too_small", "amount"),
            (["amount": "100000000"], "amount_too_large", "amount"),
            (["ammount": "1"], "parameter_unknown", "ammount"),
            (["application_fee_amount": "0"], "parameter_invalid_integer", "application_fee_amount"),
            (
                ["application_fee_amount": "10", "transfer_data[amount]": "10"], "parameters_exclusive",
                "transfer_data[amount]"
            ),
            (["transfer_data[destination]": "acct_none"], "resource_missing", "transfer_data[destination]"),
            (["payment_method": "pm_none"], "resource_missing", "payment_method"),
        ])
    func refuses(change: [String: String], code: String, param: String) async throws {
        try await StripeShop.open { shop in
            let refused = try await shop.post("/v1/payment_intents", shop.order(1500).merging(change) { $1 })

            #expect(refused.status == 400)
            let error = try refused.json()["error"]
            #expect(error["type"] == "invalid_request_error")
            #expect(error["code"].string == code)
            #expect(error["param"].string == param)
        }
    }

    @Test("only secret test keys open the door, by Bearer or Basic")
    func keys() async throws {
        try await StripeShop.open { shop in
            let basic = try await shop.get(
                "/v1/balance", headers: ["Authorization": "Basic c2tfdGVzdF94OQ=="])
            #expect(basic.status == 200)
            for key in ["Bearer sk_live_abcdefgh1234", "Bearer pk_test_x", "Bearer whatever", ""] {
                let refused = try await shop.get("/v1/balance", headers: ["Authorization": key])
                #expect(refused.status == 401)
                #expect(try refused.json()["error"]["type"] == "invalid_request_error")
            }
            let stranger = try await shop.get("/v1/balance", headers: ["Stripe-Account": "acct_none"])
            #expect(stranger.status == 403)
            let lost = try await shop.get("/v1/payment_intents/pi_none")
            #expect(lost.status == 404)
            #expect(try lost.json()["error"]["code"] == "resource_missing")
        }
    }

    @Test("lists go newest first and by cursor")
    func lists() async throws {
        try await StripeShop.open { shop in
            var ids: [String] = []
            for amount in 1...5 {
                ids.append(try await shop.pay(amount * 100, with: nil)["id"].string ?? "")
            }

            let first = try await shop.read("/v1/payment_intents?limit=2")
            let second = try await shop.read("/v1/payment_intents?limit=2&starting_after=\(ids[3])")
            let back = try await shop.read("/v1/payment_intents?limit=2&ending_before=\(ids[2])")

            func names(_ list: JSON) -> [String] { list["data"].array.compactMap { $0["id"].string } }
            #expect(names(first) == [ids[4], ids[3]])
            #expect(first["has_more"] == true)
            #expect(names(second) == [ids[2], ids[1]])
            #expect(names(back) == [ids[4], ids[3]])
            #expect(back["has_more"] == false)
        }
    }

    @Test("the hosted card page pays, declines and authenticates")
    func cardPage() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500, with: nil)
            let id = intent["id"].string ?? ""
            let carried = [
                "client_secret": intent["client_secret"].string ?? "",
                "return_url": "https://shop.example/done?x=1",
            ]
            let link = FormItem.encode(carried.map { FormItem($0.key, $0.value) })
            #expect(try await shop.get("/_sandbox/pay/\(id)?\(link)").text.contains("Card number"))

            func type(_ number: String) async throws -> SandboxResponse {
                let card = ["number": number, "expiry": "12/34", "cvc": "123"]
                return try await shop.post("/_sandbox/pay/\(id)", carried.merging(card) { $1 })
            }
            let declined = try await type("4000 0000 0000 9995")
            let typo = try await type("4242 4242 4242 4241")
            let challenged = try await type("4000000000003220")
            let failed = try await shop.post(
                challenged.header("Location") ?? "", carried.merging(["outcome": "fail"]) { $1 })
            let paid = try await type("4242424242424242")

            #expect(declined.status == 402)
            #expect(declined.text.contains("insufficient funds"))
            #expect(typo.text.contains("Your card number is incorrect."))
            #expect(challenged.status == 303)
            #expect(failed.text.contains("unable to authenticate"))
            #expect(paid.status == 303)
            #expect(
                paid.header("Location")?.hasPrefix("https://shop.example/done?x=1&payment_intent=\(id)")
                    == true)
            #expect(paid.header("Location")?.hasSuffix("redirect_status=succeeded") == true)
            #expect(try await shop.read("/v1/payment_intents/\(id)")["status"] == "succeeded")
        }
    }
}
