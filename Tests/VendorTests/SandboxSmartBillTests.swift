import Foundation
import Testing
import VendorSandbox

@Suite("SandboxSmartBill")
struct SandboxSmartBillTests {
    private static let base = "/SBORO/api"

    private static func login(_ pair: String) -> [String: String] {
        ["Authorization": "Basic " + Data(pair.utf8).base64EncodedString()]
    }

    private static func open(_ body: (SandboxDesk) async throws -> Void) async throws {
        try await SandboxDesk.open({ SmartBillSandbox($0) }, headers: login("me@example.org:token")) { desk in
            try await desk.pull("series", ["name": "CFX", "next_number": 23])
            try await body(desk)
        }
    }

    private static var invoice: JSON {
        get throws {
            try JSON.parse(
                Array(
                    """
                    {"companyVatCode": "RO12345674", "client": {"name": "Ana Exemplu"},
                     "issueDate": "2026-11-22",
                     "seriesName": "CFX", "currency": "RON", "language": "RO",
                     "mentions": "Comanda CF-2026-000123",
                     "observations": "cartflux:123", "products": [
                      {"name": "Lampă", "isDiscount": false, "measuringUnitName": "buc", "currency": "RON",
                       "quantity": 2, "price": 121.0, "isTaxIncluded": true, "taxName": "Normala",
                       "taxPercentage": 21},
                      {"name": "Reducere", "isDiscount": true, "numberOfItems": 1, "measuringUnitName": "buc",
                       "currency": "RON", "isTaxIncluded": true, "taxName": "Normala", "taxPercentage": 21,
                       "discountType": 1, "discountValue": -24.2},
                      {"name": "Transport", "measuringUnitName": "buc", "currency": "RON", "quantity": 1,
                       "price": 20.0, "isTaxIncluded": false, "taxName": "Normala", "taxPercentage": 21}],
                     "payment": {"value": 242.0, "type": "Card", "isCash": false}}
                    """.utf8))
        }
    }

    private static func named(_ number: String, cif: String = "RO12345674") -> String {
        "cif=\(cif)&seriesName=CFX&number=\(number)"
    }

    private static func next(_ desk: SandboxDesk) async throws -> Int64? {
        let list = try await desk.get("\(base)/series?cif=RO12345674&type=f")["sbcSeries"]["list"]
        return list.array.first { $0["name"] == "CFX" }?["nextNumber"].integer
    }

