// The order's page put together: what waits for the merchant first, then the goods and the story, and at the
// side the money, the shopper and the papers.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// A form of the page, so that what was wrong with it is shown at it alone.
enum OrderForm: Equatable {
    case hold(AttentionItemID)
    case cancel, address
}

struct OrderPage: Sendable {
    let request: WebRequest
    let account: Account
    let record: OrderRecord
    let news: OrderNews?
    let form: OrderForm?
    let problems: [FieldError]
    let hasDesk: Bool
    let canChange: Bool

    private var order: Order { record.order }

    var html: HTML {
        let parts = parts
        return """
            \(news?.html)\(parts[0].html)
            <div class="split">\(parts[1].html)\(parts[2].html)</div>
            """
    }

    /// All of it moves as the order goes on: how it stands, what is done about it, and the money beside.
    var parts: [LivePart] {
        let late: HTML? = order.expiredAt.map { "<span class=\"fine\">expired \(HTML.time($0))</span>" }
        return [
            LivePart(
                "order-state",
                """
                <p>\(order.status.tags) \(late)</p>\
                <p class="fine">Placed \(HTML.time(order.placedAt))</p>
                """),
            LivePart(
                "order-goods",
                """
                \(holds)\(OrderQuestions(record: record).html)
                \(OrderGoods(record: record).html)\(changes)
                <section class="panel"><h2>Story</h2>\(OrderSteps(order: order).html)\
                \(OrderChronicle(record: record, account: account).html)</section>
                """),
            LivePart("order-money", "\(MoneyBox(record).html)\(refunds)\(shopper)\(papers)"),
        ]
    }

    // MARK: - What waits for the merchant

    private var holds: [HTML] {
        record.holds.map { hold in
            HoldBox(
                hold: hold, request: request, action: "\(record.address)/hold",
                mayAct: record.mayAct && hasDesk,
                problems: form == .hold(hold.holding.item) ? problems : []
            ).html
        }
    }

    private var changes: HTML? {
        guard canChange, record.mayAct else { return nil }
        return OrderChanges(
            request: request, record: record,
            cancelProblems: form == .cancel ? problems : [],
            addressProblems: form == .address ? problems : []
        ).html
    }

    // MARK: - Beside

    private var refunds: HTML? {
        let rows = record.refunds.map { refund in
            let amount = refund.breakdown.amount
            return """
                <li><div><span class="name">\(amount.text)</span><p class="fine">\
                \(refund.breakdown.cause.words)\
                 · of our fee back to you: \(refund.breakdown.feeRefund.text)</p></div>\
                \(refund.status.tag.html)</li>
                """ as HTML
        }
        let link: HTML? =
            record.mayAct && hasDesk && record.isRefundable
            ? "<p><a class=\"button quiet\" href=\"\(link: "\(record.address)/refund")\">Refund</a></p>" : nil
        guard !rows.isEmpty || link != nil else { return nil }
        let list: HTML = rows.isEmpty ? .empty : "<ul class=\"lines\">\(rows)</ul>"
        return "<section class=\"panel\"><h2>Refunds</h2>\(list)\(link)</section>"
    }

    private var shopper: HTML {
        let address = order.address
        let lines = [
            address.company, address.fullName, address.line,
            [address.postcode, address.city].joined(separator: " "), address.county,
            address.country.rawValue, address.vatNumber,
        ].compactMap(\.self).filter { !$0.isEmpty }
        let written = lines.map { "\($0)<br>" as HTML }
        let mail = PercentCoding.encode(order.email.rawValue)
        let orders = "\(StorePlace.orders.address(in: record.store.tenant))?q=\(mail)"
        let again: HTML? =
            record.mayAct && hasDesk && order.status.payment.hasBeenPaid
            ? request.button(
                "Send the confirmation again", at: "\(record.address)/confirmation", act: "send",
                hidden: [("key", UUID().uuidString)]) : nil
        return """
            <section class="panel"><h2>Shopper</h2><p>\(order.email.rawValue)<br>\(order.phone)</p>\
            <address>\(written)</address>\
            <p><a href="\(link: orders)">All orders of this address</a></p>\(again)</section>
            """
    }

    private var papers: HTML {
        let root = StorePlace.invoices.address(in: record.store.tenant)
        let rows = record.annex.papers.map { paper -> HTML in
            let name = paper.isCredit ? "Credit" : "Invoice"
            let words = "\(name) \(paper.number ?? "")"
            let title: HTML =
                paper.hasDocument
                ? "<a href=\"\(link: "\(root)/\(paper.id)/pdf")\">\(words) (PDF)</a>" : "\(words)"
            let problem: HTML? = paper.problem.map { "<p class=\"fine\">\($0)</p>" }
            let issued: HTML? = paper.issuedAt.map { "<p class=\"fine\">\(HTML.time($0))</p>" }
            return
                "<li><div><span class=\"name\">\(title)</span>\(issued)\(problem)</div>\(paper.tag.html)</li>"
        }
        let none: HTML = "<p>\(order.status.invoice.tag.html)</p>"
        return """
            <section class="panel"><h2>Invoice</h2>\
            \(rows.isEmpty ? none : "<ul class=\"lines\">\(rows)</ul>")\
            </section>
            """
    }
}

