// A refund in two steps. What is to go back is chosen first, in the address, and the page says who pays what;
// only the second form, which repeats those figures, starts it. Where they have moved meanwhile nothing is
// started, and the new ones are shown.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var refundEndpoints: [Endpoint] {
        guard let desk = ordersDesk else { return [] }
        let root = "/stores/:store/orders/:number/refund"
        return [
            privatePage(root) { request, account in try await refundPage(request, account).response() },
            privateForm(root) { try await startRefund($0, $1, desk) },
        ]
    }

    private func refundPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError] = [], hasChanged: Bool = false
    ) async throws -> RefundPage {
        let isPosted = request.method == "POST"
        let choice = RefundChoice { isPosted ? request.form[$0] : request.query[$0] }
        return try await inStore(request, account, may: .change) { tx in
            let order = try await Self.order(request, in: tx)
            let lines = try await Orders().lines(of: order.id, in: tx)
            let left = try await Refunds().refundable(of: order.id, in: tx)
            let wish = choice.wish(lines.map(\.id))
            var preview: RefundPreview?
            if let wish {
                preview = try await Refunds().preview(
                    wish.pieces, of: order.id, cause: wish.cause, in: tx)
            }
            return RefundPage(
                request: request, account: account, store: try await Stores().load(in: tx), order: order,
                lines: lines, left: left, choice: choice, wish: wish, preview: preview,
                isAsked: isPosted || request.query["cause"] != nil, hasChanged: hasChanged,
                problems: problems)
        }
    }

    private func startRefund(
        _ request: WebRequest, _ account: Account, _ desk: OrdersDesk
    ) async throws -> WebResponse {
        let ask: OrderAsk
        switch try Self.ask(request, account, needsReason: true) {
        case .success(let whole): ask = whole
        case .failure(let refusal):
            return try await refundPage(request, account, refusal.problems).response(status: 422)
        }
        let choice = RefundChoice { request.form[$0] }
        let started = try await inStore(
            request, account, may: .change
        ) { tx -> (tenant: TenantID, order: Order, outcome: OrdersDesk.RefundOutcome)? in
            let order = try await Self.order(request, in: tx)
            let lines = try await Orders().lines(of: order.id, in: tx)
            guard let wish = choice.wish(lines.map(\.id)),
                let seen = choice.seen(in: order.currency)
            else { return nil }
            return (
                tx.tenant, order, try await desk.refund(wish, of: order.id, seen: seen, ask, in: tx)
            )
        }
        guard let started else {
            let problem = FieldError("pieces", "Choose at least one piece.")
            return try await refundPage(request, account, [problem]).response(status: 422)
        }
        guard started.outcome == .started else {
            return try await refundPage(request, account, hasChanged: true).response(status: 409)
        }
        return Self.back(to: started.order, in: started.tenant, .refund)
    }
}

/// What was chosen, as the address or the form says it.
struct RefundChoice: Sendable {
    private let field: @Sendable (String) -> String?

    init(_ field: @escaping @Sendable (String) -> String?) {
        self.field = field
    }

    var isAll: Bool { field("all") == "1" }
    var cause: String { field("cause") ?? RefundCause.goodwill.rawValue }

    func count(of line: OrderLineID) -> String { field("line:\(line)") ?? "0" }

    /// Nil where nothing was chosen, or something that cannot be.
    func wish(_ lines: [OrderLineID]) -> OrdersDesk.RefundWish? {
        guard let cause = RefundCause(rawValue: cause), OrdersDesk.causes.contains(cause) else { return nil }
        if isAll { return OrdersDesk.RefundWish(pieces: nil, cause: cause) }
        var pieces: [OrderLineID: Int] = [:]
        for line in lines {
            guard let count = Int(count(of: line)), (0...Dashboard.pieceLimit).contains(count) else {
                return nil
            }
            if count > 0 { pieces[line] = count }
        }
        return pieces.isEmpty ? nil : OrdersDesk.RefundWish(pieces: pieces, cause: cause)
    }

    /// The figures that the merchant has agreed to.
    func seen(in currency: Currency) -> (shopper: Money, account: Money)? {
        guard let shopper = field("seen_shopper").flatMap({ Int64($0) }),
            let account = field("seen_account").flatMap({ Int64($0) })
        else { return nil }
        return (
            Money(minorUnits: shopper, currency: currency), Money(minorUnits: account, currency: currency)
        )
    }
}

