import Commerce
import Durable
import Foundation
import Testing
import VendorHTTP

@testable import SmartBill

@Suite("Calling SmartBill")
struct ClientSmartBillTests {
    private static let document = SmartBillDocument(series: "CFX", number: "0023")

    private static func client(_ server: CannedServer) -> SmartBillClient {
        SmartBillClient(
            credentials: SmartBillCredentials(
                email: "me@example.org", token: "token", companyCode: "RO12345674"),
            base: server.base, timeout: .seconds(5), now: { Example.now })
    }

    private static let invoice: SmartBillInvoice = {
        let tax = SmartBillTax(name: "Normala", percentage: "21")
        var invoice = SmartBillInvoice(
            series: "CFX",
            buyer: SmartBillBuyer(
                name: "Ana Exemplu", address: "Str. Exemplu 10", city: "Cluj-Napoca", county: "Cluj",
                country: "Romania", email: EmailAddress(unchecked: "ana@example.org")),
            currency: .ron,
            lines: [
                .init(
                    .item(
                        name: "Lampă de birou LED", code: "V0700822", quantity: 2, price: .ron(12_100),
                        isService: false),
                    tax: tax),
                .init(.discount(name: "Reducere 10%", lines: 1, value: .ron(2420)), tax: tax),
                .init(
                    .item(name: "Transport", code: "SHIP", quantity: 1, price: .ron(2420), isService: true),
                    tax: tax),
            ],
            payment: .init(value: .ron(24_200)), issueDate: SmartBillDate(year: 2026, month: 11, day: 22),
            mentions: "Comanda CF-2026-000123", observations: "cartflux:0192f3a4-0000-7000-8000-000000000123")
        invoice.deliveryDate = SmartBillDate(year: 2026, month: 11, day: 25)
        return invoice
    }()

    /// The same value whatever the order of members and however a number is written.
    private static func plain(_ json: JSON) -> JSON {
        switch json {
        case .object(let members):
            .object(members.map { .init($0.name, plain($0.value)) }.sorted { $0.name < $1.name })
        case .array(let values): .array(values.map(plain))
        case .number(let text): .number((try? Money(text, .eur, rounding: .halfUp))?.decimalText ?? text)
        default: json
        }
    }

