// The platform's papers: invoices and credit notes with their lines, the document as it was issued, the way
// to pay one that is not paid, and the statement of a month behind them. An account sees its own alone: every
// look-up happens in its home store's transaction.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    func paperEndpoints(_ desk: PlanDesk) -> [Endpoint] {
        let invoice = "\(Self.billingPath)/invoices/:invoice"
        let statement = "\(Self.billingPath)/statements/:month"
        return [
            privatePage(invoice, paperPage),
            privatePage("\(invoice)/document", paperDocument),
            privateForm("\(invoice)/pay") { request, account in
                try await payPaper(request, account, desk)
            },
            privatePage(statement, statementPage),
            privatePage("\(statement)/csv", statementFile),
        ]
    }

    // MARK: - One paper

    private struct Paper: Sendable {
        let invoice: PlatformInvoice
        let lines: [PlatformInvoiceDraft.Line]
        let standing: PaperStanding?
        let hasDocument: Bool
    }

    private func paper(_ request: WebRequest, _ account: Account) async throws -> Paper {
        guard
            let id = UUID(uuidString: try request.parameter("invoice")).map(PlatformInvoiceID.init(rawValue:))
        else { throw WebProblem(.notFound) }
        return try await inHome(of: account) { tx in
            Paper(
                invoice: try await PlatformInvoices().load(id, in: tx),
                lines: try await PlatformInvoices().lines(of: id, in: tx),
                standing: try await Collections().standings(in: tx)[id],
                hasDocument: try await PlatformInvoices().document(of: id, in: tx) != nil)
        }
    }

    private func paperPage(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let paper = try await paper(request, account)
        let invoice = paper.invoice
        let title = "\(invoice.kind.title) \(invoice.reference)"
        let rows = paper.lines.map { line -> [HTML] in
            [
                "\(line.title)", PlanView.money(line.net), PlanView.money(line.vat),
                PlanView.money(line.gross), line.isWithheld ? "settled at checkout" : "due",
            ]
        }
        let document: HTML? =
            paper.hasDocument
            ? """
            <p><a class="button quiet" href="\(link: "\(Self.address(of: invoice))/document")">Open it as it \
            was issued</a></p>
            """ : nil
        return DashboardPage(
            request, title: title, account: account,
            main: """
                <h1>\(title)</h1><p class="lead">\(invoice.month.title), issued on \(invoice.issuedOn)</p>
                <div class="stack">\(PlanView.standing(invoice, paper.standing, request))
                \(HTML.table("Lines", ["What", "Net", "VAT", "Total", ""], rows))
                \(Self.sums(invoice))\(document)
                <p><a href="\(link: "\(Self.billingPath)/statements/\(invoice.month)")">The statement of \
                \(invoice.month.title)</a> · <a href="\(link: Self.billingPath)">Billing</a></p></div>
                """
        ).response()
    }

    private static func sums(_ invoice: PlatformInvoice) -> HTML {
        let rule: HTML? =
            switch invoice.rule {
            case .domestic: nil
            case .reverseCharge: "<p class=\"fine\">Reverse charge: you owe the VAT.</p>"
            case .outside: "<p class=\"fine\">Outside the scope of VAT here.</p>"
            }
        return """
            <div class="panel"><dl class="sums"><dt>Net</dt><dd>\(PlanView.money(invoice.net))</dd>\
            <dt>VAT at \(invoice.rate.description)</dt><dd>\(PlanView.money(invoice.vat))</dd>\
            <dt>Total</dt><dd>\(PlanView.money(invoice.total))</dd>\
            <dt>Settled at checkout</dt><dd>\(PlanView.money(-invoice.withheld))</dd>\
            <dt class="total">Due</dt><dd class="total">\(PlanView.money(invoice.due))</dd></dl>\(rule)</div>
            """
    }

    private func paperDocument(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let paper = try await paper(request, account)
        let document = try await inHome(of: account) {
            try await PlatformInvoices().document(of: paper.invoice.id, in: $0)
        }
        guard let document else { throw WebProblem(.notFound, "the document is not kept any more") }
        return .html(HTML(trusted: document))
    }

    /// Leads to Stripe's page for it. A link and no redirect, since our forms may only lead to ourselves.
    private func payPaper(
        _ request: WebRequest, _ account: Account, _ desk: PlanDesk
    ) async throws -> WebResponse {
        let paper = try await paper(request, account)
        let address = Self.address(of: paper.invoice)
        guard let standing = paper.standing, standing.status != .paid, let stripe = standing.stripeInvoice,
            let page = try await desk.paymentPage(stripe)
        else { return .seeOther(address) }
        try await inHome(of: account) { tx in
            try await note("invoice.pay", paper.invoice.reference, account, request, in: tx)
        }
        return DashboardPage(
            request, title: "Pay \(paper.invoice.reference)", account: account,
            main: """
                <h1>Pay \(paper.invoice.reference)</h1>
                <div class="note"><p>\(PlanView.money(paper.invoice.due)) is paid on Stripe's own page. What \
                it says arrives here within a minute.</p></div>
                <p><a class="button" href="\(link: page)">Continue at Stripe</a></p>
                <p><a href="\(link: address)">Back to the invoice</a></p>
                """
        ).response()
    }

    static func address(of invoice: PlatformInvoice) -> String { "\(billingPath)/invoices/\(invoice.id)" }

    // MARK: - Statements

    private struct StatementView: Sendable {
        let statement: MonthStatement
        let lines: [StatementLine]
        let overruns: [AcceptedOverruns]
        let papers: [PlatformInvoice]
    }

    private func statement(
        _ request: WebRequest, _ account: Account
    ) async throws -> StatementView {
        guard let month = BillingMonth(rawValue: try request.parameter("month")) else {
            throw WebProblem(.notFound)
        }
        return try await inHome(of: account) { tx in
            guard let statement = try await Statements().find(month, in: tx) else {
                throw WebProblem(.notFound, "there is no statement for \(month.title)")
            }
            return StatementView(
                statement: statement, lines: try await Statements().lines(of: month, in: tx),
                overruns: try await Statements().overruns(of: month, in: tx),
                papers: try await PlatformInvoices().all(in: tx).filter { $0.month == month })
        }
    }

    private func statementPage(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let view = try await statement(request, account)
        let month = view.statement.month
        let names = try await namesOfStores(of: account)
        let rows = view.lines.map { line -> [HTML] in
            [
                "\(names[line.store] ?? "A store that is closed")",
                line.isCredit ? "refunds of earlier months" : "sales", "\(line.orders)",
                PlanView.money(line.fees.markups), PlanView.money(line.fees.commissions),
                PlanView.money(line.fees.processing), PlanView.money(line.supplier),
            ]
        }
        let papers = view.papers.map { invoice -> HTML in
            """
            <li><a href="\(link: Self.address(of: invoice))">\(invoice.kind.title) \
            \(invoice.reference)</a></li>
            """
        }
        return DashboardPage(
            request, title: "Statement of \(month.title)", account: account,
            main: """
                <h1>Statement of \(month.title)</h1>
                <p class="lead">What was withheld at checkout, store by store</p><div class="stack">
                \(HTML.table(
                    "In each store's currency",
                    ["Store", "", "Orders", "Markups", "Commissions", "Processing", "To suppliers"], rows))
                \(Self.overruns(view.overruns, names))\(Self.totals(view.statement, in: books(view)))
                <ul>\(papers)</ul>
                <p><a class="button quiet" href="\(link: "\(request.path)/csv")">Download as CSV</a></p>
                <p><a href="\(link: Self.billingPath)">Billing</a></p></div>
                """
        ).response()
    }

    /// What was accepted of suppliers' higher prices, store by store.
    private static func overruns(
        _ overruns: [AcceptedOverruns], _ names: [TenantID: String]
    ) -> HTML? {
        guard !overruns.isEmpty else { return nil }
        let rows = overruns.map { store -> [HTML] in
            [
                "\(names[store.store] ?? store.storeName)",
                "\(store.orders.map(\.description).joined(separator: ", "))", PlanView.money(store.amount),
            ]
        }
        return .table(
            "Supplier price differences you accepted: due with the invoice, without VAT",
            ["Store", "Orders", "Amount"], rows)
    }

    private func books(_ view: StatementView) -> Currency { view.statement.subscription.currency }

    private static func totals(_ statement: MonthStatement, in currency: Currency) -> HTML {
        """
        <div class="panel"><h2>In \(currency.rawValue), as invoiced</h2><dl class="sums">\
        <dt>Subscription, net</dt><dd>\(PlanView.money(statement.subscription))</dd>\
        <dt>Markups</dt><dd>\(PlanView.money(statement.fees.markups))</dd>\
        <dt>Commissions</dt><dd>\(PlanView.money(statement.fees.commissions))</dd>\
        <dt>Card processing</dt><dd>\(PlanView.money(statement.fees.processing))</dd>\
        <dt>Given back for refunds of earlier months</dt><dd>\(PlanView.money(statement.credits.total))</dd>\
        <dt>Passed on to suppliers, no part of the invoice</dt><dd>\(PlanView.money(statement.supplier))</dd>\
        <dt>Supplier price differences you accepted</dt><dd>\(PlanView.money(statement.overruns))</dd>\
        </dl></div>
        """
    }

    private func statementFile(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let view = try await statement(request, account)
        let month = view.statement.month
        let table = StatementTable(
            view.statement, view.lines, view.overruns,
            invoiced: view.papers.first { $0.kind == .invoice }?.total,
            names: try await namesOfStores(of: account)
        ).table
        var response = WebResponse.text(table.csv, type: "text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = "attachment; filename=\"cartflux-\(month.rawValue).csv\""
        return response
    }

    private func namesOfStores(of account: Account) async throws -> [TenantID: String] {
        var names: [TenantID: String] = [:]
        for membership in try await Memberships(database).all(of: account.id) where membership.role == .owner
        {
            names[membership.tenant] = try await database.transaction(for: membership.tenant) {
                try await Stores().load(in: $0).name
            }
        }
        return names
    }
}

