// One order: everything on record of it, and what a merchant may do about it. Who may only read sees no
// forms; who posts one all the same is refused by the transaction that would do it.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// Everything that the page of an order shows.
struct OrderRecord: Sendable {
    let store: Store
    let role: StoreRole
    let order: Order
    let lines: [OrderLine]
    let units: [SoldUnit]
    let annex: OrderAnnex
    let parcels: [TrackedParcel]
    let refunds: [Refund]
    let disputes: [Dispute]
    let withdrawals: [Withdrawal]
    let letters: [Emails.Sent]
    let holds: [Hold]
    let canBeReaddressed: Bool
    let isRefundable: Bool
    /// What was accepted of a supplier's higher price.
    let overrun: Money?

    /// A question with what it would cost to give up.
    struct Hold: Sendable {
        let holding: SupplierHolding
        let ifCanceled: RefundPreview?
    }

    var mayAct: Bool { role.may(.change) }
    var address: String { order.address(in: store.tenant) }

    init(
        of order: Order, as role: StoreRole, in tx: Transaction<OneTenant>
    ) async throws {
        self.order = order
        self.role = role
        store = try await Stores().load(in: tx)
        lines = try await Orders().lines(of: order.id, in: tx)
        units = try await SupplierOrders().units(ofOrder: order.id, in: tx)
        annex = try await StoreOrders().annex(of: order, in: tx)
        parcels = try await SupplierOrders().parcels(of: order.id, in: tx)
        refunds = try await Refunds().all(of: order.id, in: tx)
        disputes = try await Disputes().all(of: order.id, in: tx)
        withdrawals = try await Withdrawals().all(of: order.id, in: tx)
        letters = try await Emails().sent(about: order.id, in: tx)
        canBeReaddressed = try await Orders().canBeReaddressed(order.id, in: tx)
        isRefundable =
            try await Refunds().preview(nil, of: order.id, cause: .goodwill, in: tx) != nil
        overrun = try await Overruns().accepted(for: order.id, in: tx)
        var holds: [Hold] = []
        // As many as the order has suppliers that refuse.
        for holding in try await SupplierOrders().waiting(of: order.id, in: tx) {
            holds.append(
                Hold(
                    holding: holding,
                    ifCanceled: try await Self.canceling(holding, order, lines, units, in: tx)))
        }
        self.holds = holds
    }

    /// What canceling the group would come to: nothing was bought, so its refund is a supplier's refusal's.
    private static func canceling(
        _ holding: SupplierHolding, _ order: Order, _ lines: [OrderLine], _ units: [SoldUnit],
        in tx: Transaction<OneTenant>
    ) async throws -> RefundPreview? {
        let open = units.filter { $0.supplierOrder == holding.supplierOrder && $0.state != .canceled }
        let counts = Dictionary(open.map { ($0.line, 1) }, uniquingKeysWith: +)
        let isShared = lines.first { counts[$0.id] != nil }?.line.wish.isPlatformCatalogue ?? false
        return try await Refunds().preview(
            counts, of: order.id, cause: isShared ? .supplierUnavailable : .ownSupplierUnavailable, in: tx)
    }
}

/// What is wrong with a form.
struct FormRefusal: Error {
    let problems: [FieldError]
}

/// What a page says after a form was carried out.
enum OrderNews: String, CaseIterable {
    case refund, hold, stale, confirmation, unwanted, enough, canceled, address

    var html: HTML {
        let (words, tone): (String, String) =
            switch self {
            case .refund: ("The refund is on its way. It appears below within moments.", "good")
            case .hold: ("Your answer was passed on. The order goes on within moments.", "good")
            case .stale: ("Nobody waits for that answer any more. Below is how things stand now.", "warn")
            case .confirmation: ("The confirmation is being sent again.", "good")
            case .unwanted: ("This address has refused our letters, so nothing was sent.", "warn")
            case .enough:
                ("The confirmation was repeated \(OrdersDesk.confirmationLimit) times already.", "warn")
            case .canceled: ("Canceled. The refund appears below within moments.", "good")
            case .address: ("The address was corrected.", "good")
            }
        return "<div class=\"note \(tone)\" role=\"status\"><p>\(words)</p></div>"
    }
}

extension Dashboard {
    func order(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await orderPage(request, account)
    }

