// Who bought in the store, told apart by their e-mail address, with what they have paid.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var customerEndpoints: [Endpoint] { [privatePage("/stores/:store/customers", customers)] }

    private func customers(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let wanted = String((request.query["q"] ?? "").prefix(Self.searchLimit)).trimmed
        let mark = request.query["after"].flatMap(Shoppers.Mark.init(written:))
        let list = try await inStoreAs(request, account, may: .read) { tx, role in
            CustomerList(
                store: try await Stores().load(in: tx), wanted: wanted, isFirst: mark == nil,
                shoppers: try await Shoppers().page(
                    containing: wanted, after: mark, limit: StoreOrders.pageLimit + 1, in: tx),
                showsData: personalData != nil && role.may(.administer))
        }
        return StorePage(
            request: request, account: account, store: list.store, place: .customers, main: list.html
        ).response()
    }
}

extension Shoppers.Mark {
    /// As an address carries it: the currency, then the e-mail address.
    fileprivate init?(written text: String) {
        guard let currency = Currency(rawValue: String(text.prefix(3))), text.count > 3 else { return nil }
        self.init(email: String(text.dropFirst(3)), currency: currency)
    }

    fileprivate var written: String { currency.rawValue + email }
}

private struct CustomerList: Sendable {
    let store: Store
    let wanted: String
    let isFirst: Bool
    let shoppers: [Shoppers.Shopper]
    let showsData: Bool

    private var root: String { StorePlace.customers.address(in: store.tenant) }

    var html: HTML {
        """
        <p>Everybody who has paid for an order, by e-mail address.</p>
        <form method="get" action="\(link: root)" class="buy" role="search"><div>\
        <label for="q">Part of an e-mail address</label>\
        <input id="q" name="q" value="\(wanted)" type="search"></div>\
        <button class="quiet">Find</button></form>\(shoppers.isEmpty ? nothing : table)\(pager)
        """
    }

    private var table: HTML {
        let rows = shoppers.prefix(StoreOrders.pageLimit).map { shopper -> HTML in
            let mail = PercentCoding.encode(shopper.email)
            let orders = "\(StorePlace.orders.address(in: store.tenant))?q=\(mail)"
            let data = "\(StorePlace.personalData.address(in: store.tenant))?email=\(mail)"
            let last: HTML =
                showsData
                ? """
                <td><a href="\(link: data)">Copy or erase<span class="hidden"> the data of \
                \(shopper.email)</span></a></td>
                """ : .empty
            return """
                <tr><th scope="row">\(shopper.email)</th><td class="number"><a href="\(link: orders)">\
                \(shopper.orders)<span class="hidden"> orders of \(shopper.email)</span></a></td>\
                <td class="number">\(shopper.paid.text)</td><td class="number">\(shopper.refunded.text)</td>\
                <td>\(HTML.time(shopper.lastPlacedAt))</td>\(last)</tr>

                """
        }
        let data: HTML? = showsData ? "<th scope=\"col\">Personal data</th>" : nil
        return """
            <div class="scroll" role="region" aria-label="Customers" tabindex="0"><table>\
            <caption>Customers</caption><thead><tr><th scope="col">E-mail</th>\
            <th scope="col" class="number">Orders</th><th scope="col" class="number">Paid</th>\
            <th scope="col" class="number">Refunded</th><th scope="col">Last order</th>\(data)</tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private var nothing: HTML {
        let words: HTML =
            wanted.isEmpty
            ? "<p>No\(isFirst ? "body has paid for an order yet" : " more customers").</p>"
            : """
            <p>No customer's address contains <strong>\(wanted)</strong>. \
            <a href="\(link: root)">Show all</a></p>
            """
        return "<div class=\"empty\">\(words)</div>"
    }

    private var pager: HTML? {
        guard shoppers.count > StoreOrders.pageLimit else { return nil }
        let mark = PercentCoding.encode(shoppers[StoreOrders.pageLimit - 1].mark.written)
        let search = wanted.isEmpty ? "" : "q=\(PercentCoding.encode(wanted))&"
        return "<p><a href=\"\(link: "\(root)?\(search)after=\(mark)")\">Next</a></p>"
    }
}
