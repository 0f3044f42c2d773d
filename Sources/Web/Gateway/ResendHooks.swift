// What became of an e-mail: delivered, bounced, complained about. The same way as Stripe's events: verified
// as raw bytes, into the inbox, acknowledged, and worked on afterwards.

import CommerceStore
import Foundation
import Resend
import VendorHTTP
import WebSupport

struct ResendHooks: Sendable {
    static let source = "resend"

    let secrets: [Secret]
    let inbox: Inbox
    let processor: InboxProcessor

    var endpoints: [Endpoint] {
        [
            Endpoint("POST", "/webhooks/resend", scope: .platform, kind: .webhook) { request in
                try await receive(request)
            }
        ]
    }

    private func receive(_ request: WebRequest) async throws -> WebResponse {
        // The scheme has two spellings of its headers.
        func header(_ name: String) -> String? {
            request.headers["svix-\(name)"] ?? request.headers["webhook-\(name)"]
        }
        let id = header("id")
        do {
            try ResendWebhook.verify(
                rawBody: request.body, id: id, timestamp: header("timestamp"), signature: header("signature"),
                secrets: secrets, now: request.receivedAt)
        } catch {
            throw WebProblem(.signatureInvalid)
        }
        guard let id, let event = ResendEvent(parsing: request.body) else {
            throw WebProblem(.malformedRequest, "this is no event")
        }
        let entry = Inbox.Event(
            source: Self.source, id: id, endpoint: "platform", kind: event.kindText,
            subject: event.message?.rawValue, payload: StorablePayload.json(request.body),
            occurredAt: request.receivedAt)
        let isNew = try await inbox.receive(entry)
        if isNew { processor.nudge(entry) }
        return isNew ? Acknowledgement.received : Acknowledgement.repeated
    }
}

extension ResendEvent {
    var kindText: String {
        switch happening {
        case .sent: "sent"
        case .delivered: "delivered"
        case .deliveryDelayed: "delivery_delayed"
        case .opened: "opened"
        case .clicked: "clicked"
        case .scheduled: "scheduled"
        case .complained: "complained"
        case .bounced: "bounced"
        case .failed: "failed"
        case .suppressed: "suppressed"
        case .other(let name): name
        }
    }

    /// What our own row should say; nil when nothing about it changes.
    var status: Emails.Status? {
        switch happening {
        case .delivered: .delivered
        // A full mailbox may have room tomorrow: only a permanent bounce closes the address.
        case .bounced(let isPermanent, _): isPermanent ? .bounced : nil
        case .complained: .complained
        case .failed: .failed
        case .suppressed: .suppressed
        case .sent, .deliveryDelayed, .opened, .clicked, .scheduled, .other: nil
        }
    }
}
