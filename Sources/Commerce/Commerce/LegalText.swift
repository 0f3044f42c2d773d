/// The pages that the law wants, filled in from who the trader is and what is promised. They are a beginning:
/// the merchant may replace every one with their own, and is told to have them read by somebody who knows.
package enum LegalPageKind: String, Sendable, CaseIterable {
    case terms, privacy, withdrawal, delivery, imprint

    package func title(in language: Language) -> String {
        let titles: [String]
        switch self {
        case .terms: titles = ["Termeni și condiții", "Terms", "AGB", "Condiciones"]
        case .privacy: titles = ["Confidențialitate", "Privacy", "Datenschutz", "Privacidad"]
        case .withdrawal: titles = ["Dreptul de retragere", "Withdrawal", "Widerruf", "Desistimiento"]
        case .delivery:
            titles = [
                "Livrare și retur", "Delivery and returns", "Versand und Rückgabe", "Envío y devoluciones",
            ]
        case .imprint: titles = ["Date de identificare", "Imprint", "Impressum", "Aviso legal"]
        }
        return titles[language.place]
    }
}

package struct LegalText: Sendable {
    private let store: String
    private let identity: BusinessIdentity
    private let policy: StorePolicy

    package init(store: String, identity: BusinessIdentity, policy: StorePolicy) {
        self.store = store
        self.identity = identity
        self.policy = policy
    }

    /// Paragraphs, parted by empty lines.
    package func body(_ kind: LegalPageKind, in language: Language) -> String {
        let facts = LegalFacts(store: store, identity: identity, policy: policy, language: language)
        let paragraphs: [String]
        switch kind {
        case .terms: paragraphs = facts.terms
        case .privacy: paragraphs = facts.privacy
        case .withdrawal: paragraphs = facts.withdrawal
        case .delivery: paragraphs = facts.delivery
        case .imprint: paragraphs = facts.imprint
        }
        return paragraphs.joined(separator: "\n\n")
    }
}

/// The sentences of the pages in one language.
struct LegalFacts {
    let store: String
    let identity: BusinessIdentity
    let policy: StorePolicy
    let language: Language

    func one(_ romanian: String, _ english: String, _ german: String, _ spanish: String) -> String {
        language.choose(romanian: romanian, english: english, german: german, spanish: spanish)
    }

    var trader: String {
        "\(identity.legalName), \(identity.addressLine), \(identity.postcode) \(identity.city), "
            + "\(identity.country)"
    }

    var imprint: [String] {
        let vat = identity.vatNumber.map { number in
            one("Cod TVA: \(number)", "VAT number: \(number)", "USt-IdNr.: \(number)", "NIF-IVA: \(number)")
        }
        let register = identity.registration.map { entry in
            one(
                "Registrul comerțului: \(entry)", "Trade register: \(entry)", "Handelsregister: \(entry)",
                "Registro mercantil: \(entry)")
        }
        return [store, trader, vat, register, contact].compactMap(\.self)
    }

    private var contact: String {
        one(
            "Contact: \(identity.email.rawValue), \(identity.phone)",
            "Contact: \(identity.email.rawValue), \(identity.phone)",
            "Kontakt: \(identity.email.rawValue), \(identity.phone)",
            "Contacto: \(identity.email.rawValue), \(identity.phone)")
    }

    var terms: [String] {
        [
            one(
                "Vânzătorul din acest magazin este \(trader).", "The seller in this shop is \(trader).",
                "Verkäufer in diesem Shop ist \(trader).", "El vendedor en esta tienda es \(trader)."),
            one(
                "Contractul se încheie când confirmăm comanda prin e-mail. Prețurile includ TVA.",
                "The contract is concluded when we confirm your order by e-mail. Prices include VAT.",
                "Der Vertrag kommt zustande, wenn wir die Bestellung per E-Mail bestätigen. Die Preise "
                    + "enthalten die Mehrwertsteuer.",
                "El contrato se celebra cuando confirmamos el pedido por correo electrónico. Los precios "
                    + "incluyen el IVA."),
            one(
                "Pentru bunuri se aplică garanția legală de conformitate; ne adresați reclamațiile nouă.",
                "The legal guarantee of conformity applies to goods; address complaints to us.",
                "Für Waren gilt die gesetzliche Gewährleistung; richten Sie Beanstandungen an uns.",
                "Los bienes tienen la garantía legal de conformidad; diríjanos sus reclamaciones."),
        ] + accessibility + complaints + [contact]
    }

