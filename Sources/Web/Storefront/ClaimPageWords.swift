import Commerce
import WebSupport

/// The sentences about reporting a problem, in one language.
struct ClaimPageWords {
    private let language: Language

    init(_ language: Language) { self.language = language }

    private func one(_ english: String, _ romanian: String, _ german: String, _ spanish: String) -> String {
        PseudoLanguage.read(
            language.choose(romanian: romanian, english: english, german: german, spanish: spanish))
    }

    var title: String { one("Problems", "Probleme", "Probleme", "Problemas") }
    var report: String {
        one("Report a problem", "Raportați o problemă", "Problem melden", "Comunicar un problema")
    }

    func lead(_ number: OrderNumber) -> String {
        one(
            "Is something of order \(number) damaged, something else, or did it not arrive? Tell us, and we "
                + "refund or replace it. This is your legal guarantee and costs you nothing.",
            "Ceva din comanda \(number) este deteriorat, altceva sau nu a sosit? Spuneți-ne și vă restituim "
                + "banii sau înlocuim produsul. Este garanția legală și nu vă costă nimic.",
            "Ist etwas aus der Bestellung \(number) beschädigt, falsch oder nicht angekommen? Sagen Sie es "
                + "uns; wir erstatten oder ersetzen es. Das ist Ihre Gewährleistung und kostet Sie nichts.",
            "¿Algo del pedido \(number) está dañado, es otro artículo o no ha llegado? Díganoslo y lo "
                + "reembolsamos o reemplazamos. Es su garantía legal y no le cuesta nada.")
    }

    var which: String { one("Which item", "Care produs", "Welcher Artikel", "Qué artículo") }
    var count: String { one("How many", "Câte bucăți", "Wie viele", "Cuántas unidades") }
    var what: String { one("What is wrong", "Ce nu este în regulă", "Was stimmt nicht", "Qué ocurre") }
    var wanted: String {
        one("What you would like", "Ce doriți", "Was Sie möchten", "Qué desea")
    }
    var describe: String {
        one("Describe it, please", "Descrieți problema", "Bitte beschreiben Sie es", "Descríbalo, por favor")
    }
    var choose: String { one("Please choose", "Alegeți", "Bitte wählen", "Elija") }
    var send: String { one("Send the report", "Trimiteți", "Meldung senden", "Enviar el aviso") }
    var parcel: String { one("Parcel number", "Numărul coletului", "Sendungsnummer", "Número del paquete") }

    var over: String {
        one(
            "There is nothing to report here at the moment: nothing was sent yet, or everything is settled "
                + "or being looked at. Write to us if you need us.",
            "Momentan nu este nimic de raportat: nu s-a trimis încă nimic sau totul este rezolvat ori în "
                + "lucru. Scrieți-ne dacă aveți nevoie de noi.",
            "Im Moment gibt es hier nichts zu melden: Es wurde noch nichts versandt, oder alles ist erledigt "
                + "oder in Arbeit. Schreiben Sie uns, wenn Sie uns brauchen.",
            "Ahora no hay nada que comunicar: aún no se ha enviado nada o todo está resuelto o en trámite. "
                + "Escríbanos si nos necesita.")
    }

    func problem(_ problem: ClaimProblem) -> String {
        switch problem {
        case .damaged:
            one("It is damaged or broken", "Este deteriorat", "Beschädigt oder defekt", "Está dañado")
        case .wrong:
            one(
                "It is not what I ordered", "Nu este ce am comandat", "Nicht das Bestellte",
                "No es lo que pedí")
        case .missing: one("It did not arrive", "Nu a sosit", "Nicht angekommen", "No ha llegado")
        case .returned: one("Returned", "Returnat", "Zurückgesandt", "Devuelto")
        }
    }

    func wish(_ wish: ClaimWish) -> String {
        switch wish {
        case .refund: one("My money back", "Banii înapoi", "Mein Geld zurück", "Mi dinero")
        case .replacement: one("Another one", "Un înlocuitor", "Ersatz", "Otro igual")
        }
    }

    func wrong(_ field: ClaimForm.Field) -> String {
        switch field {
        case .line:
            one(
                "Please choose an item of this order.", "Alegeți un produs din comandă.",
                "Bitte wählen Sie einen Artikel der Bestellung.", "Elija un artículo del pedido.")
        case .count:
            one(
                "At least 1, and no more than there are.", "Cel puțin 1 și nu mai multe decât sunt.",
                "Mindestens 1 und nicht mehr als vorhanden.", "Al menos 1 y no más de las que hay.")
        case .problem:
            one(
                "Please say what is wrong.", "Spuneți ce nu este în regulă.",
                "Bitte sagen Sie, was nicht stimmt.", "Indique qué ocurre.")
        case .wish:
            one(
                "Please say what you would like.", "Spuneți ce doriți.",
                "Bitte sagen Sie, was Sie möchten.", "Indique qué desea.")
        case .description:
            one(
                "Please describe it in up to 2,000 characters.", "Descrieți în cel mult 2.000 de caractere.",
                "Bitte beschreiben Sie es in höchstens 2.000 Zeichen.",
                "Descríbalo en un máximo de 2.000 caracteres.")
        }
    }

    func reported(_ moment: String) -> String {
        one(
            "You reported this on \(moment).", "Ați raportat la \(moment).",
            "Sie haben das am \(moment) gemeldet.", "Lo comunicó el \(moment).")
    }

    func state(_ one: OrderProblems.Reported) -> String {
        switch one.settlement {
        case .refunded: return ReturnWords(language).refunded
        case .paidByBank:
            return self.one(
                "Your bank has given the money back.", "Banca dvs. a restituit banii.",
                "Ihre Bank hat das Geld zurückgegeben.", "Su banco ha devuelto el dinero.")
        case .replaced:
            return self.one(
                "Another one was sent.", "Am trimis un înlocuitor.", "Ersatz wurde verschickt.",
                "Se ha enviado otro.")
        case .refused:
            return self.one(
                "We could not accept it.", "Nu am putut accepta.", "Wir konnten es nicht anerkennen.",
                "No hemos podido aceptarlo.")
        case nil: break
        }
        switch one.remedy {
        case .refund: return ReturnWords(language).refunding
        case .replacement:
            return self.one(
                "We are getting you another one.", "Vă pregătim un înlocuitor.", "Ersatz ist in Arbeit.",
                "Estamos preparando otro.")
        case .refused, nil:
            return self.one(
                "We are looking at it and write to you.", "Verificăm și vă scriem.",
                "Wir sehen es uns an und schreiben Ihnen.", "Lo estamos viendo y le escribiremos.")
        }
    }
}
