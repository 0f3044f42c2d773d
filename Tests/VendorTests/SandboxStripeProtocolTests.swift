import Foundation
import Testing
import VendorSandbox

@Suite("SandboxStripe idempotency and faults")
struct SandboxStripeProtocolTests {
    @Test("the same key and request replay the first answer")
    func replays() async throws {
        try await StripeShop.open { shop in
            let first = try await shop.post("/v1/payment_intents", shop.order(1500), key: "k1")
            let second = try await shop.post("/v1/payment_intents", shop.order(1500), key: "k1")

            #expect(first.body == second.body)
            #expect(first.header("Idempotent-Replayed") == nil)
            #expect(second.header("Idempotent-Replayed") == "true")
            #expect(second.header("Request-Id") == first.header("Request-Id"))
            #expect(shop.server.workbench.calls.count(of: "payment_intent.create") == 1)
        }
    }

    @Test("a key with other parameters or another path is refused")
    func mismatch() async throws {
        try await StripeShop.open { shop in
            let intent =
                try await shop.created("/v1/payment_intents", shop.order(1500), key: "k1")["id"].string ?? ""

            let amount = try await shop.post("/v1/payment_intents", shop.order(1600), key: "k1")
            let path = try await shop.post("/v1/payment_intents/\(intent)/cancel", key: "k1")

            for response in [amount, path] {
                #expect(response.status == 400)
                #expect(try response.json()["error"]["type"] == "idempotency_error")
            }
        }
    }

