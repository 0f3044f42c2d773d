import Commerce
import Foundation
import Resend
import Testing
import VendorHTTP
import VendorSandbox

// The client of CartFlux against a Resend that keeps keys, loses answers and signs its webhooks.

@Suite("The Resend client against the sandbox")
struct SandboxResendClientTests {
    private static let message: RenderedMessage = {
        var message = OutgoingMessage(
            sender: OutgoingMessage.sender("Casa \"Exemplu\"", at: EmailAddress(unchecked: "a@mail.example")),
            recipients: [EmailAddress(unchecked: "bounced@resend.dev")], subject: "Comanda ta",
            html: "<p>Salut</p>", text: "Salut")
        message.tags = ["tenant": "casa exemplu"]
        message.attachments = [
            .init(name: "a.pdf", contentType: "application/pdf", content: Array("%PDF".utf8))
        ]
        return RenderedMessage(message)
    }()

    @Test("a message is sent once, and its webhooks verify")
    func mainPath() async throws {
        try await SandboxDesk.open(
            { ResendSandbox($0) }, headers: ["Authorization": "Bearer re_x", "User-Agent": "test"]
        ) { desk in
            let client = ResendClient(key: "re_shop", base: desk.server.baseURL, timeout: .seconds(5))
            let catcher = WebhookCatcher()
            let receiver = try await SandboxServer.start(
                catcher, Workbench(logger: VendorSandbox.quietLogger))
            let webhook = try await desk.post(
                "/webhooks", ["endpoint": .string(receiver.baseURL), "events": ["email.bounced"]])
            let secret = Secret(try webhook.json()["signing_secret"].string ?? "")
            desk.server.workbench.inject(Fault("POST /emails", .dropAfter, count: 1))

            let lost = await #expect(throws: ResendFailure.self) {
                try await client.send(Self.message, key: "order-paid/1")
            }
            let id = try await client.send(Self.message, key: "order-paid/1")

            #expect(lost?.mayHaveHappened == true)
            #expect(try await client.message(id).state == .bounced)
            #expect(try await desk.objects("emails").count == 1)
            await catcher.arrival(of: 1)
            let received = try #require(await catcher.received.first)
            try ResendWebhook.verify(
                rawBody: received.body, id: received.header("svix-id"),
                timestamp: received.header("svix-timestamp"), signature: received.header("svix-signature"),
                secrets: [secret], now: Date())
            let event = try #require(ResendEvent(parsing: received.body))
            #expect(event.message == id)
            #expect(event.happening == .bounced(isPermanent: true, reason: "NoEmail"))
            await receiver.stop()
        }
    }
}
