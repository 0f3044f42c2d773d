// The parts of the order's page: the goods by supplier, what a supplier order waits for, and the story.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// What was sold, by who sends it.
struct OrderGoods: Sendable {
    let record: OrderRecord

    var html: HTML {
        let groups = record.annex.suppliers.map { supplier in
            group(supplier.id, "\(supplier.name)", supplier.state.tag.html, details(supplier))
        }
        let waiting = record.units.contains { $0.supplierOrder == nil }
        let rest: HTML? = waiting ? group(nil, "Not divided among suppliers yet", .empty, .empty) : nil
        return "<section class=\"panel\"><h2>Items</h2>\(groups)\(rest)\(sums)</section>"
    }

    private func group(
        _ id: SupplierOrderID?, _ name: String, _ tag: HTML, _ details: HTML
    ) -> HTML {
        let lines = record.lines.compactMap { line -> HTML? in
            let units = record.units.filter { $0.line == line.id && $0.supplierOrder == id }
            guard !units.isEmpty else { return nil }
            let states = UnitState.allCases.compactMap { state -> String? in
                let count = units.count { $0.state == state }
                return count == 0 ? nil : "\(count) \(state.words)"
            }
            let price = line.line.wish.unitPrice
            return """
                <li><div><span class="name">\(units.count) × \(line.title)</span>\
                <p class="fine">\(line.sku.rawValue) · \(price.text) each · \
                \(states.joined(separator: ", "))</p></div></li>
                """
        }
        return "<h3>\(name) \(tag)</h3>\(details)<ul class=\"lines\">\(lines)</ul>"
    }

    private func details(_ supplier: OrderAnnex.SupplierPart) -> HTML {
        let parcels = record.parcels.filter { $0.supplierOrder == supplier.id }.map { parcel -> HTML in
            let number: HTML =
                parcel.url.map { "<a href=\"\(link: $0)\" rel=\"noreferrer\">\(parcel.trackingNumber)</a>" }
                ?? "\(parcel.trackingNumber)"
            let state: HTML =
                parcel.deliveredAt.map { "delivered \(HTML.time($0))" }
                ?? "shipped \(HTML.time(parcel.shippedAt))"
            return "<li>\(parcel.carrier) \(number), \(state)</li>"
        }
        let list: HTML? = parcels.isEmpty ? nil : "<ul class=\"parcels\">\(parcels)</ul>"
        let theirs =
            supplier.externalIDs.isEmpty ? "" : " · theirs \(supplier.externalIDs.joined(separator: ", "))"
        let byHand: HTML? = supplier.givenToMerchantAt.map {
            "<p>You order this one yourself, with the reference below. Given to you \(HTML.time($0)).</p>"
        }
        let problem: HTML? = supplier.problem.map { "<p>\($0)</p>" }
        return "\(byHand)\(problem)<p class=\"fine\">Our reference \(supplier.reference)\(theirs)</p>\(list)"
    }

    private var sums: HTML {
        let order = record.order
        let discount: HTML? =
            order.discount.isZero
            ? nil : "<dt>Discount</dt><dd>\((-order.discount).text)</dd>"
        return """
            <dl class="sums"><dt>Goods</dt><dd>\(order.goods.text)</dd>\(discount)\
            <dt>Shipping</dt><dd>\(order.shipping.text)</dd>\
            <dt class="total">Total</dt><dd class="total">\(order.total.gross.text)</dd></dl>
            """
    }
}

extension UnitState {
    fileprivate var words: String {
        switch self {
        case .allocated: "to forward"
        case .forwarded: "ordered"
        case .shipped: "shipped"
        case .delivered: "delivered"
        case .canceled: "canceled"
        case .returned: "returned"
        }
    }
}

/// What a supplier order waits for, and the answers there are.
struct HoldBox: Sendable {
    let hold: OrderRecord.Hold
    let request: WebRequest
    let action: String
    let mayAct: Bool
    let problems: [FieldError]

    /// An order can be held up by several suppliers, each with a form of its own.
    static func reasonField(_ item: AttentionItemID) -> String { "reason-\(item)" }

    var html: HTML {
        """
        <section class="note warn" id="hold-\(hold.holding.item.description)">\
        <h2>\(hold.holding.kind.tag.html) \(hold.holding.supplier)</h2><p>\(hold.holding.message)</p>
        \(mayAct ? form : .empty)</section>
        """
    }

    private var form: HTML {
        let holding = hold.holding
        let buttons = holding.answers.map { answer -> HTML in
            let style: HTML = answer == .cancel ? " class=\"quiet\"" : ""
            return "<button name=\"act\" value=\"\(answer.rawValue)\"\(style)>\(answer.words)</button> "
        }
        let name = Self.reasonField(holding.item)
        let field = FormField(
            name, "Reason", hint: "Needed to cancel. Kept with the order; the shopper does not see it.")
        return """
            <form method="post" action="\(link: action)" class="stack" novalidate>\(request.formTokenField)\
            <input type="hidden" name="item" value="\(holding.item.description)">\
            <input type="hidden" name="key" value="\(UUID().uuidString)">
            \(field.html(problems.isEmpty ? "" : request.form[name] ?? "", problems))
            <ul class="fine">\(consequences)</ul><p class="acts">\(buttons)</p></form>
            """
    }

