// Affiliates: joining, the link, and what it has earned. The link carries its code in the address, and the
// form of the sign-up carries it on; no cookie is set, so nobody has to be asked for one. Of those who were
// brought the page tells how many they are and never who.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var affiliateEndpoints: [Endpoint] {
        [
            privatePage("/stores/:store/affiliate") { request, account in
                try await affiliatePage(request, account, [])
            },
            privateForm("/stores/:store/affiliate", joinAffiliates),
        ]
    }

    private static let joinFields = [
        FormField(
            "code", "Code of your link",
            hint: "3 to 40 small letters, digits and hyphens, such as casa-verde. It cannot be changed.")
    ]

    private func joinAffiliates(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let code = (request.form["code"] ?? "").lowercased()
        do {
            let tenant = try await inStore(request, account, may: .administer) { tx in
                _ = try await Affiliates().join(code: code, in: tx)
                return tx.tenant
            }
            return .seeOther(StorePlace.affiliate.address(in: tenant))
        } catch StoreError.refused(.affiliateCodeTaken) {
            return try await affiliatePage(
                request, account, [FieldError("code", "is taken by somebody else")])
        } catch StoreError.refused(.affiliateCodeMalformed) {
            let problem = FieldError("code", "needs 3 to 40 small letters, digits and hyphens")
            return try await affiliatePage(request, account, [problem])
        } catch StoreError.notFound(.affiliate, _) {
            let problem = FieldError("code", "is not needed: this account joined from another of its stores")
            return try await affiliatePage(request, account, [problem])
        }
    }

    private func affiliatePage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> WebResponse {
        let (store, statement) = try await inStore(request, account, may: .administer) { tx in
            (
                try await Stores().load(in: tx),
                try await Affiliates().statement(at: request.receivedAt, in: tx)
            )
        }
        let main: HTML
        if let statement {
            main = Self.statement(statement, request)
        } else {
            let form = FormView(
                request: request, action: StorePlace.affiliate.address(in: store.tenant),
                fields: Self.joinFields, values: request.typed(Self.joinFields), problems: problems,
                button: "Join")
            main = """
                <p>Bring others to CartFlux and earn 20 % of what we earn from them, net of VAT, for twelve \
                months. What a month brought is paid thirty days after it was closed, from EUR 50.00 on; \
                refunds take their share back. Your own accounts earn nothing: not by the same mailbox, VAT \
                number or card.</p>
                \(form.html)
                """
        }
        return StorePage(
            request: request, account: account, store: store, place: .affiliate, main: main
        ).response(status: problems.isEmpty ? 200 : 422)
    }

    private static func statement(_ statement: AffiliateStatement, _ request: WebRequest) -> HTML {
        let link = "\(request.origin)/sign-up?ref=\(statement.affiliate.code)"
        let months = statement.months.map { month -> [HTML] in
            [
                "\(String(month.month.prefix(7)))", "\(month.accounts)", "\(money(month.base))",
                "\(money(month.earned))", .time(month.availableAt),
            ]
        }
        let payouts = statement.payouts.map { payout -> [HTML] in
            [
                .time(payout.reservedAt), "\(money(payout.amount))", "\(payout.status)",
                "\(payout.problem ?? "")",
            ]
        }
        let refused: HTML =
            statement.refused == 0
            ? .empty
            : """
            <div class="note warn"><p>\(statement.refused) of them turned out to be you: the same mailbox, \
            VAT number or card. Nobody brings themselves, so these earn nothing.</p></div>
            """
        let nothing: HTML = "<p class=\"fine\">Nothing yet.</p>"
        return """
            <p>Your link: <code>\(link)</code></p>
            <p>Accounts you brought: \(statement.brought). To be paid out now: \
            <strong>\(money(statement.available))</strong>; payouts begin at EUR 50.00.</p>\(refused)
            <h2>Earned</h2>\(months.isEmpty ? nothing : .table(
                "What each month earned", ["Month", "Accounts", "Our net revenue", "Your share", "Paid from"],
                months))
            <h2>Payouts</h2>\(payouts.isEmpty ? nothing : .table(
                "What was paid to you", ["Day", "Amount", "State", "Note"], payouts))
            """
    }

    private static func money(_ amount: Money) -> String { MoneyText.text(amount, in: .english) }

    /// Somebody who follows their own link is told at once that it brings nothing.
    func ownLinkProblems(_ request: WebRequest) async throws -> [FieldError] {
        guard let code = request.referrer, let session = try await desk.session(of: request) else {
            return []
        }
        let isOwn = try await database.transaction(for: session.account.id.room) {
            try await Affiliates().isOwn(code, in: $0)
        }
        guard isOwn else { return [] }
        return [
            FieldError("ref", "This is your own link. Nobody brings themselves, so it would earn nothing.")
        ]
    }
}

extension WebRequest {
    /// The affiliate's code in the address of the page, or in the form that it became.
    var referrer: String? {
        let code = query["ref"] ?? form["ref"] ?? ""
        return (3...40).contains(code.utf8.count) ? code : nil
    }

    var referrerField: [(name: String, value: String)] {
        referrer.map { [(name: "ref", value: $0)] } ?? []
    }
}
