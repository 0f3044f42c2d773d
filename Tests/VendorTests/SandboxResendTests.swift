import Foundation
import Testing
import VendorSandbox

@Suite("SandboxResend")
struct SandboxResendTests {
    private static func open(_ body: (SandboxDesk) async throws -> Void) async throws {
        try await SandboxDesk.open(
            { ResendSandbox($0) },
            headers: ["Authorization": "Bearer re_shop", "User-Agent": "CartFlux/1"], body)
    }

    private static func message(to recipient: String = "ana@example.org") -> JSON {
        [
            "from": "Casa Exemplu <comenzi@mail.cartflux.example>", "to": [.string(recipient)],
            "subject": "Comanda CF-000123", "html": "<p>Mulțumim!</p>",
            "tags": [["name": "kind", "value": "order_paid"]],
            "attachments": [["filename": "CFX-0023.pdf", "content": "JVBERi0xLjQ="]],
        ]
    }

    /// Registers a receiver at the sandbox and stops it after the body.
    private static func listen(
        _ desk: SandboxDesk, to events: [JSON] = ["*"],
        _ body: (WebhookCatcher, String) async throws -> Void
    ) async throws {
        let catcher = WebhookCatcher()
        let receiver = try await SandboxServer.start(catcher, Workbench(logger: VendorSandbox.quietLogger))
        do {
            let webhook = try await desk.post(
                "/webhooks", ["endpoint": .string(receiver.baseURL + "/hooks"), "events": .array(events)])
            try await body(catcher, try webhook.json()["signing_secret"].string ?? "")
        } catch {
            await receiver.stop()
            throw error
        }
        await receiver.stop()
    }

    @Test("a message is accepted, delivered and shown")
    func mainPath() async throws {
        try await Self.open { desk in
            let sent = try await desk.post("/emails", Self.message(), headers: ["Idempotency-Key": "k1"])

            #expect(sent.status == 200)
            let id = try #require(try sent.json()["id"].string)
            #expect(try await desk.get("/emails/\(id)")["last_event"] == "delivered")
            let stored = try await desk.objects("emails")
            #expect(stored.count == 1)
            #expect(stored[0]["attachments"][0]["size"] == 8)
            #expect(stored[0]["idempotency_key"] == "k1")
        }
    }

    @Test("the same key and bytes send once, other bytes are refused, after a day it is a new message")
    func idempotency() async throws {
        try await Self.open { desk in
            let key = ["Idempotency-Key": "order-paid/1"]
            let first = try await desk.post("/emails", Self.message(), headers: key)
            let second = try await desk.post("/emails", Self.message(), headers: key)
            let other = try await desk.post("/emails", Self.message(to: "b@example.org"), headers: key)
            #expect(try first.json() == second.json())
            #expect(other.status == 409)
            #expect(try other.json()["name"] == "invalid_idempotent_request")
            #expect(desk.calls.count(of: "email.create") == 1)

            await desk.server.advanceClock(seconds: 86_401)
            _ = try await desk.post("/emails", Self.message(), headers: key)

            #expect(desk.calls.count(of: "email.create") == 2)
        }
    }

    @Test("the same message twice at once is sent once, and the second is told to wait")
    func concurrent() async throws {
        try await Self.open { desk in
            let key = ["Idempotency-Key": "k"]
            desk.server.workbench.inject(
                Fault("POST /emails", .latency, latency: .milliseconds(8000), count: 1))
            async let one = desk.post("/emails", Self.message(), headers: key)
            while desk.calls.calls("POST", "/emails").isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            async let two = desk.post("/emails", Self.message(), headers: key)

            let answers = try await [one, two].sorted { $0.status < $1.status }

            #expect(answers.map(\.status) == [200, 409])
            #expect(try answers[1].json()["name"] == "concurrent_idempotent_requests")
            #expect(try await desk.objects("emails").count == 1)
        }
    }

