// A letter about an order in a store's name, queued in the transaction that is its reason. One per cause,
// whatever is replayed.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend

struct OrderLetter {
    let store: Store
    let order: OrderID
    /// What it is about; letters of the same cause are one.
    let cause: String
    let recipient: String
    let language: Language
    let subject: String
    let paragraphs: [String]

    func queue(_ shop: Shop, in tx: Transaction<OneTenant>) async throws {
        let texts = paragraphs + [store.name]
        let html = texts.map {
            "<p>\(LetterText.escaped($0).replacing("\n", with: "<br>"))</p>"
        }.joined()
        let message = try await Emails().queue(
            Emails.Draft(
                cause: cause, order: order,
                sender: OutgoingMessage.sender(store.name, at: shop.sender), recipient: recipient,
                replyTo: store.contactEmail, language: language, subject: subject,
                html: "<!doctype html><html lang=\"\(language.rawValue)\"><meta charset=\"utf-8\"><body>"
                    + "\(html)</body></html>",
                plain: texts.joined(separator: "\n\n")), in: tx)
        guard message.status == .queued else { return }
        try await shop.starter.start(
            SendLetter.self, SendLetter.Input(letter: message.id), once: "letter:\(message.id)", with: tx)
    }
}
