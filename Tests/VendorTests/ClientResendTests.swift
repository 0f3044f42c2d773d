import Commerce
import Durable
import Foundation
import Testing
import VendorHTTP

@testable import Resend

@Suite("Sending through Resend")
struct ClientResendTests {
    private static let message: OutgoingMessage = {
        var message = OutgoingMessage(
            sender: "Casa Exemplu <comenzi@mail.cartflux.example>",
            recipients: [EmailAddress(unchecked: "ana@example.org")],
            subject: "Comanda CF-000123 a fost plătită",
            html: "<p>Mulțumim!</p>", text: "Mulțumim!")
        message.replyTo = EmailAddress(unchecked: "ajutor@casa-exemplu.example")
        message.tags = ["tenant": "casa-exemplu", "kind": "order_paid"]
        message.headers = ["X-Entity-Ref-ID": "CF-000123"]
        message.attachments = [
            .init(
                name: "CFX-0023.pdf", contentType: "application/pdf", content: Array("%PDF-1.4 example".utf8))
        ]
        return message
    }()

    private static func client(_ server: CannedServer) -> ResendClient {
        ResendClient(key: "re_key", base: server.base, timeout: .seconds(5), now: { Example.now })
    }

    @Test("a message is written as in the example, the same bytes each time")
    func rendering() throws {
        let rendered = RenderedMessage(Self.message)
        let example = try Example.json("resend-send-request.json")
        let json = try JSON(parsing: rendered.text)

        #expect(rendered == RenderedMessage(Self.message))
        for name in ["from", "to", "reply_to", "subject", "html", "text", "headers", "attachments"] {
            #expect(json[name] == example[name])
        }
        #expect(
            Set(json["tags"].elements.map(\.textMembers)) == Set(example["tags"].elements.map(\.textMembers)))
    }

    @Test("stored bytes travel unchanged with their key")
    func send() async throws {
        let server = try CannedServer([.answer(200, try Example.text("resend-send-response.200.json"))])
        let stored = RenderedMessage(text: "{\"from\": \"x\",  \"odd\":1}")

        let id = try await Self.client(server).send(stored, key: "order-confirmation/1")

        #expect(id.rawValue == "49a3999c-0ce1-4ea6-ab68-000000000001")
        let request = try #require(server.requests.first)
        #expect(request.contains("Idempotency-Key: order-confirmation/1\r\n"))
        #expect(request.hasSuffix("\r\n\r\n\(stored.text)"))
    }

    @Test("a sender's name cannot add an address or a header")
    func sender() {
        let address = EmailAddress(unchecked: "a@b.example")

        #expect(
            OutgoingMessage.sender("Casa \"X\" <evil@x.example>\r\nBcc: y", at: address)
                == "\"Casa X evil@x.example Bcc: y\" <a@b.example>")
    }

    @Test("what became of a message")
    func message() async throws {
        let server = try CannedServer([.answer(200, #"{"id":"e1","last_event":"delivery_delayed"}"#)])

        #expect(try await Self.client(server).message(.init(rawValue: "e1")).state == .deliveryDelayed)
    }
}

@Suite("Failures of Resend")
struct ClientResendFailureTests {
    private func failure(
        _ status: Int, _ name: String, headers: [(name: String, value: String)] = []
    ) -> ResendFailure {
        let body = #"{"statusCode":\#(status),"name":"\#(name)","message":"m"}"#
        return ResendFailure(Example.response(status, Array(body.utf8), headers: headers), call: Example.call)
    }

    @Test("the examples")
    func examples() throws {
        let changed = ResendFailure(
            try Example.response(409, file: "resend-error.409.json"), call: Example.call)
        let invalid = ResendFailure(
            try Example.response(422, file: "resend-error.422.json"), call: Example.call)
        let limited = ResendFailure(
            try Example.response(429, file: "resend-error.429.json"), call: Example.call)

        #expect(changed.reason == .payloadChanged)
        #expect(changed.mayHaveHappened)
        #expect(changed.disposition == .permanent)
        #expect(invalid.reason == .rejected(name: "validation_error"))
        #expect(limited.disposition == .transient())
    }

    @Test(
        "the table",
        arguments: [
            (400, "invalid_idempotency_key", "resend.rejected"),
            (401, "missing_api_key", "resend.key_refused"),
            (401, "restricted_api_key", "resend.key_refused"), (403, "invalid_api_key", "resend.key_refused"),
            (403, "validation_error", "resend.sender_refused"), (404, "not_found", "resend.not_found"),
            (405, "method_not_allowed", "resend.rejected"),
            (422, "missing_required_field", "resend.rejected"),
            (451, "security_error", "resend.security"),
        ])
    func permanent(status: Int, name: String, code: String) {
        let failure = failure(status, name)

        #expect(failure.code == code)
        #expect(failure.disposition == .permanent)
    }

    @Test("what is worth another try, and when")
    func transient() {
        let pause = Example.now.addingTimeInterval(3)

        #expect(failure(409, "concurrent_idempotent_requests").disposition == .transient())
        #expect(failure(500, "application_error").disposition == .transient())
        #expect(
            failure(429, "rate_limit_exceeded", headers: [("retry-after", "3")]).disposition
                == .deferred(until: pause))
        #expect(
            failure(429, "rate_limit_exceeded", headers: [("ratelimit-reset", "3")]).disposition
                == .deferred(until: pause))
        #expect(
            failure(429, "daily_quota_exceeded").disposition
                == .deferred(until: Example.now.addingTimeInterval(3600)))
    }
}
