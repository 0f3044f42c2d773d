// The calls to SmartBill that CartFlux makes, in a merchant's own account. Facts relied on: Basic auth
// with e-mail and token; every call names the company; answers may be wrapped under one root key; a 200
// with an `errorText` is an error; numbers are strings with leading zeros; 30 calls in 10 seconds, then
// status 403 and ten minutes of silence. There is no idempotency key and no look-up by our reference: see
// `SmartBillFailure.mayHaveHappened`.

import Commerce
import FoundationEssentials
import VendorHTTP

/// What a merchant gives us to invoice in the merchant's name.
package struct SmartBillCredentials: Sendable, Hashable {
    package let email: Secret
    package let token: Secret
    /// The company's fiscal code as SmartBill knows it, `RO12345674` or without the prefix.
    package let companyCode: String

    package init(email: Secret, token: Secret, companyCode: String) {
        self.email = email
        self.token = token
        self.companyCode = companyCode
    }

    var authorization: String {
        "Basic " + Data("\(email.reveal()):\(token.reveal())".utf8).base64EncodedString()
    }
}

/// One merchant's account at SmartBill.
package struct SmartBillClient: Sendable {
    private let http: VendorHTTPClient
    private let company: String
    private let now: @Sendable () -> Date

    /// - Parameter account: what errors and limits call this account; the company's code when nil. Limits
    ///   belong to the token: give two companies behind one token the same name.
    package init(
        credentials: SmartBillCredentials, base: String = "https://ws.smartbill.ro/SBORO/api",
        account: String? = nil, transport: VendorTransport = .shared, timeout: Duration = .seconds(60),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        company = credentials.companyCode
        self.now = now
        http = VendorHTTPClient(
            account: VendorAccount(vendor: "smartbill", name: account ?? credentials.companyCode), base: base,
            headers: [
                HeaderField("Authorization", credentials.authorization),
                HeaderField("Accept", "application/json"),
            ],
            timeout: timeout, transport: transport, now: now)
    }

    /// Whose limits and breaker these calls share.
    package var account: VendorAccount { http.account }

    // MARK: - Documents

    /// Issues an invoice. Ask for the series' next number first and keep it: after a failure that may
    /// have happened it is the only way to tell whether the invoice exists.
    ///
    /// - Parameter limit: how long the call may take; the client's own limit when nil.
    package func issue(
        _ invoice: SmartBillInvoice, within limit: Duration? = nil
    ) async throws(SmartBillFailure) -> SmartBillIssued {
        let request = VendorRequest(
            .post, "/invoice", body: .json(invoice.json(company: company)), timeout: limit)
        return try await send(request) { json throws(JSONMismatch) in
            try SmartBillIssued(json, isDraft: invoice.isDraft)
        }
    }

    /// Issues the storno of a whole invoice, which is possible once and not before the original's date.
    package func reverse(
        _ document: SmartBillDocument, on date: SmartBillDate? = nil, within limit: Duration? = nil
    ) async throws(SmartBillFailure) -> SmartBillIssued {
        let body = JSON.object(present: [
            ("companyVatCode", .string(company)), ("seriesName", .string(document.series)),
            ("number", .string(document.number)), ("issueDate", .optional(date?.text)),
        ])
        let request = VendorRequest(.post, "/invoice/reverse", body: .json(body), timeout: limit)
        return try await send(request) { json throws(JSONMismatch) in
            try SmartBillIssued(json, isDraft: false)
        }
    }

    /// Removes an invoice, which must be the last of its series.
    package func delete(_ document: SmartBillDocument) async throws(SmartBillFailure) {
        try await send(VendorRequest(.delete, "/invoice", query: query(document))) { _ in }
    }

    /// Annuls an invoice; it stays in the register.
    package func annul(_ document: SmartBillDocument) async throws(SmartBillFailure) {
        try await send(VendorRequest(.put, "/invoice/cancel", query: query(document))) { _ in }
    }

    // MARK: - Questions

    /// The series of the account and their next numbers; also the cheapest test of credentials.
    package func series(
        _ kind: SmartBillSeries.Kind? = nil
    ) async throws(SmartBillFailure) -> [SmartBillSeries] {
        var query: FormFields = ["cif": company]
        query.add("type", kind?.rawValue)
        return try await send(VendorRequest(.get, "/series", query: query)) { json throws(JSONMismatch) in
            var found: [SmartBillSeries] = []
            for element in json["list"].elements { found.append(try SmartBillSeries(element)) }
            return found
        }
    }

    /// The VAT rates the account defines; lines must name one of them.
    package func taxes() async throws(SmartBillFailure) -> [SmartBillTax] {
        let request = VendorRequest(.get, "/tax", query: ["cif": company])
        return try await send(request) { json throws(JSONMismatch) in
            var found: [SmartBillTax] = []
            for element in json["taxes"].elements { found.append(try SmartBillTax(element)) }
            return found
        }
    }

    /// What was invoiced and paid, in the currency of the invoice, which SmartBill does not repeat.
    package func paymentStatus(
        of document: SmartBillDocument, in currency: Currency
    ) async throws(SmartBillFailure) -> SmartBillPaymentStatus {
        let request = VendorRequest(.get, "/invoice/paymentstatus", query: query(document))
        return try await send(request) { json throws(JSONMismatch) in
            try SmartBillPaymentStatus(json, currency: currency)
        }
    }

    /// The invoice as PDF.
    package func pdf(of document: SmartBillDocument) async throws(SmartBillFailure) -> [UInt8] {
        let request = VendorRequest(
            .get, "/invoice/pdf", query: query(document),
            headers: [HeaderField("Accept", "application/octet-stream")])
        let response = try await exchange(request)
        if response.isSuccess, response.body.starts(with: "%PDF".utf8) { return response.body }
        throw SmartBillFailure(response, call: http.call(request))
    }

    // MARK: - Carrying

    private func query(_ document: SmartBillDocument) -> FormFields {
        ["cif": company, "seriesName": document.series, "number": document.number]
    }

    private func exchange(_ request: VendorRequest) async throws(SmartBillFailure) -> VendorResponse {
        do {
            return try await http.send(request)
        } catch {
            if case .held(let until, _) = error {
                throw SmartBillFailure(.blocked(until: until), call: http.call(request))
            }
            throw SmartBillFailure(
                .unreachable(mayHaveHappened: error.mayHaveHappened, reason: error.reason),
                call: http.call(request))
        }
    }

    private func send<Value>(
        _ request: VendorRequest, as read: (JSON) throws(JSONMismatch) -> Value
    ) async throws(SmartBillFailure) -> Value {
        let response = try await exchange(request)
        let call = http.call(request)
        guard response.isSuccess, let json = response.json.map(SmartBillEnvelope.unwrap),
            (json["errorText"].filledText ?? "").isEmpty
        else { throw SmartBillFailure(response, call: call) }
        do {
            return try read(json)
        } catch {
            throw SmartBillFailure(.unknown(status: response.status, error.description), call: call)
        }
    }
}

/// The root key that SmartBill puts around an answer, or not.
enum SmartBillEnvelope {
    private static let roots = [
        "sbcResponse", "sbcSeries", "sbcTaxes", "sbcInvoicePaymentStatusResponse", "Response", "Fault",
    ]

    static func unwrap(_ json: JSON) -> JSON {
        roots.lazy.map { json[$0] }.first { $0.isObject } ?? json
    }
}
