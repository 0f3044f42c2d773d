// The first page of a store: what is still to be set up, the day so far, what waits for the merchant, and
// when the money reaches the bank.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var homeEndpoints: [Endpoint] { [privatePage("/stores/:store", home)] }

    private func home(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let view = try await inStoreAs(request, account, may: .read) { tx, role in
            let store = try await Stores().load(in: tx)
            return HomeView(
                store: store, role: role, setup: try await Onboardings().find(in: tx),
                day: try await StoreDay.load(store, at: request.receivedAt, in: tx),
                counts: try await StoreOrders().counts(in: tx),
                shop: request.origin(of: onboarding.host(of: store.slug)))
        }
        let part = LivePart("home", view.html)
        // What a colleague does, and what an hour brings, moves without news of runs.
        return StorePage(
            request: request, account: account, store: view.store, place: .home,
            live: LivePage([.store(view.store.tenant)], pace: 5, pollSeconds: 60, [part]), main: part.html
        ).response()
    }
}

struct HomeView: Sendable {
    let store: Store
    let role: StoreRole
    /// Nil for a store that never came by the wizard.
    let setup: Onboarding?
    let day: StoreDay
    let counts: [StoreOrders.View: Int]
    /// Where shoppers find the store.
    let shop: String

    var html: HTML {
        """
        \(address)\(guide)\(today)
        <h2>For you to do</h2>\(AttentionCards(store: store, role: role, day: day, counts: counts).html)
        \(payouts)
        """
    }

    private var address: HTML? {
        guard store.status == .published else { return nil }
        let closed: HTML? =
            store.takesPayments
            ? nil
            : """
            <div class="note warn"><p>Your store shows its products and takes no orders yet: Stripe has not \
            enabled the account.</p></div>
            """
        return "<p><a href=\"\(link: shop)\">\(shop)</a></p>\(closed)"
    }

    // MARK: - Setup

    /// What is not done yet; what was skipped stays on the list until it is.
    private var guide: HTML? {
        guard let setup else { return nil }
        let open = OnboardingStep.allCases.filter { step in
            switch step {
            case .store: false
            case .publish: setup.publishedAt == nil
            default: !setup.done.contains(step)
            }
        }
        guard !open.isEmpty else { return nil }
        let done = OnboardingStep.allCases.count - open.count
        let steps = open.map { step -> HTML in
            let name: HTML =
                role.may(.change)
                ? "<a href=\"\(link: step.address(in: store.tenant))\">\(step.title)</a>" : "\(step.title)"
            let later: HTML? = setup.skipped.contains(step) ? " <span class=\"tag\">for later</span>" : nil
            return "<li>\(name)\(later)</li>"
        }
        return """
            <section class="panel"><h2>Set up your store</h2>\
            <p>\(done) of \(OnboardingStep.allCases.count) steps are done. Still open:</p>\
            <ul>\(steps)</ul></section>
            """
    }

    // MARK: - Today

    private var today: HTML {
        let total = day.total(store.currency)
        let tiles: [(String, String)] = [
            ("Orders today", "\(day.orders)"), ("Revenue", total.gross.text),
            ("Your margin", total.margin.text), ("Your margin after VAT", day.afterVAT.text),
        ]
        let rows = tiles.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" as HTML }
        let refunded: HTML? =
            day.refunded.isZero
            ? nil
            : "<p>\(day.refunded.text) went back to shoppers today, which is not deducted above.</p>"
        return """
            <section><h2>Today</h2><dl class="tiles">\(rows)</dl>\
            <p class="fine">Paid since midnight in Bucharest. Your margin is what you keep after supplier \
            and fees; after VAT is what remains once the tax office has had its share.</p>\
            \(refunded)</section>
            """
    }

    // MARK: - Payouts

    private var payouts: HTML {
        "<section class=\"panel\"><h2>Payouts</h2>\(accountState)\(lastPayout)</section>"
    }

    private var accountState: HTML {
        let payments = OnboardingStep.payments.address(in: store.tenant)
        switch store.stripeState {
        case .none:
            return "<p>No Stripe account yet. <a href=\"\(link: payments)\">Connect one</a>"
                + " to take payments.</p>"
        case .pending: return "<p>\(StatusTag("◔", "Stripe is checking your account", "warn").html)</p>"
        case .restricted:
            let reason: HTML? = day.payouts.disabledReason.map { "<p class=\"fine\">Stripe says: \($0)</p>" }
            return "<p>\(StatusTag("!", "Stripe has restricted your account", "bad").html) "
                + "<a href=\"\(link: payments)\">See what is missing</a></p>\(reason)"
        case .enabled where !day.payouts.isEnabled:
            return "<p>\(StatusTag("!", "payments come in, payouts are stopped", "warn").html) "
                + "<a href=\"\(link: payments)\">See what is missing</a></p>"
        case .enabled: return "<p>\(StatusTag("✓", "payouts are on", "good").html)</p>"
        }
    }

    private var lastPayout: HTML {
        guard let last = day.payouts.last else { return "<p>Nothing was paid out yet.</p>" }
        let arrival: HTML? = last.arrivesAt.map { " · expected \(HTML.time($0))" }
        let failure: HTML? = last.failure.map { "<p class=\"error\">The bank says: \($0)</p>" }
        return "<p>Last payout: <strong>\(last.amount.text)</strong> \(last.status.tag.html)\(arrival)</p>"
            + "\(failure)"
    }
}

