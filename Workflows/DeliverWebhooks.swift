// Carries the events of one object to one endpoint of a merchant's, one after the other. An event that is not
// taken is tried again with growing pauses for about three days, while the later ones of the same object wait
// behind it; other objects travel in runs of their own. A worker that dies between sending and writing down
// sends again, under the same id: receivers are told to count an id once, as with every webhook there is.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import MerchantHooks
import Resend

/// Delivers what is waiting in one lane, until nothing is.
package struct DeliverWebhooks: Workflow {
    package static let name: WorkflowName = "deliver_webhooks"

    package enum Step: String, WorkflowStep {
        case take, send, note
        case handOver = "hand_over"
    }

    package struct Input: Codable, Sendable {
        package let lane: WebhookLaneID
        package let endpoint: WebhookEndpointID
        package let object: String

        package init(_ opened: OpenedLane) {
            lane = opened.id
            endpoint = opened.endpoint
            object = opened.object
        }

        fileprivate var opened: OpenedLane { OpenedLane(of: lane, to: endpoint, about: object) }
    }

    /// How many were taken.
    package typealias Output = Int

    /// Attempts of one run; another one carries on then, so that no history grows without end.
    private static let roundLimit = 200

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        var delivered = 0
        for round in 1...Self.roundLimit {
            guard let turn = try await take(input, round, flow) else { return delivered }
            guard let answer = try await send(turn, input, round, flow) else { continue }
            let (verdict, pause) = try await note(answer, turn, input, round, flow)
            if verdict == .taken { delivered += 1 }
            // Whoever mended the receiver need not wait for the pause to end.
            if let pause { _ = try await flow.wait(.webhookNudge, upTo: pause) }
        }
        try await flow.write(.handOver, in: shop) { tx in
            try await WebhookLanes().handOver(input.opened, in: tx)
        }
        return delivered
    }

    private func take(_ input: Input, _ round: Int, _ flow: Flow<Self>) async throws -> WebhookTurn? {
        let run = flow.id.rawValue
        return try await flow.transaction(.take, for: round, on: shop.transactions) { tx in
            try await WebhookLanes().next(input.opened, run: run, at: shop.clock.now, in: tx)
        }
    }

    private struct Sent: Codable, Sendable {
        let answer: HookAnswer
        let startedAt: Date
    }

    /// Nil where the delivery has ended since it was taken.
    private func send(
        _ turn: WebhookTurn, _ input: Input, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Sent? {
        try await flow.step(.send, for: round, retry: .patient) { _ in
            let now = shop.clock.now
            let found = try await shop.inStore(flow.tenant) { tx in
                try await ready(turn.delivery, input.endpoint, at: now, tx)
            }
            guard let found else { return nil }
            let answer = try await shop.hooks.send(
                HookMessage(id: "\(found.envelope.event)", body: Array(found.envelope.body.utf8)),
                to: found.envelope.url, signedWith: found.secrets.map { .init($0) })
            return Sent(answer: answer, startedAt: now)
        }
    }

    private struct Ready: Sendable {
        let envelope: WebhookEnvelope
        let secrets: [String]
    }

    private func ready(
        _ delivery: WebhookDeliveryID, _ endpoint: WebhookEndpointID, at now: Date,
        _ tx: Transaction<OneTenant>
    ) async throws -> Ready? {
        guard let envelope = try await WebhookDeliveries().envelope(of: delivery, in: tx) else { return nil }
        return Ready(
            envelope: envelope, secrets: try await shop.endpoints.secrets(of: endpoint, at: now, in: tx))
    }

    private enum Verdict: String, Codable, Sendable {
        case taken, again, givenUp, over
    }

    private struct Noted: Codable, Sendable {
        let verdict: Verdict
        let pauseSeconds: Int?
    }

    private func note(
        _ sent: Sent, _ turn: WebhookTurn, _ input: Input, _ round: Int, _ flow: Flow<Self>
    ) async throws -> (Verdict, Duration?) {
        let noted = try await flow.transaction(.note, for: round, on: shop.transactions) { tx in
            try await note(sent, turn, input, tx)
        }
        return (noted.verdict, noted.pauseSeconds.map { .seconds($0) })
    }

    private func note(
        _ sent: Sent, _ turn: WebhookTurn, _ input: Input, _ tx: Transaction<OneTenant>
    ) async throws -> Noted {
        let (now, answer) = (shop.clock.now, sent.answer)
        let attempt = WebhookAttempt(
            number: turn.attempts + 1, startedAt: sent.startedAt, milliseconds: answer.milliseconds,
            status: answer.status, problem: answer.problem, answer: answer.excerpt)
        guard try await WebhookDeliveries().note(attempt, of: turn.delivery, in: tx) else {
            return Noted(verdict: .over, pauseSeconds: nil)
        }
        guard !answer.isTaken else {
            try await WebhookDeliveries().markDelivered(turn.delivery, to: input.endpoint, at: now, in: tx)
            return Noted(verdict: .taken, pauseSeconds: nil)
        }
        let pause =
            answer.isGone
            ? nil
            : WebhookRules.pause(
                after: attempt.number, of: turn.delivery,
                asked: answer.retryAfterSeconds.map { .seconds($0) })
        let since = try await WebhookDeliveries().markFailing(
            turn.delivery, to: input.endpoint, next: pause.map { now.adding($0) }, at: now, in: tx)
        if answer.isGone {
            try await switchOff(input.endpoint, because: .gone, at: now, tx)
        } else if since.adding(WebhookRules.patience) <= now {
            try await switchOff(input.endpoint, because: .failing, at: now, tx)
            return Noted(verdict: .over, pauseSeconds: nil)
        }
        guard let pause else { return Noted(verdict: .givenUp, pauseSeconds: nil) }
        return Noted(verdict: .again, pauseSeconds: Int(pause.components.seconds))
    }

    private func switchOff(
        _ id: WebhookEndpointID, because ending: WebhookEndpoint.Ending, at now: Date,
        _ tx: Transaction<OneTenant>
    ) async throws {
        let endpoint = try await shop.endpoints.load(id, in: tx)
        guard try await shop.endpoints.disable(id, because: ending, at: now, in: tx) else { return }
        let reason =
            ending == .gone
            ? "it answered that it is gone" : "it has taken nothing for five days"
        try await Attention().open(
            .webhook, subject: "\(id)",
            message: "the webhook endpoint \(endpoint.url) was switched off: \(reason)", in: tx)
        try await WebhookLetter.queue(endpoint, because: ending, at: now, shop, in: tx)
    }
}

extension Signal where Payload == Nothing {
    /// The receiver may be well again: try now.
    package static var webhookNudge: Signal<Nothing> { "webhook_nudge" }
}

extension Shop {
    var endpoints: WebhookEndpoints { WebhookEndpoints(credentials) }
}
