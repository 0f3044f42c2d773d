// The tables and boxes of the pages for products. What a merchant keeps comes first.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension ProductList.Filter {
    var words: String {
        switch self {
        case .all: "all"
        case .published: "published"
        case .paused: "paused"
        case .draft: "drafts"
        case .outOfStock: "out of stock"
        case .losing: "losing money"
        case .unsafe: "without safety data"
        }
    }
}

extension Product.Status {
    /// The word and its colour; the colour says nothing that the word does not.
    var tag: HTML {
        switch self {
        case .published: "<span class=\"tag good\">published</span>"
        case .paused: "<span class=\"tag warn\">paused</span>"
        case .draft: "<span class=\"tag\">draft</span>"
        }
    }
}

/// A page of the store's products.
struct ProductListView: Sendable {
    let request: WebRequest
    let terms: PriceTerms
    let page: ProductList.Page
    let filter: ProductList.Filter
    let search: String
    let isFirst: Bool

    private var root: String { StorePlace.products.address(in: terms.store.tenant) }

    func html() throws -> HTML {
        """
        <div class="acts"><a class="button" href="\(link: "/stores/\(terms.store.tenant)/catalogue")">\
        Add from the catalogue</a> \
        <a href="\(link: "/stores/\(terms.store.tenant)/price-rule")">How prices are suggested</a></div>
        <form method="get" class="buy" role="search"><div><label for="q">Title or SKU</label>\
        <input id="q" name="q" value="\(search)"></div>\(filterBox)<button class="quiet">Show</button></form>
        \(filters)\(try list())\(more)
        """
    }

    private var filterBox: HTML? {
        filter == .all ? nil : "<input type=\"hidden\" name=\"show\" value=\"\(filter.rawValue)\">"
    }

    private func address(_ filter: ProductList.Filter, after: ProductID? = nil) -> String {
        var parts: [String] = []
        if filter != .all { parts.append("show=\(filter.rawValue)") }
        if !search.isEmpty { parts.append("q=\(PercentCoding.encode(search))") }
        if let after { parts.append("after=\(after)") }
        return parts.isEmpty ? root : "\(root)?\(parts.joined(separator: "&"))"
    }

    private var filters: HTML {
        let links = ProductList.Filter.allCases.map { one -> HTML in
            let current: HTML = one == filter ? " aria-current=\"true\"" : ""
            return "<a href=\"\(link: address(one))\"\(current)>\(one.words)</a> "
        }
        return "<nav aria-label=\"Which products\" class=\"fine\">\(links)</nav>"
    }

    private func list() throws -> HTML {
        guard !page.products.isEmpty else { return nothing }
        let rows = try page.products.map(row)
        return .table(
            "Products, newest first",
            ["Product", "Costs you", "Price", "You keep", "After VAT", "Stock", "State"], rows)
    }

    private var nothing: HTML {
        if page.next != nil {
            return "<p>None among those looked at so far.</p>"
        }
        guard filter == .all, search.isEmpty, isFirst else {
            return """
                <div class="empty"><p>No product is like that.</p>\
                <p><a href="\(link: root)">Show all products</a></p></div>
                """
        }
        return """
            <div class="empty"><p>Your store sells nothing yet. What you keep of every price is shown before \
            you take anything.</p></div>
            """
    }

    private func row(_ product: Product) throws -> [HTML] {
        let answer = try product.answer(product.price, terms)
        let language = terms.store.languages[0]
        let loses = answer.sale.margin.isNegative
        let kept: HTML =
            loses
            ? "<strong class=\"error\">loses \(answer.sale.margin.magnitude.text)</strong>"
            : "<strong>\(answer.sale.margin.text)</strong>"
        let lacks: HTML? =
            product.missingSafety.isEmpty ? nil : " <span class=\"tag warn\">no safety data</span>"
        return [
            """
            <a href="\(link: "\(root)/\(product.id)")">\(product.title(in: language))</a>\
            <br><span class="fine">\(product.sku.rawValue)</span>
            """,
            "\((answer.sale.supplier + answer.sale.markup).text)", "\(product.price.text)",
            kept, "\(answer.taxed.margin.text)", "\(product.available)",
            product.status.tag + (lacks ?? .empty),
        ]
    }

    private var more: HTML {
        guard let next = page.next else { return .empty }
        let words = page.products.count < ProductList.pageSize ? "Look further" : "Older products"
        return "<p><a href=\"\(link: address(filter, after: next))\">\(words)</a></p>"
    }
}

/// What a price leaves, part by part. A fragment of the page, asked for again while a price is typed.
struct MarginBox: Sendable {
    let terms: PriceTerms
    let product: Product
    /// Nil where what was typed is no price.
    let answer: PriceAnswer?
    /// What shoppers would see beside the price: the lowest of the thirty days before a reduction.
    let reference: Money?

    var html: HTML {
        guard let answer else { return "<p class=\"fine\">Type a price, such as 19.90.</p>" }
        let sale = answer.sale
        let plan = terms.pricing.terms
        let lines: [(String, Money)] = [
            ("The shopper pays", sale.gross), ("Supplier", -sale.supplier),
            ("Catalogue fee", -sale.markup), ("Commission \(plan.commission)", -sale.commission),
            ("Card processing", -sale.processing),
        ]
        let rows = lines.filter { !$0.1.isZero }.map { words, amount -> HTML in
            "<dt>\(words)</dt><dd>\(amount.text)</dd>"
        }
        let total: HTML =
            sale.margin.isNegative
            ? "<dt class=\"total\">You lose</dt><dd class=\"total\">\(sale.margin.magnitude.text)</dd>"
            : "<dt class=\"total\">You keep</dt><dd class=\"total\">\(sale.margin.text)</dd>"
        return """
            <dl class="sums">\(rows)\(total)\(vat(answer))</dl>\(refusal(answer))\(ways(answer))\(reduction)
            """
    }

    private func vat(_ answer: PriceAnswer) -> HTML {
        guard terms.isRegistered else { return .empty }
        return """
            <dt>VAT \(product.vatRate.description) you owe of it</dt>\
            <dd>\((-answer.taxed.owed).text)</dd>\
            <dt>VAT in our fees that you deduct</dt><dd>\(answer.taxed.deducted.text)</dd>\
            <dt>After VAT</dt><dd>\(answer.taxed.margin.text)</dd>
            """
    }

    private func refusal(_ answer: PriceAnswer) -> HTML? {
        answer.reason.map { "<p class=\"error\">\($0)</p>" }
    }

    private func ways(_ answer: PriceAnswer) -> HTML {
        let lowest = answer.lowest.map { "The lowest price that passes is \($0.text). " } ?? ""
        let byRule = answer.byRule.map { "By your rule it would be \($0.text)." } ?? ""
        return "<p class=\"fine\">\(lowest)\(byRule)</p>"
    }

    private var reduction: HTML? {
        reference.map { reference in
            """
            <p class="fine">A reduction: shoppers see the lowest price of the thirty days before it, \
            \(reference.text).</p>
            """
        }
    }
}