extension Payout.Status {
    fileprivate var tag: StatusTag {
        switch self {
        case .pending: StatusTag("◔", "being made")
        case .inTransit: StatusTag("▷", "on its way to your bank")
        case .paid: StatusTag("✓", "arrived", "good")
        case .failed: StatusTag("✕", "came back", "bad")
        case .canceled: StatusTag("■", "canceled")
        }
    }
}

/// What waits for the merchant: the most urgent first, then one card per open question.
struct AttentionCards: Sendable {
    let store: Store
    let role: StoreRole
    let day: StoreDay
    let counts: [StoreOrders.View: Int]

    var html: HTML {
        let cards = disputes + summaries + questions
        guard !cards.isEmpty else {
            return "<div class=\"empty\"><p>Nothing waits for you.</p></div>"
        }
        let more: HTML? =
            day.cards.count > StoreDay.cardLimit ? "<p>And more: these are the newest.</p>" : nil
        return "<ul class=\"lines panel\">\(cards)</ul>\(more)"
    }

    private func card(
        _ tag: StatusTag, _ words: String, _ link: String, _ name: String, closing: String? = nil
    ) -> HTML {
        let close: HTML? = closing.map { "<a href=\"\(link: $0)\" class=\"fine\">Close it</a>" }
        return """
            <li><div>\(tag.html)<p>\(words)</p>\(close)</div><a href="\(link: link)">\(name)</a></li>
            """
    }

    private var orders: String { StorePlace.orders.address(in: store.tenant) }

    private var disputes: [HTML] {
        day.disputes.map { dispute in
            let until: HTML = dispute.dueAt.map { " It must be answered by \(HTML.time($0))." } ?? .empty
            let link = dispute.order?.address(in: store.tenant) ?? "\(orders)?view=disputed"
            let name = dispute.order.map { "Order \($0)" } ?? "Disputed orders"
            return """
                <li><div>\(StatusTag("⚑", "dispute", "bad").html)<p>A shopper asked the bank for \
                \(dispute.amount.text) back.\(until)</p></div><a href="\(link: link)">\(name)</a></li>
                """
        }
    }

    /// Things that come in numbers get one card each.
    private var summaries: [HTML] {
        var cards: [HTML] = []
        if day.heldOrders > 0 {
            let words = "\(day.heldOrders) \(day.heldOrders == 1 ? "order waits" : "orders wait")"
            cards.append(
                card(
                    StatusTag("!", "on hold", "warn"), "\(words) for your answer before it goes on.",
                    "\(orders)?view=needs-action", "Orders on hold"))
        }
        if day.withdrawalsWaiting > 0 {
            let words = day.withdrawalsWaiting == 1 ? "withdrawal waits" : "withdrawals wait"
            cards.append(
                card(
                    StatusTag("↩", "returns", "warn"),
                    "\(day.withdrawalsWaiting) \(words) for the goods to come back.",
                    StorePlace.returns.address(in: store.tenant), "Returns"))
        }
        if day.soldOut > 0 {
            let words = day.soldOut == 1 ? "product is" : "products are"
            cards.append(
                card(
                    StatusTag("○", "out of stock", "warn"),
                    "\(day.soldOut) \(words) sold out at the supplier.",
                    StorePlace.products.address(in: store.tenant), "Products"))
        }
        return cards
    }

    private var questions: [HTML] {
        // Disputes that are due have a card with their date.
        let isDue = Set(day.disputes.compactMap(\.order))
        return day.cards.prefix(StoreDay.cardLimit)
            .filter { $0.kind != AttentionKind.dispute.rawValue || !($0.order.map(isDue.contains) ?? false) }
            .map { question in
                let place = place(of: question)
                return card(
                    Self.tag(question.kind), question.message, place.link, place.name,
                    closing: role.may(.change)
                        ? Dashboard.questionPath(question.item, in: store.tenant) : nil)
            }
    }

    private func place(of question: StoreDay.Card) -> (link: String, name: String) {
        if let order = question.order { return (order.address(in: store.tenant), "Order \(order)") }
        switch question.kind {
        case "unsellable_product", "supplier_cost": return named(.products)
        case "supplier_feed": return named(.suppliers)
        case "platform_invoice": return (Dashboard.billingPath, "Billing")
        case "affiliate_payout": return named(.affiliate)
        case "webhook": return named(.webhooks)
        case "domain": return named(.domain)
        case "withdrawal": return named(.returns)
        case "vat_number": return (OnboardingStep.business.address(in: store.tenant), "Who you are")
        case AttentionKind.merchantRestricted.rawValue:
            return (OnboardingStep.payments.address(in: store.tenant), "Payments")
        default: return ("\(orders)?view=needs-action", "Orders")
        }
    }

    private func named(_ place: StorePlace) -> (link: String, name: String) {
        (place.address(in: store.tenant), place.title)
    }

    private static func tag(_ kind: String) -> StatusTag {
        if let known = AttentionKind(rawValue: kind) { return known.tag }
        return switch kind {
        case "unsellable_product": StatusTag("!", "would sell at a loss", "bad")
        case "supplier_cost": StatusTag("!", "supplier's price rose", "warn")
        case "supplier_feed": StatusTag("!", "supplier's feed", "warn")
        case "platform_invoice": StatusTag("!", "unpaid bill", "bad")
        case "withdrawal": StatusTag("!", "refund is due", "bad")
        case "vat_number": StatusTag("!", "VAT number", "warn")
        default: StatusTag("!", kind.replacing("_", with: " "), "warn")
        }
    }
}
