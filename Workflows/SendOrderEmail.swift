// A letter is written once and kept: the vendor compares what it is sent under a key, and a shopper must not
// get the same news twice in other words. After a day the vendor forgets the key; our own row is asked before
// every attempt.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend

/// Sends one letter about an order, once.
package struct SendOrderEmail: Workflow {
    package static let name: WorkflowName = "send_order_email"

    package enum Step: String, WorkflowStep {
        case write
        case send
        case noteSent = "note_sent"
        case noteFailed = "note_failed"
    }

    package enum Letter: String, Codable, Sendable, CaseIterable { case confirmation }

    package struct Input: Codable, Sendable {
        package let order: OrderID
        package let letter: Letter
        package init(order: OrderID, letter: Letter) {
            self.order = order
            self.letter = letter
        }
    }

    package enum Output: String, Codable, Sendable { case sent, suppressed, refused }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        guard let letter = try await write(input, flow) else { return .suppressed }
        do {
            let accepted = try await send(letter, of: input, flow)
            try await flow.write(.noteSent, in: shop) { tx in
                if let accepted {
                    try await Emails().markSent(
                        letter, providerID: accepted.rawValue, at: shop.clock.now, in: tx)
                }
            }
            return .sent
        } catch let failure as StepFailed {
            try await flow.write(.noteFailed, in: shop) { tx in
                try await Emails().markFailed(letter, problem: failure.failure.message, in: tx)
            }
            return .refused
        }
    }

    /// Nil when the address has asked for nothing more.
    private func write(_ input: Input, _ flow: Flow<Self>) async throws -> EmailID? {
        try await flow.transaction(.write, on: shop.transactions) { tx in
            let order = try await Orders().load(input.order, in: tx)
            let store = try await Stores().load(in: tx)
            let letter = OrderConfirmation(
                order: order, lines: try await Orders().lines(of: order.id, in: tx), storeName: store.name,
                page: shop.orderPage(store, order.token))
            let message = try await Emails().queue(
                Emails.Draft(
                    cause: "\(input.letter.rawValue):\(order.id)", order: order.id,
                    sender: OutgoingMessage.sender(store.name, at: shop.sender),
                    recipient: order.email.rawValue,
                    replyTo: store.contactEmail, language: order.language, subject: letter.subject,
                    html: letter.html, plain: letter.plain), in: tx)
            return message.status == .suppressed ? nil : message.id
        }
    }

    /// Nil when our own row says that it was sent before.
    private func send(_ id: EmailID, of input: Input, _ flow: Flow<Self>) async throws -> ResendMessage.ID? {
        try await flow.step(.send, retry: .patient) { attempt in
            guard let letter = try await shop.inStore(flow.tenant, { try await Emails().claim(id, in: $0) })
            else {
                return nil
            }
            guard let recipient = EmailAddress(rawValue: letter.draft.recipient) else { return nil }
            var message = OutgoingMessage(
                sender: letter.draft.sender, recipients: [recipient], subject: letter.draft.subject,
                html: letter.draft.html, text: letter.draft.plain)
            message.replyTo = letter.draft.replyTo.flatMap { EmailAddress(rawValue: $0) }
            message.tags = ["letter": input.letter.rawValue]
            try await attempt.announce()
            return try await shop.resend.send(
                RenderedMessage(message), key: "\(input.letter.rawValue)/\(input.order)")
        }
    }
}
