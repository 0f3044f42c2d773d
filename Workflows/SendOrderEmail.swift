// A letter is written once and kept: the vendor compares what it is sent under a key, and a shopper must not
// get the same news twice. After a day the vendor forgets the key. So our own row remembers since when it is
// not known whether the letter went out; it outlives the run, and knows the age that `attempt.isAmbiguous`
// alone does not tell. Within the day the same key is repeated; afterwards the vendor's list of accepted
// messages is searched, and where that cannot tell, a person is asked rather than the shopper told twice.

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
        case noteDoubt = "note_doubt"
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

    package enum Output: String, Codable, Sendable {
        case sent, suppressed, refused
        /// It may have been sent, and nobody can tell.
        case withPerson = "with_person"
    }

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
        } catch let failure as StepFailed where failure.code == LetterInDoubt.code {
            try await askPerson(letter, of: input, failure, flow)
            return .withPerson
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
            let message = try await Emails().queue(
                shop.confirmation(of: order, cause: "\(input.letter.rawValue):\(order.id)", in: tx), in: tx)
            return message.status == .suppressed ? nil : message.id
        }
    }

    /// Nil when our own row says that it was sent before.
    private func send(_ id: EmailID, of input: Input, _ flow: Flow<Self>) async throws -> ResendMessage.ID? {
        try await flow.step(.send, retry: .patient) { attempt in
            guard let letter = try await shop.inStore(flow.tenant, { try await Emails().claim(id, in: $0) }),
                let recipient = EmailAddress(rawValue: letter.draft.recipient)
            else { return nil }
            if let since = letter.inDoubtSince, since.adding(Self.safeRepetition) <= shop.clock.now {
                if let known = try await accepted(letter, since: since) { return known }
                try await shop.inStore(flow.tenant) { try await Emails().endDoubt(id, in: $0) }
            }
            try await attempt.announce()
            return try await hand(
                letter, rendered(letter, to: recipient, input),
                key: "\(input.letter.rawValue)/\(input.order)",
                for: flow.tenant)
        }
    }

    private func rendered(_ letter: Emails.Message, to recipient: EmailAddress, _ input: Input)
        -> RenderedMessage
    {
        var message = OutgoingMessage(
            sender: letter.draft.sender, recipients: [recipient], subject: letter.draft.subject,
            html: letter.draft.html, text: letter.draft.plain)
        message.replyTo = letter.draft.replyTo.flatMap { EmailAddress(rawValue: $0) }
        message.tags = ["letter": input.letter.rawValue]
        return RenderedMessage(message)
    }

    /// Notes the doubt, sends, and takes the doubt back where it is certain that nothing went out.
    private func hand(
        _ letter: Emails.Message, _ message: RenderedMessage, key: String, for tenant: Tenant
    ) async throws -> ResendMessage.ID {
        let isFirst = try await shop.inStore(tenant) {
            try await Emails().beginDoubt(letter.id, at: shop.clock.now, in: $0)
        }
        do throws(ResendFailure) {
            return try await shop.resend.send(message, key: key)
        } catch {
            if isFirst, !error.mayHaveHappened {
                try await shop.inStore(tenant) { try await Emails().endDoubt(letter.id, in: $0) }
            } else if case .permanent = error.disposition {
                // What is refused now may have been taken before.
                let since = letter.inDoubtSince ?? shop.clock.now
                if let known = try await accepted(letter, since: since) { return known }
            }
            throw error
        }
    }

    /// The vendor's own record of the letter; nil where it surely has none. Throws `LetterInDoubt` where the
    /// list cannot tell: it must reach back behind the first attempt.
    private func accepted(_ letter: Emails.Message, since: Date) async throws -> ResendMessage.ID? {
        let beginning = since.adding(.zero - Self.clockTolerance)
        var last: ResendMessage.ID?
        for _ in 0..<Self.searchedPages {
            let page: ResendPage
            do throws(ResendFailure) {
                page = try await shop.resend.accepted(before: last)
            } catch {
                guard case .permanent = error.disposition else { throw error }
                throw LetterInDoubt(reason: error.description)
            }
            for message in page.messages {
                guard message.acceptedAt >= beginning else { return nil }
                if message.subject == letter.draft.subject,
                    message.recipients.contains(where: {
                        $0.lowercased() == letter.draft.recipient.lowercased()
                    })
                {
                    return message.id
                }
            }
            last = page.messages.last?.id
            guard page.hasMore, last != nil else { break }
        }
        throw LetterInDoubt(reason: "the list of accepted messages does not reach back to \(since)")
    }

    private func askPerson(
        _ letter: EmailID, of input: Input, _ failure: StepFailed, _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.noteDoubt, in: shop) { tx in
            try await Emails().noteProblem(letter, problem: failure.failure.message, in: tx)
            try await Attention().open(
                .letter, subject: "\(letter)", order: input.order,
                message:
                    "a letter to the shopper may not have gone out; look for it at Resend before sending "
                    + "another: \(failure.failure.message)", in: tx)
        }
    }

    /// An hour less than the vendor keeps a key.
    private static let safeRepetition = ResendClient.keyLifetime - .seconds(3_600)
    /// By how much the vendor's clock may differ from ours.
    private static let clockTolerance: Duration = .seconds(300)
    /// Ten thousand messages: more are not read for one letter.
    private static let searchedPages = 100
}

/// Whether a letter went out cannot be found out from here.
struct LetterInDoubt: Classified, CustomStringConvertible {
    static let code = "email.in_doubt"
    let reason: String
    var code: String { Self.code }
    var disposition: Disposition { .permanent }
    var description: String { "it is not known whether the letter went out: \(reason)" }
}
