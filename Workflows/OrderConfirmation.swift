import Commerce
import CommerceStore

/// The letter that confirms a paid order, in the language the shopper bought in.
struct OrderConfirmation {
    let order: Order
    let lines: [OrderLine]
    let storeName: String
    let page: String

    var subject: String { words.subject(order.number, storeName) }

    var plain: String {
        let articles = lines.map { "\($0.quantity) x \($0.title)" }.joined(separator: "\n")
        return [
            words.greeting(order.address.firstName), words.thanks(order.number), articles,
            "\(words.total): \(amount(order.total.gross))", "\(words.follow): \(page)", storeName,
        ].joined(separator: "\n\n")
    }

    var html: String {
        let articles = lines.map { "<li>\($0.quantity) &times; \(LetterText.escaped($0.title))</li>" }
            .joined()
        return """
            <!doctype html><html lang="\(order.language.rawValue)"><meta charset="utf-8"><body>\
            <p>\(LetterText.escaped(words.greeting(order.address.firstName)))</p>\
            <p>\(LetterText.escaped(words.thanks(order.number)))</p>\
            <ul>\(articles)</ul>\
            <p>\(LetterText.escaped(words.total)): \
            <strong>\(LetterText.escaped(amount(order.total.gross)))</strong></p>\
            <p><a href="\(LetterText.escaped(page))">\(LetterText.escaped(words.follow))</a></p>\
            <p>\(LetterText.escaped(storeName))</p></body></html>
            """
    }

    private var words: ConfirmationWords { ConfirmationWords(order.language) }

    /// "15,00 EUR"; with a point in English.
    private func amount(_ money: Money) -> String {
        let digits =
            order.language == .english ? money.decimalText : money.decimalText.replacing(".", with: ",")
        return "\(digits) \(money.currency.rawValue)"
    }
}

private struct ConfirmationWords {
    let subject: (OrderNumber, String) -> String
    let greeting: (String) -> String
    let thanks: (OrderNumber) -> String
    let total: String
    let follow: String

    init(_ language: Language) {
        switch language {
        case .romanian:
            subject = { "Comanda \($0) la \($1) este confirmată" }
            greeting = { "Bună, \($0)," }
            thanks = { "Am primit plata pentru comanda \($0). Îți mulțumim! Ai comandat:" }
            (total, follow) = ("Total plătit, TVA inclus", "Urmărește comanda")
        case .english:
            subject = { "Your order \($0) at \($1) is confirmed" }
            greeting = { "Hello \($0)," }
            thanks = { "We have received your payment for order \($0). Thank you! You ordered:" }
            (total, follow) = ("Total paid, VAT included", "Follow your order")
        case .german:
            subject = { "Ihre Bestellung \($0) bei \($1) ist bestätigt" }
            greeting = { "Guten Tag \($0)," }
            thanks = {
                "wir haben Ihre Zahlung für die Bestellung \($0) erhalten. Vielen Dank! Sie haben bestellt:"
            }
            (total, follow) = ("Bezahlt, inkl. MwSt.", "Bestellung verfolgen")
        case .spanish:
            subject = { "Tu pedido \($0) en \($1) está confirmado" }
            greeting = { "Hola, \($0):" }
            thanks = { "Hemos recibido el pago de tu pedido \($0). ¡Gracias! Has pedido:" }
            (total, follow) = ("Total pagado, IVA incluido", "Seguir el pedido")
        }
    }
}
