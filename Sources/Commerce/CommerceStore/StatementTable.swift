package import Commerce

// A month's statement for a spreadsheet. It has every part of what was invoiced, so whoever adds up the last
// column, in the currency of the invoice, comes to the invoice and the credit note together: an accountant
// will do just that.

package struct StatementTable: Sendable {
    private let statement: MonthStatement
    private let lines: [StatementLine]
    private let overruns: [AcceptedOverruns]
    private let invoiced: Money
    private let names: [TenantID: String]

    /// - Parameters:
    ///   - invoiced: the total of the month's invoice; nil where there was nothing to invoice.
    ///   - names: those of the account's stores.
    package init(
        _ statement: MonthStatement, _ lines: [StatementLine], _ overruns: [AcceptedOverruns],
        invoiced: Money?, names: [TenantID: String]
    ) {
        self.statement = statement
        self.lines = lines
        self.overruns = overruns
        self.invoiced = invoiced ?? .zero(statement.subscription.currency)
        self.names = names
    }

    /// One line of the table, before it is written.
    private struct Entry {
        let store: String
        let currency: Currency
        let kind: String
        var orders = ""
        var fees: FeeTotals?
        var supplier: Money?
        var priceDifferences: Money?
        var subscription: Money?
        var vatOnTop: Money?

        var invoiced: Money {
            [fees?.total, priceDifferences, subscription, vatOnTop].compactMap(\.self).total(currency)
        }

        func cells(_ month: BillingMonth) -> [String] {
            let zero = Money.zero(currency)
            let amounts = [
                fees?.markups, fees?.commissions, fees?.processing, supplier, priceDifferences, subscription,
                vatOnTop, invoiced,
            ]
            return [month.rawValue, store, currency.rawValue, kind, orders]
                + amounts.map { ($0 ?? zero).decimalText }
        }
    }

    private static let headings = [
        "month", "store", "currency", "kind", "orders", "markups", "commissions", "processing",
        "passed_to_suppliers", "price_differences", "subscription", "vat_on_subscription", "invoiced",
    ]

    package var table: PlatformReports.Table {
        let entries = sold + inBooks + accepted + [subscription]
        return PlatformReports.Table(
            headings: Self.headings, rows: entries.map { $0.cells(statement.month) })
    }

    private var books: Currency { statement.subscription.currency }

    private func name(_ store: TenantID, else former: String? = nil) -> String {
        names[store] ?? former ?? "\(store)"
    }

    private var sold: [Entry] {
        lines.map { line in
            Entry(
                store: name(line.store), currency: line.currency, kind: Self.kind(isCredit: line.isCredit),
                orders: "\(line.orders)", fees: line.fees, supplier: line.supplier)
        }
    }

    private static func kind(isCredit: Bool) -> String {
        isCredit ? "refunds of earlier months" : "sales"
    }

    /// What stores with another currency come to on the invoice: all of it less what is in its currency
    /// already.
    private var inBooks: [Entry] {
        [false, true].compactMap { isCredit in
            let kept = lines.filter { $0.isCredit == isCredit }
            guard kept.contains(where: { $0.currency != books }) else { return nil }
            let here = kept.filter { $0.currency == books }
            let all = isCredit ? statement.credits : statement.fees
            func rest(_ part: (FeeTotals) -> Money) -> Money {
                part(all) - here.map { part($0.fees) }.total(books)
            }
            return Entry(
                store: "", currency: books,
                kind: "\(Self.kind(isCredit: isCredit)) in other currencies, as invoiced",
                fees: FeeTotals(
                    markups: rest(\.markups), commissions: rest(\.commissions),
                    processing: rest(\.processing)))
        }
    }

    private var accepted: [Entry] {
        overruns.map { store in
            Entry(
                store: name(store.store, else: store.storeName), currency: books,
                kind: "supplier price differences accepted", orders: "\(store.orders.count)",
                priceDifferences: store.amount)
        }
    }

    /// The fees have their VAT inside, so what is left of the invoice is the VAT on the plan's price.
    private var subscription: Entry {
        let known = statement.fees.total + statement.overruns + statement.subscription
        let vat = invoiced.isZero ? .zero(books) : invoiced - known
        return Entry(
            store: "", currency: books, kind: "subscription", subscription: statement.subscription,
            vatOnTop: vat)
    }
}