extension PlatformInvoiceDraft.Kind {
    var title: String {
        switch self {
        case .invoice: "Invoice"
        case .creditNote: "Credit note"
        }
    }
}

extension PlanView {
    /// Those that nobody has paid, first of all.
    var unpaid: [HTML] {
        books.papers.compactMap { invoice in
            guard let standing = books.standings[invoice.id], standing.status != .paid else { return nil }
            return Self.standing(invoice, standing, request)
        }
    }

    var papers: HTML {
        guard !books.papers.isEmpty else {
            return """
                <div class="empty"><p>There is none yet. The first comes with the end of a month in which \
                you sold something or had a paid plan.</p></div>
                """
        }
        let rows = books.papers.map { invoice -> [HTML] in
            [
                "<a href=\"\(link: Dashboard.address(of: invoice))\">\(invoice.reference)</a>",
                "\(invoice.kind.title)", "\(invoice.month.title)", "\(invoice.issuedOn)",
                Self.money(invoice.total), Self.money(invoice.due),
                Self.state(invoice, books.standings[invoice.id]),
            ]
        }
        return .table(
            "Newest first", ["Number", "", "Month", "Issued", "Total", "Due", "State"], rows)
    }

    var statements: HTML {
        guard !books.months.isEmpty else { return "<p class=\"fine\">No month is closed yet.</p>" }
        let lines = books.months.map { month -> HTML in
            let address = "\(Dashboard.billingPath)/statements/\(month)"
            return """
                <li><a href="\(link: address)">\(month.title)</a> · \
                <a href="\(link: "\(address)/csv")">CSV<span class="hidden"> of \(month.title)</span></a></li>
                """
        }
        return "<ul>\(lines)</ul>"
    }