    private var consequences: [HTML] {
        hold.holding.answers.compactMap { answer in
            switch answer {
            case .retry:
                "<li><strong>\(answer.words)</strong>: the supplier is asked once more; nothing is paid "
                    + "twice.</li>"
            case .acceptPrice:
                hold.holding.asked.map { asked in
                    """
                    <li><strong>\(answer.words)</strong>: the supplier may charge up to \(asked.text) for \
                    all of it. Your part of the rise, as said above, is added to what you owe us. Should \
                    the supplier ask more in the end, you are asked again.</li>
                    """
                }
            case .cancel:
                hold.ifCanceled.map { preview in
                    """
                    <li><strong>\(answer.words)</strong>: the shopper gets \(preview.amount.text) back, your \
                    account moves by \(preview.merchantChange.change), and of this order you then keep \
                    \(preview.keptAfterwards.text).</li>
                    """
                }
            }
        }
    }
}

extension SupplierReview.Word {
    var words: String {
        switch self {
        case .retry: "Try again"
        case .acceptPrice: "Accept the price"
        case .cancel: "Cancel and refund"
        }
    }
}

/// Open questions that no form of this page answers.
struct OrderQuestions: Sendable {
    let record: OrderRecord

    var html: HTML {
        let answered = Set(record.holds.map(\.holding.message))
        let due = record.disputes.first { $0.status.wantsEvidence && $0.evidenceSubmittedAt == nil }
        let dispute: HTML? = due.map { dispute in
            let until: HTML =
                dispute.evidenceDueBy.map { " It must be answered by \(HTML.time($0))." } ?? .empty
            return """
                <div class="note bad"><p><strong>The shopper asked the bank for \(dispute.amount.text) back.\
                </strong>\(until)</p></div>
                """
        }
        let notes = record.annex.questions.filter { !answered.contains($0.message) }.map { question -> HTML in
            let tag = AttentionKind(rawValue: question.kind)?.tag.html
            let path = Dashboard.questionPath(question.item, in: record.store.tenant)
            let close: HTML? = record.mayAct ? " <a href=\"\(link: path)\">Close it</a>" : nil
            return "<div class=\"note warn\"><p>\(tag) \(question.message)\(close)</p></div>"
        }
        return "\(dispute)\(notes)"
    }
}

/// Everything that has happened, oldest first.
struct OrderChronicle: Sendable {
    let record: OrderRecord
    let account: Account

    var html: HTML {
        let events = (sale + supply + paper + acts).sorted { $0.at < $1.at }
        let rows = events.map { "<li>\(HTML.time($0.at))\($0.words)</li>" as HTML }
        return "<ol class=\"story\">\(rows)</ol>"
    }

    private typealias Event = (at: Date, words: String)

    private var sale: [Event] {
        let order = record.order
        var events: [Event] = [(order.placedAt, "The shopper placed the order.")]
        if let paid = order.paidAt { events.append((paid, "\(order.total.gross.text) was paid.")) }
        if let expired = order.expiredAt { events.append((expired, "The order expired unpaid.")) }
        if let closed = order.closedAt { events.append((closed, "Closed: nobody can withdraw any more.")) }
        for withdrawal in record.withdrawals {
            events.append((withdrawal.submittedAt, "The shopper withdrew from the contract."))
            if let received = withdrawal.receivedAt { events.append((received, "The goods came back.")) }
        }
        return events
    }

    private var supply: [Event] {
        var events: [Event] = []
        for supplier in record.annex.suppliers {
            if let at = supplier.submittedAt { events.append((at, "Ordered at \(supplier.name).")) }
            if let at = supplier.givenToMerchantAt {
                events.append((at, "Given to you to order at \(supplier.name)."))
            }
            if let at = supplier.deliveredAt { events.append((at, "\(supplier.name) has delivered.")) }
        }
        return events
            + record.parcels.map { ($0.shippedAt, "\($0.carrier) took parcel \($0.trackingNumber).") }
    }

    private var paper: [Event] {
        record.annex.papers.compactMap { paper in
            paper.issuedAt.map {
                ($0, "\(paper.isCredit ? "Credit" : "Invoice") \(paper.number ?? "") issued.")
            }
        }
            + record.letters.map { ($0.at, "Letter to the shopper: \($0.subject)") }
            + record.refunds.compactMap { refund in
                refund.settledAt.map {
                    ($0, "\(refund.breakdown.amount.text) refunded: \(refund.breakdown.cause.words).")
                }
            }
    }

    private var acts: [Event] {
        record.annex.acts.map { act in
            let who =
                switch act.actor {
                case account.id.actor: "You"
                case "shopper": "The shopper"
                case let other where other.hasPrefix("user:"): "Somebody of your team"
                default: "The platform"
                }
            let reason = act.reason.map { ": \($0)" } ?? ""
            return (act.at, "\(who) \(Self.words(act.action))\(reason)")
        }
    }

    private static func words(_ action: String) -> String {
        switch action {
        case "order.refund_asked": "asked for a refund"
        case "order.hold_retry": "let the supplier be asked again"
        case "order.hold_accept_price": "accepted the supplier's price"
        case "order.hold_cancel": "canceled what the supplier holds up"
        case "order.hold_answer_dropped": "left an answer aside"
        case "order.confirmation_repeated": "sent the confirmation again"
        case "order.canceled_units": "canceled pieces"
        case "order.address_corrected": "corrected the address"
        default: action.replacing(".", with: " ").replacing("_", with: " ")
        }
    }
}
