import Commerce
import Foundation
import SmartBill
import Testing
import VendorHTTP
import VendorSandbox

// The client of CartFlux against a SmartBill that keeps state, loses answers and answers late.

@Suite("The SmartBill client against the sandbox")
struct SandboxSmartBillClientTests {
    private static func open(
        timeout: Duration = .seconds(5), _ body: (SmartBillClient, SandboxDesk) async throws -> Void
    ) async throws {
        try await SandboxDesk.open({ SmartBillSandbox($0) }, headers: [:]) { desk in
            let client = SmartBillClient(
                credentials: SmartBillCredentials(
                    email: "me@example.org", token: "token", companyCode: "RO12345674"),
                base: desk.server.baseURL + "/SBORO/api", timeout: timeout)
            try await body(client, desk)
        }
    }

    private static let invoice: SmartBillInvoice = {
        let tax = SmartBillTax(name: "Normala", percentage: "21")
        return SmartBillInvoice(
            series: "CFX",
            buyer: SmartBillBuyer(
                name: "Ana Exemplu", address: "Str. Exemplu 10", city: "Cluj-Napoca", county: "Cluj",
                country: "Romania"),
            currency: .ron,
            lines: [
                .init(
                    .item(name: "Lampă", code: "V1", quantity: 3, price: .ron(7481), isService: false),
                    tax: tax),
                .init(.discount(name: "Reducere 10%", lines: 1, value: .ron(2244)), tax: tax),
            ],
            payment: .init(value: .ron(20_199)), issueDate: SmartBillDate(year: 2026, month: 11, day: 22),
            mentions: "Comanda CF-2026-000123", observations: "CFX-1")
    }()

    @Test("an invoice is issued, paid, read and reversed")
    func mainPath() async throws {
        try await Self.open { client, _ in
            let next = try #require(try await client.series(.invoice).first { $0.name == "CFX" }).nextNumber
            #expect(try await client.taxes().contains(SmartBillTax(name: "Normala", percentage: "21")))

            let document = try #require(try await client.issue(Self.invoice).document)

            #expect(document.number == String(next))
            let status = try await client.paymentStatus(of: document, in: .ron)
            #expect(status.total == .ron(20_199))
            #expect(status.unpaid == .ron(0))
            let pdf = try await client.pdf(of: document)
            #expect(String(decoding: pdf, as: UTF8.self).contains("Comanda CF-2026-000123"))
            let storno = try await client.reverse(document, on: SmartBillDate(year: 2026, month: 12, day: 1))
            #expect(storno.document != nil)
            let again = await #expect(throws: SmartBillFailure.self) { try await client.reverse(document) }
            guard case .refused(.alreadyReversed, _) = again?.reason else {
                Issue.record("\(String(describing: again))")
                return
            }
        }
    }

    @Test("an invoice that is issued after the caller gave up is there all the same")
    func lateAnswer() async throws {
        try await Self.open(timeout: .seconds(3)) { client, desk in
            desk.server.workbench.inject(
                Fault("POST /SBORO/api/invoice", .latency, latency: .milliseconds(5000), count: 1))

            let failure = await #expect(throws: SmartBillFailure.self) {
                try await client.issue(Self.invoice)
            }

            #expect(failure?.mayHaveHappened == true)
            for _ in 0..<400 where try await desk.objects("invoices").isEmpty {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try await desk.objects("invoices").count == 1)
        }
    }

    @Test("too many calls come out as a block of ten minutes")
    func blocked() async throws {
        try await Self.open { client, desk in
            try await desk.pull("limits", ["enabled": true, "calls": 1])
            _ = try await client.taxes()

            let failure = await #expect(throws: SmartBillFailure.self) { try await client.taxes() }

            guard case .blocked = failure?.reason else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
    }
}
