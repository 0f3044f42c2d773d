import FoundationEssentials

/// What a merchant has accepted to pay of suppliers' higher prices in one store, as a month's invoice asks
/// for it.
///
/// It is the supplier's price, passed on as it is: like what is withheld for suppliers at checkout it is no
/// turnover of the platform's and carries no VAT here. Unlike that it was not withheld, so it is due.
package struct AcceptedOverruns: Hashable, Sendable {
    package let store: TenantID
    package let storeName: String
    /// Negative where suppliers gave back more than was accepted anew.
    package let amount: Money
    /// The orders it came from, in the order of their numbers.
    package let orders: [OrderNumber]

    package init(store: TenantID, storeName: String, amount: Money, orders: [OrderNumber]) {
        self.store = store
        self.storeName = storeName
        self.amount = amount
        self.orders = orders
    }

    /// More are counted, since a line has to be read.
    private static let namedOrders = 8

    /// What the invoice calls it.
    package func title(in month: BillingMonth) -> String {
        let named = orders.prefix(Self.namedOrders).map(\.description).joined(separator: ", ")
        let more = orders.count - Self.namedOrders
        let list = more > 0 ? "\(named) and \(more) more" : named
        let place = list.isEmpty ? "" : ", orders \(list)"
        return "Supplier price differences accepted, \(storeName.prefix(80))\(place), \(month.title)"
    }
}

extension LedgerTransaction {
    /// An account is billed with its home store, and owes there what its other stores have accepted. Nothing
    /// where the home store alone has accepted something: it is owed in its books already.
    ///
    /// | account | the home's books | another store's |
    /// |---|---|---|
    /// | merchant_receivable:{store} | + all - its own part | - its part |
    /// | clearing:billing | - all + its own part | + its part |
    ///
    /// - Parameters:
    ///   - part: what the store itself has accepted.
    ///   - all: what is billed with this store: everything for the home, nothing for the others.
    package static func overrunsBilled(
        _ month: BillingMonth, with home: TenantID, in store: TenantID, part: Money, all: Money, at now: Date
    ) throws(CommerceError) -> LedgerTransaction? {
        guard part != all else { return nil }
        return try LedgerTransaction(
            LedgerSource(.platformInvoice, "\(home):\(month)", .billed), at: now,
            [
                Posting(.merchantReceivable(store), all - part),
                Posting(.clearing(.billing), part - all),
            ])
    }
}