private struct RefundPage: Sendable {
    let request: WebRequest
    let account: Account
    let store: Store
    let order: Order
    let lines: [OrderLine]
    /// Pieces by line that can still go back.
    let left: [OrderLineID: Int]
    let choice: RefundChoice
    let wish: OrdersDesk.RefundWish?
    let preview: RefundPreview?
    let isAsked: Bool
    let hasChanged: Bool
    let problems: [FieldError]

    private var root: String { "\(order.address(in: store.tenant))/refund" }

    func response(status: Int = 200) -> WebResponse {
        StorePage(
            request: request, account: account, store: store, place: .orders,
            title: "Refund order \(order.number)",
            main: """
                <p><a href="\(link: order.address(in: store.tenant))">Back to order \
                \(order.number.description)</a></p>\(changed)\(choices)\(isAsked ? answer : .empty)
                """
        ).response(status: status)
    }

    private var changed: HTML? {
        guard hasChanged else { return nil }
        return """
            <div class="note warn" role="alert"><p><strong>Nothing was refunded.</strong> The figures have \
            changed since you saw them; below are those of now.</p></div>
            """
    }

    private var choices: HTML {
        let counts = lines.compactMap { line -> HTML? in
            guard let open = left[line.id], open > 0 else { return nil }
            return FormField(
                "line:\(line.id)", line.title, choices: (0...open).map { ("\($0)", "\($0)") }
            ).html(choice.count(of: line.id), [])
        }
        let cause = FormField(
            "cause", "Why",
            hint: "After a return the supplier's credit, if there is one, is yours; goodwill gives none.",
            choices: OrdersDesk.causes.map { ($0.rawValue, $0.words) })
        let all: HTML = choice.isAll ? " checked" : ""
        return """
            <form method="get" action="\(link: root)" class="panel stack"><h2>What goes back</h2>\
            <p><label><input type="checkbox" name="all" value="1"\(all)> Everything that is left of the \
            payment</label></p><div class="fields">\(counts)\(cause.html(choice.cause, []))</div>\
            <p><button class="quiet">Show who pays what</button></p></form>
            """
    }

    private var answer: HTML {
        guard wish != nil else {
            return """
                <div class="note bad" role="alert" id="pieces"><p>Choose at least one piece, or everything \
                that is left.</p></div>
                """
        }
        guard let preview else {
            return """
                <div class="note warn" role="status"><p>Nothing of that can be refunded: it went back \
                already, or the order is not paid.</p></div>
                """
        }
        return
            "<section class=\"panel\"><h2>Who pays what</h2>\(figures(preview))"
            + "\(confirmation(preview))</section>"
    }

    private func figures(_ preview: RefundPreview) -> HTML {
        let fresh = preview.fresh.map { fresh -> [HTML] in
            let parts: [(String, Money)] = [
                ("Commission", fresh.commission), ("Catalogue fee", fresh.markup),
                ("Supplier", fresh.supplier), ("Card processing", fresh.processing),
            ]
            let rows = parts.filter { !$0.1.isZero }.map {
                "<dt>\($0.0), back to you</dt><dd>\($0.1.change)</dd>" as HTML
            }
            return [
                "<dt>Taken from your account</dt><dd>\((-fresh.amount).text)</dd>"
            ] + rows
        }
        let again: HTML? = preview.again.map {
            """
            <dt>Of it, made again because the bank sent it back (paid by us)</dt><dd>\($0.text)</dd>
            """
        }
        let kept = preview.keptAfterwards
        return """
            <dl class="money"><dt>The shopper gets</dt><dd>\(preview.amount.text)</dd>\(again)\
            \(fresh ?? [])<dt>Your account moves by</dt><dd>\(preview.merchantChange.change)</dd>\
            <dt class="kept">Of this order you then keep</dt>\
            <dd class="kept\(kept.isNegative ? " loss" : "")">\(kept.text)</dd></dl>
            """
    }

    private func confirmation(_ preview: RefundPreview) -> HTML {
        let pieces =
            choice.isAll
            ? [("all", "1")] : lines.map { ("line:\($0.id)", choice.count(of: $0.id)) }
        return FormView(
            request: request, action: root,
            fields: [
                FormField(
                    "reason", "Reason", hint: "Kept with the order; the shopper does not see it.")
            ], values: request.typed([FormField("reason", "")]), problems: problems,
            button: "Refund \(preview.amount.text) to the shopper",
            hidden: pieces + [
                ("cause", choice.cause), ("key", request.form["key"] ?? UUID().uuidString),
                ("seen_shopper", "\(preview.amount.minorUnits)"),
                ("seen_account", "\(preview.merchantChange.minorUnits)"),
            ]
        ).html
    }
}
