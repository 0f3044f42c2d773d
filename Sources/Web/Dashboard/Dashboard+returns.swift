// What comes back, and what is changed of an order before its supplier was asked. The goods of a withdrawal
// are marked as received here, which refunds the shopper; an order is looked up by its number to cancel units
// or to correct its address; and products are kept out of the right of withdrawal where the law allows it.

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
            privateForm("\(root)/cancel") { try await cancelUnits($0, $1, desk) },
            privateForm("\(root)/address") { try await correctAddress($0, $1, desk) },
        ]
    }

    // MARK: - The page

    private struct ReturnsView: Sendable {
        let store: Store
        let waiting: [(withdrawal: Withdrawal, number: OrderNumber, contents: [String])]
        let order: OrderCard?
    }

    /// An order that was looked up, with what can still be changed of it.
    private struct OrderCard: Sendable {
        let order: Order
        let lines: [(line: OrderLine, open: Int)]
        let canBeReaddressed: Bool
    }

    private func returnsPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]
    ) async throws -> StorePage {
        let asked = request.query["order"] ?? request.form["order"] ?? ""
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
                store: try await Stores().load(in: tx), waiting: waiting,
                order: try await Self.card(ofNumber: asked, in: tx))
        }
        let root = StorePlace.returns.address(in: view.store.tenant)
        let noSuch: HTML? =
            asked.isEmpty || view.order != nil
            ? nil : "<p class=\"error\" role=\"alert\">There is no order \(asked) in this store.</p>"
        return StorePage(
            request: request, account: account, store: view.store, place: .returns,
            main: """
                \(list(view, request, root))<h2>Change an order</h2>
                <form method="get" class="buy" role="search"><div><label for="order">Order number</label>\
                <input id="order" name="order" value="\(asked)" inputmode="numeric"></div>\
                <button class="quiet">Show</button></form>\(noSuch)
                \(view.order.map { orderBox($0, request, root, problems, typed) })
                <h2>Products without withdrawal</h2>\(exclusionForm(request, root, problems, typed))
                """)
    }

    private static func card(
        ofNumber text: String, in tx: Transaction<OneTenant>
    ) async throws -> OrderCard? {
        guard let number = Int64(text).flatMap({ OrderNumber(rawValue: $0) }),
            let order = try await Orders().find(number: number, in: tx)
        else { return nil }
        let units = try await SupplierOrders().units(ofOrder: order.id, in: tx)
        let lines = try await Orders().lines(of: order.id, in: tx).map { line in
            (line, units.count { $0.line == line.id && $0.state == .allocated })
        }
        return OrderCard(
            order: order, lines: lines,
            canBeReaddressed: try await Orders().canBeReaddressed(order.id, in: tx))
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

    private func orderBox(
        _ card: OrderCard, _ request: WebRequest, _ root: String, _ problems: [FieldError],
        _ typed: [String: String]
    ) -> HTML {
        let number = card.order.number.description
        let open = card.lines.filter { $0.open > 0 }
        let counts = open.map { line, count in
            FormField(
                "line:\(line.id)", line.title, choices: (0...count).map { ("\($0)", "\($0)") })
        }
        let cancel: HTML? =
            open.isEmpty
            ? nil
            : FormView(
                request: request, action: "\(root)/cancel",
                fields: counts + [FormField("reason", "Why", hint: "Kept with the order.")],
                values: typed, problems: problems, button: "Cancel and refund these",
                hidden: [("order", number)]
            ).html
        let address: HTML? =
            card.canBeReaddressed
            ? FormView(
                request: request, action: "\(root)/address", fields: Self.addressFields,
                values: typed.isEmpty ? Self.typed(card.order.address) : typed, problems: problems,
                button: "Correct the address", hidden: [("order", number)]
            ).html : nil
        let none: HTML? =
            open.isEmpty && !card.canBeReaddressed
            ? "<p>The suppliers have this order; nothing of it can be changed here.</p>" : nil
        return "<h3>Order \(number)</h3>\(none)\(cancel)\(address)"
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

    private func cancelUnits(
        _ request: WebRequest, _ account: Account, _ desk: ReturnsDesk
    ) async throws -> WebResponse {
        let wanted = try Self.lineCounts(request.form)
        let reason = request.form["reason"] ?? ""
        var problems: [FieldError] = []
        if !(1...200).contains(reason.count) {
            problems.append(FieldError("reason", "is needed, up to 200 characters"))
        }
        if wanted.isEmpty { problems.append(FieldError("units", "Choose at least one unit.")) }
        guard problems.isEmpty else {
            return try await returnsPage(request, account, problems, request.typedTexts)
                .response(status: 422)
        }
        let (tenant, idle) = try await inStore(request, account, may: .change) { tx in
            let order = try await Self.order(request, in: tx)
            return (
                tx.tenant,
                try await desk.cancel(
                    wanted, of: order.id, by: "user:\(account.id)", reason: reason, in: tx)
            )
        }
        try await desk.release(idle)
        return Self.back(to: tenant, request)
    }

    private func correctAddress(
        _ request: WebRequest, _ account: Account, _ desk: ReturnsDesk
    ) async throws -> WebResponse {
        let form = request.form
        var typed = AddressForm(
            firstName: form["firstName"] ?? "", lastName: form["lastName"] ?? "",
            company: form["company"] ?? "", line: form["line"] ?? "", city: form["city"] ?? "",
            county: form["county"] ?? "", postcode: form["postcode"] ?? "")
        let (tenant, before) = try await inStore(request, account, may: .change) { tx in
            (tx.tenant, try await Self.order(request, in: tx))
        }
        typed.country = before.address.country.rawValue
        typed.vatNumber = before.address.vatNumber ?? ""
        let address: Address
        switch typed.verdict() {
        case .success(let checked): address = checked
        case .failure(let wrong):
            return try await returnsPage(request, account, wrong.problems, request.typedTexts)
                .response(status: 422)
        }
        let (refusal, waiting) = try await inStore(request, account, may: .change) { tx in
            try await desk.correctAddress(of: before.id, to: address, by: "user:\(account.id)", in: tx)
        }
        guard refusal == nil else {
            throw WebProblem(
                .conflict, "the supplier has the order already, or taxes are different at that address")
        }
        try await desk.resume(waiting)
        return Self.back(to: tenant, request)
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
    fileprivate static let addressFields = [
        FormField("firstName", "First name", width: "half"),
        FormField("lastName", "Last name", width: "half"),
        FormField("company", "Company"), FormField("line", "Street and number"),
        FormField("postcode", "Postcode", width: "third"), FormField("city", "City", width: "most"),
        FormField("county", "County", width: "half"),
    ]

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

    fileprivate static func typed(_ address: Address) -> [String: String] {
        [
            "firstName": address.firstName, "lastName": address.lastName, "company": address.company ?? "",
            "line": address.line, "postcode": address.postcode, "city": address.city,
            "county": address.county ?? "",
        ]
    }

    fileprivate static func lineCounts(_ form: FormFields) throws(WebProblem) -> [OrderLineID: Int] {
        var wanted: [OrderLineID: Int] = [:]
        for name in form.names(with: "line:") {
            guard let line = try? OrderLineID(parsing: String(name.dropFirst(5))),
                let count = form[name].flatMap({ Int($0) }), count >= 0
            else { throw WebProblem(.malformedRequest, "\(name) is no count of a line") }
            if count > 0 { wanted[line] = count }
        }
        return wanted
    }

    fileprivate static func order(
        _ request: WebRequest, in tx: Transaction<OneTenant>
    ) async throws -> Order {
        guard
            let number = (request.form["order"]).flatMap({ Int64($0) }).flatMap({ OrderNumber(rawValue: $0) }
            ),
            let order = try await Orders().find(number: number, in: tx)
        else { throw WebProblem(.notFound) }
        return order
    }

    fileprivate static func back(to tenant: TenantID, _ request: WebRequest) -> WebResponse {
        let number = PercentCoding.encode(request.form["order"] ?? "")
        return .seeOther("\(StorePlace.returns.address(in: tenant))?order=\(number)")
    }
}

extension WebRequest {
    /// Everything that was typed, to be shown again.
    fileprivate var typedTexts: [String: String] {
        Dictionary(
            form.names(with: "").compactMap { name in form[name].map { (name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}
