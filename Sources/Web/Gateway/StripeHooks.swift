// Stripe's two doors. A body is verified as raw bytes, read, written to the inbox, and acknowledged; what it
// asks for happens afterwards. The two endpoints have their own secrets, so an event that belongs to the one
// can never pass at the other.

import CommerceStore
import Foundation
import Postgres
import Stripe
import VendorHTTP
import WebSupport

/// What the Stripe endpoints must know.
package struct StripeHookSettings: Sendable {
    package var platformSecrets: [Secret]
    package var connectSecrets: [Secret]
    /// Whether this installation works with real money.
    package var isLive: Bool

    package init(platformSecrets: [Secret], connectSecrets: [Secret], isLive: Bool) {
        self.platformSecrets = platformSecrets
        self.connectSecrets = connectSecrets
        self.isLive = isLive
    }
}

struct StripeHooks: Sendable {
    static let source = "stripe"

    let settings: StripeHookSettings
    let inbox: Inbox
    let processor: InboxProcessor

    var endpoints: [Endpoint] {
        [
            Endpoint("POST", "/webhooks/stripe", scope: .platform, kind: .webhook) { request in
                try await receive(request, endpoint: "platform", secrets: settings.platformSecrets)
            },
            Endpoint("POST", "/webhooks/stripe/connect", scope: .platform, kind: .webhook) { request in
                try await receive(request, endpoint: "connect", secrets: settings.connectSecrets)
            },
        ]
    }

    private func receive(
        _ request: WebRequest, endpoint: String, secrets: [Secret]
    ) async throws -> WebResponse {
        do {
            try StripeWebhook.verify(
                rawBody: request.body, header: request.headers["stripe-signature"], secrets: secrets,
                now: request.receivedAt)
        } catch {
            // Which check failed is of use to nobody but an attacker.
            throw WebProblem(.signatureInvalid)
        }
        let event = try read(request.body)
        guard event.isLive == settings.isLive else {
            // A live Connect endpoint is sent test events too: they are acknowledged and mean nothing here.
            // A live event at a test installation is a wrong configuration and must be seen at the sender.
            if settings.isLive { return Acknowledgement.ignored }
            throw WebProblem(.wrongMode, "this installation takes test events only")
        }
        let entry = Inbox.Event(
            source: Self.source, id: event.id.rawValue, endpoint: endpoint, kind: event.kind.rawValue,
            subject: event.inboxSubject, payload: StorablePayload.json(request.body),
            occurredAt: event.createdAt)
        let isNew = try await inbox.receive(entry)
        if isNew { processor.nudge(entry) }
        return isNew ? Acknowledgement.received : Acknowledgement.repeated
    }

    private func read(_ body: [UInt8]) throws(WebProblem) -> StripeEvent {
        do {
            return try StripeEvent(parsing: body)
        } catch {
            switch error {
            case .notJSON: throw WebProblem(.malformedJSON)
            case .notAnEvent: throw WebProblem(.malformedRequest, "only snapshot events are taken here")
            case .incomplete(let what): throw WebProblem(.malformedRequest, what)
            }
        }
    }
}

extension StripeEvent {
    /// The PaymentIntent that the event is about, as far as it tells.
    var paymentIntent: String? {
        switch subject {
        case .paymentIntent(let intent): intent.id.rawValue
        case .charge(let charge): charge.paymentIntent?.rawValue
        case .refund(let refund): refund.paymentIntent?.rawValue
        case .dispute(let dispute): dispute.paymentIntent?.rawValue
        case .account, .payout, .shareOfCharge, .subscription, .invoice, .other, .unreadable: nil
        }
    }

    var inboxSubject: String? {
        switch subject {
        case .account(let account): account.id.rawValue
        case .payout(let payout): payout.id.rawValue
        case .shareOfCharge(let charge): charge.rawValue
        case .subscription(let subscription): subscription.id.rawValue
        case .invoice(let invoice): invoice.id.rawValue
        case .other(_, let id): id ?? account?.rawValue
        default: paymentIntent ?? account?.rawValue
        }
    }
}

/// The answers to a vendor's call. Nobody reads the body; it is there for whoever tries it by hand.
enum Acknowledgement {
    static let received = WebResponse.text("received\n")
    static let repeated = WebResponse.text("already received\n")
    static let ignored = WebResponse.text("ignored\n")
}

/// A payload that the database can hold. JSON may escape a NUL, which `jsonb` refuses; such a body is kept
/// as text in an envelope, because what arrived is evidence.
enum StorablePayload {
    private static let envelope = "undecoded_base64"

    static func json(_ body: [UInt8]) -> JSONB {
        let hasNull = body.firstRange(of: Array("\\u0000".utf8)) != nil
        guard hasNull || body.contains(0) else { return JSONB(body) }
        return JSONB("{\"\(envelope)\":\"\(Data(body).base64EncodedString())\"}")
    }

    static func body(_ payload: JSONB) -> [UInt8] {
        struct Envelope: Decodable {
            let undecoded_base64: String
        }
        // Anything that is not an envelope is the body itself.
        guard let envelope = try? payload.decode(Envelope.self),
            let bytes = Data(base64Encoded: envelope.undecoded_base64)
        else { return payload.bytes }
        return [UInt8](bytes)
    }
}
