// What an invoice of the platform says, computed once from a month's statement. A month has at most two
// papers: the invoice for what was sold and subscribed in it, and a credit note for what refunds took back
// of orders that earlier invoices were for. The fees on both were settled at checkout, so neither adds to
// what is due.

/// The transaction fees of a month, by kind, with the VAT inside them.
package struct FeeTotals: Hashable, Sendable, Codable {
    package let markups: Money
    package let commissions: Money
    package let processing: Money

    package init(markups: Money, commissions: Money, processing: Money) {
        self.markups = markups
        self.commissions = commissions
        self.processing = processing
    }

    package var total: Money { markups + commissions + processing }
    package var isZero: Bool { markups.isZero && commissions.isZero && processing.isZero }

    /// The VAT inside, given to each kind so that the parts add up.
    package func vatShares(at rate: BasisPoints) -> [Money] {
        let vat = TaxedAmount(gross: total, rate: rate).vat
        let weights = [markups, commissions, processing].map {
            vat.isNegative ? max(0, -$0.minorUnits) : max(0, $0.minorUnits)
        }
        guard weights.contains(where: { $0 > 0 }) else {
            return [.zero(vat.currency), vat, .zero(vat.currency)]
        }
        let shares = vat.magnitude.split(by: weights)
        return vat.isNegative ? shares.map { -$0 } : shares
    }
}

/// One paper, before it has a number.
package struct PlatformInvoiceDraft: Hashable, Sendable, Codable {
    /// Raw values are stored.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case invoice
        case creditNote = "credit_note"
    }

    package struct Line: Hashable, Sendable, Codable {
        /// Raw values are stored.
        package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
            case subscription, markup, commission, processing
            /// A supplier's higher price that was accepted, passed on without VAT.
            case overrun
        }

        package let kind: Kind
        package let title: String
        package let net: Money
        package let vat: Money
        /// Settled at checkout.
        package let isWithheld: Bool

        package var gross: Money { net + vat }

        package init(kind: Kind, title: String, net: Money, vat: Money, isWithheld: Bool) {
            self.kind = kind
            self.title = title
            self.net = net
            self.vat = vat
            self.isWithheld = isWithheld
        }
    }

    package let kind: Kind
    package let month: BillingMonth
    package let vat: PlatformVAT
    package let lines: [Line]
    package let currency: Currency

    package var net: Money { lines.map(\.net).total(currency) }
    package var taxes: Money { lines.map(\.vat).total(currency) }
    package var total: Money { net + taxes }
    package var withheld: Money { lines.filter(\.isWithheld).map(\.gross).total(currency) }
    package var due: Money { total - withheld }

    /// The month's invoice; nil where nothing was sold, nothing is subscribed and nothing was accepted.
    package static func invoice(
        _ statement: PlatformStatement, plan: String, month: BillingMonth, vat: PlatformVAT,
        overruns: [AcceptedOverruns] = []
    ) -> PlatformInvoiceDraft? {
        guard !statement.isEmpty else { return nil }
        let subscription = statement.subscription
        var lines: [Line] = []
        if !subscription.gross.isZero {
            lines.append(
                Line(
                    kind: .subscription, title: "\(plan) plan, \(month.title)", net: subscription.net,
                    vat: subscription.vat, isWithheld: false))
        }
        let fees = FeeTotals(
            markups: statement.markups, commissions: statement.commissions, processing: statement.processing)
        lines += feeLines(fees, vat, "\(month.title)")
        lines += overruns.filter { !$0.amount.isZero }.map { store in
            Line(
                kind: .overrun, title: store.title(in: month), net: store.amount,
                vat: .zero(store.amount.currency), isWithheld: false)
        }
        return PlatformInvoiceDraft(
            kind: .invoice, month: month, vat: vat, lines: lines, currency: subscription.gross.currency)
    }

    /// What refunds of the month took back of earlier invoices; nil where that is nothing.
    package static func creditNote(
        _ credits: FeeTotals, month: BillingMonth, vat: PlatformVAT
    ) -> PlatformInvoiceDraft? {
        guard !credits.isZero else { return nil }
        return PlatformInvoiceDraft(
            kind: .creditNote, month: month, vat: vat,
            lines: feeLines(credits, vat, "refunds in \(month.title) of orders invoiced earlier"),
            currency: credits.total.currency)
    }

    private static func feeLines(_ fees: FeeTotals, _ vat: PlatformVAT, _ what: String) -> [Line] {
        let kinds: [(Line.Kind, String, Money)] = [
            (.markup, "Catalogue markups", fees.markups), (.commission, "Commissions", fees.commissions),
            (.processing, "Card processing", fees.processing),
        ]
        return zip(kinds, fees.vatShares(at: vat.rate)).compactMap { kind, tax in
            guard !kind.2.isZero || !tax.isZero else { return nil }
            return Line(
                kind: kind.0, title: "\(kind.1), \(what)", net: kind.2 - tax, vat: tax, isWithheld: true)
        }
    }
}
