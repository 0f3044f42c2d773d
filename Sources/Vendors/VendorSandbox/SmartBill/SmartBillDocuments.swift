import Foundation

// The endpoints that make, change and remove documents.

extension SmartBillWorld {
    mutating func create(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let isWrapped = !call.body["invoice"].object.isEmpty
        let body = isWrapped ? call.body["invoice"] : call.body
        let company = try company(body["companyVatCode"].string)
        let invoice = try SmartBillInvoiceBody(body, today: today, closedUntil: closedUntil)
        let counter = try counter(call.account, company, invoice.series)
        let document = issue(invoice.content, in: counter, isDraft: invoice.isDraft)

        let answer = SmartBillAnswer.json(series: counter.series, number: document.key.number)
        let effect =
            invoice.isDraft
            ? SandboxEffect("invoice.draft", on: counter.series)
            : SandboxEffect("invoice.create", on: document.title)
        // Whoever wraps the question gets a wrapped answer, as in the documentation's examples.
        return .json(isWrapped ? ["sbcResponse": answer] : answer, effect: effect)
    }

    mutating func reverse(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        var original = try document(call, call.body["seriesName"].string, call.body["number"].string)
        let date = call.body["issueDate"].string ?? today
        guard SmartBillInvoiceBody.isDate(date) else { throw .dateMalformed }
        if original.reversedBy != nil || original.stornoOf != nil {
            throw .refused("Factura este deja stornata.")
        }
        if date < original.content.issueDate {
            throw .refused(
                "Data emiterii facturii storno nu poate fi anterioara datei emiterii facturii stornate.")
        }
        let source = original.content
        let content = SmartBillContent(
            client: source.client, products: Self.negated(source.products), currency: source.currency,
            issueDate: date, mentions: "Storno \(original.title). \(source.mentions)",
            observations: source.observations, total: -source.total, paid: -source.paid)
        let storno = issue(content, in: original.key.counter, stornoOf: original.key.number)
        original.reversedBy = storno.key.number
        change(original)

        var answer = SmartBillAnswer.json(series: storno.key.counter.series, number: storno.key.number)
        let id = String(100_000 + invoices.count)
        answer["documentId"] = .string(id)
        answer["documentUrl"] = .string("https://cloud.smartbill.ro/documente/editare/factura/\(id)/")
        answer["documentViewUrl"] = ""
        return .json(answer, effect: SandboxEffect("invoice.reverse", on: original.title))
    }

    mutating func delete(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let document = try queried(call)
        try delete(document)
        return .json(
            SmartBillAnswer.json(message: "Documentul a fost sters cu succes."),
            effect: SandboxEffect("invoice.delete", on: document.title))
    }

    mutating func annul(_ call: SmartBillCall, _ isAnnulled: Bool) throws(SmartBillProblem) -> SandboxResponse
    {
        var document = try queried(call)
        guard document.isAnnulled != isAnnulled else {
            throw .refused(isAnnulled ? "Factura este deja anulata." : "Factura nu este anulata.")
        }
        document.isAnnulled = isAnnulled
        change(document)
        let message = isAnnulled ? "Factura a fost anulata." : "Factura a fost restaurata."
        let effect = SandboxEffect(isAnnulled ? "invoice.cancel" : "invoice.restore", on: document.title)
        return .json(SmartBillAnswer.json(message: message), effect: effect)
    }

    /// Records what was collected on one or more invoices.
    mutating func pay(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let invoices = call.body["invoicesList"].array
        guard let value = SandboxAmount.decimal(call.body["value"]), !(call.body["type"].string ?? "").isEmpty
        else {
            throw .invalid("Valoarea si tipul incasarii trebuie specificate")
        }
        var left = SandboxAmount.hundredths(value)
        for invoice in invoices {
            var document = try document(call, invoice["seriesName"].string, invoice["number"].string)
            let part = min(left, document.content.total - document.content.paid)
            document.content.paid += part
            left -= part
            change(document)
        }
        let subject = invoices.first.flatMap { $0["number"].string } ?? "-"
        return .json(
            SmartBillAnswer.json(message: "Incasarea a fost emisa cu succes."),
            effect: SandboxEffect("payment.create", on: subject))
    }

    func send(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let document = try document(call, call.body["seriesName"].string, call.body["number"].string)
        return .json(
            ["Response": ["status": ["code": 0, "message": "Documentul a fost trimis."]]],
            effect: SandboxEffect("document.send", on: document.title))
    }

    private static func negated(_ products: JSON) -> JSON {
        .array(
            products.array.map { product in
                var line = product
                for name in ["quantity", "discountValue"] {
                    if let amount = line[name].decimal { line[name] = .decimal(-amount) }
                }
                return line
            })
    }
}