    @Test("an invoice is written as in the example")
    func body() throws {
        #expect(
            Self.plain(Self.invoice.json(company: "RO12345674"))
                == Self.plain(try Example.json("smartbill-invoice-request.json")))
    }

    @Test(
        "answers are read wrapped and bare, and the number keeps its zeros",
        arguments: ["smartbill-invoice-response.200.json", "smartbill-invoice-response-wrapped.200.json"])
    func issue(file: String) async throws {
        let server = try CannedServer([.answer(200, try Example.text(file))])

        let issued = try await Self.client(server).issue(Self.invoice)

        #expect(issued.document == Self.document)
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /invoice "))
        #expect(request.contains("Authorization: Basic bWVAZXhhbXBsZS5vcmc6dG9rZW4=\r\n"))
    }

    @Test("series, taxes and what was paid are read")
    func questions() async throws {
        let series = try CannedServer([.answer(200, try Example.text("smartbill-series.200.json"))])
        let taxes = try CannedServer([.answer(200, try Example.text("smartbill-taxes.200.json"))])
        let status = try CannedServer([.answer(200, try Example.text("smartbill-paymentstatus.200.json"))])

        let found = try await Self.client(series).series(.invoice)
        #expect(found.map(\.nextNumber) == [24, 5])
        #expect(found.map(\.kind) == [.invoice, .proForma])
        #expect(series.requests.first?.hasPrefix("GET /series?cif=RO12345674&type=f ") == true)
        #expect(try await Self.client(taxes).taxes().first == SmartBillTax(name: "Normala", percentage: "21"))
        let paid = try await Self.client(status).paymentStatus(of: Self.document, in: .ron)
        #expect([paid.total, paid.paid, paid.unpaid] == [.ron(24_200), .ron(24_200), .ron(0)])
    }

    @Test("a storno answers with its own number")
    func reverse() async throws {
        let server = try CannedServer([.answer(200, try Example.text("smartbill-reverse-response.200.json"))])

        let issued = try await Self.client(server).reverse(
            Self.document, on: SmartBillDate(year: 2026, month: 12, day: 1))

        #expect(issued.document?.number == "0031")
        let body = try #require(server.requests.first?.components(separatedBy: "\r\n\r\n").last)
        #expect(try JSON(parsing: body) == (try Example.json("smartbill-reverse-request.json")))
    }

    @Test("a PDF is bytes; a PDF that is JSON is a refusal")
    func pdf() async throws {
        let server = try CannedServer([
            .answer(200, "%PDF-1.4 x", headers: [:]),
            .answer(200, #"{"errorText":"Factura cu seria si numarul x nu a fost gasita!"}"#),
        ])

        #expect(try await Self.client(server).pdf(of: Self.document) == Array("%PDF-1.4 x".utf8))
        let failure = await #expect(throws: SmartBillFailure.self) {
            try await Self.client(server).pdf(of: Self.document)
        }
        #expect(failure?.code == "smartbill.document_unknown")
    }

    @Test("deleting needs no data in the answer")
    func delete() async throws {
        let server = try CannedServer([
            .answer(200, #"{"errorText":"","message":"ok","number":"","series":""}"#)
        ])

        try await Self.client(server).delete(Self.document)

        #expect(
            server.requests.first?.hasPrefix("DELETE /invoice?cif=RO12345674&seriesName=CFX&number=0023 ")
                == true)
    }
}

@Suite("Failures of SmartBill")
struct ClientSmartBillFailureTests {
    private func failure(_ status: Int, _ body: String) -> SmartBillFailure {
        SmartBillFailure(Example.response(status, Array(body.utf8)), call: Example.call)
    }

    @Test("a 200 with a text is a refusal, and the text is understood")
    func refusals() throws {
        let reversed = failure(200, try Example.text("smartbill-reverse-error.json"))
        let series = failure(400, try Example.text("smartbill-invoice-error.400.json"))

        #expect(reversed.reason == .refused(.alreadyReversed, words: "Factura este deja stornata."))
        #expect(reversed.disposition == .permanent)
        #expect(series.code == "smartbill.series_unknown")
    }

    @Test(
        "sentences are matched without diacritics",
        arguments: [
            ("Documentul cu seria și numărul x nu este ultimul din serie!", "not_last_of_series"),
            ("Nu puteți adăuga documentul într-o perioadă închisă", "period_closed"),
            ("Cota tva a produsului x nu a fost găsită pe server!", "tax_unknown"),
            (
                "Data emiterii facturii storno nu poate fi anterioară datei emiterii facturii stornate.",
                "reversal_too_early"
            ),
            ("Client invalid!", "client_invalid"), ("Altceva", "other"),
        ])
    func sentences(words: String, expected: String) {
        #expect(SmartBillFailure.Refusal(words).rawValue == expected)
    }

    @Test("status 403 blocks the account for ten minutes")
    func blocked() {
        let failure = failure(403, "")

        #expect(failure.disposition == .deferred(until: Example.now.addingTimeInterval(600)))
        #expect(!failure.mayHaveHappened)
    }

    @Test(
        "what proves nothing may have issued a document",
        arguments: [(500, ""), (200, "<html>"), (200, ""), (502, #"{"errorText":"x"}"#)])
    func unknown(status: Int, body: String) {
        let failure = failure(status, body)

        #expect(failure.mayHaveHappened)
        #expect(failure.disposition == .transient())
    }

    @Test("wrong credentials are for the merchant")
    func credentials() {
        #expect(
            failure(401, #"{"errorText":"Autentificare esuata."}"#).code == "smartbill.credentials_refused")
    }
}
