// Sends a letter that is written already: to a person about the account, or to a merchant about the store.
// The row was queued together with its reason and is the truth; the run only brings it to the vendor. Tokens
// are put in here and nowhere else, so neither the database nor the run's history ever holds one. A letter
// whose answer was lost for longer than the vendor remembers its key is given up: its links have expired by
// then, and whoever wants another one asks for it.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend

/// Brings one queued letter to the mail vendor, once.
package struct SendLetter: Workflow {
    package static let name: WorkflowName = "send_letter"

    package enum Step: String, WorkflowStep {
        case send
        case noteSent = "note_sent"
        case noteFailed = "note_failed"
    }

    package struct Input: Codable, Sendable {
        package let letter: EmailID
        package init(letter: EmailID) { self.letter = letter }
    }

    package enum Output: String, Codable, Sendable {
        case sent
        /// Sent before, or to an address that wants nothing more.
        case nothingToSend = "nothing_to_send"
        case refused
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        do {
            guard let accepted = try await send(input.letter, flow) else { return .nothingToSend }
            try await flow.write(.noteSent, in: shop) { tx in
                try await Emails().markSent(
                    input.letter, providerID: accepted.rawValue, at: shop.clock.now, in: tx)
            }
            return .sent
        } catch let failure as StepFailed {
            try await flow.write(.noteFailed, in: shop) { tx in
                try await Emails().markFailed(input.letter, problem: failure.failure.message, in: tx)
            }
            return .refused
        }
    }

    private func send(_ id: EmailID, _ flow: Flow<Self>) async throws -> ResendMessage.ID? {
        try await flow.step(.send, retry: .patient) { attempt in
            guard let letter = try await shop.inStore(flow.tenant, { try await Emails().claim(id, in: $0) }),
                let recipient = EmailAddress(rawValue: letter.draft.recipient)
            else { return nil }
            if let since = letter.inDoubtSince, since.adding(Self.safeRepetition) <= shop.clock.now {
                throw LetterInDoubt(reason: "the vendor did not answer for a day")
            }
            let message = try rendered(letter, to: recipient)
            try await attempt.announce()
            let isFirst = try await shop.inStore(flow.tenant) {
                try await Emails().beginDoubt(id, at: shop.clock.now, in: $0)
            }
            do throws(ResendFailure) {
                return try await shop.resend.send(message, key: "letter/\(id)")
            } catch {
                if isFirst, !error.mayHaveHappened {
                    try await shop.inStore(flow.tenant) { try await Emails().endDoubt(id, in: $0) }
                }
                throw error
            }
        }
    }

    private func rendered(_ letter: Emails.Message, to recipient: EmailAddress) throws -> RenderedMessage {
        var message = OutgoingMessage(
            sender: letter.draft.sender, recipients: [recipient], subject: letter.draft.subject,
            html: try shop.secrets.revealing(letter.draft.html),
            text: try shop.secrets.revealing(letter.draft.plain))
        message.replyTo = letter.draft.replyTo.flatMap { EmailAddress(rawValue: $0) }
        message.tags = ["letter": String(letter.draft.cause.prefix { $0.isLetter || $0 == "-" })]
        return RenderedMessage(message)
    }

    /// An hour less than the vendor keeps a key.
    private static let safeRepetition = ResendClient.keyLifetime - .seconds(3_600)
}
