// The letters about an account. The link holds a mark; the worker that sends the letter puts the token in.

import Commerce
import CommerceStore
import Foundation

struct AccountLetter {
    enum Kind {
        case verify(UUID)
        case reset(UUID)
        case alreadyKnown
    }

    let subject: String
    /// One letter per token; about an account that exists, each time somebody asks (which is limited).
    let cause: String
    private let greeting: String
    private let text: String
    private let action: String
    private let link: String
    private let closing: String
    private let language: Language

    init(_ kind: Kind, _ language: Language, site: String) {
        self.language = language
        let words = AccountLetterWords(kind, language)
        (subject, greeting, text) = (words.subject, words.greeting, words.text)
        (action, closing) = (words.action, words.closing)
        switch kind {
        case .verify(let id):
            (cause, link) = ("verify:\(id)", "\(site)/verify?token=\(LetterTokens.mark(of: id))")
        case .reset(let id):
            (cause, link) = ("reset:\(id)", "\(site)/reset?token=\(LetterTokens.mark(of: id))")
        case .alreadyKnown: (cause, link) = ("already-known:\(UUID())", "\(site)/sign-in")
        }
    }

    var plain: String {
        [greeting, text, "\(action): \(link)", closing, "CartFlux"].joined(separator: "\n\n")
    }

    var html: String {
        let page: HTML = """
            <!doctype html><html lang="\(language.rawValue)"><meta charset="utf-8"><body><p>\(greeting)</p>\
            <p>\(text)</p><p><a href="\(link)">\(action)</a></p><p>\(closing)</p><p>CartFlux</p></body></html>
            """
        return page.markup
    }
}

private struct AccountLetterWords {
    let subject: String
    let greeting: String
    let text: String
    let action: String
    let closing: String

    init(_ kind: AccountLetter.Kind, _ language: Language) {
        greeting = ["Bună ziua,", "Hello,", "Guten Tag,", "Hola:"][language.place]
        closing =
            [
                "Dacă nu ați cerut dvs. acest mesaj, îl puteți ignora.",
                "If you did not ask for this, you can ignore it.",
                "Falls Sie das nicht angefordert haben, können Sie diese Nachricht ignorieren.",
                "Si no lo ha pedido usted, puede ignorar este mensaje.",
            ][language.place]
        let texts = Self.texts(kind)[language.place]
        (subject, text, action) = (texts.0, texts.1, texts.2)
    }

    /// Subject, text and the words of the link, in the order of `Language.place`.
    private static func texts(_ kind: AccountLetter.Kind) -> [(String, String, String)] {
        switch kind {
        case .verify:
            [
                (
                    "Confirmați adresa de e-mail",
                    "Confirmați că această adresă este a dvs. Linkul este valabil 24 de ore.",
                    "Confirmă adresa"
                ),
                (
                    "Confirm your e-mail address",
                    "Please confirm that this address is yours. The link is valid for 24 hours.",
                    "Confirm the address"
                ),
                (
                    "Bestätigen Sie Ihre E-Mail-Adresse",
                    "Bitte bestätigen Sie, dass diese Adresse Ihnen gehört. Der Link gilt 24 Stunden.",
                    "Adresse bestätigen"
                ),
                (
                    "Confirme su dirección de correo",
                    "Confirme que esta dirección es suya. El enlace es válido durante 24 horas.",
                    "Confirmar la dirección"
                ),
            ]
        case .reset:
            [
                (
                    "Alegeți o parolă nouă", "Cu acest link puteți alege o parolă nouă. Este valabil o oră.",
                    "Alege parola"
                ),
                (
                    "Choose a new password",
                    "This link lets you choose a new password. It is valid for an hour.",
                    "Choose a password"
                ),
                (
                    "Neues Passwort wählen",
                    "Mit diesem Link können Sie ein neues Passwort wählen. Er gilt eine Stunde.",
                    "Passwort wählen"
                ),
                (
                    "Elija una contraseña nueva",
                    "Con este enlace puede elegir una contraseña nueva. Es válido durante una hora.",
                    "Elegir contraseña"
                ),
            ]
        case .alreadyKnown:
            [
                (
                    "Aveți deja un cont", "Cineva s-a înscris cu această adresă, care are deja un cont.",
                    "Autentificare"
                ),
                (
                    "You already have an account",
                    "Somebody signed up with this address, which already has an account.", "Sign in"
                ),
                (
                    "Sie haben bereits ein Konto",
                    "Jemand hat sich mit dieser Adresse angemeldet; sie hat bereits ein Konto.", "Anmelden"
                ),
                (
                    "Ya tiene una cuenta",
                    "Alguien se ha registrado con esta dirección, que ya tiene una cuenta.",
                    "Iniciar sesión"
                ),
            ]
        }
    }
}