extension OrderAnnex.Paper {
    var tag: StatusTag {
        switch status {
        case .pending: InvoiceStatus.pending.tag
        case .retrying: InvoiceStatus.retrying.tag
        case .manual: InvoiceStatus.manual.tag
        case .issued: StatusTag("✓", isCredit ? "credited" : "invoiced", "good")
        case .storno: InvoiceStatus.storno.tag
        }
    }
}

/// Where the shopper's money goes, and what is left of it.
struct MoneyBox: Sendable {
    let sale: MarginBreakdown
    let commission: BasisPoints
    let isPaid: Bool
    /// What went back to shoppers, and how that moved the merchant's account.
    var refunded: Money?
    var refundChange: Money?
    /// What was accepted of a supplier's higher price. It is in the supplier's currency and on the month's
    /// invoice, so it is no part of what is left of the sale.
    var overrun: Money?

    init(
        _ sale: MarginBreakdown, commission: BasisPoints, isPaid: Bool, refunded: Money? = nil,
        refundChange: Money? = nil, overrun: Money? = nil
    ) {
        self.overrun = overrun
        self.sale = sale
        self.commission = commission
        self.isPaid = isPaid
        self.refunded = refunded
        self.refundChange = refundChange
    }

    init(_ record: OrderRecord) {
        let standing = record.refunds.filter { $0.status != .failed }
        let currency = record.order.currency
        self.init(
            record.order.total, commission: record.annex.commission,
            isPaid: record.order.status.payment.hasBeenPaid,
            refunded: standing.isEmpty ? nil : standing.map(\.breakdown.amount).total(currency),
            refundChange: record.refunds.isEmpty
                ? nil : Refunds.merchantChange(record.refunds, currency),
            overrun: record.overrun)
    }

    var kept: Money { sale.margin + (refundChange ?? .zero(sale.currency)) }

    var html: HTML {
        let lines: [(String, Money)] = [
            (isPaid ? "Customer paid" : "Customer pays", sale.gross), ("Supplier", -sale.supplier),
            ("Catalogue fee", -sale.markup), ("Commission \(commission.percentText)%", -sale.commission),
            ("Card processing", -sale.processing),
        ]
        let rows = lines.map { "<dt>\($0.0)</dt><dd>\($0.1.text)</dd>" as HTML }
        let back: HTML? = refunded.map { refunded in
            let fee = (refundChange ?? -refunded) + refunded
            return """
                <dt>Refunded to the shopper</dt><dd>\((-refunded).text)</dd>\
                <dt>Of our fee, back to you</dt><dd>\(fee.text)</dd>
                """
        }
        return """
            <section class="panel"><h2>Money</h2><dl class="money">\(rows)\(back)\
            <dt class="kept">\(isPaid ? "You keep" : "You would keep")</dt>\
            <dd class="kept\(kept.isNegative ? " loss" : "")">\(kept.text)</dd></dl>\(accepted)</section>
            """
    }

    private var accepted: HTML? {
        guard let overrun, !overrun.isZero else { return nil }
        return """
            <p class="fine">Supplier price difference you accepted: \(overrun.text), collected with your \
            <a href="\(link: Dashboard.billingPath)">monthly invoice</a> and not taken from this sale.</p>
            """
    }
}

/// The five steps, as the shopper sees them too.
struct OrderSteps: Sendable {
    let order: Order

    var html: HTML {
        let story = OrderStory(
            payment: order.status.payment, fulfilment: order.status.fulfilment,
            isExpired: order.expiredAt != nil)
        let steps = OrderStory.Step.allCases.map { step -> HTML in
            let state = story.state(of: step)
            let mark =
                switch state {
                case .done: "✓"
                case .stopped: "✕"
                case .now, .next: ""
                }
            let current: HTML = state == .now ? " aria-current=\"step\"" : ""
            let wait: HTML? =
                state == .now ? story.waiting.map { "<span class=\"fine\">\($0.merchantWords)</span>" } : nil
            return """
                <li class="\(state.rawValue)"\(current)><span class="mark" aria-hidden="true">\(mark)</span>\
                \(step.merchantWords)\(wait)</li>
                """
        }
        return "<ol class=\"steps\">\(steps)</ol>"
    }
}

extension OrderStory.Step {
    fileprivate var merchantWords: String {
        switch self {
        case .received: "Received"
        case .paid: "Paid"
        case .sent: "Sent to the supplier"
        case .shipped: "Shipped"
        case .delivered: "Delivered"
        }
    }
}

extension OrderStory.Waiting {
    fileprivate var merchantWords: String {
        switch self {
        case .preparing: "the payment is being prepared"
        case .payment: "waits for the shopper's payment"
        case .bank: "the shopper's bank is deciding"
        case .action: "the shopper has to confirm the payment"
        case .forwarding: "is being forwarded"
        case .supplier: "the supplier is packing it"
        case .clarification: "waits for an answer"
        case .rest: "a part is still to come"
        case .parcel: "the parcel is on its way"
        case .nothing: ""
        }
    }
}
