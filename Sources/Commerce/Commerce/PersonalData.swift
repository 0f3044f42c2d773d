// What a person may ask of whoever keeps data about them (articles 15, 17 and 20 of the GDPR), and what the
// answer depends on. Words are stored; change a case if you like, never its raw value.

package enum PersonalDataKind: String, Codable, Sendable, CaseIterable {
    /// A copy of everything, to read and to take elsewhere.
    case export
    case erasure
}

/// Whose data: a shopper is an address within one store, a user somebody with an account of their own.
package enum PersonalDataSubject: String, Codable, Sendable {
    case shopper, user
}

package enum PersonalDataAsker: String, Codable, Sendable {
    /// The person, who has shown that the mailbox or the account is theirs.
    case person
    /// The merchant on their behalf.
    case merchant
    case `operator`
}

package enum PersonalDataStatus: String, Codable, Sendable {
    /// Waits for the link in the letter to be followed.
    case unproven
    case running
    /// Something that is still open holds the erasure up.
    case waiting
    /// The copy can be fetched.
    case ready
    case done, refused
    /// Nobody followed the link, or the copy has expired.
    case lapsed

    package var isOpen: Bool { self == .running || self == .waiting }
}

/// Why data cannot be erased yet: somebody still needs them to do what the person has asked for or is owed.
package enum PersonalDataHold: String, Codable, Sendable, CaseIterable {
    case checkoutOpen = "checkout_open"
    case orderOpen = "order_open"
    /// The payment was given up, but money may still arrive and has to be given back.
    case paymentLate = "payment_late"
    case refundOpen = "refund_open"
    case disputeOpen = "dispute_open"
    case returnOpen = "return_open"
    /// The invoice is not made yet and needs name and address.
    case invoicePending = "invoice_pending"
    /// A vendor's report about the person is not worked on yet.
    case newsPending = "news_pending"
    case storeOpen = "store_open"
    case billDue = "bill_due"
    case affiliateBalance = "affiliate_balance"

    package func reason(in language: Language) -> String {
        language.choose(romanian: romanian, english: english, german: german, spanish: spanish)
    }

    private var english: String {
        switch self {
        case .checkoutOpen: "an order is being placed"
        case .orderOpen: "an order is not finished; its period for returns is a part of it"
        case .paymentLate: "a payment that was given up may still arrive"
        case .refundOpen: "a refund is on its way"
        case .disputeOpen: "a bank is deciding a dispute"
        case .returnOpen: "a return or a claim is not settled"
        case .invoicePending: "an invoice is not issued yet"
        case .newsPending: "a report about a payment is not processed yet"
        case .storeOpen: "a store is still open; close it first"
        case .billDue: "a bill is not paid yet"
        case .affiliateBalance: "an affiliate balance is not paid out yet"
        }
    }

    private var romanian: String {
        switch self {
        case .checkoutOpen: "o comandă este în curs de plasare"
        case .orderOpen: "o comandă nu este încheiată; perioada de retur face parte din ea"
        case .paymentLate: "o plată abandonată mai poate ajunge"
        case .refundOpen: "o rambursare este pe drum"
        case .disputeOpen: "o bancă decide asupra unei contestații"
        case .returnOpen: "un retur sau o reclamație nu este soluționată"
        case .invoicePending: "o factură nu este încă emisă"
        case .newsPending: "o înștiințare despre o plată nu este încă prelucrată"
        case .storeOpen: "un magazin este încă deschis; închideți-l mai întâi"
        case .billDue: "o factură nu este încă plătită"
        case .affiliateBalance: "soldul de afiliat nu este încă plătit"
        }
    }

    private var german: String {
        switch self {
        case .checkoutOpen: "eine Bestellung wird gerade aufgegeben"
        case .orderOpen: "eine Bestellung ist nicht abgeschlossen; die Rückgabefrist gehört dazu"
        case .paymentLate: "eine aufgegebene Zahlung kann noch eintreffen"
        case .refundOpen: "eine Erstattung ist unterwegs"
        case .disputeOpen: "eine Bank entscheidet über eine Rückbuchung"
        case .returnOpen: "eine Rückgabe oder Reklamation ist nicht abgeschlossen"
        case .invoicePending: "eine Rechnung ist noch nicht ausgestellt"
        case .newsPending: "eine Meldung über eine Zahlung ist noch nicht verarbeitet"
        case .storeOpen: "ein Shop ist noch offen; schließen Sie ihn zuerst"
        case .billDue: "eine Rechnung ist noch nicht bezahlt"
        case .affiliateBalance: "ein Partnerguthaben ist noch nicht ausgezahlt"
        }
    }

    private var spanish: String {
        switch self {
        case .checkoutOpen: "se está realizando un pedido"
        case .orderOpen: "un pedido no ha terminado; su plazo de devolución forma parte de él"
        case .paymentLate: "todavía puede llegar un pago abandonado"
        case .refundOpen: "un reembolso está en camino"
        case .disputeOpen: "un banco está decidiendo una disputa"
        case .returnOpen: "una devolución o reclamación no está resuelta"
        case .invoicePending: "una factura aún no se ha emitido"
        case .newsPending: "un aviso sobre un pago aún no se ha procesado"
        case .storeOpen: "una tienda sigue abierta; ciérrela primero"
        case .billDue: "una factura aún no está pagada"
        case .affiliateBalance: "un saldo de afiliado aún no se ha pagado"
        }
    }
}

/// How long the law keeps what names a person although it was asked to be erased.
package enum KeptByLaw {
    /// Documents of accounting, counted from 1 July of the year after (Law 36/2023 in Romania).
    package static let yearsOfPapers = 5
    /// The one place where a person's name, address and contact stay after an erasure: the invoice itself.
    package static let tables: Set<String> = ["invoice_document"]
}
