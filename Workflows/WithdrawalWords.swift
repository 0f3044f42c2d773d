import Commerce

/// The sentences of the letters about withdrawals, in one language.
struct WithdrawalWords {
    let language: Language

    init(_ language: Language) { self.language = language }

    private func one(_ romanian: String, _ english: String, _ german: String, _ spanish: String) -> String {
        language.choose(romanian: romanian, english: english, german: german, spanish: spanish)
    }

    func receivedSubject(_ order: OrderNumber, _ store: String) -> String {
        one(
            "Am primit retragerea din comanda \(order) la \(store)",
            "We have received your withdrawal from order \(order) at \(store)",
            "Wir haben Ihren Widerruf der Bestellung \(order) bei \(store) erhalten",
            "Hemos recibido su desistimiento del pedido \(order) en \(store)")
    }

    func received(_ order: OrderNumber, _ moment: String) -> String {
        one(
            "Confirmăm că v-ați retras din contract pentru comanda \(order). Am primit declarația "
                + "la \(moment). "
                + "Păstrați acest mesaj.",
            "We confirm that you withdrew from the contract of order \(order). Your statement reached us on "
                + "\(moment). Please keep this message.",
            "Wir bestätigen Ihren Widerruf des Vertrags zur Bestellung \(order). Ihre Erklärung ging am "
                + "\(moment) ein. Bitte bewahren Sie diese Nachricht auf.",
            "Confirmamos que ha desistido del contrato del pedido \(order). Su declaración llegó "
                + "el \(moment). "
                + "Conserve este mensaje.")
    }

    var declaredBy: String { one("Declarat de", "Declared by", "Erklärt von", "Declarado por") }
    var page: String { one("Pagina comenzii", "Your order's page", "Ihre Bestellseite", "Página del pedido") }

    var nothingToSend: String {
        one(
            "Produsele nu au fost încă comandate la furnizor: nu trebuie să trimiteți nimic. Vă restituim "
                + "banii imediat, pe aceeași cale.",
            "Nothing had been ordered from the supplier yet, so you have nothing to send back. We refund you "
                + "at once, the way you paid.",
            "Beim Lieferanten war noch nichts bestellt: Sie müssen nichts zurücksenden. Wir "
                + "erstatten sofort, "
                + "auf demselben Weg.",
            "Aún no se había pedido nada al proveedor: no tiene que devolver nada. Le "
                + "reembolsamos enseguida, "
                + "por el mismo medio.")
    }

    func sendTo(_ address: String) -> String {
        one(
            "Trimiteți produsele în cel mult 14 zile la: \(address).",
            "Please send the goods back within 14 days to: \(address).",
            "Bitte senden Sie die Ware binnen 14 Tagen an: \(address).",
            "Envíe los bienes en un plazo de 14 días a: \(address).")
    }

    var sendUnknown: String {
        one(
            "Răspundeți la acest mesaj și vă spunem unde să trimiteți produsele.",
            "Answer this message and we tell you where to send the goods.",
            "Antworten Sie auf diese Nachricht; wir nennen Ihnen die Anschrift für die Rücksendung.",
            "Responda a este mensaje y le diremos adónde enviar los bienes.")
    }

    var returnFree: String {
        one(
            "Costul returnării îl suportăm noi.", "We bear the cost of returning the goods.",
            "Die Kosten der Rücksendung tragen wir.", "El coste de la devolución corre a nuestro cargo.")
    }

    var returnPaid: String {
        one(
            "Costul returnării îl suportați dvs.", "You bear the cost of returning the goods.",
            "Die Kosten der Rücksendung tragen Sie.", "El coste de la devolución corre a su cargo.")
    }

    var thenRefund: String {
        one(
            "Vă restituim banii când primim produsele; dacă ne dați pe pagina comenzii numărul "
                + "coletului, cel "
                + "târziu în 14 zile de la declarație.",
            "We refund you when the goods are here; if you give us the parcel's number on your order's page, "
                + "within 14 days of your statement at the latest.",
            "Wir erstatten, sobald die Ware da ist; nennen Sie uns auf der Bestellseite die Sendungsnummer, "
                + "spätestens 14 Tage nach Ihrer Erklärung.",
            "Le reembolsamos al recibir los bienes; si nos da el número del paquete en la página del pedido, "
                + "a más tardar en 14 días desde su declaración.")
    }

    func refundedSubject(_ order: OrderNumber, _ store: String) -> String {
        one(
            "V-am restituit banii pentru comanda \(order) la \(store)",
            "Your refund for order \(order) at \(store)",
            "Ihre Erstattung zur Bestellung \(order) bei \(store)",
            "Su reembolso del pedido \(order) en \(store)")
    }

    func refunded(_ order: OrderNumber) -> String {
        one(
            "Am restituit plata pentru produsele de mai jos din comanda \(order). Suma apare pe extras în 5 "
                + "până la 10 zile.",
            "We have refunded these items of order \(order). It takes 5 to 10 days to show on "
                + "your statement.",
            "Wir haben diese Artikel der Bestellung \(order) erstattet. Die Gutschrift erscheint in 5 bis 10 "
                + "Tagen.",
            "Hemos reembolsado estos artículos del pedido \(order). Aparecerá en su extracto en 5 a 10 días.")
    }

    func merchantSubject(_ order: OrderNumber) -> String {
        one(
            "Retragere din comanda \(order)", "A shopper withdrew from order \(order)",
            "Widerruf der Bestellung \(order)", "Desistimiento del pedido \(order)")
    }

    func reminderSubject(_ order: OrderNumber) -> String {
        one(
            "Retur așteptat pentru comanda \(order)", "A return for order \(order) is still awaited",
            "Rücksendung zur Bestellung \(order) steht aus", "Devolución pendiente del pedido \(order)")
    }

    var merchantText: String {
        one(
            "Marcați produsele ca primite când ajung la dvs.; atunci cumpărătorul primește banii.",
            "Mark the goods as received when they arrive; the shopper is refunded then.",
            "Vermerken Sie den Eingang der Ware; dann wird erstattet.",
            "Marque los bienes como recibidos cuando lleguen; entonces se reembolsa.")
    }

    var merchantCanceled: String {
        one(
            "Furnizorul nu fusese încă întrebat: produsele sunt anulate și cumpărătorul primește banii acum.",
            "The supplier had not been asked yet: the items are canceled and the shopper is refunded now.",
            "Der Lieferant war noch nicht beauftragt: Die Artikel sind storniert und werden jetzt erstattet.",
            "Aún no se había pedido al proveedor: los artículos quedan anulados y se reembolsan ahora.")
    }

    var refundDue: String {
        one("Termen de restituire", "Refund due by", "Erstattung fällig bis", "Reembolso antes del")
    }
}
