import Commerce
import CommerceStore
import Foundation
import WebSupport

/// The sentences about withdrawing and correcting an address, in one language.
struct ReturnWords {
    private let language: Language

    init(_ language: Language) { self.language = language }

    private func one(_ english: String, _ romanian: String, _ german: String, _ spanish: String) -> String {
        PseudoLanguage.read(
            language.choose(romanian: romanian, english: english, german: german, spanish: spanish))
    }

    static func moment(_ date: Date) -> String {
        date.formatted(.iso8601).replacing("T", with: " ").replacing("Z", with: " UTC")
    }

    /// The last day of a period that ends at `end`.
    static func day(_ end: Date) -> String {
        String(end.addingTimeInterval(-7_200).formatted(.iso8601).prefix(10))
    }

    var title: String {
        one("Changes and returns", "Modificări și retur", "Änderung und Rückgabe", "Cambios y devoluciones")
    }
    var withdraw: String {
        one(
            "Withdraw from contract here", "Retrageți-vă din contract aici", "Vertrag hier widerrufen",
            "Desistir del contrato aquí")
    }
    var withdrawTitle: String {
        one("Withdraw from contract", "Retragere din contract", "Vertrag widerrufen", "Desistir del contrato")
    }
    var confirm: String {
        one("Confirm withdrawal", "Confirmă retragerea", "Widerruf bestätigen", "Confirmar desistimiento")
    }
    var next: String { one("Continue", "Continuă", "Weiter", "Continuar") }
    var name: String { one("Your name", "Numele dvs.", "Ihr Name", "Su nombre") }
    var emailHint: String {
        one(
            "We send the confirmation of your withdrawal here at once.",
            "Trimitem aici imediat confirmarea retragerii.",
            "Dorthin senden wir sofort die Bestätigung Ihres Widerrufs.",
            "Enviamos aquí enseguida la confirmación de su desistimiento.")
    }
    var which: String {
        one(
            "How many of each do you withdraw from?", "Din câte bucăți vă retrageți?",
            "Wie viele Stück widerrufen Sie?", "¿De cuántas unidades desiste?")
    }
    var chooseUnits: String {
        one(
            "Please choose at least one item that is still open.", "Alegeți cel puțin un produs disponibil.",
            "Bitte wählen Sie mindestens einen noch offenen Artikel.",
            "Elija al menos un artículo que siga abierto.")
    }
    var over: String {
        one(
            "There is nothing to withdraw from any more: the period is over, or everything is settled. Write "
                + "to us if something is wrong with your order.",
            "Nu mai există nimic din care vă puteți retrage: termenul a trecut sau totul este rezolvat. "
                + "Scrieți-ne dacă ceva nu este în regulă.",
            "Es gibt nichts mehr zu widerrufen: Die Frist ist um, oder alles ist erledigt. "
                + "Schreiben Sie uns, "
                + "wenn etwas nicht stimmt.",
            "Ya no hay nada de lo que desistir: el plazo ha terminado o todo está resuelto. "
                + "Escríbanos si algo "
                + "no está bien.")
    }
    var untilArrival: String {
        one(
            "Until 14 days after the last item has arrived.",
            "Până la 14 zile după sosirea ultimului produs.",
            "Bis 14 Tage nach Ankunft des letzten Artikels.",
            "Hasta 14 días después de recibir el último artículo.")
    }
    func until(_ day: String) -> String {
        one("Until \(day).", "Până la \(day).", "Bis \(day).", "Hasta el \(day).")
    }

    func lead(_ number: OrderNumber) -> String {
        one(
            "You withdraw from the contract of order \(number), wholly or in part, without giving a reason.",
            "Vă retrageți din contractul comenzii \(number), integral sau parțial, fără a da un motiv.",
            "Sie widerrufen den Vertrag zur Bestellung \(number), ganz oder teilweise, ohne "
                + "Angabe von Gründen.",
            "Desiste del contrato del pedido \(number), total o parcialmente, sin indicar el motivo.")
    }

