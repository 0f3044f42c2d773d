import Commerce

/// The sentences of the letters about claims, in one language.
struct ClaimWords {
    let language: Language

    init(_ language: Language) { self.language = language }

    private func one(_ romanian: String, _ english: String, _ german: String, _ spanish: String) -> String {
        language.choose(romanian: romanian, english: english, german: german, spanish: spanish)
    }

    // MARK: - To the shopper

    func receivedSubject(_ order: OrderNumber, _ store: String) -> String {
        one(
            "Am primit sesizarea dvs. despre comanda \(order) la \(store)",
            "We have received your report about order \(order) at \(store)",
            "Wir haben Ihre Meldung zur Bestellung \(order) bei \(store) erhalten",
            "Hemos recibido su aviso sobre el pedido \(order) en \(store)")
    }

    func received(_ order: OrderNumber) -> String {
        one(
            "Ne pare rău că ceva nu este în regulă cu comanda \(order).",
            "We are sorry that something is wrong with order \(order).",
            "Es tut uns leid, dass mit der Bestellung \(order) etwas nicht stimmt.",
            "Lamentamos que algo no esté bien en el pedido \(order).")
    }

    func problem(_ problem: ClaimProblem) -> String {
        switch problem {
        case .damaged: one("deteriorat", "damaged", "beschädigt", "dañado")
        case .wrong: one("alt produs", "not what was ordered", "falscher Artikel", "artículo equivocado")
        case .missing: one("nu a sosit", "did not arrive", "nicht angekommen", "no ha llegado")
        case .returned: one("returnat", "returned", "zurückgesandt", "devuelto")
        }
    }

    var thenAnswer: String {
        one(
            "Vă scriem de îndată ce este hotărât ce urmează. Dacă aveți fotografii, răspundeți la acest "
                + "mesaj cu ele.",
            "We write to you as soon as it is decided what happens next. If you have pictures, answer this "
                + "message with them.",
            "Wir schreiben Ihnen, sobald feststeht, wie es weitergeht. Wenn Sie Fotos haben, antworten Sie "
                + "mit ihnen auf diese Nachricht.",
            "Le escribiremos en cuanto se decida cómo seguir. Si tiene fotos, responda a este mensaje con "
                + "ellas.")
    }

    var page: String { one("Pagina comenzii", "Your order's page", "Ihre Bestellseite", "Página del pedido") }
    var parcel: String { one("Numărul coletului", "Parcel number", "Sendungsnummer", "Número del paquete") }

    func settledSubject(_ order: OrderNumber, _ store: String) -> String {
        one(
            "Sesizarea dvs. despre comanda \(order) la \(store)",
            "Your report about order \(order) at \(store)",
            "Ihre Meldung zur Bestellung \(order) bei \(store)",
            "Su aviso sobre el pedido \(order) en \(store)")
    }

    func settled(_ settlement: ClaimSettlement, _ order: OrderNumber) -> String {
        switch settlement {
        case .refunded: WithdrawalWords(language).refunded(order)
        case .replaced:
            one(
                "V-am trimis un înlocuitor pentru produsele de mai jos.",
                "We have sent you a replacement for the items below.",
                "Wir haben Ihnen Ersatz für die unten genannten Artikel geschickt.",
                "Le hemos enviado un reemplazo de los artículos siguientes.")
        case .refused:
            one(
                "Nu putem da curs sesizării pentru produsele de mai jos.",
                "We cannot accept your report about the items below.",
                "Wir können Ihre Meldung zu den unten genannten Artikeln nicht anerkennen.",
                "No podemos aceptar su aviso sobre los artículos siguientes.")
        case .paidByBank:
            one(
                "Banca dvs. v-a restituit deja plata pentru produsele de mai jos.",
                "Your bank has already given you the money for the items below back.",
                "Ihre Bank hat Ihnen die Zahlung für die unten genannten Artikel bereits zurückgegeben.",
                "Su banco ya le ha devuelto el dinero de los artículos siguientes.")
        }
    }

    var afterRefusal: String {
        one(
            "Dreptul de retragere și garanția legală rămân neschimbate. Răspundeți la acest mesaj dacă nu "
                + "sunteți de acord.",
            "Your right of withdrawal and the legal guarantee stay as they are. Answer this message if you "
                + "do not agree.",
            "Ihr Widerrufsrecht und die gesetzliche Gewährleistung bleiben unberührt. Antworten Sie auf "
                + "diese Nachricht, wenn Sie nicht einverstanden sind.",
            "Su derecho de desistimiento y la garantía legal no cambian. Responda a este mensaje si no está "
                + "de acuerdo.")
    }

