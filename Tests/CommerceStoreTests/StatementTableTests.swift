import Commerce
import Testing

@testable import CommerceStore

@Suite("The statement for a spreadsheet")
struct StatementTableTests {
    private let month = BillingMonth(rawValue: "2026-10")!
    private let home = TenantID()
    private let other = TenantID()

    private func fees(_ markups: Int64, _ commissions: Int64, _ currency: Currency = .eur) -> FeeTotals {
        FeeTotals(
            markups: Money(minorUnits: markups, currency: currency),
            commissions: Money(minorUnits: commissions, currency: currency), processing: .zero(currency))
    }

    private func line(_ store: TenantID, _ fees: FeeTotals, isCredit: Bool = false) -> StatementLine {
        StatementLine(
            store: store, currency: fees.markups.currency, isCredit: isCredit, orders: 2, fees: fees,
            supplier: .zero(fees.markups.currency))
    }

    @Test("what is in the invoice's currency adds up to the invoice and the credit note")
    func adds() throws {
        let vat = try PlatformVAT(seller: .romania, buyer: .romania, hasCheckedNumber: false)
        // 1.00 and 2.00 of the second store were 5.00 and 10.00 lei.
        let statement = MonthStatement(
            month: month, plan: .pro, subscription: .eur(1900), fees: fees(450, 747),
            credits: fees(-50, -75), supplier: .eur(0), overruns: .eur(123))
        let overruns = [AcceptedOverruns(store: home, storeName: "Lumina", amount: .eur(123), orders: [])]
        let sums = PlatformStatement(
            markups: statement.fees.markups, commissions: statement.fees.commissions,
            processing: statement.fees.processing, subscription: statement.subscription,
            overruns: statement.overruns, vat: vat.rate)
        let invoice = try #require(
            PlatformInvoiceDraft.invoice(sums, plan: "Pro", month: month, vat: vat, overruns: overruns))
        let credit = try #require(
            PlatformInvoiceDraft.creditNote(statement.credits, month: month, vat: vat))

        let table = StatementTable(
            statement,
            [
                line(home, fees(350, 547)), line(home, fees(-50, -75), isCredit: true),
                line(other, fees(500, 1000, .ron)),
            ], overruns, invoiced: invoice.total, names: [home: "Lumina"]
        ).table

        let last = table.headings.count - 1
        #expect(table.headings[last] == "invoiced")
        #expect(table.rows.allSatisfy { $0.count == table.headings.count })
        let parts = try table.rows.filter { $0[2] == "EUR" }.map { try Money(exactly: $0[last], .eur) }
        #expect(parts.total(.eur) == invoice.total + credit.total)
        let elsewhere = "sales in other currencies, as invoiced"
        #expect(table.rows.contains { $0[3] == elsewhere && $0[last] == "3.00" })
        #expect(table.rows.contains { $0[1] == "Lumina" && $0[9] == "1.23" })
        #expect(table.rows.contains { $0[3] == "subscription" && $0[11] == "3.99" })
    }

    @Test("a month of fees alone has no VAT on a plan's price")
    func free() throws {
        let statement = MonthStatement(
            month: month, plan: .free, subscription: .eur(0), fees: fees(0, 75), credits: fees(0, 0),
            supplier: .eur(0), overruns: .eur(0))

        let table = StatementTable(
            statement, [line(home, fees(0, 75))], [], invoiced: .eur(75), names: [:]
        ).table

        #expect(table.rows.map { $0.last } == ["0.75", "0.00"])
    }
}
