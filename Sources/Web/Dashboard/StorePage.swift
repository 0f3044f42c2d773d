// The frame of the pages of one store beside its wizard.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// A page of a store's settings for programs.
enum StorePlace: String, CaseIterable {
    case home, orders, customers
    case products, suppliers, discounts
    case returns, claims
    case webhooks
    case keys = "api-keys"
    case domain
    case personalData = "personal-data"
    case affiliate
    case invoices, team, audit, settings

    var title: String {
        switch self {
        case .home: "Home"
        case .orders: "Orders"
        case .customers: "Customers"
        case .products: "Products"
        case .suppliers: "Suppliers"
        case .discounts: "Discounts"
        case .returns: "Returns"
        case .claims: "Claims"
        case .webhooks: "Webhooks"
        case .keys: "API keys"
        case .domain: "Domain"
        case .personalData: "Personal data"
        case .affiliate: "Affiliates"
        case .invoices: "Invoices"
        case .team: "Team"
        case .audit: "Audit"
        case .settings: "Settings"
        }
    }

    func address(in store: TenantID) -> String {
        self == .home ? "/stores/\(store)" : "/stores/\(store)/\(rawValue)"
    }
}

struct StorePage: Sendable {
    let request: WebRequest
    let account: Account
    let store: Store
    let place: StorePlace
    var title: String?
    var refreshSeconds: Int?
    var script: Asset?
    var live: LivePage?
    let main: HTML

    func response(status: Int = 200) -> WebResponse {
        var page = DashboardPage(
            request, title: "\(title ?? place.title) · \(store.name)", account: account,
            main: """
                \(places)<h1>\(title ?? place.title)</h1><p class="lead">\(store.name)</p>
                <div class="stack">\(main)</div>
                """)
        page.refreshSeconds = refreshSeconds
        page.script = script
        page.live = live
        return page.response(status: status)
    }

    private var places: HTML {
        let links = StorePlace.allCases.map { one -> HTML in
            let current: HTML = one == place ? " aria-current=\"page\"" : ""
            return "<a href=\"\(link: one.address(in: store.tenant))\"\(current)>\(one.title)</a> "
        }
        return "<nav aria-label=\"Store\" class=\"fine\">\(links)</nav>"
    }
}

extension WebRequest {
    /// A form of nothing but one button.
    func button(
        _ words: String, at address: String, act: String, hidden: [(name: String, value: String)] = [],
        isQuiet: Bool = true
    ) -> HTML {
        let kept = hidden.map { "<input type=\"hidden\" name=\"\($0.name)\" value=\"\($0.value)\">" as HTML }
        let style: HTML = isQuiet ? " class=\"quiet\"" : ""
        return """
            <form method="post" action="\(link: address)">\(formTokenField)\(kept)\
            <button name="act" value="\(act)"\(style)>\(words)</button></form>
            """
    }
}

extension HTML {
    /// A moment, exact and for every machine to read.
    static func time(_ date: Date) -> HTML {
        let exact = date.formatted(.iso8601)
        let words = exact.replacing("T", with: " ").replacing("Z", with: " UTC")
        return "<time datetime=\"\(exact)\">\(words)</time>"
    }

    /// A secret that is told this once.
    static func secret(_ what: String, _ secret: String) -> HTML {
        """
        <div class="note good" role="status"><p><strong>\(what)</strong></p>
        <p>Copy it now: it is not shown again.</p><p><code>\(secret)</code></p></div>
        """
    }

    /// A table with a caption and a head for each column.
    static func table(_ caption: String, _ heads: [String], _ rows: [[HTML]]) -> HTML {
        let head = heads.map { "<th scope=\"col\">\($0)</th>" as HTML }
        let body = rows.map { cells -> HTML in
            let columns = cells.map { "<td>\($0)</td>" as HTML }
            return "<tr>\(columns)</tr>\n"
        }
        return """
            <div class="scroll" role="region" aria-label="\(caption)" tabindex="0">
            <table><caption>\(caption)</caption><thead><tr>\(head)</tr></thead>
            <tbody>\(body)</tbody></table></div>
            """
    }
}