    /// The page, perhaps with a form that was refused. `at` names the form, so that the others stay clean.
    func orderPage(
        _ request: WebRequest, _ account: Account, problems: [FieldError] = [], at form: OrderForm? = nil
    ) async throws -> WebResponse {
        let record = try await inStoreAs(request, account, may: .read) { tx, role in
            try await OrderRecord(of: Self.order(request, in: tx), as: role, in: tx)
        }
        let news = request.query["told"].flatMap(OrderNews.init(rawValue:))
        let view = OrderPage(
            request: request, account: account, record: record, news: news, form: form, problems: problems,
            hasDesk: ordersDesk != nil, canChange: returnsDesk != nil)
        var page = StorePage(
            request: request, account: account, store: record.store, place: .orders,
            title: "Order \(record.order.number)",
            live: LivePage([.store(record.store.tenant)], pace: 2, view.parts), main: view.html)
        // What was just asked for shows up by itself, also without script.
        page.refreshSeconds = [.refund, .hold, .canceled].contains(news) && problems.isEmpty ? 5 : nil
        return page.response(status: problems.isEmpty ? 200 : 422)
    }

    static func back(to order: Order, in tenant: TenantID, _ news: OrderNews) -> WebResponse {
        .seeOther("\(order.address(in: tenant))?told=\(news.rawValue)")
    }

    /// The form's own key and reason. A reason is needed for what cannot be taken back.
    static func ask(
        _ request: WebRequest, _ account: Account, needsReason: Bool, reasonIn field: String = "reason"
    ) throws(WebProblem) -> Result<OrderAsk, FormRefusal> {
        guard let key = UUID(uuidString: request.form["key"] ?? "") else {
            throw WebProblem(.malformedRequest, "the form has no key")
        }
        let reason = request.form[field] ?? ""
        guard reason.count <= 200, !needsReason || !reason.isEmpty else {
            return .failure(
                FormRefusal(problems: [FieldError(field, "is needed, up to 200 characters")]))
        }
        return .success(
            OrderAsk(key: key, actor: account.id.actor, reason: reason.isEmpty ? nil : reason))
    }

    // MARK: - Acts

    func answerHold(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        guard let desk = ordersDesk,
            let answer = SupplierReview.Word(rawValue: request.form["act"] ?? ""),
            let item = try? AttentionItemID(parsing: request.form["item"] ?? "")
        else { throw WebProblem(.notFound) }
        let ask: OrderAsk
        switch try Self.ask(
            request, account, needsReason: answer == .cancel, reasonIn: HoldBox.reasonField(item))
        {
        case .success(let whole): ask = whole
        case .failure(let refusal):
            // Who may not act is told so before anything is said of the form.
            try await inStore(request, account, may: .change) { _ in }
            return try await orderPage(request, account, problems: refusal.problems, at: .hold(item))
        }
        let (tenant, order, decision) = try await inStore(request, account, may: .change) { tx in
            let order = try await Self.order(request, in: tx)
            return (tx.tenant, order, try await desk.decide(answer, to: item, of: order.id, ask, in: tx))
        }
        guard let decision else { return Self.back(to: order, in: tenant, .stale) }
        let isFirst = try await desk.tell(decision)
        return Self.back(to: order, in: tenant, isFirst || decision.isRepeated ? .hold : .stale)
    }

    func confirmAgain(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        guard let desk = ordersDesk else { throw WebProblem(.notFound) }
        guard case .success(let ask) = try Self.ask(request, account, needsReason: false) else {
            throw WebProblem(.malformedRequest, "the reason is too long")
        }
        let (tenant, order, end) = try await inStore(request, account, may: .change) { tx in
            let order = try await Self.order(request, in: tx)
            // The letter says that the money has arrived.
            guard order.status.payment.hasBeenPaid else {
                throw WebProblem(.conflict, "the order is not paid, so there is nothing to confirm")
            }
            return (tx.tenant, order, try await desk.confirmAgain(order.id, ask, in: tx))
        }
        switch end {
        case .sent: return Self.back(to: order, in: tenant, .confirmation)
        case .unwanted: return Self.back(to: order, in: tenant, .unwanted)
        case .tooMany: return Self.back(to: order, in: tenant, .enough)
        }
    }
}
