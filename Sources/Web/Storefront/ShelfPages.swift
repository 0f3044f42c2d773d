// The shelf: all products, and one product.

import Commerce
import CommerceStore
import WebSupport

enum ShelfPages {
    /// The figure from which a stock is low enough to say so.
    private static let lowStock = 5

    static func home(_ request: WebRequest, products: [Product], basketCount: Int, next: ProductID?)
        -> ShopPage
    {
        let words = request.words
        let shelf: HTML =
            products.isEmpty
            ? "<p class=\"empty\">\(words(.homeEmpty))</p>"
            : "<ul class=\"grid\">\(products.enumerated().map { card($1, request, isFirst: $0 < 4) })</ul>"
        let more: HTML? = next.map { last in
            """
            <p><a class="button quiet" href="\(link: request.address("/") + "?after=\(last)")">\
            \(words(.homeMore))</a></p>
            """
        }
        return ShopPage(
            request, title: request.store.name, basketCount: basketCount,
            main: """
                <h1>\(request.store.name)</h1>
                <p class="lead">\(words(.homeLead)) \(delivery(request))</p>
                \(closedNotice(request))
                \(shelf)
                \(more)
                """)
    }

    static func product(_ request: WebRequest, _ product: Product, basketCount: Int) -> ShopPage {
        let words = request.words
        let title = product.title(in: request.language)
        let description = product.description(in: request.language)
        let details: HTML =
            description.isEmpty ? .empty : "<h2>\(words(.details))</h2>\(paragraphs(description))"
        var page = ShopPage(
            request, title: title, basketCount: basketCount,
            main: """
                <div class="split even">
                <div class="card shot">\(picture(product, title, isFirst: true))</div>
                <div class="stack">
                <h1>\(title)</h1>
                <p class="price large">\(words.money(product.price))</p>
                <p class="fine">\(words(.vatIncluded)) \(delivery(request))</p>
                \(closedNotice(request))
                \(buy(request, product))
                \(details)
                <p class="fine">\(words(.withdrawal))</p>
                \(safety(product, request))
                </div>
                </div>
                """)
        page.description = description.isEmpty ? nil : String(description.prefix(160))
        return page
    }

    private static func card(_ product: Product, _ request: WebRequest, isFirst: Bool) -> HTML {
        let words = request.words
        let title = product.title(in: request.language)
        return """
            <li class="card">
            <div class="shot">\(picture(product, "", isFirst: isFirst))</div>
            <div class="words">
            <h2><a href="\(link: request.address("/p/\(product.slug)"))">\(title)</a></h2>
            \(product.isSoldOut ? "<p><span class=\"tag\">\(words(.soldOut))</span></p>" : .empty)
            <p class="price">\(words.money(product.price))</p>
            </div>
            </li>
            """
    }

    /// The supplier's picture, or the first letter of the title where there is none.
    private static func picture(_ product: Product, _ alternative: String, isFirst: Bool) -> HTML {
        guard let address = product.imageURL, address.hasPrefix("https://") else {
            let letter = product.title(in: .english).first.map { String($0).uppercased() } ?? ""
            return "<span aria-hidden=\"true\">\(letter)</span>"
        }
        let loading: HTML = isFirst ? "fetchpriority=\"high\"" : "loading=\"lazy\""
        return """
            <img src="\(link: address)" alt="\(alternative)" width="640" height="480" \
            decoding="async" \(loading)>
            """
    }

    private static func delivery(_ request: WebRequest) -> String {
        let words = request.words
        return request.store.shipping.isZero
            ? words(.deliveryFree) : words(.deliveryCost, ["price": words.money(request.store.shipping)])
    }

    private static func closedNotice(_ request: WebRequest) -> HTML {
        request.store.takesOrders
            ? .empty : "<div class=\"note warn\" role=\"status\"><p>\(request.words(.closedNotice))</p></div>"
    }

    private static func buy(_ request: WebRequest, _ product: Product) -> HTML {
        let words = request.words
        guard !product.isSoldOut, request.store.takesOrders else {
            return "<p><span class=\"tag warn\">\(words(.soldOut))</span></p>"
        }
        let stock =
            product.available <= lowStock
            ? words(.fewLeft, ["count": String(product.available)]) : words(.inStock)
        let limit = min(Carts.quantityLimit, product.available)
        return """
            <p><span class="tag good">\(stock)</span></p>
            <form method="post" action="\(link: request.address("/cart"))" class="buy">
            \(request.formTokenField)
            <input type="hidden" name="product" value="\(product.id.description)">
            <div class="quantity"><label for="quantity">\(words(.quantity))</label>
            <input id="quantity" name="quantity" type="number" inputmode="numeric" min="1" max="\(limit)" \
            value="1" required></div>
            <button>\(words(.addToBasket))</button>
            </form>
            """
    }

    private static func safety(_ product: Product, _ request: WebRequest) -> HTML {
        guard !product.safety.isEmpty else { return .empty }
        let lines = product.safety.sorted { $0.key < $1.key }.map { "<p>\($0.value)</p>" as HTML }
        return """
            <details><summary>\(request.words(.safety))</summary><div class="fine">\(lines)</div></details>
            """
    }

    private static func paragraphs(_ text: String) -> [HTML] {
        text.split(separator: "\n").map { "<p>\(String($0))</p>" }
    }
}

extension Product {
    var isSoldOut: Bool { !isForSale || available <= 0 }
}
