// The basket, and what changed since something was put into it: told before anybody goes to pay.

import Commerce
import CommerceStore
import WebSupport

enum CartPage {
    static func page(_ request: WebRequest, _ cart: Cart?, notice: HTML = .empty) -> ShopPage {
        let words = request.words
        guard let cart, !cart.isEmpty else {
            return ShopPage(
                request, title: words(.cartTitle),
                main: """
                    <h1>\(words(.cartTitle))</h1>\(notice)
                    <div class="empty stack"><p>\(words(.cartEmpty))</p>
                    <p><a class="button" href="\(link: request.address("/"))">\
                    \(words(.cartContinue))</a></p></div>
                    """
            ).hidden
        }
        let drift = CartDrift.of(cart)
        return ShopPage(
            request, title: words(.cartTitle), basketCount: cart.unitCount,
            main: """
                <h1>\(words(.cartTitle))</h1>
                \(notice)
                \(notices(drift, request))
                <div class="split">
                <ul class="lines">\(cart.lines.map { line($0, request) })</ul>
                <section class="panel sticky" aria-label="\(words(.summary))">
                \(SumsList.html(sums(cart, request.store), words))
                \(proceed(request, isPossible: drift.allSatisfy { !$0.blocks }))
                </section>
                </div>
                """
        ).hidden
    }

    private static func line(_ line: Cart.Line, _ request: WebRequest) -> HTML {
        let words = request.words
        let title = line.product.title(in: request.language)
        let id = line.product.id.description
        let unit: HTML? = PriceTag.unitPrice(line.product, request).map { "<br>\($0)" }
        return """
            <li>
            <div><p class="name">\(title)</p>
            <p class="fine">\(words(.cartEach, ["price": words.money(line.product.price)]))\(unit)</p>
            <div class="acts">
            <form method="post" action="\(link: request.address("/cart/lines/\(id)"))">
            \(request.formTokenField)
            <div class="quantity"><label for="q-\(id)">\(words(.quantity))\
            <span class="hidden"> \(title)</span></label>
            <input id="q-\(id)" name="quantity" type="number" inputmode="numeric" min="0" \
            max="\(Carts.quantityLimit)" value="\(line.quantity)"></div>
            <button class="quiet">\(words(.cartUpdate))</button>
            </form>
            <form method="post" action="\(link: request.address("/cart/lines/\(id)/remove"))">
            \(request.formTokenField)
            <button class="link">\(words(.cartRemove))<span class="hidden"> \(title)</span></button>
            </form>
            </div></div>
            <p class="price">\(words.money(line.total))</p>
            </li>
            """
    }

    /// What the basket costs as things stand; the quote at checkout is what counts.
    private static func sums(_ cart: Cart, _ store: StoreSite) -> OrderView.Sums {
        OrderView.Sums(
            goods: cart.goods, discount: .zero(cart.currency), shipping: store.shipping,
            total: cart.goods + store.shipping)
    }

    private static func notices(_ drift: [CartDrift], _ request: WebRequest) -> HTML {
        guard !drift.isEmpty else { return .empty }
        let sentences = drift.map { "<p>\($0.sentence(request))</p>" as HTML }
        return "<div class=\"note warn\" role=\"status\">\(sentences)</div>"
    }

    private static func proceed(_ request: WebRequest, isPossible: Bool) -> HTML {
        let words = request.words
        guard request.store.takesOrders else { return "<p class=\"note warn\">\(words(.closedNotice))</p>" }
        guard isPossible else { return .empty }
        return """
            <p><a class="button wide" href="\(link: request.address("/checkout"))">\
            \(words(.cartCheckout))</a></p>
            """
    }
}

/// One thing that is not as it was when it was put into the basket.
enum CartDrift: Equatable {
    case price(Product, old: Money, new: Money)
    case gone(Product)
    case short(Product, left: Int)

    static func of(_ cart: Cart) -> [CartDrift] {
        cart.lines.compactMap { line in
            let product = line.product
            if !product.isForSale || product.available <= 0 { return .gone(product) }
            if product.available < line.quantity { return .short(product, left: product.available) }
            if product.price != line.seenPrice {
                return .price(product, old: line.seenPrice, new: product.price)
            }
            return nil
        }
    }

    /// True when the basket cannot be ordered as it is. A changed price only has to be seen.
    var blocks: Bool {
        if case .price = self { return false }
        return true
    }

    func sentence(_ request: WebRequest) -> String {
        let words = request.words
        switch self {
        case .price(let product, let old, let new):
            return words(
                .priceChanged,
                [
                    "item": product.title(in: request.language), "old": words.money(old),
                    "new": words.money(new),
                ])
        case .gone(let product): return words(.itemGone, ["item": product.title(in: request.language)])
        case .short(let product, let left):
            return words(.stockShort, ["item": product.title(in: request.language), "count": String(left)])
        }
    }
}

/// The rows of a total, as a page shows them.
enum SumsList {
    static func html(_ sums: OrderView.Sums, _ words: Words) -> HTML {
        func row(_ name: Message, _ value: String, _ kind: HTML = .empty) -> HTML {
            "<dt\(kind)>\(words(name))</dt><dd\(kind)>\(value)</dd>"
        }
        let shipping = sums.shipping.isZero ? words(.sumFree) : words.money(sums.shipping)
        return """
            <dl class="sums">
            \(row(.sumGoods, words.money(sums.goods)))
            \(sums.discount.isZero ? .empty : row(.sumDiscount, words.money(-sums.discount)))
            \(row(.sumShipping, shipping))
            \(sums.before.map { row(.oldTotal, words.money($0), " class=\"was\"") })
            \(row(.sumTotal, words.money(sums.total), " class=\"total\""))
            </dl>
            <p class="fine">\(words(.sumVAT))</p>
            """
    }
}

extension ShopPage {
    /// The same page, kept out of search engines.
    var hidden: ShopPage {
        var page = self
        page.isIndexed = false
        return page
    }
}
