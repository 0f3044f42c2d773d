// How the pages about plans look: the plans side by side with the account's own numbers, and what a change
// would do before anybody asks for it.

import Commerce
import CommerceStore
import Foundation
import WebSupport

struct PlanView: Sendable {
    let request: WebRequest
    let books: AccountBooks
    let month: AccountMonth

    /// What became of a wish that was sent from here.
    func news(_ progress: PlanDesk.Progress) -> HTML {
        switch progress {
        case .underWay: Self.note("", "The change is under way.")
        case .kept: Self.note("good", "You keep the \(books.plan.title) plan.")
        case .upgraded: Self.note("good", "You are on the \(books.plan.title) plan.")
        case .downgraded: Self.note("", "The smaller plan is in force.")
        case .withdrawn: Self.note("", "The change was taken back.")
        case .stopped: Self.note("warn", "The change has stopped. We have been told and look at it.")
        case .refused(let reason):
            Self.note("bad", "Stripe did not accept the change: \(reason). The plan is as it was.")
        case .needsCard(let page):
            """
            <div class="note warn" role="status"><p><strong>One step is left: your card.</strong></p>\
            <p>Stripe takes it on its own page, and the plan is yours as soon as it has done so.</p>\
            <p><a class="button" href="\(link: page)">Continue at Stripe</a></p></div>
            """
        }
    }

    private static func note(_ kind: String, _ words: String) -> HTML {
        "<div class=\"note \(kind)\" role=\"status\"><p>\(words)</p></div>"
    }

    /// A smaller plan that waits for the month's end.
    var waiting: HTML? {
        guard let scheduled = books.scheduled else { return nil }
        let title = books.title(of: scheduled.plan)
        let back = request.button(
            "Keep \(books.plan.title)", at: "\(Dashboard.billingPath)/change", act: "keep",
            hidden: [("plan", books.plan.id.rawValue), ("once", UUID().uuidString.lowercased())])
        return """
            <div class="note warn"><p><strong>\(title) begins on \
            \(HTML.time(scheduled.effectiveAt)).</strong></p>
            <p>Until then everything stays as it is, and you can take it back.</p>\(back)</div>
            """
    }

    // MARK: - The VAT number

    /// Who owes the VAT on our invoices, as far as it depends on the account's number.
    func number(_ standing: VATChecks.Standing) -> HTML {
        switch standing {
        case .unchecked(let number):
            return """
                <p class="fine">VAT number \(number.rawValue): not checked with the tax authorities yet. VAT \
                is charged until it is.</p>
                """
        case .checked(let number, let day, let consultation, let name):
            let proof: HTML? = consultation.map { ", consultation number \($0)" }
            let trader: HTML? = name.map { ", registered for \($0)" }
            return """
                <p class="fine">VAT number \(number.rawValue): checked on \(HTML.time(day))\(trader)\
                \(proof). Our invoices go out by reverse charge.</p>
                """
        case .refused(let number, let day):
            let address = OnboardingStep.business.address(in: books.home)
            return """
                <p class="fine">VAT number \(number.rawValue): not registered for trade within the Union, as \
                the tax authorities said on \(HTML.time(day)). VAT is charged. \
                <a href="\(link: address)">Correct the number</a></p>
                """
        }
    }

    // MARK: - Usage

    var usage: HTML {
        let plan = books.plan
        let stores =
            plan.storeLimit.map { "\(books.storesOwned) of \($0)" } ?? "\(books.storesOwned), no limit"
        let domains = month.domains.map(\.rawValue).joined(separator: ", ")
        let isFull = plan.storeLimit.map { books.storesOwned >= $0 } ?? false
        return .table(
            "What you use of \(plan.title)", ["", "In use", "Allowed"],
            [
                ["Stores", "\(stores)", isFull ? "full" : "there is room"],
                ["Own suppliers", "\(month.ownSuppliers)", plan.allowsOwnSuppliers ? "yes" : "no"],
                [
                    "Own domains",
                    "\(domains.isEmpty ? "none" : domains)",
                    plan.allowsCustomDomain ? "yes" : "no",
                ],
            ])
    }

    // MARK: - Comparison

    var comparison: HTML {
        let comparison = month.comparison
        let own = comparison.outcome(on: books.plan)
        let rows = books.catalogue.plans.map { plan -> [HTML] in
            let outcome = comparison.outcome(on: plan)
            return [
                plan.id == books.plan.id
                    ? "<strong>\(plan.title)</strong> <span class=\"tag good\">yours</span>"
                    : "\(plan.title)",
                Self.money(plan.monthlyPrice), "\(plan.terms.commission.description)",
                Self.money(plan.terms.markupPerUnit),
                "\(plan.storeLimit.map(String.init) ?? "no limit")",
                plan.allowsOwnSuppliers ? "yes" : "no", plan.allowsCustomDomain ? "yes" : "no",
                kept(outcome), choice(plan),
            ]
        }
        let table = HTML.table(
            "Prices a month, net of VAT",
            [
                "Plan", "A month", "Commission", "Markup a unit", "Stores", "Own suppliers", "Own domain",
                "You would have kept", "",
            ], rows)
        return "\(sentence(comparison, own))\(table)\(fine(comparison))"
    }

    private func kept(_ outcome: PlanComparison.Outcome) -> HTML {
        guard month.comparison.orders > 0 else { return "–" }
        let refused: HTML? =
            outcome.refused == 0
            ? nil : "<br><span class=\"fine\">\(outcome.refused) orders not possible</span>"
        return "\(Self.money(outcome.kept))\(refused)"
    }