    @Test("an answer that is lost leaves one message, and the same key finds it")
    func lostAnswer() async throws {
        try await Self.open { desk in
            desk.server.workbench.inject(Fault("POST /emails", .dropAfter, count: 1))
            let key = ["Idempotency-Key": "k"]

            await #expect(throws: (any Error).self) {
                try await desk.post("/emails", Self.message(), headers: key)
            }
            let again = try await desk.post("/emails", Self.message(), headers: key)

            #expect(again.status == 200)
            #expect(desk.calls.count(of: "email.create") == 1)
            #expect(try await desk.objects("emails").count == 1)
        }
    }

    @Test("webhooks are signed and tell what became of the message")
    func webhooks() async throws {
        try await Self.open { desk in
            try await Self.listen(desk) { catcher, secret in
                _ = try await desk.post("/emails", Self.message(to: "bounced+1@resend.dev"))
                await catcher.arrival(of: 2)

                let received = await catcher.received
                #expect(try received.map { try $0.json()["type"] } == ["email.sent", "email.bounced"])
                let data = try received[1].json()["data"]
                #expect(data["bounce"]["type"] == "Permanent")
                #expect(data["tags"] == ["kind": "order_paid"])
                let id = try #require(received[0].header("svix-id"))
                let seconds = try #require(received[0].header("svix-timestamp").flatMap { Int64($0) })
                let expected = ResendSignature.value(
                    id: id, seconds: seconds, body: received[0].body, secret: secret)
                #expect(received[0].header("svix-signature") == expected)
            }
        }
    }

    @Test(
        "the recipient decides the outcome",
        arguments: [
            ("a@b.example", "delivered"), ("delivered@resend.dev", "delivered"),
            ("bounced@resend.dev", "bounced"),
            ("complained+x@resend.dev", "complained"), ("suppressed@resend.dev", "suppressed"),
        ])
    func outcomes(_ recipient: String, _ outcome: String) async throws {
        try await Self.open { desk in
            _ = try await desk.post("/emails", Self.message(to: recipient))

            #expect(try await desk.objects("emails")[0]["last_event"].string == outcome)
        }
    }

    @Test("a lever tells later what happened, and a webhook hears only what it asked for")
    func levers() async throws {
        try await Self.open { desk in
            try await Self.listen(desk, to: ["email.opened"]) { catcher, _ in
                try await desk.pull("delivery", ["automatic": false])
                let id = try await desk.post("/emails", Self.message()).json()["id"].string ?? ""
                #expect(try await desk.get("/emails/\(id)")["last_event"] == "sent")

                try await desk.pull("emails/\(id)/events", ["type": "delivered"])
                try await desk.pull("emails/\(id)/events", ["type": "opened"])
                await catcher.arrival(of: 1)

                #expect(try await catcher.received.map { try $0.json()["type"] } == ["email.opened"])
            }
        }
    }

    @Test("refusals come with Resend's names")
    func refusals() async throws {
        try await Self.open { desk in
            var unaddressed = Self.message()
            unaddressed.remove("to")
            var badTag = Self.message()
            badTag["tags"] = [["name": "kind", "value": "order paid"]]
            var badFrom = Self.message()
            badFrom["from"] = "nobody"
            var badFile = Self.message()
            badFile["attachments"] = [["filename": "a"]]
            try await desk.pull("domains", ["domain": "mine.example", "verified": false])
            var unverified = Self.message()
            unverified["from"] = "a@mine.example"

            let cases: [(JSON, [String: String], Int, String)] = [
                (Self.message(), ["User-Agent": ""], 403, "validation_error"),
                (Self.message(), ["Authorization": ""], 401, "missing_api_key"),
                (Self.message(), ["Authorization": "Bearer sk_1"], 403, "invalid_api_key"),
                (unaddressed, [:], 422, "missing_required_field"), (badTag, [:], 422, "validation_error"),
                (Self.message(to: "ana"), [:], 422, "validation_error"),
                (badFrom, [:], 422, "invalid_from_address"), (badFile, [:], 422, "invalid_attachment"),
                (unverified, [:], 403, "validation_error"),
                (
                    Self.message(), ["Idempotency-Key": String(repeating: "k", count: 257)], 400,
                    "invalid_idempotency_key"
                ),
            ]
            for (body, headers, status, name) in cases {
                let answer = try await desk.post("/emails", body, headers: headers)
                #expect(answer.status == status)
                #expect(try answer.json()["name"].string == name)
            }
            #expect(try await desk.objects("emails").isEmpty)
        }
    }

    @Test("a batch is all or nothing, unless it is permissive")
    func batch() async throws {
        try await Self.open { desk in
            var good = Self.message()
            good.remove("attachments")
            var bad = good
            bad["to"] = "nobody"

            let strict = try await desk.post("/emails/batch", [good, bad])
            let permissive = try await desk.post(
                "/emails/batch", [good, bad], headers: ["x-batch-validation": "permissive"])

            #expect(strict.status == 422)
            #expect(try permissive.json()["data"].array.count == 1)
            #expect(try permissive.json()["errors"][0]["index"] == 1)
            #expect(try await desk.objects("emails").count == 1)
        }
    }

    @Test("a scheduled message waits for its hour and can be canceled until then")
    func scheduled() async throws {
        try await Self.open { desk in
            var later = Self.message()
            later["scheduled_at"] = .string(Date(timeIntervalSinceNow: 3600).ISO8601Format())
            let first = try await desk.post("/emails", later).json()["id"].string ?? ""
            let second = try await desk.post("/emails", later).json()["id"].string ?? ""
            #expect(try await desk.get("/emails/\(first)")["last_event"] == "scheduled")

            #expect(try await desk.send("POST", "/emails/\(first)/cancel").status == 200)
            await desk.server.advanceClock(seconds: 3700)

            #expect(try await desk.get("/emails/\(first)")["last_event"] == "canceled")
            #expect(try await desk.get("/emails/\(second)")["last_event"] == "delivered")
        }
    }

    @Test("limits, once on, name what was exceeded")
    func limits() async throws {
        try await Self.open { desk in
            try await desk.pull("limits", ["enabled": true, "calls": 1])
            // The clock runs on, so a window may end in between: ten calls cannot all be let through.
            var answers: [SandboxResponse] = []
            for _ in 0..<10 { answers.append(try await desk.send("GET", "/emails")) }
            let limited = answers.filter { $0.status == 429 }
            #expect(!limited.isEmpty)
            #expect(try limited.allSatisfy { try $0.json()["name"] == "rate_limit_exceeded" })
            #expect(limited.first?.header("retry-after") == "1")

            try await desk.pull("limits", ["enabled": true, "calls": 100, "daily_quota": 1])
            _ = try await desk.post("/emails", Self.message())
            let above = try await desk.post("/emails", Self.message())

            #expect(above.status == 429)
            #expect(try above.json()["name"] == "daily_quota_exceeded")
        }
    }
}