    private static func state(_ invoice: PlatformInvoice, _ standing: PaperStanding?) -> HTML {
        guard invoice.due.isPositive else { return "<span class=\"tag good\">✓ settled</span>" }
        switch standing?.status {
        case .paid: return "<span class=\"tag good\">✓ paid</span>"
        case .givenUp: return "<span class=\"tag warn\">! unpaid</span>"
        case .due, nil: return "<span class=\"tag warn\">! due</span>"
        }
    }

    /// Whether it is paid, and the way to pay it.
    static func standing(
        _ invoice: PlatformInvoice, _ standing: PaperStanding?, _ request: WebRequest
    ) -> HTML {
        guard invoice.due.isPositive, let standing else {
            return "<div class=\"note good\"><p>Nothing is due: it was settled at checkout.</p></div>"
        }
        if standing.status == .paid {
            let day: HTML? = standing.paidAt.map { " on \(HTML.time($0))" }
            return "<div class=\"note good\"><p>Paid\(day).</p></div>"
        }
        let problem: HTML? = standing.problem.map { "<p>At the last attempt: \($0).</p>" }
        let way: HTML =
            standing.stripeInvoice == nil
            ? "<p class=\"fine\">Stripe's page for it is made with the first attempt, within the hour.</p>"
            : """
            <form method="post" action="\(link: "\(Dashboard.address(of: invoice))/pay")">\
            \(request.formTokenField)<button>Pay \(MoneyText.text(invoice.due, in: .english))</button></form>
            """
        let end: HTML =
            standing.status == .givenUp
            ? "<p>It was not paid within \(Dunning.lastDay) days, so the account is on the Free plan.</p>"
            : "<p>We try your card on days 3, 7 and 14; on day \(Dunning.lastDay) the paid plan ends.</p>"
        return """
            <div class="note warn"><p><strong>\(invoice.reference): \
            \(MoneyText.text(invoice.due, in: .english)) is not paid.</strong></p>\(problem)\(end)\(way)</div>
            """
    }
}
