// SmartBill's refusals, in its own sentences: it has no codes, so callers match the words.

/// An error answer.
struct SmartBillProblem: Error, Sendable {
    let status: Int
    let words: String

    /// The body of a request is incomplete or wrong.
    static func invalid(_ words: String) -> SmartBillProblem { SmartBillProblem(status: 400, words: words) }

    /// The request was understood and the account's state forbids it: a success by status, an error by text.
    static func refused(_ words: String) -> SmartBillProblem { SmartBillProblem(status: 200, words: words) }

    static func noSuchInvoice(_ series: String, _ number: String) -> SmartBillProblem {
        invalid("Factura cu seria \(series) si numarul \(number) nu a fost gasita!")
    }

    static let credentials = SmartBillProblem(
        status: 401, words: "Autentificare esuata. Va rugam verificati datele si incercati din nou.")
    static let company = SmartBillProblem(
        status: 401,
        words: "Firma la care incercati sa va conectati nu mai este disponibila in Cloud. "
            + "Verificati ciful companiei.")
    static let companyMissing = invalid("CIF-ul firmei ('companyVatCode') trebuie specificat")
    static let seriesUnknown = invalid("Seria nu a fost gasita! Folositi o serie creata in contul de cloud.")
    static let dateMalformed = invalid("Data documentului trebuie sa fie de forma yyyy-MM-dd.")
    static let blocked = SmartBillProblem(
        status: 403, words: "Ati depasit numarul maxim de apeluri. Accesul este blocat pentru 10 minute.")

    var json: JSON { SmartBillAnswer.json(error: words) }
}

/// The members that every answer of SmartBill has.
enum SmartBillAnswer {
    static func json(
        error: String = "", message: String = "", series: String = "", number: String = ""
    ) -> JSON {
        [
            "errorText": .string(error), "message": .string(message), "number": .string(number),
            "series": .string(series), "url": "",
        ]
    }

    /// With members of its own, below the root key of its endpoint.
    static func wrapped(_ root: String, _ members: [String: JSON]) -> JSON {
        var inner = json()
        inner.remove("url")
        for (name, value) in members { inner[name] = value }
        return .object([root: inner])
    }
}
