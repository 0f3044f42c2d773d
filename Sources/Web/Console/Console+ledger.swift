// The books of all stores, added up anew from the entries, whether they balance, and what the daily
// comparison with the vendor found.

import Commerce
import CommerceStore
import WebSupport

extension Console {
    var ledgerEndpoints: [Endpoint] { [privatePage("/ops/ledger", ledgerPage)] }

    /// More accounts than a page can hold: the platform's own come first, stores' by their balance.
    private static let accountLimit = 500

    private func ledgerPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let books = try await ledger.trialBalance()
        let reports = try await ledger.recent(limit: 30)
        let prefix = (request.query["account"] ?? "").trimmingCharacters(in: .whitespaces)
        let found = books.accounts.filter { $0.account.rawValue.hasPrefix(prefix) }
        let badge: HTML =
            books.imbalance.isEmpty
            ? "<p>\(Show.tag("the books balance", "good"))</p>"
            : """
            <div class="note bad" role="alert"><p>The books are out of balance by \
            \(books.imbalance.map { Show.money($0) }). Somebody has been at the tables.</p></div>
            """
        let accounts = DataTable(
            caption: "Accounts (\(found.count))", headings: ["Account", "Balance"],
            rows: found.prefix(Self.accountLimit).map {
                ["<code>\($0.account.rawValue)</code>", Show.money($0.amount)]
            }, empty: "Nothing is posted yet.")
        let search = Entry(
            "account", "Accounts that begin with", hint: "stripe:, revenue:, supplier_payable:")
        return ConsolePage(
            request, title: "Ledger", admin: admin,
            main: """
                <h1>Ledger</h1>\(badge)\(findings(reports))\
                <form method="get" action="/ops/ledger" class="filters panel">\(search.html(request, []))\
                <div><button>Filter</button></div></form>\(accounts.html)
                """
        ).response()
    }

    private func findings(_ reports: [LedgerReports.Report]) -> HTML {
        let rows = reports.flatMap { report -> [[HTML]] in
            guard !report.differences.isEmpty else {
                return [["\(report.day)", "\(report.accounts)", Show.tag("agree", "good"), .empty, .empty]]
            }
            return report.differences.map { difference in
                [
                    "\(report.day)", "\(report.accounts)",
                    "\(Show.tag("differs", "bad")) <code>\(difference.account.rawValue)</code>",
                    Show.money(difference.booked), Show.money(difference.found),
                ]
            }
        }
        return DataTable(
            caption: "Daily comparison with Stripe",
            headings: ["Day", "Accounts", "Finding", "In the books", "At Stripe"], rows: rows,
            empty: "No day was compared yet."
        ).html
    }
}