    @Test("a declined card is replayed, a rejected parameter is not kept")
    func keeps() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500, with: nil)["id"].string ?? ""
            let path = "/v1/payment_intents/\(intent)/confirm"
            let declined = ["payment_method": "pm_card_visa_chargeDeclined"]

            _ = try await shop.post(path, declined, key: "k1")
            let replay = try await shop.post(path, declined, key: "k1")
            let invalid = try await shop.post("/v1/payment_intents", shop.order(1), key: "k2")
            let repaired = try await shop.post("/v1/payment_intents", shop.order(100), key: "k2")

            #expect(replay.status == 402)
            #expect(replay.header("Idempotent-Replayed") == "true")
            #expect(shop.server.workbench.calls.count(of: "payment_intent.decline") == 1)
            #expect(invalid.status == 400)
            #expect(repaired.status == 200)
        }
    }

    @Test("keys are scoped by account and forgotten after a day")
    func scopes() async throws {
        try await StripeShop.open { shop in
            let form = ["email": "a@b.example"]
            let own = try await shop.created("/v1/customers", form, key: "k1")
            let other = try await shop.post(
                "/v1/customers", form, key: "k1", headers: ["Stripe-Account": shop.merchant])
            #expect(try other.json()["id"] != own["id"])

            await shop.server.advanceClock(seconds: 86_401)
            let later = try await shop.created("/v1/customers", form, key: "k1")

            #expect(later["id"] != own["id"])
        }
    }

    @Test("a second request while the first is running is a conflict")
    func inFlight() async throws {
        try await StripeShop.open { shop in
            // Both are slow; whichever takes the key first runs, and the other meets it at work.
            shop.server.workbench.inject(
                Fault("POST /v1/payment_intents", .latency, latency: .milliseconds(1500)))
            async let one = shop.post("/v1/payment_intents", shop.order(1500), key: "k1")
            async let two = shop.post("/v1/payment_intents", shop.order(1500), key: "k1")

            let answers = try await [one, two].sorted { $0.status < $1.status }
            #expect(answers.map(\.status) == [200, 409])
            #expect(try answers[1].json()["error"]["code"] == "idempotency_key_in_use")

            shop.server.workbench.clearFaults()
            let replay = try await shop.post("/v1/payment_intents", shop.order(1500), key: "k1")
            #expect(replay.header("Idempotent-Replayed") == "true")
            #expect(replay.body == answers[0].body)
        }
    }

    @Test("a connection dropped before has no effect, one dropped after has")
    func drops() async throws {
        try await StripeShop.open { shop in
            let calls = shop.server.workbench.calls
            let intent = try await shop.pay(1500)["id"].string ?? ""
            let form = ["payment_intent": intent, "amount": "100"]
            shop.server.workbench.inject(Fault("POST /v1/refunds", .dropBefore, count: 1))
            await #expect(throws: (any Error).self) { try await shop.post("/v1/refunds", form, key: "r") }
            #expect(calls.count(of: "refund.create") == 0)

            shop.server.workbench.inject(Fault("POST /v1/refunds", .dropAfter, count: 1))
            await #expect(throws: (any Error).self) { try await shop.post("/v1/refunds", form, key: "r") }
            #expect(calls.count(of: "refund.create") == 1)

            let retried = try await shop.post("/v1/refunds", form, key: "r")
            #expect(retried.header("Idempotent-Replayed") == "true")
            #expect(calls.count(of: "refund.create") == 1)
            #expect(calls.calls("POST", "/v1/refunds").map(\.fault) == ["drop_before", "drop_after", nil])
        }
    }

    @Test("faults come in by HTTP, strike as often as told and aim by template")
    func faultsByHTTP() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500, with: nil)["id"].string ?? ""
            let fault: JSON = [
                "endpoint": "POST /v1/payment_intents/{id}/cancel", "kind": "status", "status": 429,
                "retry_after": 7, "count": 1,
            ]
            let set = try await SandboxCaller.send(
                "POST", shop.server.baseURL + "/_sandbox/faults", body: fault.bytes)
            #expect(set.status == 201)

            let limited = try await shop.post("/v1/payment_intents/\(intent)/cancel", key: "c")
            let canceled = try await shop.post("/v1/payment_intents/\(intent)/cancel", key: "c")

            #expect(limited.status == 429)
            #expect(limited.header("Retry-After") == "7")
            #expect(try limited.json()["error"]["code"] == "rate_limit")
            #expect(canceled.status == 200)
            let calls = try await shop.read(
                "/_sandbox/calls?path=/v1/payment_intents/{id}/cancel&method=post")
            #expect(calls["calls"].array.compactMap { $0["status"].integer } == [429, 200])
            #expect(calls["calls"][1]["effect"] == "payment_intent.cancel")
        }
    }

    @Test("probability is seeded: the same requests meet the same faults")
    func seeded() {
        func strikes(_ seed: UInt64) -> [Bool] {
            var plan = FaultPlan(seed: seed)
            plan.add(Fault("*", .dropBefore, probability: 0.3))
            return (0..<200).map { _ in plan.judge(method: "GET", path: "/").end == .dropBefore }
        }

        #expect(strikes(7) == strikes(7))
        #expect(strikes(7) != strikes(8))
        #expect((30...90).contains(strikes(7).count { $0 }))
    }

    @Test("reset forgets everything")
    func resets() async throws {
        try await StripeShop.open { shop in
            _ = try await shop.pay(1500)
            await shop.server.advanceClock(seconds: 86_400)

            _ = try await shop.post("/_sandbox/reset")

            #expect(try await shop.read("/_sandbox/objects/payment_intents")["count"] == 0)
            #expect(try await shop.read("/_sandbox/calls")["count"] == 0)
            #expect(shop.server.workbench.calls.effects.isEmpty)
            #expect(abs(shop.server.workbench.clock.now.timeIntervalSinceNow) < 60)
        }
    }

    @Test("forms are read in both array forms, encoded or not")
    func forms() async throws {
        try await StripeShop.open { shop in
            let intent = try await shop.pay(1500)["id"].string ?? ""
            for list in ["expand[]=latest_charge", "expand%5B0%5D=latest_charge"] {
                let expanded = try await shop.read("/v1/payment_intents/\(intent)?\(list)")
                #expect(expanded["latest_charge"]["object"] == "charge")
            }
            let named = try await shop.created(
                "/v1/payment_intents/\(intent)", ["metadata[note]": "ă & b=c", "metadata[order_id]": ""])
            #expect(named["metadata"] == ["note": "ă & b=c"])
            let cleared = try await shop.created("/v1/payment_intents/\(intent)", ["metadata": ""])
            #expect(cleared["metadata"] == [:])
        }
    }
}
