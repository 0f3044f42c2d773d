// What the account's plan is, what it would have cost on another one, and the way there. A change is looked
// at before it is asked for: what it costs by the days that are left, which stores it puts to rest. What the
// page shows of a change under way is asked of its run.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    static let billingPath = "/billing"

    var billingEndpoints: [Endpoint] {
        guard let plans else { return [] }
        return [
            privatePage(Self.billingPath) { request, account in
                try await billingPage(request, account, plans)
            },
            privatePage("\(Self.billingPath)/change") { request, account in
                try await previewPage(request, account)
            },
            privateForm("\(Self.billingPath)/change") { request, account in
                try await changePlan(request, account, plans)
            },
        ] + paperEndpoints(plans)
    }

    /// Opens the store under which the person's account is billed. Whoever owns none has no account.
    func inHome<Value: Sendable>(
        of account: Account, _ body: (Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        guard let home = try await BillingAccounts().home(of: account.id, database) else {
            throw WebProblem(.notFound, "an account is billed once it has a store")
        }
        return try await database.transaction(for: home, body)
    }

    // MARK: - The page

    private func billingPage(
        _ request: WebRequest, _ account: Account, _ desk: PlanDesk
    ) async throws -> WebResponse {
        guard try await BillingAccounts().home(of: account.id, database) != nil else {
            return DashboardPage(
                request, title: "Billing", account: account,
                main: """
                    <h1>Billing</h1><div class="empty"><p>Nothing is billed before you have a store.</p>\
                    <p><a class="button" href="/stores/new">Open a store</a></p></div>
                    """
            ).response()
        }
        let books = try await books(of: account, at: request.receivedAt)
        let month = try await monthOfStores(of: account, books.calendar.month.previous)
        let progress = try await progress(request, books, desk)
        let view = PlanView(request: request, books: books, month: month)
        var page = DashboardPage(
            request, title: "Billing", account: account,
            main: """
                <h1>Billing</h1><p class="lead">\(books.plan.title) · the account of \(account.name)</p>
                <div class="stack">\(progress.map { view.news($0) })\(view.waiting)\(view.unpaid)\
                \(books.number.map { view.number($0) })\
                <h2>Your plan in use</h2>\(view.usage)<h2>Plans compared</h2>\(view.comparison)\
                <h2>Invoices and credit notes</h2>\(view.papers)\
                <h2>Statements</h2>\(view.statements)</div>
                """)
        if progress == .underWay { page.refreshSeconds = 2 }
        return page.response()
    }

    private func progress(
        _ request: WebRequest, _ books: AccountBooks, _ desk: PlanDesk
    ) async throws -> PlanDesk.Progress? {
        guard let text = request.query["change"], let run = UUID(uuidString: text) else { return nil }
        let found = try await desk.follow(run, books.home)
        // A smaller plan's run sleeps until the month ends: what waits is shown, not that it runs.
        return found == .underWay && books.scheduled != nil ? nil : found
    }

    func books(of account: Account, at now: Date) async throws -> AccountBooks {
        let catalogue = try await Plans(database).catalogue()
        return try await inHome(of: account) { tx in
            AccountBooks(
                home: tx.tenant, catalogue: catalogue,
                plan: try await AccountPlans().current(at: now, in: tx),
                scheduled: try await AccountPlans().scheduled(in: tx),
                calendar: try await AccountPlans().calendar(at: now, in: tx),
                storesOwned: try await AccountPlans().storesOwned(in: tx),
                papers: try await PlatformInvoices().all(in: tx),
                standings: try await Collections().standings(in: tx),
                months: try await Statements().months(in: tx),
                number: try await VATChecks().standing(in: tx))
        }
    }

    /// What the stores of the account sold in a month, and what of the plan's extras they use.
    func monthOfStores(of account: Account, _ month: BillingMonth) async throws -> AccountMonth {
        var found = AccountMonth(month: month, sales: [], ownSuppliers: 0, domains: [], names: [:])
        for membership in try await Memberships(database).all(of: account.id) where membership.role == .owner
        {
            let (store, sales, extras) = try await database.transaction(for: membership.tenant) { tx in
                (
                    try await Stores().load(in: tx), try await PlanUsage().sales(in: month, in: tx),
                    try await PlanUsage().extras(in: tx)
                )
            }
            guard store.owner == account.id else { continue }
            found.sales += sales
            found.ownSuppliers += extras.ownSuppliers
            found.domains += [extras.domain].compactMap(\.self)
            found.names[store.tenant] = store.name
        }
        return found
    }

    // MARK: - A change

    private func wanted(_ text: String?, _ books: AccountBooks) throws -> Plan {
        guard let text, let id = PlanID(rawValue: text), let plan = try? books.catalogue.plan(id) else {
            throw WebProblem(.notFound, "there is no such plan")
        }
        return plan
    }

    private func previewPage(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let books = try await books(of: account, at: request.receivedAt)
        let plan = try wanted(request.query["plan"], books)
        let move = try PlanMove(
            from: books.plan, to: plan, daysLeft: books.calendar.daysLeft,
            daysInMonth: books.calendar.daysInMonth)
        let resting = try await inHome(of: account) { try await PlanUsage().resting(under: plan.id, in: $0) }
        let month = try await monthOfStores(of: account, books.calendar.month.previous)
        let preview = PlanPreview(
            request: request, books: books, month: month, plan: plan, move: move, resting: resting)
        return DashboardPage(
            request, title: preview.title, account: account,
            main: "<h1>\(preview.title)</h1><div class=\"stack\">\(preview.html)</div>"
        ).response()
    }

    private func changePlan(
        _ request: WebRequest, _ account: Account, _ desk: PlanDesk
    ) async throws -> WebResponse {
        let books = try await books(of: account, at: request.receivedAt)
        let plan = try wanted(request.form["plan"], books)
        guard let once = request.form["once"].flatMap({ UUID(uuidString: $0) }) else {
            throw WebProblem(.invalidFields, "look at the change first")
        }
        let wish = PlanDesk.Wish(
            plan: plan.id, page: request.origin + Self.billingPath,
            once: "plan:\(account.id):\(once.uuidString.lowercased())")
        let run = try await inHome(of: account) { tx in
            try await note("plan.change", plan.id.rawValue, account, request, in: tx)
            return try await desk.change(wish, tx)
        }
        return .seeOther("\(Self.billingPath)?change=\(run.uuidString.lowercased())")
    }
}

/// What is known about an account from the store it is billed with.
struct AccountBooks: Sendable {
    let home: TenantID
    let catalogue: PlanCatalogue
    let plan: Plan
    let scheduled: AccountPlans.Scheduled?
    let calendar: AccountPlans.Calendar
    let storesOwned: Int
    /// Newest first.
    let papers: [PlatformInvoice]
    let standings: [PlatformInvoiceID: PaperStanding]
    let months: [BillingMonth]
    /// Nil where nobody's VAT depends on the account's number.
    let number: VATChecks.Standing?
}

/// What an account's stores did in a month.
struct AccountMonth: Sendable {
    let month: BillingMonth
    var sales: [PlanComparison.Sale]
    var ownSuppliers: Int
    var domains: [DomainName]
    var names: [TenantID: String]

    var comparison: PlanComparison { PlanComparison(sales) }
}
