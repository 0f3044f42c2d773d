// Affiliates over all accounts: who brought how many, what that earned, and what became of each payout. They
// are paid by a schedule; nothing is paid from here.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Console {
    var affiliateEndpoints: [Endpoint] { [privatePage("/ops/affiliates", affiliatesPage)] }

    private func affiliatesPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let now = request.receivedAt
        let lines = try await affiliates.all(at: now)
        let payouts = try await affiliates.payouts()
        let owed = lines.reduce(Money.eur(0)) { $0 + $1.available }
        let list = DataTable(
            caption: "Affiliates",
            headings: ["Code", "Account", "Brought", "Refused", "Earned", "Available", "Paid", "Since"],
            rows: lines.map { line in
                [
                    "<code>\(line.code)</code>", Show.tenant(line.tenant.description), "\(line.brought)",
                    "\(line.refused)", Show.money(line.earned), Show.money(line.available),
                    Show.money(line.paid), Show.time(line.joinedAt, now),
                ]
            }, empty: "Nobody has joined yet.")
        let paid = DataTable(
            caption: "Payouts",
            headings: ["Affiliate", "Account", "Amount", "State", "Transfer", "Problem", "Reserved", "Paid"],
            rows: payouts.map { payout in
                [
                    "<code>\(payout.code)</code>", Show.tenant(payout.tenant.description),
                    Show.money(payout.amount), Self.tag(payout.status),
                    "<code>\(payout.transfer ?? "")</code>", Show.words(payout.problem ?? ""),
                    Show.time(payout.reservedAt, now), Show.time(payout.paidAt, now),
                ]
            }, empty: "Nothing was paid yet.")
        return ConsolePage(
            request, title: "Affiliates", admin: admin,
            main: """
                <h1>Affiliates</h1><p class="lead">\(Show.money(owed)) may be paid out now.</p>\
                \(list.html)\(paid.html)
                """
        ).response()
    }

    private static func tag(_ status: String) -> HTML {
        switch status {
        case "paid": Show.tag("paid", "good")
        case "failed": Show.tag("failed", "bad")
        default: Show.tag(status, "now")
        }
    }
}