    func statement(_ number: OrderNumber) -> String {
        one(
            "I withdraw from the contract of order \(number) for these items:",
            "Mă retrag din contractul comenzii \(number) pentru aceste produse:",
            "Ich widerrufe den Vertrag zur Bestellung \(number) für diese Artikel:",
            "Desisto del contrato del pedido \(number) respecto de estos artículos:")
    }

    func excluded(_ exclusion: WithdrawalExclusion) -> String {
        switch exclusion {
        case .hygiene:
            one(
                "cannot be returned: sealed for hygiene", "nu se poate returna: sigilat din motive de igienă",
                "keine Rückgabe: aus Hygienegründen versiegelt",
                "no se puede devolver: precintado por higiene")
        case .perishable:
            one(
                "cannot be returned: perishable", "nu se poate returna: perisabil",
                "keine Rückgabe: verderblich", "no se puede devolver: perecedero")
        case .customMade:
            one(
                "cannot be returned: made for you", "nu se poate returna: făcut la comandă",
                "keine Rückgabe: Sonderanfertigung", "no se puede devolver: hecho a medida")
        case .digital:
            one(
                "cannot be returned: digital content", "nu se poate returna: conținut digital",
                "keine Rückgabe: digitale Inhalte", "no se puede devolver: contenido digital")
        }
    }

    func declared(_ moment: String) -> String {
        one(
            "We received your withdrawal on \(moment).", "Am primit retragerea dvs. la \(moment).",
            "Ihr Widerruf ging am \(moment) ein.", "Recibimos su desistimiento el \(moment).")
    }
    var sendBack: String {
        one(
            "Please send the goods back within 14 days; our letter says where.",
            "Trimiteți produsele în cel mult 14 zile; adresa este în mesajul nostru.",
            "Bitte senden Sie die Ware binnen 14 Tagen zurück; die Anschrift steht in unserer Nachricht.",
            "Envíe los bienes en 14 días; la dirección está en nuestro mensaje.")
    }
    var onItsWay: String {
        one(
            "Your parcel is on its way to us.", "Coletul este în drum spre noi.",
            "Ihr Paket ist auf dem Weg zu uns.", "Su paquete está de camino.")
    }
    var refunding: String {
        one(
            "We are refunding you.", "Vă restituim banii.", "Wir erstatten den Betrag.",
            "Le estamos reembolsando.")
    }
    var refunded: String { one("Refunded.", "Bani restituiți.", "Erstattet.", "Reembolsado.") }
    var tracking: String {
        one(
            "The number of the parcel you sent", "Numărul coletului trimis", "Nummer Ihrer Sendung",
            "Número del paquete enviado")
    }
    var sent: String {
        one("I have sent it", "L-am trimis", "Ich habe es abgeschickt", "Lo he enviado")
    }

    var correctAddress: String {
        one("Correct the address", "Corectați adresa", "Anschrift berichtigen", "Corregir la dirección")
    }
    var addressLead: String {
        one(
            "This is possible until the supplier has your order, and within the same country.",
            "Este posibil până când furnizorul are comanda și în aceeași țară.",
            "Das geht, bis der Lieferant die Bestellung hat, und im selben Land.",
            "Es posible hasta que el proveedor tenga el pedido y dentro del mismo país.")
    }
    var saveAddress: String {
        one("Send it there", "Trimiteți acolo", "Dorthin senden", "Enviar allí")
    }
    func addressRefused(_ refusal: Orders.AddressRefusal) -> String {
        switch refusal {
        case .tooLate:
            one(
                "The order is with the supplier already. Please write to us.",
                "Comanda este deja la furnizor. Vă rugăm să ne scrieți.",
                "Die Bestellung ist schon beim Lieferanten. Bitte schreiben Sie uns.",
                "El pedido ya está en el proveedor. Escríbanos.")
        case .elsewhere:
            one(
                "Taxes are different there. Please write to us.",
                "Acolo taxele diferă. Vă rugăm să ne scrieți.",
                "Dort gelten andere Steuern. Bitte schreiben Sie uns.",
                "Allí los impuestos son distintos. Escríbanos.")
        }
    }
}
