// What a person reads when something is wrong: what happened, and what helps, in their language.

import Commerce

package enum ErrorWords {
    package struct Words: Sendable, Equatable {
        package let title: String
        package let advice: String
    }

    /// Many problems say the same thing to a person.
    package enum Kind: CaseIterable, Sendable {
        case notFound, noStore, formExpired, tooLarge, tooMany, unavailable, unreadable, unexpected

        init(_ name: ProblemName) {
            self =
                switch name {
                case .notFound, .methodNotAllowed: .notFound
                case .misdirected: .noStore
                case .formExpired, .crossSite: .formExpired
                case .bodyTooLarge, .cartTooLarge: .tooLarge
                case .tooManyRequests, .tooManyListeners: .tooMany
                case .unavailable, .checkoutClosed, .itemUnavailable: .unavailable
                case .unexpected: .unexpected
                default: .unreadable
                }
        }
    }

    package static func words(_ kind: Kind, in language: Language) -> Words {
        let words =
            switch language {
            case .english: english(kind)
            case .romanian: romanian(kind)
            case .german: german(kind)
            case .spanish: spanish(kind)
            }
        return Words(title: PseudoLanguage.read(words.title), advice: PseudoLanguage.read(words.advice))
    }

    static func home(in language: Language) -> String {
        let sentence =
            switch language {
            case .english: "Back to the shop"
            case .romanian: "Înapoi la magazin"
            case .german: "Zurück zum Shop"
            case .spanish: "Volver a la tienda"
            }
        return PseudoLanguage.read(sentence)
    }

    static func reference(in language: Language) -> String {
        let sentence =
            switch language {
            case .english: "Reference"
            case .romanian: "Referință"
            case .german: "Referenz"
            case .spanish: "Referencia"
            }
        return PseudoLanguage.read(sentence)
    }

    private static func english(_ kind: Kind) -> Words {
        switch kind {
        case .notFound:
            Words(
                title: "Page not found",
                advice: "It may have moved, or the address has a typing error.")
        case .noStore: Words(title: "There is no shop here", advice: "Check the address for a typing error.")
        case .formExpired:
            Words(
                title: "Please send the form again",
                advice: "Go back, reload the page and try once more. Nothing was changed.")
        case .tooLarge:
            Words(
                title: "That was too much at once",
                advice: "Try again with less. Nothing was changed.")
        case .tooMany:
            Words(
                title: "One moment, please",
                advice: "There were many requests from your connection. Try again in a minute.")
        case .unavailable:
            Words(
                title: "Temporarily unavailable",
                advice: "Try again in a few minutes. You have not been charged.")
        case .unreadable:
            Words(
                title: "We could not read that",
                advice: "Go back and check what you entered. Nothing was changed.")
        case .unexpected:
            Words(
                title: "Something went wrong on our side",
                advice: "Try again in a few minutes.")
        }
    }

    private static func romanian(_ kind: Kind) -> Words {
        switch kind {
        case .notFound:
            Words(
                title: "Pagina nu a fost găsită",
                advice: "Poate a fost mutată sau adresa este scrisă greșit.")
        case .noStore:
            Words(
                title: "Aici nu există niciun magazin",
                advice: "Verificați dacă adresa este scrisă corect.")
        case .formExpired:
            Words(
                title: "Trimiteți din nou formularul",
                advice: "Reveniți, reîncărcați pagina și încercați din nou. Nu s-a schimbat nimic.")
        case .tooLarge:
            Words(
                title: "Prea mult dintr-o dată",
                advice: "Încercați din nou cu mai puțin. Nu s-a schimbat nimic.")
        case .tooMany:
            Words(
                title: "Un moment, vă rugăm",
                advice: "Au venit prea multe cereri de la conexiunea dvs. Încercați peste un minut."
            )
        case .unavailable:
            Words(
                title: "Indisponibil momentan",
                advice: "Încercați din nou peste câteva minute. Nu s-a încasat nimic.")
        case .unreadable:
            Words(
                title: "Nu am putut citi cererea",
                advice: "Reveniți și verificați datele introduse. Nu s-a schimbat nimic.")
        case .unexpected:
            Words(
                title: "A apărut o eroare la noi",
                advice: "Încercați din nou peste câteva minute.")
        }
    }

    private static func german(_ kind: Kind) -> Words {
        switch kind {
        case .notFound:
            Words(
                title: "Seite nicht gefunden",
                advice: "Vielleicht wurde sie verschoben, oder die Adresse enthält einen Tippfehler.")
        case .noStore:
            Words(
                title: "Hier gibt es keinen Shop",
                advice: "Bitte prüfen Sie die Adresse auf Tippfehler.")
        case .formExpired:
            Words(
                title: "Bitte senden Sie das Formular erneut",
                advice:
                    "Laden Sie die Seite neu und versuchen Sie es noch einmal. Es wurde nichts geändert."
            )
        case .tooLarge:
            Words(
                title: "Das war zu viel auf einmal",
                advice: "Versuchen Sie es mit weniger. Es wurde nichts geändert.")
        case .tooMany:
            Words(
                title: "Einen Moment bitte",
                advice:
                    "Von Ihrer Verbindung kamen sehr viele Anfragen. Versuchen Sie es in einer Minute."
            )
        case .unavailable:
            Words(
                title: "Vorübergehend nicht verfügbar",
                advice: "Versuchen Sie es in einigen Minuten erneut. Es wurde nichts abgebucht.")
        case .unreadable:
            Words(
                title: "Das konnten wir nicht lesen",
                advice: "Gehen Sie zurück und prüfen Sie Ihre Angaben. Es wurde nichts geändert.")
        case .unexpected:
            Words(
                title: "Bei uns ist etwas schiefgegangen",
                advice: "Versuchen Sie es in einigen Minuten erneut.")
        }
    }

    private static func spanish(_ kind: Kind) -> Words {
        switch kind {
        case .notFound:
            Words(
                title: "Página no encontrada",
                advice: "Quizá se ha movido o la dirección tiene un error.")
        case .noStore:
            Words(
                title: "Aquí no hay ninguna tienda",
                advice: "Compruebe que la dirección esté bien escrita.")
        case .formExpired:
            Words(
                title: "Envíe el formulario otra vez",
                advice: "Vuelva atrás, recargue la página e inténtelo de nuevo. No se ha cambiado nada.")
        case .tooLarge:
            Words(
                title: "Demasiado de una vez",
                advice: "Inténtelo con menos. No se ha cambiado nada.")
        case .tooMany:
            Words(
                title: "Un momento, por favor",
                advice: "Han llegado muchas solicitudes desde su conexión. Inténtelo dentro de un minuto.")
        case .unavailable:
            Words(
                title: "No disponible por el momento",
                advice: "Inténtelo dentro de unos minutos. No se le ha cobrado nada.")
        case .unreadable:
            Words(
                title: "No hemos podido leer la solicitud",
                advice: "Vuelva atrás y revise los datos. No se ha cambiado nada.")
        case .unexpected:
            Words(
                title: "Algo ha fallado por nuestra parte",
                advice: "Inténtelo de nuevo dentro de unos minutos.")
        }
    }
}