    // MARK: - To the merchant

    func newSubject(_ order: OrderNumber) -> String {
        one(
            "Sesizare la comanda \(order)", "A shopper reported a problem with order \(order)",
            "Meldung zur Bestellung \(order)", "Aviso sobre el pedido \(order)")
    }

    func reminderSubject(_ order: OrderNumber) -> String {
        one(
            "Sesizarea la comanda \(order) așteaptă", "The claim about order \(order) is waiting",
            "Die Meldung zur Bestellung \(order) wartet", "El aviso sobre el pedido \(order) espera")
    }

    var decide: String { ask(.decision) }

    func ask(_ phase: ClaimPhase) -> String {
        switch phase {
        case .decision:
            one(
                "Hotărâți: restituire, înlocuire sau refuz motivat.",
                "Please decide: a refund, a replacement, or a refusal with its reason.",
                "Bitte entscheiden Sie: Erstattung, Ersatz oder begründete Ablehnung.",
                "Decida: reembolso, reemplazo o rechazo motivado.")
        case .replacement:
            one(
                "Furnizorul nu a trimis încă înlocuitorul. Puteți trimite dvs. unul sau restitui banii.",
                "The supplier has not sent the replacement yet. You can send one yourself, or refund.",
                "Der Lieferant hat noch keinen Ersatz geschickt. Sie können selbst liefern oder erstatten.",
                "El proveedor aún no ha enviado el reemplazo. Puede enviarlo usted o reembolsar.")
        case .otherWay:
            one(
                "Furnizorul nu trimite înlocuitor. Trimiteți dvs. unul sau restituiți banii.",
                "The supplier sends no replacement. Please send one yourself, or refund.",
                "Der Lieferant schickt keinen Ersatz. Bitte liefern Sie selbst oder erstatten Sie.",
                "El proveedor no envía reemplazo. Envíelo usted o reembolse.")
        case .supplier:
            one(
                "Furnizorul nu a răspuns încă la sesizare.", "The supplier has not answered the claim yet.",
                "Der Lieferant hat auf die Reklamation noch nicht geantwortet.",
                "El proveedor aún no ha respondido a la reclamación.")
        }
    }

    func creditSubject(_ order: OrderNumber) -> String {
        one(
            "Despăgubire pentru comanda \(order)", "Money back for order \(order)",
            "Gutschrift zur Bestellung \(order)", "Abono por el pedido \(order)")
    }

    func credited(_ fee: String) -> String {
        one(
            "Furnizorul a acordat un credit; \(fee) au fost virați în contul dvs. Stripe.",
            "The supplier gave a credit; \(fee) went to your Stripe account.",
            "Der Lieferant hat eine Gutschrift erteilt; \(fee) gingen auf Ihr Stripe-Konto.",
            "El proveedor ha abonado el importe; \(fee) van a su cuenta de Stripe.")
    }

    func borne(_ fee: String) -> String {
        one(
            "Furnizorul nu a dat nimic; platforma suportă costul: \(fee) au fost virați în contul dvs. "
                + "Stripe.",
            "The supplier gave nothing and the platform makes it good: \(fee) went to your Stripe account.",
            "Der Lieferant gab nichts; die Plattform kommt dafür auf: \(fee) gingen auf Ihr Stripe-Konto.",
            "El proveedor no dio nada y la plataforma lo asume: \(fee) van a su cuenta de Stripe.")
    }

    func endSubject(_ order: OrderNumber) -> String {
        one(
            "Sesizarea la comanda \(order) este închisă", "The claim about order \(order) is closed",
            "Die Meldung zur Bestellung \(order) ist abgeschlossen",
            "El aviso sobre el pedido \(order) está cerrado")
    }

    /// Nil where another letter has said it.
    func end(_ end: ClaimEnd) -> String? {
        switch end {
        case .refused, .credited, .borne, .replaced: nil
        case .supplierRefused:
            one(
                "Furnizorul a refuzat reclamația: costul rămâne la dvs.",
                "The supplier refused the claim: the cost stays with you.",
                "Der Lieferant hat die Reklamation abgelehnt: Die Kosten bleiben bei Ihnen.",
                "El proveedor ha rechazado la reclamación: el coste queda a su cargo.")
        case .unanswered:
            one(
                "Furnizorul nu a răspuns timp de un an: costul rămâne la dvs.",
                "The supplier has not answered for a year: the cost stays with you.",
                "Der Lieferant hat ein Jahr lang nicht geantwortet: Die Kosten bleiben bei Ihnen.",
                "El proveedor no ha respondido en un año: el coste queda a su cargo.")
        }
    }
}
