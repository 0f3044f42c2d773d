// Tells a merchant that an endpoint was switched off, in the store's first language. Queued in the
// transaction that is its reason.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend

struct WebhookLetter {
    let endpoint: WebhookEndpoint
    let ending: WebhookEndpoint.Ending
    let language: Language
    let page: String

    static func queue(
        _ endpoint: WebhookEndpoint, because ending: WebhookEndpoint.Ending, at now: Date, _ shop: Shop,
        in tx: Transaction<OneTenant>
    ) async throws {
        let store = try await Stores().load(in: tx)
        let letter = WebhookLetter(
            endpoint: endpoint, ending: ending, language: store.languages.first ?? .english,
            page: shop.pages.webhook(endpoint.id, of: store))
        let message = try await Emails().queue(
            Emails.Draft(
                cause: "webhook-disabled:\(endpoint.id):\(Int(now.timeIntervalSince1970))", order: nil,
                sender: OutgoingMessage.sender("CartFlux", at: shop.sender),
                recipient: store.contactEmail, language: letter.language, subject: letter.words[0],
                html: letter.html, plain: letter.plain), in: tx)
        guard message.status == .queued else { return }
        try await shop.starter.start(
            SendLetter.self, SendLetter.Input(letter: message.id), once: "letter:\(message.id)", with: tx)
    }

    private var plain: String {
        (words.dropFirst() + [page, "CartFlux"]).joined(separator: "\n\n")
    }

    private var html: String {
        let paragraphs = words.dropFirst().map { "<p>\(LetterText.escaped($0))</p>" }.joined()
        let link = "<p><a href=\"\(LetterText.escaped(page))\">\(LetterText.escaped(page))</a></p>"
        return "<!doctype html><html lang=\"\(language.rawValue)\"><meta charset=\"utf-8\"><body>"
            + paragraphs + link + "<p>CartFlux</p></body></html>"
    }

    /// The subject, then the paragraphs.
    private var words: [String] {
        let url = endpoint.url
        return switch language {
        case .romanian:
            [
                "Un webhook al magazinului a fost oprit",
                ending == .gone
                    ? "Adresa \(url) a răspuns că nu mai există (410)."
                    : "Adresa \(url) nu a primit nimic timp de cinci zile.",
                "Nu mai trimitem evenimente acolo. După ce o reparați, porniți-o din nou; evenimentele din "
                    + "ultimele 30 de zile pot fi retrimise.",
            ]
        case .english:
            [
                "A webhook of your store was switched off",
                ending == .gone
                    ? "The address \(url) answered that it is gone (410)."
                    : "The address \(url) has taken nothing for five days.",
                "We send no more events there. Once it is mended, switch it on again; the events of the last "
                    + "30 days can be sent again.",
            ]
        case .german:
            [
                "Ein Webhook Ihres Shops wurde abgeschaltet",
                ending == .gone
                    ? "Die Adresse \(url) hat geantwortet, dass es sie nicht mehr gibt (410)."
                    : "Die Adresse \(url) hat fünf Tage lang nichts angenommen.",
                "Wir senden keine Ereignisse mehr dorthin. Schalten Sie sie wieder ein, sobald sie "
                    + "funktioniert; die Ereignisse der letzten 30 Tage können erneut gesendet werden.",
            ]
        case .spanish:
            [
                "Se ha desactivado un webhook de su tienda",
                ending == .gone
                    ? "La dirección \(url) ha respondido que ya no existe (410)."
                    : "La dirección \(url) no ha aceptado nada durante cinco días.",
                "Ya no enviamos eventos allí. Cuando funcione, vuelva a activarla; los eventos de los "
                    + "últimos 30 días se pueden reenviar.",
            ]
        }
    }
}
