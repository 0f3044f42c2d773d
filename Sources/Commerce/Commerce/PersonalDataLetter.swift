// The letters about a person's data, in the person's language. One that goes out after an erasure is nowhere
// on record: it is written from what stands here and kept by nobody.

/// One letter: what it says and, where it asks for something, the link.
package struct PersonalDataLetter: Sendable {
    package enum News: Sendable {
        /// Somebody asked in the name of this mailbox; only the link shows that it was its owner.
        case proof(PersonalDataKind, link: String)
        case copyReady(link: String, days: Int)
        case waits([PersonalDataHold])
        case refused([PersonalDataHold])
        case erased
    }

    private let news: News
    private let language: Language
    private let sender: String

    /// - Parameter sender: the store's name, or the platform's.
    package init(_ news: News, _ language: Language, sender: String) {
        self.news = news
        self.language = language
        self.sender = sender
    }

    package var subject: String { words.subject }

    package var plain: String {
        var parts = [greeting, words.text] + reasons.map { "- \($0)" }
        if let link = words.link { parts.append("\(link.words): \(link.address)") }
        return (parts + [sender]).joined(separator: "\n\n")
    }

    package var html: String {
        var body = "<p>\(LetterText.escaped(greeting))</p><p>\(LetterText.escaped(words.text))</p>"
        if !reasons.isEmpty {
            body += "<ul>" + reasons.map { "<li>\(LetterText.escaped($0))</li>" }.joined() + "</ul>"
        }
        if let link = words.link {
            body +=
                "<p><a href=\"\(LetterText.escaped(link.address))\">\(LetterText.escaped(link.words))</a></p>"
        }
        return "<!doctype html><html lang=\"\(language.rawValue)\"><meta charset=\"utf-8\"><body>"
            + "\(body)<p>\(LetterText.escaped(sender))</p></body></html>"
    }

    private struct Sentences {
        let subject: String
        let text: String
        var link: (words: String, address: String)?
    }

    private var greeting: String {
        ["Bună ziua,", "Hello,", "Guten Tag,", "Hola:"][language.place]
    }

    private var reasons: [String] {
        switch news {
        case .waits(let holds), .refused(let holds): holds.map { $0.reason(in: language) }
        case .proof, .copyReady, .erased: []
        }
    }

    private var words: Sentences {
        switch news {
        case .proof(.export, let link): proofOfExport(link)
        case .proof(.erasure, let link): proofOfErasure(link)
        case .copyReady(let link, let days): copyReady(link, days)
        case .waits: waits
        case .refused: refused
        case .erased: erased
        }
    }

    private func proofOfExport(_ link: String) -> Sentences {
        Sentences(
            subject: [
                "Confirmați cererea datelor dvs.", "Confirm that you want a copy of your data",
                "Bestätigen Sie die Anforderung Ihrer Daten", "Confirme la solicitud de sus datos",
            ][language.place],
            text: [
                "Cineva a cerut o copie a datelor păstrate despre această adresă. Confirmați cu linkul de "
                    + "mai jos, în 24 de ore. Dacă nu ați fost dvs., nu trebuie să faceți nimic.",
                "Somebody asked for a copy of the data that are kept about this address. Confirm it with the "
                    + "link below, within 24 hours. If it was not you, there is nothing to do.",
                "Jemand hat eine Kopie der zu dieser Adresse gespeicherten Daten angefordert. Bestätigen "
                    + "Sie dies innerhalb von 24 Stunden. Falls Sie es nicht waren, ist nichts zu tun.",
                "Alguien ha pedido una copia de los datos guardados sobre esta dirección. Confírmelo con el "
                    + "enlace en 24 horas. Si no ha sido usted, no tiene que hacer nada.",
            ][language.place],
            link: (
                ["Da, vreau copia", "Yes, I want the copy", "Ja, Kopie anfordern", "Sí, quiero la copia"][
                    language.place], link
            ))
    }

    private func proofOfErasure(_ link: String) -> Sentences {
        Sentences(
            subject: [
                "Confirmați ștergerea datelor dvs.", "Confirm that your data shall be erased",
                "Bestätigen Sie die Löschung Ihrer Daten", "Confirme la supresión de sus datos",
            ][language.place],
            text: [
                "Cineva a cerut ștergerea datelor păstrate despre această adresă. Confirmați cu linkul de "
                    + "mai jos, în 24 de ore. Facturile rămân cât cere legea. Dacă nu ați fost dvs., nu "
                    + "trebuie să faceți nimic.",
                "Somebody asked to erase the data that are kept about this address. Confirm it with the link "
                    + "below, within 24 hours. Invoices stay as long as the law demands. If it was not you, "
                    + "there is nothing to do.",
                "Jemand hat die Löschung der zu dieser Adresse gespeicherten Daten verlangt. Bestätigen Sie "
                    + "dies innerhalb von 24 Stunden. Rechnungen bleiben, solange das Gesetz es verlangt. "
                    + "Falls Sie es nicht waren, ist nichts zu tun.",
                "Alguien ha pedido suprimir los datos guardados sobre esta dirección. Confírmelo con el "
                    + "enlace en 24 horas. Las facturas se conservan el tiempo que exige la ley. Si no ha "
                    + "sido usted, no tiene que hacer nada.",
            ][language.place],
            link: (["Da, ștergeți", "Yes, erase them", "Ja, löschen", "Sí, suprimir"][language.place], link))
    }

    private func copyReady(_ link: String, _ days: Int) -> Sentences {
        Sentences(
            subject: [
                "Copia datelor dvs. este gata", "The copy of your data is ready",
                "Die Kopie Ihrer Daten ist fertig", "La copia de sus datos está lista",
            ][language.place],
            text: [
                "Puteți descărca toate datele păstrate despre această adresă timp de \(days) zile.",
                "You can download everything that is kept about this address for \(days) days.",
                "Sie können alles, was zu dieser Adresse gespeichert ist, \(days) Tage lang herunterladen.",
                "Puede descargar todo lo que se guarda sobre esta dirección durante \(days) días.",
            ][language.place],
            link: (["Descarcă", "Download", "Herunterladen", "Descargar"][language.place], link))
    }

    private var waits: Sentences {
        Sentences(
            subject: [
                "Cererea dvs. de ștergere așteaptă", "Your request for erasure waits",
                "Ihr Löschantrag wartet", "Su solicitud de supresión espera",
            ][language.place],
            text: [
                "Datele dvs. vor fi șterse imediat ce nu mai sunt necesare. Acum mai sunt:",
                "Your data will be erased as soon as nobody needs them any more. At the moment:",
                "Ihre Daten werden gelöscht, sobald sie nicht mehr gebraucht werden. Derzeit gilt:",
                "Sus datos se suprimirán en cuanto dejen de ser necesarios. Por ahora:",
            ][language.place])
    }

    private var refused: Sentences {
        Sentences(
            subject: [
                "Datele dvs. nu au putut fi șterse", "Your data could not be erased",
                "Ihre Daten konnten nicht gelöscht werden", "Sus datos no se han podido suprimir",
            ][language.place],
            text: [
                "Am așteptat trei luni, dar datele sunt încă necesare. Puteți cere din nou mai târziu și "
                    + "vă puteți adresa autorității pentru protecția datelor. Motivul:",
                "We have waited for three months, but the data are still needed. You can ask again later, "
                    + "and you can turn to the data protection authority. The reason:",
                "Wir haben drei Monate gewartet, aber die Daten werden noch gebraucht. Sie können später "
                    + "erneut fragen und sich an die Datenschutzbehörde wenden. Der Grund:",
                "Hemos esperado tres meses, pero los datos aún son necesarios. Puede volver a pedirlo más "
                    + "adelante y dirigirse a la autoridad de protección de datos. El motivo:",
            ][language.place])
    }

    private var erased: Sentences {
        Sentences(
            subject: [
                "Datele dvs. au fost șterse", "Your data have been erased",
                "Ihre Daten wurden gelöscht", "Sus datos se han suprimido",
            ][language.place],
            text: [
                "Datele păstrate despre această adresă au fost șterse. Facturile rămân cât cere legea, apoi "
                    + "dispar și ele. Aceasta este ultima noastră scrisoare.",
                "The data that were kept about this address have been erased. Invoices stay as long as the "
                    + "law demands, and then go as well. This is our last letter.",
                "Die zu dieser Adresse gespeicherten Daten wurden gelöscht. Rechnungen bleiben, solange das "
                    + "Gesetz es verlangt, und werden dann ebenfalls gelöscht. Dies ist unser letzter Brief.",
                "Los datos guardados sobre esta dirección se han suprimido. Las facturas se conservan el "
                    + "tiempo que exige la ley y después también desaparecen. Esta es nuestra última carta.",
            ][language.place])
    }
}
