import Commerce
import CommerceStore

/// The letter that confirms a paid order, in the language the shopper bought in. It holds the terms
/// themselves and not a link to them: the law wants the confirmation on something that stays as it is
/// (Directive 2011/83/EU, article 8), and a page can be changed.
struct OrderConfirmation {
    /// What belongs to the contract, in the order in which it is read.
    static let terms: [LegalPageKind] = [.terms, .withdrawal, .delivery]

    let order: Order
    let lines: [OrderLine]
    let storeName: String
    let page: String
    let legal: [LegalPage]

    var subject: String { words.subject(order.number, storeName) }

    var plain: String {
        let articles = lines.map { "\($0.quantity) x \($0.title)" }.joined(separator: "\n")
        return [
            words.greeting(order.address.firstName), words.thanks(order.number), articles,
            "\(words.total): \(amount(order.total.gross))", "\(words.follow): \(page)", storeName,
        ].joined(separator: "\n\n") + kept.map { "\n\n\($0)" }.joined()
    }

    /// The terms as text; nothing where the store has none.
    private var kept: [String] {
        guard !legal.isEmpty else { return [] }
        return ["--", words.keep] + legal.map { "\($0.kind.title(in: $0.language))\n\n\($0.body)" }
    }

    private var keptHTML: String {
        guard !legal.isEmpty else { return "" }
        let pages = legal.map { page in
            let body = LetterText.escaped(page.body).replacing("\n", with: "<br>")
            return "<h2>\(LetterText.escaped(page.kind.title(in: page.language)))</h2><p>\(body)</p>"
        }
        return "<hr><p>\(LetterText.escaped(words.keep))</p>" + pages.joined()
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
            <p>\(LetterText.escaped(storeName))</p>\(keptHTML)</body></html>
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
    let keep: String

    init(_ language: Language) {
        switch language {
        case .romanian:
            subject = { "Comanda \($0) la \($1) este confirmată" }
            greeting = { "Bună, \($0)," }
            thanks = { "Am primit plata pentru comanda \($0). Îți mulțumim! Ai comandat:" }
            (total, follow) = ("Total plătit, TVA inclus", "Urmărește comanda")
            keep = "Păstrează acest mesaj: cuprinde condițiile contractului tău."
        case .english:
            subject = { "Your order \($0) at \($1) is confirmed" }
            greeting = { "Hello \($0)," }
            thanks = { "We have received your payment for order \($0). Thank you! You ordered:" }
            (total, follow) = ("Total paid, VAT included", "Follow your order")
            keep = "Please keep this message: it holds the terms of your contract."
        case .german:
            subject = { "Ihre Bestellung \($0) bei \($1) ist bestätigt" }
            greeting = { "Guten Tag \($0)," }
            thanks = {
                "wir haben Ihre Zahlung für die Bestellung \($0) erhalten. Vielen Dank! Sie haben bestellt:"
            }
            (total, follow) = ("Bezahlt, inkl. MwSt.", "Bestellung verfolgen")
            keep = "Bitte bewahren Sie diese Nachricht auf: Sie enthält die Bedingungen Ihres Vertrags."
        case .spanish:
            subject = { "Tu pedido \($0) en \($1) está confirmado" }
            greeting = { "Hola, \($0):" }
            thanks = { "Hemos recibido el pago de tu pedido \($0). ¡Gracias! Has pedido:" }
            (total, follow) = ("Total pagado, IVA incluido", "Seguir el pedido")
            keep = "Conserva este mensaje: contiene las condiciones de tu contrato."
        }
    }
}