    var privacy: [String] {
        [
            one(
                "Operatorul datelor este \(trader).", "The controller of your data is \(trader).",
                "Verantwortlich für Ihre Daten ist \(trader).", "El responsable de sus datos es \(trader)."),
            one(
                "Folosim numele, adresa, e-mailul și telefonul pentru a executa comanda. Le primesc "
                    + "furnizorul "
                    + "care expediază, curierul, procesatorul de plăți și platforma care găzduiește "
                    + "magazinul.",
                "We use your name, address, e-mail and telephone to carry out the order. They go to "
                    + "the supplier "
                    + "who dispatches it, the carrier, the payment processor and the platform that "
                    + "hosts the shop.",
                "Wir verwenden Name, Anschrift, E-Mail und Telefon, um die Bestellung auszuführen. "
                    + "Empfänger sind "
                    + "der versendende Lieferant, der Zusteller, der Zahlungsdienst und die "
                    + "Plattform des Shops.",
                "Usamos su nombre, dirección, correo y teléfono para ejecutar el pedido. Los "
                    + "reciben el proveedor "
                    + "que lo envía, el transportista, el procesador de pagos y la plataforma de la tienda."),
            one(
                "Păstrăm facturile cât cere legea. Puteți cere accesul, rectificarea, ștergerea sau "
                    + "portabilitatea "
                    + "datelor și puteți depune plângere la autoritatea de supraveghere.",
                "We keep invoices for as long as the law asks. You may ask for access, correction, "
                    + "erasure or a copy "
                    + "of your data, and complain to the supervisory authority.",
                "Rechnungen bewahren wir auf, so lange das Gesetz es verlangt. Sie können Auskunft, "
                    + "Berichtigung, "
                    + "Löschung oder eine Kopie verlangen und sich bei der Aufsichtsbehörde beschweren.",
                "Conservamos las facturas el tiempo que exige la ley. Puede pedir acceso, "
                    + "rectificación, supresión o "
                    + "una copia de sus datos y reclamar ante la autoridad de control."),
            one(
                "Folosim doar cookie-uri strict necesare.", "We use strictly necessary cookies only.",
                "Wir verwenden nur unbedingt erforderliche Cookies.",
                "Solo usamos cookies estrictamente necesarias."),
            contact,
        ]
    }

    var withdrawal: [String] {
        let days = policy.withdrawalDays
        return [
            one(
                "Vă puteți retrage din contract fără motiv în \(days) \(days < 20 ? "" : "de ")zile "
                    + "de la primirea ultimului bun.",
                "You may withdraw from the contract without a reason within \(days) days of "
                    + "receiving the last item.",
                "Sie können den Vertrag binnen \(days) Tagen ab Erhalt der letzten Ware ohne Grund "
                    + "widerrufen.",
                "Puede desistir del contrato sin motivo en \(days) días desde la recepción del último bien."),
            one(
                "Folosiți butonul „Retragere din contract” de pe pagina comenzii sau scrieți-ne: "
                    + "\(identity.email.rawValue).",
                "Use the button “Withdraw from contract” on the page of your order, or write to us: "
                    + "\(identity.email.rawValue).",
                "Nutzen Sie die Schaltfläche „Vertrag widerrufen“ auf der Bestellseite oder "
                    + "schreiben Sie uns: "
                    + "\(identity.email.rawValue).",
                "Use el botón «Desistir del contrato» en la página del pedido o escríbanos: "
                    + "\(identity.email.rawValue)."
            ),
            one(
                "Vă restituim toate plățile, inclusiv livrarea standard, în cel mult 14 zile de la "
                    + "anunț; putem "
                    + "aștepta până primim bunurile sau dovada expedierii.",
                "We refund all payments, standard delivery included, within 14 days of your notice; "
                    + "we may wait until "
                    + "the goods or proof of dispatch arrive.",
                "Wir erstatten alle Zahlungen samt Standardversand binnen 14 Tagen nach der "
                    + "Mitteilung; wir können "
                    + "warten, bis die Ware oder der Versandnachweis da ist.",
                "Le reembolsamos todos los pagos, incluido el envío estándar, en 14 días desde el "
                    + "aviso; podemos "
                    + "esperar a recibir los bienes o la prueba del envío."),
            returnCost,
        ] + modelForm
    }

    private var returnCost: String {
        switch policy.returnCost {
        case .shopper:
            one(
                "Costul returnării îl suportați dvs.", "You bear the cost of returning the goods.",
                "Die Kosten der Rücksendung tragen Sie.", "El coste de la devolución corre a su cargo.")
        case .store:
            one(
                "Costul returnării îl suportăm noi.", "We bear the cost of returning the goods.",
                "Die Kosten der Rücksendung tragen wir.", "El coste de la devolución corre a nuestro cargo.")
        }
    }

    var delivery: [String] {
        let (from, to) = (policy.deliveryDays.lowerBound, policy.deliveryDays.upperBound)
        return [
            one(
                "Livrăm în \(from)–\(to) \(to < 20 ? "" : "de ")zile de la confirmarea plății.",
                "We deliver within \(from) to \(to) days of the confirmed payment.",
                "Wir liefern binnen \(from) bis \(to) Tagen nach bestätigter Zahlung.",
                "Entregamos en \(from) a \(to) días desde la confirmación del pago."),
            one(
                "Costul livrării apare înainte de plată.", "The cost of delivery is shown before you pay.",
                "Die Versandkosten sehen Sie vor der Zahlung.",
                "El coste del envío se muestra antes de pagar."),
            returnCost,
        ]
    }
}
