// The letter that invites somebody into a store. Names are other people's text: in HTML they are escaped, and
// a subject is one line.

import Commerce
import CommerceStore
import Foundation

struct TeamLetter {
    let language: Language
    let subject: String
    private let greeting: String
    private let text: String
    private let action: String
    private let closing: String
    private let link: String

    init(store: String, inviter: String, link: String, _ language: Language) {
        let words = Self.words(store: Self.line(store), inviter: Self.line(inviter), language)
        self.language = language
        self.link = link
        (subject, greeting, text) = (words[0], words[1], words[2])
        (action, closing) = (words[3], words[4])
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

    /// Of a name that somebody typed: one line, and no longer than a name is.
    private static func line(_ name: String) -> String {
        String(name.map { $0.isNewline ? " " : $0 }.prefix(80))
    }

    /// Subject, greeting, text, the words of the link, closing.
    private static func words(store: String, inviter: String, _ language: Language) -> [String] {
        switch language {
        case .romanian:
            [
                "Invitație în echipa magazinului \(store)", "Bună ziua,",
                "\(inviter) vă invită în echipa magazinului \(store). Linkul este valabil 7 zile, pentru "
                    + "această adresă.",
                "Deschide invitația",
                "Dacă nu cunoașteți magazinul, puteți ignora acest mesaj.",
            ]
        case .english:
            [
                "An invitation into the team of \(store)", "Hello,",
                "\(inviter) invites you into the team of the store \(store). The link is valid for 7 days, "
                    + "for this address.",
                "Open the invitation", "If you do not know the store, you can ignore this.",
            ]
        case .german:
            [
                "Einladung in das Team von \(store)", "Guten Tag,",
                "\(inviter) lädt Sie in das Team des Shops \(store) ein. Der Link gilt 7 Tage, für diese "
                    + "Adresse.",
                "Einladung öffnen",
                "Falls Sie den Shop nicht kennen, können Sie diese Nachricht ignorieren.",
            ]
        case .spanish:
            [
                "Invitación al equipo de \(store)", "Hola:",
                "\(inviter) le invita al equipo de la tienda \(store). El enlace es válido durante 7 días, "
                    + "para esta dirección.",
                "Abrir la invitación", "Si no conoce la tienda, puede ignorar este mensaje.",
            ]
        }
    }
}