    @Test("an invoice takes the next number, keeps its zeros, adds up and can be read")
    func mainPath() async throws {
        try await Self.open { desk in
            #expect(try await Self.next(desk) == 23)

            let issued = try await desk.post("\(Self.base)/invoice", try Self.invoice).json()
            let wrapped = try await desk.post("\(Self.base)/invoice", ["invoice": try Self.invoice]).json()

            #expect(issued["series"] == "CFX")
            #expect(issued["number"] == "0023")
            #expect(issued["errorText"] == "")
            #expect(wrapped["sbcResponse"]["number"] == "0024")
            #expect(try await Self.next(desk) == 25)
            let status = try await desk.get("\(Self.base)/invoice/paymentstatus?\(Self.named("0023"))")[
                "sbcInvoicePaymentStatusResponse"]
            #expect(status["invoiceTotalAmount"] == 242)
            #expect(status["unpaidAmount"] == 0)
            let pdf = try await desk.send(
                "GET", "\(Self.base)/invoice/pdf?cif=12345674&seriesname=CFX&number=0023")
            #expect(pdf.header("Content-Type") == "application/octet-stream")
            #expect(pdf.text.hasPrefix("%PDF-1.4"))
            #expect(pdf.text.contains("Factura seria CFX nr. 0023"))
            #expect(pdf.text.contains("Comanda CF-2026-000123"))
            #expect(!pdf.text.contains("cartflux:123"))
            #expect(desk.calls.count(of: "invoice.create") == 2)
            #expect(
                try await desk.objects("invoices").map { $0["observations"] } == [
                    "cartflux:123", "cartflux:123",
                ])
        }
    }

    @Test("an answer that is lost leaves exactly one invoice, told by the next number")
    func lostAnswer() async throws {
        try await Self.open { desk in
            let path = "\(Self.base)/invoice"
            desk.server.workbench.inject(Fault("POST \(path)", .dropBefore, count: 1))
            desk.server.workbench.inject(Fault("POST \(path)", .dropAfter, count: 1))
            let invoice = try Self.invoice

            await #expect(throws: (any Error).self) { try await desk.post(path, invoice) }
            #expect(try await Self.next(desk) == 23)
            await #expect(throws: (any Error).self) { try await desk.post(path, invoice) }

            #expect(try await Self.next(desk) == 24)
            #expect(desk.calls.count(of: "invoice.create", on: "CFX 0023") == 1)
            #expect(try await desk.objects("invoices").count == 1)
        }
    }

    @Test("a storno is made once, negative, in the same series")
    func reverse() async throws {
        try await Self.open { desk in
            _ = try await desk.post("\(Self.base)/invoice", try Self.invoice)
            var body: JSON = [
                "companyVatCode": "RO12345674", "seriesName": "CFX", "number": "0023",
                "issueDate": "2026-11-01",
            ]

            let early = try await desk.post("\(Self.base)/invoice/reverse", body)
            body["issueDate"] = "2026-12-01"
            let storno = try await desk.post("\(Self.base)/invoice/reverse", body).json()
            let again = try await desk.post("\(Self.base)/invoice/reverse", body)

            #expect(early.status == 200)
            #expect(try early.json()["errorText"].string?.contains("nu poate fi anterioara") == true)
            #expect(storno["number"] == "0024")
            #expect(storno["documentId"].string != nil)
            #expect(try again.json()["errorText"] == "Factura este deja stornata.")
            let invoices = try await desk.objects("invoices")
            #expect(invoices.map { $0["total"].decimal } == [242, -242])
            #expect(invoices[0]["state"] == "reversed")
            #expect(desk.calls.count(of: "invoice.reverse", on: "CFX 0023") == 1)
        }
    }

    @Test("only the last of a series is deleted, and its number is given out again")
    func delete() async throws {
        try await Self.open { desk in
            for _ in 0..<2 { _ = try await desk.post("\(Self.base)/invoice", try Self.invoice) }

            let first = try await desk.send("DELETE", "\(Self.base)/invoice?\(Self.named("0023"))")
            let last = try await desk.send("DELETE", "\(Self.base)/invoice?\(Self.named("0024"))")

            #expect(try first.json()["errorText"].string?.hasSuffix("nu este ultimul din serie!") == true)
            #expect(try last.json()["errorText"] == "")
            #expect(try await Self.next(desk) == 24)
            #expect(try await desk.post("\(Self.base)/invoice", try Self.invoice).json()["number"] == "0024")
        }
    }

    @Test("an annulled invoice stays in the register and comes back")
    func annul() async throws {
        try await Self.open { desk in
            _ = try await desk.post("\(Self.base)/invoice", try Self.invoice)

            _ = try await desk.send("PUT", "\(Self.base)/invoice/cancel?\(Self.named("0023"))")
            #expect(try await desk.objects("invoices")[0]["state"] == "annulled")
            _ = try await desk.send("PUT", "\(Self.base)/invoice/restore?\(Self.named("0023"))")
            #expect(try await desk.objects("invoices")[0]["state"] == "issued")
        }
    }

    /// A member of the invoice, what it is set to, and how the answer begins.
    private static let badMembers: [(String, JSON, Int, String)] = [
        ("companyVatCode", nil, 400, "CIF-ul firmei ('companyVatCode') trebuie specificat"),
        ("companyVatCode", "RO1", 401, "Firma la care incercati"),
        ("client", nil, 400, "client trebuie specificat"),
        ("client", ["name": "", "email": "a"], 400, "Client invalid!"),
        ("seriesName", "NONE", 400, "Seria nu a fost gasita!"),
        ("issueDate", "22.11.2026", 400, "Data documentului"),
        ("products", [], 400, "Factura nu contine produse!"),
        ("currency", "QQQ", 400, "Moneda nu a fost gasita"),
        ("language", "XX", 400, "Limba nu a fost gasita"),
        ("useStock", true, 200, "Modulul stoc nu este activ!"),
    ]

    @Test(
        "bad invoices are refused in SmartBill's words",
        arguments: badMembers)
    func refusals(_ field: String, _ value: JSON, _ status: Int, _ words: String) async throws {
        try await Self.open { desk in
            var invoice = try Self.invoice
            invoice[field] = value

            let answer = try await desk.post("\(Self.base)/invoice", invoice)

            #expect(answer.status == status)
            #expect(try answer.json()["errorText"].string?.hasPrefix(words) == true)
            #expect(try await desk.objects("invoices").isEmpty)
        }
    }

    @Test("a rate that the account does not define, a closed period, a closed company")
    func stateRefusals() async throws {
        try await Self.open { desk in
            let wrongRate = try JSON.parse(
                Array(
                    try Self.invoice.text.replacing("\"taxPercentage\":21", with: "\"taxPercentage\":19").utf8
                ))
            let rate = try await desk.post("\(Self.base)/invoice", wrongRate)
            try await desk.pull("closed_period", ["until": "2026-11-30"])
            let closed = try await desk.post("\(Self.base)/invoice", try Self.invoice)
            try await desk.pull("companies", ["cif": "RO12345674"])
            let gone = try await desk.post("\(Self.base)/invoice", try Self.invoice)

            #expect(try rate.json()["errorText"].string?.hasPrefix("Cota tva a produsului") == true)
            #expect(closed.status == 200)
            #expect(try closed.json()["errorText"].string?.contains("perioada inchisa") == true)
            #expect(gone.status == 401)
        }
    }

    @Test("each pair of e-mail and token has books of its own; the token bad has none")
    func accounts() async throws {
        try await Self.open { desk in
            _ = try await desk.post("\(Self.base)/invoice", try Self.invoice)

            let other = try await desk.post(
                "\(Self.base)/invoice", try Self.invoice, headers: Self.login("me@example.org:other"))
            let bad = try await desk.send(
                "GET", "\(Self.base)/tax?cif=RO12345674", headers: Self.login("me@example.org:bad"))
            let none = try await desk.send(
                "GET", "\(Self.base)/tax?cif=RO12345674", headers: ["Authorization": ""])

            #expect(try other.json()["number"] == "0023")
            #expect(bad.status == 401)
            #expect(none.status == 401)
        }
    }

    @Test("one call too many silences the account, and only it, for ten minutes")
    func limits() async throws {
        try await Self.open { desk in
            let path = "\(Self.base)/tax?cif=RO12345674"
            // A longer window than the real one, so that a slow machine cannot spread the calls over two.
            try await desk.pull("limits", ["enabled": true, "window_seconds": 300])
            for _ in 0..<30 { #expect(try await desk.send("GET", path).status == 200) }

            let above = try await desk.send("GET", path)
            await desk.server.advanceClock(seconds: 599)
            let stillBlocked = try await desk.send("GET", path)
            let other = try await desk.send("GET", path, headers: Self.login("me@example.org:other"))
            await desk.server.advanceClock(seconds: 2)
            let free = try await desk.send("GET", path)

            #expect(above.status == 403)
            #expect(above.header("X-RateLimit-Limit") == "30")
            #expect(stillBlocked.status == 403)
            #expect(other.status == 200)
            #expect(free.status == 200)
        }
    }

    @Test("numbers begin where no earlier world has been: at the seconds since 2026 began")
    func numbers() async throws {
        try await SandboxDesk.open({ SmartBillSandbox($0) }, headers: Self.login("a@b.example:t")) { desk in
            let first = try await desk.post("\(Self.base)/invoice", try Self.invoice).json()["number"].string
            let number = try #require(first.flatMap { Int($0) })

            #expect(number > 28_000_000)
        }
    }
}
