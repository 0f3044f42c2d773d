// What comes back. The goods of a withdrawal are marked as received here, which refunds the shopper; and
// products are kept out of the right of withdrawal where the law allows it.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var returnEndpoints: [Endpoint] {
        guard let desk = returnsDesk else { return [] }
        let root = "/stores/:store/returns"
        return [
            privatePage(root) { request, account in
                try await returnsPage(request, account, [], [:]).response()
            },
            privateForm("\(root)/received") { try await markReceived($0, $1, desk) },
            privateForm("\(root)/exclusion", setExclusion),
        ]
    }

    // MARK: - The page

    private struct ReturnsView: Sendable {
        let store: Store
        let waiting: [(withdrawal: Withdrawal, number: OrderNumber, contents: [String])]
    }

    private func returnsPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]
    ) async throws -> StorePage {
        let view = try await inStore(request, account, may: .read) { tx in
            var waiting: [(withdrawal: Withdrawal, number: OrderNumber, contents: [String])] = []
            for one in try await Withdrawals().recent(in: tx) {
                waiting.append(
                    (
                        one, try await Orders().load(one.order, in: tx).number,
                        try await Withdrawals().contents(of: one.id, in: tx)
                    ))
            }
            return ReturnsView(
                store: try await Stores().load(in: tx), waiting: waiting)
        }
        let root = StorePlace.returns.address(in: view.store.tenant)
        return StorePage(
            request: request, account: account, store: view.store, place: .returns,
            main: """
                \(list(view, request, root))
                <p>To cancel pieces of an order or to correct its address, open it among the \
                <a href="\(link: StorePlace.orders.address(in: view.store.tenant))">orders</a>.</p>
                <h2>Products without withdrawal</h2>\(exclusionForm(request, root, problems, typed))
                """)
    }

    private func list(_ view: ReturnsView, _ request: WebRequest, _ root: String) -> HTML {
        guard !view.waiting.isEmpty else {
            return "<div class=\"empty\"><p>No shopper has withdrawn from an order.</p></div>"
        }
        let rows = view.waiting.map { one -> [HTML] in
            let withdrawal = one.withdrawal
            let state: HTML =
                withdrawal.refundedAt.map { "refunded \(HTML.time($0))" }
                ?? withdrawal.receivedAt.map { "received \(HTML.time($0)), being refunded" }
                ?? withdrawal.tracking.map { "sent back: \($0)" } ?? "waiting for the goods"
            let isOpen = withdrawal.refundedAt == nil && withdrawal.receivedAt == nil
            let act =
                isOpen
                ? request.button(
                    "Goods received: refund", at: "\(root)/received", act: "received",
                    hidden: [("withdrawal", withdrawal.id.description)]) : HTML.empty
            return [
                "\(one.number.description)", "\(one.contents.joined(separator: ", "))",
                HTML.time(withdrawal.submittedAt), HTML.time(withdrawal.refundDueAt), state, act,
            ]
        }
        return .table(
            "Withdrawals, the next due first", ["Order", "What", "Declared", "Refund due", "State", ""], rows)
    }

    // MARK: - Acts

    private func markReceived(
        _ request: WebRequest, _ account: Account, _ desk: ReturnsDesk
    ) async throws -> WebResponse {
        guard let id = try? WithdrawalID(parsing: request.form["withdrawal"] ?? "") else {
            throw WebProblem(.notFound)
        }
        let (tenant, run) = try await inStore(request, account, may: .change) { tx in
            let run = try await desk.receive(
                id, by: "user:\(account.id)", at: request.receivedAt, in: tx)
            return (tx.tenant, run)
        }
        if let run { try await desk.tellReceived(id, run) }
        return .seeOther(StorePlace.returns.address(in: tenant))
    }

    private func setExclusion(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let sku = SKU(rawValue: request.form["sku"] ?? "")
        let choice = request.form["exclusion"] ?? ""
        let tenant = try await inStore(request, account, may: .change) { tx -> TenantID? in
            guard let sku, let product = try await Products().find(sku: sku, in: tx) else { return nil }
            try await Products().setWithdrawalExclusion(
                WithdrawalExclusion(rawValue: choice), of: product.id, in: tx)
            return tx.tenant
        }
        guard let tenant else {
            let problem = FieldError("sku", "is no product of this store")
            return try await returnsPage(request, account, [problem], request.typedTexts)
                .response(status: 422)
        }
        return .seeOther(StorePlace.returns.address(in: tenant))
    }
}

// MARK: - Fields

extension Dashboard {
    fileprivate func exclusionForm(
        _ request: WebRequest, _ root: String, _ problems: [FieldError], _ typed: [String: String]
    ) -> HTML {
        let choices: [(value: String, words: String)] =
            [("", "Can be returned")]
            + WithdrawalExclusion.allCases.map { ($0.rawValue, Self.words($0)) }
        return FormView(
            request: request, action: "\(root)/exclusion",
            fields: [
                FormField("sku", "SKU"),
                FormField(
                    "exclusion", "Right of withdrawal", hint: "Counts for orders from now on.",
                    choices: choices),
            ], values: typed, problems: problems.filter { $0.field == "sku" }, button: "Save"
        ).html
    }

    private static func words(_ exclusion: WithdrawalExclusion) -> String {
        switch exclusion {
        case .hygiene: "Excluded: sealed for hygiene"
        case .perishable: "Excluded: perishable"
        case .customMade: "Excluded: custom-made"
        case .digital: "Excluded: digital content"
        }
    }
}

extension WebRequest {
    /// Everything that was typed, to be shown again.
    var typedTexts: [String: String] {
        Dictionary(
            form.names(with: "").compactMap { name in form[name].map { (name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
