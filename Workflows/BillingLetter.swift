// The platform's letters to a merchant about its own bill, in the merchant's language. Each is queued in the
// transaction that is its reason, once per cause, and brought to the vendor by a run of its own.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend

struct BillingLetter {
    enum News {
        case issued(reference: String, total: Money, due: Money)
        case declined(reference: String, due: Money, round: Int, isLast: Bool, daysLeft: Int)
        case downgraded(reference: String, due: Money)

        /// What makes the letter one and the same however often it is queued.
        var cause: String {
            switch self {
            case .issued(let reference, _, _): "platform-invoice:\(reference)"
            case .declined(let reference, _, let round, _, _): "platform-dunning:\(reference):\(round)"
            case .downgraded(let reference, _): "platform-downgrade:\(reference)"
            }
        }
    }

    let news: News
    let owner: AccountOwner

    static func queue(_ news: News, _ shop: Shop, in tx: Transaction<OneTenant>) async throws {
        let letter = BillingLetter(news: news, owner: try await BillingAccounts().owner(in: tx))
        let message = try await Emails().queue(
            Emails.Draft(
                cause: news.cause, order: nil,
                sender: OutgoingMessage.sender("CartFlux", at: shop.sender),
                recipient: letter.owner.email.rawValue, language: letter.owner.language,
                subject: letter.subject, html: letter.html, plain: letter.plain), in: tx)
        guard message.status == .queued else { return }
        try await shop.starter.start(
            SendLetter.self, .init(letter: message.id), once: "letter:\(message.id)", with: tx)
    }

    var subject: String { words.first ?? "" }

    var plain: String {
        ([greeting] + words.dropFirst() + ["CartFlux"]).joined(separator: "\n\n")
    }

    var html: String {
        let paragraphs = ([greeting] + words.dropFirst() + ["CartFlux"]).map {
            "<p>\(LetterText.escaped($0))</p>"
        }
        return "<!doctype html><html lang=\"\(owner.language.rawValue)\"><meta charset=\"utf-8\"><body>"
            + paragraphs.joined() + "</body></html>"
    }

    private var greeting: String {
        switch owner.language {
        case .romanian: "Bună, \(owner.name),"
        case .english: "Hello \(owner.name),"
        case .german: "Guten Tag \(owner.name),"
        case .spanish: "Hola, \(owner.name):"
        }
    }

    /// The subject, then the paragraphs.
    private var words: [String] {
        switch news {
        case .issued(let reference, let total, let due): issued(reference, amount(total), due)
        case .declined(let reference, let due, _, let isLast, let days):
            declined(reference, amount(due), isLast, days)
        case .downgraded(let reference, let due): downgraded(reference, amount(due))
        }
    }

    private func issued(_ reference: String, _ total: String, _ due: Money) -> [String] {
        switch owner.language {
        case .romanian:
            [
                "Factura \(reference) de la CartFlux", "Factura \(reference), în total \(total), este gata.",
                due.isPositive
                    ? "De plată: \(amount(due)). Suma se încasează de pe cardul contului tău."
                    : "Nu ai nimic de plătit: totul a fost reținut la vânzare.",
            ]
        case .english:
            [
                "Invoice \(reference) from CartFlux", "Your invoice \(reference) over \(total) is ready.",
                due.isPositive
                    ? "Amount due: \(amount(due)). It will be charged to the card of your account."
                    : "There is nothing to pay: everything was withheld with your sales.",
            ]
        case .german:
            [
                "Rechnung \(reference) von CartFlux", "Ihre Rechnung \(reference) über \(total) ist fertig.",
                due.isPositive
                    ? "Zu zahlen: \(amount(due)). Der Betrag wird von der Karte Ihres Kontos abgebucht."
                    : "Es ist nichts zu zahlen: alles wurde beim Verkauf einbehalten.",
            ]
        case .spanish:
            [
                "Factura \(reference) de CartFlux", "Tu factura \(reference) de \(total) está lista.",
                due.isPositive
                    ? "A pagar: \(amount(due)). Se cobrará en la tarjeta de tu cuenta."
                    : "No tienes nada que pagar: todo se retuvo con tus ventas.",
            ]
        }
    }

    private func declined(_ reference: String, _ due: String, _ isLast: Bool, _ days: Int) -> [String] {
        switch owner.language {
        case .romanian:
            [
                "Nu am putut încasa factura \(reference)", "Plata de \(due) nu a reușit.",
                isLast
                    ? "Dacă nu plătești în \(counted(days)), contul trece pe planul Free."
                    : "Verifică-ți cardul: încercăm din nou peste \(counted(days)).",
            ]
        case .english:
            [
                "We could not collect invoice \(reference)", "The payment of \(due) did not succeed.",
                isLast
                    ? "Unless it is paid within \(counted(days)), your account moves to the Free plan."
                    : "Please check your card: we shall try again in \(counted(days)).",
            ]
        case .german:
            [
                "Rechnung \(reference) konnte nicht eingezogen werden",
                "Die Zahlung von \(due) ist fehlgeschlagen.",
                isLast
                    ? "Ohne Zahlung innerhalb von \(counted(days)) wechselt Ihr Konto zum Tarif Free."
                    : "Bitte prüfen Sie Ihre Karte: Wir versuchen es in \(counted(days)) erneut.",
            ]
        case .spanish:
            [
                "No hemos podido cobrar la factura \(reference)", "El pago de \(due) no se ha realizado.",
                isLast
                    ? "Si no se paga en \(counted(days)), tu cuenta pasará al plan Free."
                    : "Revisa tu tarjeta: lo intentaremos de nuevo en \(counted(days)).",
            ]
        }
    }

    private func downgraded(_ reference: String, _ due: String) -> [String] {
        switch owner.language {
        case .romanian:
            [
                "Contul tău a trecut pe planul Free",
                "Factura \(reference) de \(due) nu a fost plătită în 21 de zile.",
                "Magazinele peste limita planului sunt în pauză. Nu s-a pierdut nicio dată.",
            ]
        case .english:
            [
                "Your account is now on the Free plan",
                "Invoice \(reference) over \(due) was not paid within 21 days.",
                "Stores above the plan's limit are paused. No data is lost.",
            ]
        case .german:
            [
                "Ihr Konto ist jetzt im Tarif Free",
                "Die Rechnung \(reference) über \(due) wurde nicht innerhalb von 21 Tagen bezahlt.",
                "Shops über der Grenze des Tarifs pausieren. Es gehen keine Daten verloren.",
            ]
        case .spanish:
            [
                "Tu cuenta está ahora en el plan Free",
                "La factura \(reference) de \(due) no se pagó en 21 días.",
                "Las tiendas que superan el límite del plan están en pausa. No se pierde ningún dato.",
            ]
        }
    }

    private func counted(_ days: Int) -> String {
        switch owner.language {
        case .romanian: days == 1 ? "o zi" : "\(days) zile"
        case .english: days == 1 ? "1 day" : "\(days) days"
        case .german: days == 1 ? "1 Tag" : "\(days) Tagen"
        case .spanish: days == 1 ? "1 día" : "\(days) días"
        }
    }

    private func amount(_ money: Money) -> String {
        let digits =
            owner.language == .english ? money.decimalText : money.decimalText.replacing(".", with: ",")
        return "\(digits) \(money.currency.rawValue)"
    }
}