    private func choice(_ plan: Plan) -> HTML {
        guard plan.id != books.plan.id, plan.id != books.scheduled?.plan else { return .empty }
        let address = "\(Dashboard.billingPath)/change?plan=\(plan.id.rawValue)"
        let verb = plan.monthlyPrice > books.plan.monthlyPrice ? "Look at" : "Go down to"
        return "<a href=\"\(link: address)\">\(verb) \(plan.title)</a>"
    }

    /// The best other plan in one sentence, with the merchant's own numbers.
    private func sentence(
        _ comparison: PlanComparison, _ own: PlanComparison.Outcome
    ) -> HTML {
        guard comparison.orders > 0 else {
            return "<p>You sold nothing in \(month.month.title), so there is nothing to compare yet.</p>"
        }
        let others = books.catalogue.plans.filter { $0.id != books.plan.id }.map { plan in
            (plan: plan, kept: comparison.outcome(on: plan).kept)
        }
        guard let best = others.max(by: { $0.kept < $1.kept }) else { return .empty }
        let difference = best.kept - own.kept
        guard difference.isPositive else {
            return """
                <p><strong>\(books.plan.title) was the best plan for you in \(month.month.title).</strong> \
                You would have kept \(Self.money(difference.magnitude)) less on \(best.plan.title).</p>
                """
        }
        return """
            <p><strong>On \(best.plan.title) you would have kept \(Self.money(difference)) more in \
            \(month.month.title).</strong></p>
            """
    }

    private func fine(_ comparison: PlanComparison) -> HTML? {
        guard comparison.orders > 0 else { return nil }
        return """
            <p class="fine">From your \(comparison.orders) orders paid in \(month.month.title), as they were \
            sold and before refunds, after the plan's price and before VAT on it. What a plan would have \
            refused is left out.</p>
            """
    }

    static func money(_ money: Money) -> HTML {
        "<span class=\"price\">\(MoneyText.text(money, in: .english))</span>"
    }
}

extension AccountBooks {
    /// A plan's name; one that is gone from the price list is named by its code.
    func title(of id: PlanID) -> String {
        catalogue.plans.first { $0.id == id }?.title ?? id.rawValue
    }
}

/// A change of plan before it is asked for.
struct PlanPreview: Sendable {
    let request: WebRequest
    let books: AccountBooks
    let month: AccountMonth
    let plan: Plan
    let move: PlanMove
    let resting: [PlanUsage.Resting]

    var title: String {
        switch move {
        case .stay: "Keep \(plan.title)"
        case .upgrade, .downgrade: "From \(books.plan.title) to \(plan.title)"
        }
    }

    var html: HTML {
        let form = FormView(
            request: request, action: "\(Dashboard.billingPath)/change", fields: [], button: button,
            hidden: [("plan", plan.id.rawValue), ("once", UUID().uuidString.lowercased())]
        ).html
        return """
            \(terms)\(effects)\(form)
            <p><a href="\(link: Dashboard.billingPath)">Back, without a change</a></p>
            """
    }

    private var button: String {
        switch move {
        case .stay: "Keep \(plan.title)"
        case .upgrade: "Change to \(plan.title) now"
        case .downgrade: "Change to \(plan.title) at the month's end"
        }
    }

    private var terms: HTML {
        switch move {
        case .stay:
            "<p>You have \(plan.title) already. A change that waits is taken back.</p>"
        case .upgrade(let charge, let daysLeft, let daysInMonth):
            """
            <div class="panel"><dl class="sums">\
            <dt>\(plan.title), a month</dt><dd>\(PlanView.money(plan.monthlyPrice))</dd>\
            <dt>\(books.plan.title), a month</dt><dd>\(PlanView.money(books.plan.monthlyPrice))</dd>\
            <dt>Days left in the month, today included</dt><dd>\(daysLeft) of \(daysInMonth)</dd>\
            <dt class="total">For the rest of \(books.calendar.month.title), net of VAT</dt>\
            <dd class="total">\(PlanView.money(charge))</dd></dl>\
            <p>It is in force at once and stands on the invoice for \(books.calendar.month.title). Orders \
            and quotes that exist keep their terms.</p></div>
            """
        case .downgrade:
            """
            <div class="panel"><p>\(plan.title) begins on \(HTML.time(books.calendar.nextMonth)), with the \
            next month. Until then you have \(books.plan.title), as it is paid for, and can take the change \
            back.</p>\
            <p>From then on it costs \(PlanView.money(plan.monthlyPrice)) a month, net of VAT.</p></div>
            """
        }
    }

    private var effects: HTML? {
        var lines: [HTML] = resting.map { store in
            "<li><strong>\(store.name)</strong> pauses. Nothing of it is lost; a larger plan wakes it.</li>"
        }
        if !plan.allowsCustomDomain {
            lines += month.domains.map {
                "<li><strong>\($0.rawValue)</strong> stops leading to your store: \(plan.title) has no own "
                    + "domains.</li>"
            }
        }
        if !plan.allowsOwnSuppliers, month.ownSuppliers > 0 {
            lines.append(
                "<li>No own supplier can be added any more. You have \(month.ownSuppliers).</li>")
        }
        guard !lines.isEmpty else { return nil }
        return """
            <div class="note warn"><p><strong>What changes for your stores</strong></p><ul>\(lines)</ul></div>
            """
    }
}
