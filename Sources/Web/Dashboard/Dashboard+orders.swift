// The orders of a store, page by page. Everything that a list shows is in its address: the view, what is
// looked for, and where the page begins.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var orderEndpoints: [Endpoint] {
        let root = "/stores/:store/orders"
        return [
            privatePage(root, orderList), privatePage("\(root)/:number", order),
            privateForm("\(root)/:number/hold", answerHold),
            privateForm("\(root)/:number/confirmation", confirmAgain),
        ]
    }

    /// Longer texts name nothing that could be found.
    static let searchLimit = 254

    private func orderList(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let view = request.query["view"].flatMap(StoreOrders.View.init(rawValue:)) ?? .all
        let wanted = String((request.query["q"] ?? "").prefix(Self.searchLimit)).trimmed
        let last = request.query["before"].flatMap { try? OrderID(parsing: $0) }
        let list = try await inStore(request, account, may: .read) { tx in
            let orders = StoreOrders()
            let limit = StoreOrders.pageLimit + 1
            return OrderList(
                store: try await Stores().load(in: tx), view: view, wanted: wanted, isFirst: last == nil,
                lines: wanted.isEmpty
                    ? try await orders.page(view, before: last, limit: limit, in: tx)
                    : try await orders.search(wanted, before: last, limit: limit, in: tx),
                counts: try await orders.counts(in: tx))
        }
        return StorePage(
            request: request, account: account, store: list.store, place: .orders,
            live: LivePage([.store(list.store.tenant)], pace: 2, list.parts), main: list.html
        ).response()
    }

    /// Opens the store like `inStore`, and says as what.
    func inStoreAs<Value: Sendable>(
        _ request: WebRequest, _ account: Account, may act: StoreRole.Act,
        _ body: (Transaction<OneTenant>, StoreRole) async throws -> Value
    ) async throws -> Value {
        try await inStore(request, account, may: act) { tx in
            guard let role = try await Memberships(database).role(of: account.id, in: tx) else {
                throw WebProblem(.notFound)
            }
            return try await body(tx, role)
        }
    }

    /// The order that the path names.
    static func order(
        _ request: WebRequest, in tx: Transaction<OneTenant>
    ) async throws -> Order {
        guard let number = Int64(try request.parameter("number")).flatMap({ OrderNumber(rawValue: $0) }),
            let order = try await Orders().find(number: number, in: tx)
        else { throw WebProblem(.notFound) }
        return order
    }
}

extension Order {
    /// Its own page.
    func address(in store: TenantID) -> String { number.address(in: store) }
}

extension OrderNumber {
    func address(in store: TenantID) -> String {
        "\(StorePlace.orders.address(in: store))/\(rawValue)"
    }
}

/// A page of the list.
private struct OrderList: Sendable {
    let store: Store
    let view: StoreOrders.View
    let wanted: String
    let isFirst: Bool
    /// One more than a page where there are more.
    let lines: [StoreOrders.Line]
    let counts: [StoreOrders.View: Int]

    private var root: String { StorePlace.orders.address(in: store.tenant) }

    var html: HTML {
        """
        <form method="get" action="\(link: root)" class="buy" role="search"><div>\
        <label for="q">Number, e-mail or payment reference</label>\
        <input id="q" name="q" value="\(wanted)" type="search"></div>\
        <button class="quiet">Find</button></form>
        \(parts.map(\.html))
        """
    }

    /// What moves as orders come in and go on.
    var parts: [LivePart] {
        [
            LivePart("order-views", wanted.isEmpty ? views : found),
            LivePart("order-list", lines.isEmpty ? nothing : table, kind: .list),
            LivePart("order-pager", pager),
        ]
    }

    private var views: HTML {
        let links = StoreOrders.View.allCases.map { one -> HTML in
            let current: HTML = one == view ? " aria-current=\"page\"" : ""
            let count = counts[one].map { $0 >= StoreOrders.countLimit ? "99+" : "\($0)" }
            let mark: HTML? = count.map { $0 == "0" ? .empty : " <span class=\"tag\">\($0)</span>" }
            return "<li><a href=\"\(link: "\(root)?view=\(one.rawValue)")\"\(current)>\(one.title)"
                + "\(mark)</a></li>"
        }
        return "<nav aria-label=\"Views\"><ul class=\"tabs\">\(links)</ul></nav>"
    }

    private var found: HTML {
        "<p>Orders that match <strong>\(wanted)</strong>. <a href=\"\(link: root)\">Show all orders</a></p>"
    }

    private var table: HTML {
        let rows = lines.prefix(StoreOrders.pageLimit).map { line -> HTML in
            let late: HTML? = line.isExpired ? "<span class=\"fine\">expired</span>" : nil
            return """
                <tr id="order-\(String(line.number.rawValue))"><td>\
                <a href="\(link: line.number.address(in: store.tenant))">\
                \(line.number.description)</a></td><td>\(HTML.time(line.placedAt))</td>\
                <td>\(line.shopper)<br><span class="fine">\(line.email)</span></td>\
                <td class="number">\(line.total.text)</td><td class="number">\(line.margin.text)</td>\
                <td>\(line.status.tags) \(late)</td></tr>

                """
        }
        return """
            <div class="scroll" role="region" aria-label="Orders" tabindex="0"><table>\
            <caption>\(wanted.isEmpty ? view.title : "Found"), newest first</caption><thead><tr>\
            <th scope="col">Order</th><th scope="col">Placed</th><th scope="col">Shopper</th>\
            <th scope="col" class="number">Total</th><th scope="col" class="number">You keep</th>\
            <th scope="col">State</th></tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private var nothing: HTML {
        let words: HTML =
            if !wanted.isEmpty {
                """
                <p>No order has the number, the e-mail address or the payment reference \
                <strong>\(wanted)</strong>.</p><p>An address and a reference must be whole.</p>
                """
            } else if view == .all, isFirst {
                "<p>No orders yet. They appear here as soon as a shopper presses the button to pay.</p>"
            } else {
                "<p>No \(isFirst ? "" : "more ")orders here.</p>"
            }
        return "<div class=\"empty\">\(words)</div>"
    }

    private var pager: HTML {
        let search = wanted.isEmpty ? "view=\(view.rawValue)" : "q=\(PercentCoding.encode(wanted))"
        let first: HTML? = isFirst ? nil : "<a href=\"\(link: "\(root)?\(search)")\">Newest</a> "
        var older: HTML?
        if lines.count > StoreOrders.pageLimit {
            let last = lines[StoreOrders.pageLimit - 1].id
            older = "<a href=\"\(link: "\(root)?\(search)&before=\(last)")\">Older</a>"
        }
        return "<p>\(first)\(older)</p>"
    }
}

extension StoreOrders.View {
    var title: String {
        switch self {
        case .needsAction: "Needs action"
        case .toForward: "To forward"
        case .inTransit: "In transit"
        case .delivered: "Delivered"
        case .refunded: "Refunded"
        case .disputed: "Disputed"
        case .all: "All"
        }
    }
}
