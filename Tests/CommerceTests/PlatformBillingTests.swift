import Testing

@testable import Commerce

@Suite("Platform billing")
struct PlatformBillingTests {
    private static let november = BillingMonth(year: 2026, month: 11)

    private func vat(_ buyer: String, checked: Bool = false) throws -> PlatformVAT {
        try PlatformVAT(
            seller: .romania, buyer: CountryCode(unchecked: buyer), hasCheckedNumber: checked)
    }

    @Test("the rule book's example: 31.96 in all, of which 22.99 is due")
    func golden() throws {
        let statement = PlatformStatement(
            markups: .eur(350), commissions: .eur(547), processing: .eur(0), subscription: .eur(1900),
            vat: try vat("RO").rate)

        let drafted = PlatformInvoiceDraft.invoice(
            statement, plan: "Pro", month: Self.november, vat: try vat("RO"))
        let draft = try #require(drafted)

        #expect(draft.total == .eur(3196))
        #expect(draft.withheld == .eur(897))
        #expect(draft.due == .eur(2299))
        #expect(draft.lines.map(\.kind) == [.subscription, .markup, .commission])
        #expect(draft.lines.filter(\.isWithheld).map(\.vat).total(.eur) == .eur(156))
        #expect(draft.net + draft.taxes == draft.total)
    }

    @Test("what was accepted of suppliers' prices is due without VAT, and alone makes an invoice")
    func overruns() throws {
        let numbers = (1...10).compactMap { OrderNumber(rawValue: 1_000 + $0) }
        let stores = [
            AcceptedOverruns(store: TenantID(), storeName: "Lumina", amount: .eur(230), orders: numbers),
            AcceptedOverruns(store: TenantID(), storeName: "Casa", amount: .eur(-80), orders: []),
            AcceptedOverruns(store: TenantID(), storeName: "Even", amount: .eur(0), orders: []),
        ]
        let statement = PlatformStatement(
            markups: .eur(0), commissions: .eur(0), processing: .eur(0), subscription: .eur(0),
            overruns: .eur(150), vat: try vat("RO").rate)

        let drafted = PlatformInvoiceDraft.invoice(
            statement, plan: "Free", month: Self.november, vat: try vat("RO"), overruns: stores)
        let draft = try #require(drafted)

        #expect(draft.lines.map(\.kind) == [.overrun, .overrun])
        #expect(draft.total == .eur(150) && draft.due == .eur(150) && draft.taxes.isZero)
        #expect(statement.due == .eur(150))
        #expect(draft.lines[0].title.contains("Lumina, orders #1001, #1002"))
        #expect(draft.lines[0].title.contains("#1008 and 2 more"))
    }

    @Test("a month of nothing has neither invoice nor credit note")
    func nothing() throws {
        let statement = PlatformStatement(
            markups: .eur(0), commissions: .eur(0), processing: .eur(0), subscription: .eur(0),
            vat: try vat("RO").rate)
        let none = FeeTotals(markups: .eur(0), commissions: .eur(0), processing: .eur(0))

        #expect(
            PlatformInvoiceDraft.invoice(statement, plan: "Free", month: Self.november, vat: try vat("RO"))
                == nil)
        #expect(PlatformInvoiceDraft.creditNote(none, month: Self.november, vat: try vat("RO")) == nil)
    }

    @Test("VAT inside a credit is negative, and its shares add up", arguments: UInt64(1)...40)
    func credits(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let credits = FeeTotals(
            markups: .eur(-Int64.random(in: 0...5_000, using: &random)),
            commissions: .eur(-Int64.random(in: 1...50_000, using: &random)),
            processing: .eur(-Int64.random(in: 0...500, using: &random)))
        let rule = try vat("RO")

        let drafted = PlatformInvoiceDraft.creditNote(credits, month: Self.november, vat: rule)
        let draft = try #require(drafted)
        let posted = try LedgerTransaction.platformCreditIssued(
            PlatformInvoiceID(), credits, vat: rule, at: Sample.now)

        #expect(draft.total == credits.total, "seed \(seed)")
        #expect(draft.due.isZero, "seed \(seed)")
        #expect(
            posted.change(of: .vatPayable(.romania), in: .eur)
                == -TaxedAmount(gross: credits.total, rate: rule.rate).vat, "seed \(seed)")
    }

    @Test("merchants elsewhere: reverse charge with a checked number, none outside the Union")
    func elsewhere() throws {
        #expect(try vat("DE", checked: true).rule == .reverseCharge)
        #expect(try vat("DE", checked: true).rate == .zero)
        #expect(try vat("DE").rule == .domestic)
        #expect(try vat("DE").rate == .percent(21))
        #expect(try vat("CH").rule == .outside)
        #expect(try vat("DE", checked: true).mention?.contains("Reverse charge") == true)
    }

    @Test("an upgrade pays the days that are left, a downgrade and the same plan nothing")
    func moves() throws {
        #expect(
            try PlanMove(from: .pro, to: .business, daysLeft: 10, daysInMonth: 30)
                == .upgrade(charge: .eur(1000), daysLeft: 10, daysInMonth: 30))
        #expect(try PlanMove(from: .business, to: .free, daysLeft: 10, daysInMonth: 30) == .downgrade)
        #expect(try PlanMove(from: .pro, to: .pro, daysLeft: 10, daysInMonth: 30) == .stay)
    }

    @Test("months follow each other over the years")
    func months() throws {
        #expect(BillingMonth(year: 2026, month: 12).next.rawValue == "2027-01")
        #expect(BillingMonth.ended(before: 2027, 1).rawValue == "2026-12")
        #expect(Self.november.title == "November 2026")
        for wrong in ["2026-13", "2026-1", "26-11", "2026-11-01", ""] {
            #expect(BillingMonth(rawValue: wrong) == nil, "\(wrong)")
        }
    }
}
