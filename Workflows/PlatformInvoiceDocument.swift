import Commerce
import CommerceStore
import FoundationEssentials

/// The invoice as a page of its own, kept as it was issued. What Art. 226 of the VAT directive asks for is on
/// it; supplier costs are named below the invoice, because they are passed on and no part of it.
struct PlatformInvoiceDocument {
    let invoice: PlatformInvoice
    let draft: PlatformInvoiceDraft
    let seller: PlatformIdentity
    let buyer: InvoiceParty
    let passedOn: Money

    var html: String {
        let title = draft.kind == .invoice ? "Invoice" : "Credit note"
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8">\
            <title>\(title) \(invoice.reference)</title></head><body>\
            <h1>\(title) \(invoice.reference)</h1>\
            <p>Issued on \(invoice.issuedOn), for \(invoice.month.title)</p>\
            \(parties)\(table)\(totals)\(mention)\(note)</body></html>
            """
    }

    private var parties: String {
        let sold = [
            seller.name, seller.address, "VAT \(seller.vatNumber)", seller.registration,
        ].filter { !$0.isEmpty }
        let bought = [
            buyer.name, buyer.address, buyer.country.rawValue, buyer.vatNumber.map { "VAT \($0)" } ?? "",
        ].filter { !$0.isEmpty }
        return "<h2>Seller</h2><p>\(lines(sold))</p><h2>Buyer</h2><p>\(lines(bought))</p>"
    }

    private var table: String {
        let rows = draft.lines.map { line in
            "<tr><td>\(LetterText.escaped(line.title))</td><td>\(line.net.decimalText)</td>"
                + "<td>\(line.kind == .overrun ? "–" : draft.vat.rate.description)</td>"
                + "<td>\(line.vat.decimalText)</td>"
                + "<td>\(line.gross.decimalText)</td></tr>"
        }
        return "<table><thead><tr><th>Description</th><th>Net</th><th>VAT rate</th><th>VAT</th>"
            + "<th>Total \(draft.currency.rawValue)</th></tr></thead><tbody>\(rows.joined())</tbody></table>"
    }

    private var totals: String {
        "<dl><dt>Net</dt><dd>\(draft.net.decimalText)</dd><dt>VAT</dt><dd>\(draft.taxes.decimalText)</dd>"
            + "<dt>Total</dt><dd>\(draft.total.decimalText)</dd>"
            + "<dt>Settled at checkout</dt><dd>\((-draft.withheld).decimalText)</dd>"
            + "<dt>Amount due</dt><dd>\(draft.due.decimalText)</dd></dl>"
    }

    private var mention: String {
        draft.vat.mention.map { "<p>\(LetterText.escaped($0))</p>" } ?? ""
    }

    private var note: String {
        let withheld =
            passedOn.isZero
            ? ""
            : "<p>Passed on to suppliers in this month, no part of this invoice: "
                + "\(passedOn.decimalText) \(passedOn.currency.rawValue)</p>"
        guard draft.lines.contains(where: { $0.kind == .overrun }) else { return withheld }
        return withheld
            + "<p>Supplier price differences are what you accepted to pay above the price of the sale. They "
            + "are passed on as the supplier charged them, and no VAT is charged on them here.</p>"
    }

    private func lines(_ texts: [String]) -> String {
        texts.map(LetterText.escaped).joined(separator: "<br>")
    }
}
