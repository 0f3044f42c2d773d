// A shopper who has lost the confirmation of an order gets it once more. It is a letter of its own, with a
// cause of its own: the first one stays what it was, also where nobody knows whether it went out.

import Commerce
import CommerceStore
import FoundationEssentials
import Resend

extension Shop {
    /// Queues the confirmation of an order again, and starts the run that sends it. The key makes it one
    /// letter. False where the address wants no more of them.
    package func confirmAgain(
        _ id: OrderID, key: UUID, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        let order = try await Orders().load(id, in: tx)
        let letter = try await Emails().queue(
            confirmation(of: order, cause: "confirmation-again:\(key)", in: tx), in: tx)
        guard letter.status != .suppressed else { return false }
        try await starter.start(
            SendLetter.self, SendLetter.Input(letter: letter.id), once: "\(letter.id)", with: tx)
        return true
    }

    /// The confirmation of a paid order, as it is written now.
    func confirmation(
        of order: Order, cause: String, in tx: Transaction<OneTenant>
    ) async throws -> Emails.Draft {
        let store = try await Stores().load(in: tx)
        var legal: [LegalPage] = []
        for kind in OrderConfirmation.terms {
            if let page = try await LegalPages().find(kind, in: order.language, tx) { legal.append(page) }
        }
        let letter = OrderConfirmation(
            order: order, lines: try await Orders().lines(of: order.id, in: tx), storeName: store.name,
            page: orderPage(store, order.token), legal: legal)
        return Emails.Draft(
            cause: cause, order: order.id, sender: OutgoingMessage.sender(store.name, at: sender),
            recipient: order.email.rawValue, replyTo: store.contactEmail, language: order.language,
            subject: letter.subject, html: letter.html, plain: letter.plain)
    }
}
