// What a shopper is told between the confirmation and the parcel at the door: that something is on its way,
// and that money went back. Withdrawals and claims have letters of their own.

import Commerce
import CommerceStore

struct OrderNews {
    private let order: Order
    private let store: Store
    private let shop: Shop
    private let tx: Transaction<OneTenant>

    init(_ order: OrderID, _ shop: Shop, in tx: Transaction<OneTenant>) async throws {
        self.order = try await Orders().load(order, in: tx)
        self.shop = shop
        self.tx = tx
        store = try await Stores().load(in: tx)
    }

    private var words: OrderNewsWords { OrderNewsWords(order.language) }

    /// Once for each parcel.
    func tellSent(_ parcel: Parcel, of supplierOrder: SupplierOrderID) async throws {
        try await queue(
            "shipped:\(supplierOrder):\(parcel.number)", words.sentSubject(order.number, store.name),
            [words.sent(order.number), "\(words.parcel): \(parcel.number)"])
    }

    /// Once for each refund, however often the bank had to be asked.
    func tellRefunded(_ refund: RefundID, _ amount: Money, because cause: RefundCause) async throws {
        let reason = words.reason(cause)
        try await queue(
            "refunded:\(refund)", words.refundedSubject(order.number, store.name),
            [reason, words.refunded(words.amount(amount), order.number)].compactMap(\.self))
    }

    private func queue(_ cause: String, _ subject: String, _ paragraphs: [String]) async throws {
        try await OrderLetter(
            store: store, order: order.id, cause: cause, recipient: order.email.rawValue,
            language: order.language, subject: subject,
            paragraphs: paragraphs + ["\(words.page): \(shop.orderPage(store, order.token))"]
        ).queue(shop, in: tx)
    }
}

/// The sentences of these letters, in one language.
struct OrderNewsWords {
    private let language: Language

    init(_ language: Language) { self.language = language }

    private func one(_ romanian: String, _ english: String, _ german: String, _ spanish: String) -> String {
        switch language {
        case .romanian: romanian
        case .english: english
        case .german: german
        case .spanish: spanish
        }
    }

    /// "15,00 EUR"; with a point in English.
    func amount(_ money: Money) -> String {
        let digits = language == .english ? money.decimalText : money.decimalText.replacing(".", with: ",")
        return "\(digits) \(money.currency.rawValue)"
    }

    var page: String { one("Pagina comenzii", "Your order's page", "Ihre Bestellseite", "Página del pedido") }
    var parcel: String { one("Numărul coletului", "Parcel number", "Sendungsnummer", "Número de envío") }

    func sentSubject(_ order: OrderNumber, _ store: String) -> String {
        one(
            "Comanda \(order) la \(store) este pe drum", "Your order \(order) at \(store) is on its way",
            "Ihre Bestellung \(order) bei \(store) ist unterwegs",
            "Su pedido \(order) en \(store) va en camino")
    }

    func sent(_ order: OrderNumber) -> String {
        one(
            "Un colet cu produse din comanda \(order) a fost predat curierului.",
            "A parcel with items of order \(order) was handed to the carrier.",
            "Ein Paket mit Artikeln Ihrer Bestellung \(order) wurde dem Versanddienst übergeben.",
            "Un paquete con artículos de su pedido \(order) se ha entregado al transportista.")
    }

    func refundedSubject(_ order: OrderNumber, _ store: String) -> String {
        one(
            "V-am restituit banii pentru comanda \(order) la \(store)",
            "Your refund for order \(order) at \(store)",
            "Ihre Erstattung zur Bestellung \(order) bei \(store)",
            "Su reembolso del pedido \(order) en \(store)")
    }

    func refunded(_ amount: String, _ order: OrderNumber) -> String {
        one(
            "V-am restituit \(amount) din comanda \(order), pe calea pe care ați plătit. Suma apare pe "
                + "extras în 5 până la 10 zile.",
            "We have refunded \(amount) of order \(order), the way you paid. It takes 5 to 10 days to show "
                + "on your statement.",
            "Wir haben \(amount) Ihrer Bestellung \(order) auf dem Weg Ihrer Zahlung erstattet. Die "
                + "Gutschrift erscheint in 5 bis 10 Tagen.",
            "Hemos reembolsado \(amount) de su pedido \(order) por el medio con el que pagó. Aparecerá en su "
                + "extracto en 5 a 10 días.")
    }

    /// Why, where the shopper could not know it.
    func reason(_ cause: RefundCause) -> String? {
        switch cause {
        case .supplierUnavailable, .ownSupplierUnavailable:
            one(
                "Ne pare rău: o parte din ce ați comandat nu mai poate fi livrat. Pagina comenzii arată ce.",
                "We are sorry: some of what you ordered can no longer be delivered. Your order's page shows "
                    + "what.",
                "Es tut uns leid: Ein Teil Ihrer Bestellung kann nicht mehr geliefert werden. Welcher, zeigt "
                    + "die Bestellseite.",
                "Lo sentimos: parte de lo que pidió ya no se puede entregar. La página del pedido muestra "
                    + "qué.")
        case .latePaymentNotServed:
            one(
                "Plata a sosit după expirarea comenzii, iar produsele nu mai erau disponibile.",
                "Your payment arrived after the order had expired, and the items were no longer available.",
                "Ihre Zahlung kam nach Ablauf der Bestellung an, und die Artikel waren nicht mehr verfügbar.",
                "Su pago llegó cuando el pedido ya había caducado y los artículos no estaban disponibles.")
        case .duplicatePayment:
            one(
                "Comanda a fost plătită de două ori.", "The order was paid twice.",
                "Die Bestellung wurde doppelt bezahlt.", "El pedido se pagó dos veces.")
        case .withdrawal, .goodwill, .platformError, .madeOutside: nil
        }
    }
}
