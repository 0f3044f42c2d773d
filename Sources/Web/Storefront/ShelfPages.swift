// The shelf: all products, and one product.

import Commerce
import CommerceStore
import WebSupport

enum ShelfPages {
    /// The figure from which a stock is low enough to say so.
    private static let lowStock = 5

    static func home(
        _ request: WebRequest, products: [Product], categories: [ShelfCategory], basketCount: Int,
        next: ProductID?
    ) -> ShopPage {
        let words = request.words
        let shelf: HTML =
            products.isEmpty
            ? "<p class=\"empty\">\(words(.homeEmpty))</p>" : grid(products, request)
        let more: HTML? = next.map { last in
            """
            <p><a class="button quiet" href="\(link: request.address("/") + "?after=\(last)")">\
            \(words(.homeMore))</a></p>
            """
        }
        var page = ShopPage(
            request, title: request.store.name, basketCount: basketCount,
            main: """
                <h1>\(request.store.name)</h1>
                <p class="lead">\(words(.homeLead)) \(delivery(request))</p>
                \(closedNotice(request))
                \(categories.isEmpty ? .empty : CategoryChips.html(categories, current: nil, request))
                \(shelf)
                \(more)
                """)
        page.facts = [StructuredData.organization(request)]
        return page
    }

    /// Products side by side; the first row is in sight at once.
    static func grid(_ products: [Product], _ request: WebRequest) -> HTML {
        "<ul class=\"grid\">\(products.enumerated().map { card($1, request, isFirst: $0 < 4) })</ul>"
    }

    /// Instead of a product that was taken away for good.
    static func gone(_ request: WebRequest) -> ShopPage {
        let words = request.words
        let all: HTML =
            "<a class=\"button\" href=\"\(link: request.address("/all"))\">\(words(.allProducts))</a>"
        return ShopPage(
            request, title: words(.goneTitle),
            main: """
                <div class="empty stack"><h1>\(words(.goneTitle))</h1><p>\(words(.goneText))</p>
                <p>\(all)</p></div>
                """
        ).hidden
    }

    static func product(
        _ request: WebRequest, _ product: Product, _ background: ProductBackground, _ promise: ShopPromise,
        basketCount: Int
    ) -> ShopPage {
        let words = request.words
        let title = product.title(in: request.language)
        let description = product.description(in: request.language)
        let details: HTML =
            description.isEmpty ? .empty : "<h2>\(words(.details))</h2>\(paragraphs(description))"
        var page = ShopPage(
            request, title: title, basketCount: basketCount,
            main: """
                \(Breadcrumb.html(way(to: product, background, request), request))
                <div class="split even">
                <div class="card shot">\(picture(product, title, isFirst: true))</div>
                <div class="stack">
                <h1>\(title)</h1>
                \(PriceTag.html(product, request, isLarge: true))
                <p class="fine">\(words(.vatIncluded)) \(delivery(request))</p>
                \(closedNotice(request))
                \(buy(request, product))
                \(details)
                \(promise.html(request))
                \(SafetyBlock.html(product, request))
                \(others(background.siblings, request))
                </div>
                </div>
                """)
        page.description = description.isEmpty ? nil : String(description.prefix(160))
        page.picture = product.safePicture
        page.kind = "product"
        page.facts = [
            StructuredData.product(product, promise, request),
            StructuredData.breadcrumbs(way(to: product, background, request), request),
        ]
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
            \(PriceTag.html(product, request))
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

    private static func way(
        to product: Product, _ background: ProductBackground, _ request: WebRequest
    ) -> [Breadcrumb] {
        let branch = background.category.map { category in
            Breadcrumb(name: category.name(in: request.language), path: "/c/\(category.slug)")
        }
        return [
            Breadcrumb(name: request.words(.home), path: "/"),
            branch ?? Breadcrumb(name: request.words(.allProducts), path: "/all"),
            Breadcrumb(name: product.title(in: request.language), path: "/p/\(product.slug)"),
        ]
    }

    /// The same thing in other sizes and colours.
    private static func others(_ siblings: [ProductBackground.Sibling], _ request: WebRequest) -> HTML {
        guard !siblings.isEmpty else { return .empty }
        let links = siblings.map { sibling -> HTML in
            let address = request.address("/p/\(sibling.slug)")
            return "<li><a href=\"\(link: address)\">\(sibling.title(in: request.language))</a></li>"
        }
        return """
            <nav class="others" aria-label="\(request.words(.otherVersions))">
            <h2>\(request.words(.otherVersions))</h2><ul class="chips">\(links)</ul></nav>
            """
    }

    private static func paragraphs(_ text: String) -> [HTML] {
        text.split(separator: "\n").map { "<p>\(String($0))</p>" }
    }
}

extension Product {
    var isSoldOut: Bool { !isForSale || available <= 0 }
}
