import Foundation

// The endpoints that only tell, and the reading of what all endpoints name: company, series, document.

extension SmartBillWorld {
    func listSeries(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let company = try company(call.query["cif"])
        let type = call.query["type"] ?? ""
        let list = series.filter { type.isEmpty || $0.type == type }.map { one -> JSON in
            let counter = SmartBillCounter(account: call.account, company: company, series: one.name)
            return [
                "name": .string(one.name), "nextNumber": .integer(nextNumber(counter)),
                "type": .string(one.type),
            ]
        }
        return .json(SmartBillAnswer.wrapped("sbcSeries", ["list": .array(list)]))
    }

    func listTaxes(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        _ = try company(call.query["cif"])
        let taxes = SmartBillInvoiceBody.taxes.map { tax -> JSON in
            ["name": .string(tax.name), "percentage": .decimal(tax.percentage)]
        }
        return .json(SmartBillAnswer.wrapped("sbcTaxes", ["taxes": .array(taxes)]))
    }

    func paymentStatus(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let document = try queried(call)
        let content = document.content
        let status = SmartBillAnswer.wrapped(
            "sbcInvoicePaymentStatusResponse",
            [
                "number": .string(document.key.number), "series": .string(document.key.counter.series),
                "invoiceTotalAmount": SandboxAmount.json(content.total),
                "paidAmount": SandboxAmount.json(content.paid),
                "unpaidAmount": SandboxAmount.json(content.total - content.paid),
            ])
        return .json(status)
    }

    func page(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        let document = try queried(call)
        return SandboxResponse(
            status: 200,
            headers: [
                (name: "Content-Type", value: "application/octet-stream"),
                (name: "Content-Disposition", value: "attachment; filename=\"\(document.title).pdf\""),
            ],
            body: SmartBillPDF.page(Self.text(of: document)))
    }

    func stocks(_ call: SmartBillCall) throws(SmartBillProblem) -> SandboxResponse {
        _ = try company(call.query["cif"])
        return .json(["stocks": []])
    }

    // MARK: - What is named

    /// The Romanian day.
    var today: String {
        var calendar = Calendar(identifier: .gregorian)
        guard let zone = TimeZone(identifier: "Europe/Bucharest") else {
            preconditionFailure("the time zone Europe/Bucharest is missing on this machine")
        }
        calendar.timeZone = zone
        let day = calendar.dateComponents([.year, .month, .day], from: now)
        func two(_ value: Int?) -> String { ((value ?? 0) < 10 ? "0" : "") + "\(value ?? 0)" }
        return "\(day.year ?? 0)-\(two(day.month))-\(two(day.day))"
    }

    /// A company's code without the country's prefix.
    func company(_ code: String?) throws(SmartBillProblem) -> String {
        guard let code, !code.isEmpty else { throw .companyMissing }
        let digits = code.uppercased().hasPrefix("RO") ? code.dropFirst(2) : code[...]
        guard (2...10).contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            !closedCompanies.contains(String(digits))
        else { throw .company }
        return String(digits)
    }

    func counter(
        _ account: String, _ company: String, _ name: String
    ) throws(SmartBillProblem) -> SmartBillCounter {
        guard series.contains(where: { $0.name == name && $0.type == "f" }) else { throw .seriesUnknown }
        return SmartBillCounter(account: account, company: company, series: name)
    }

    /// The document that a query names; the names are sent in either case.
    func queried(_ call: SmartBillCall) throws(SmartBillProblem) -> SmartBillDocument {
        try document(
            call, call.query["seriesname"], call.query["number"], company: company(call.query["cif"]))
    }

    func document(
        _ call: SmartBillCall, _ series: String?, _ number: String?
    ) throws(SmartBillProblem) -> SmartBillDocument {
        try document(call, series, number, company: company(call.body["companyVatCode"].string))
    }

    private func document(
        _ call: SmartBillCall, _ series: String?, _ number: String?, company: String
    ) throws(SmartBillProblem) -> SmartBillDocument {
        let counter = try counter(call.account, company, series ?? "")
        return try find(SmartBillDocument.Key(counter: counter, number: number ?? ""))
    }

    private static func text(of document: SmartBillDocument) -> [String] {
        let content = document.content
        let lines = content.products.array.map { line in
            let amount = line["price"].decimal ?? line["discountValue"].decimal ?? 0
            return "\(line["name"].string ?? "")  \(line["quantity"].decimal ?? 1) x \(amount)"
        }
        // `observations` are for the merchant's own reports: they are not printed.
        return [
            "Factura seria \(document.key.counter.series) nr. \(document.key.number)",
            "Data emiterii: \(content.issueDate)", "CIF \(document.key.counter.company)",
            "Client: \(content.client["name"].string ?? "")",
        ] + lines + [
            "Total: \(SandboxAmount.text(content.total)) \(content.currency)", content.mentions,
        ]
    }
}
