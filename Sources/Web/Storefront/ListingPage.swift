// The page of a branch, of everything, or of a search. The filters are a form that is sent with GET: it works
// without scripts, and the address can be kept and shared.

import Commerce
import CommerceStore
import WebSupport

struct ListingPage: Sendable {
    let request: WebRequest
    let wish: ListingWish
    let categories: [ShelfCategory]
    let products: [Product]
    let hasMore: Bool
    let basketCount: Int

    private var words: Words { request.words }

    var page: ShopPage {
        var page = ShopPage(
            request, title: title, basketCount: basketCount,
            main: """
                \(Breadcrumb.html(way, request))
                <h1>\(title)</h1>
                \(categories.isEmpty || wish.place == .search ? .empty : chips)
                \(wish.place == .search && wish.typed[.words] == nil ? prompt : sieve)
                \(shelf)
                \(turning)
                """)
        page.sought = wish.typed[.words] ?? ""
        page.facts = [StructuredData.breadcrumbs(way, request)]
        return wish.isIndexed ? page : page.hidden
    }

    private var title: String {
        switch wish.place {
        case .all: words(.allProducts)
        case .category: wish.category?.name(in: request.language) ?? words(.allProducts)
        case .search:
            wish.typed[.words].map { words(.searchTitle, ["query": $0]) } ?? words(.searchButton)
        }
    }

    private var way: [Breadcrumb] {
        let home = Breadcrumb(name: words(.home), path: "/")
        switch wish.place {
        case .all: return [home, Breadcrumb(name: words(.allProducts), path: "/all")]
        case .category:
            return [
                home, Breadcrumb(name: words(.allProducts), path: "/all"),
                Breadcrumb(name: title, path: wish.path),
            ]
        case .search: return [home, Breadcrumb(name: title, path: "/search")]
        }
    }

    private var chips: HTML { CategoryChips.html(categories, current: wish.category, request) }

    private var prompt: HTML { "<p class=\"lead\">\(words(.searchPrompt))</p>" }

    private var shelf: HTML {
        guard products.isEmpty else { return ShelfPages.grid(products, request) }
        guard wish.isAsked else { return .empty }
        let all: HTML =
            "<a class=\"button\" href=\"\(link: request.address("/all"))\">\(words(.allProducts))</a>"
        if wish.filterCount > 0 {
            let kept = wish.query([.stock: nil, .lowest: nil, .highest: nil, .category: nil, .page: nil])
            return """
                <div class="empty stack"><p>\(words(.noMatch))</p>
                <p><a class="button" href="\(link: request.address(wish.path) + kept)">\
                \(words(.clearFilters))</a></p></div>
                """
        }
        guard let sought = wish.typed[.words], wish.place == .search else {
            return "<p class=\"empty\">\(words(.homeEmpty))</p>"
        }
        return """
            <div class="empty stack"><p>\(words(.searchEmpty, ["query": sought]))</p>
            <p>\(words(.searchAdvice))</p><p>\(all)</p></div>
            """
    }

    // MARK: - Filters

    private var sieve: HTML {
        let kept: HTML =
            wish.place == .search
            ? "<input type=\"hidden\" name=\"q\" value=\"\(wish.typed[.words] ?? "")\">" : .empty
        let isOpen: HTML = wish.filterCount > 0 || !wish.problems.isEmpty ? " open" : .empty
        let isInStock: HTML = wish.question.isInStockOnly ? " checked" : .empty
        let clear: HTML? =
            wish.filterCount == 0
            ? nil
            : """
            <a href="\(link: request.address(wish.path)
                + wish.query([.stock: nil, .lowest: nil, .highest: nil, .category: nil, .page: nil]))">\
            \(words(.clearFilters))</a>
            """
        return """
            <details class="sieve"\(isOpen)><summary>\(words(.filters))</summary>
            <form action="\(link: request.address(wish.path))" class="panel">\(kept)
            <div class="fields">
            \(categoryField)
            \(price(.lowest, .priceFrom))
            \(price(.highest, .priceTo))
            \(orderField)
            <div class="half tick"><input type="checkbox" id="stock" name="stock" value="in"\(isInStock)>\
            <label for="stock">\(words(.filterStock))</label></div>
            </div>
            <p><button>\(words(.apply))</button> \(clear)</p></form></details>
            """
    }

    private var categoryField: HTML {
        if case .category = wish.place { return .empty }
        guard !categories.isEmpty else { return .empty }
        let options = categories.map { category -> HTML in
            let mark: HTML = category.slug == wish.category?.slug ? " selected" : .empty
            return """
                <option value="\(category.slug)"\(mark)>\(category.name(in: request.language))</option>
                """
        }
        return """
            <div class="half"><label for="category">\(words(.filterCategory))</label>
            <select id="category" name="category"><option value="">\(words(.filterAny))</option>\
            \(options)</select></div>
            """
    }

    private func price(_ field: ListingWish.Field, _ label: Message) -> HTML {
        let name = field.rawValue
        let isWrong = wish.problems.contains(field)
        let mark: HTML = isWrong ? " aria-invalid=\"true\" aria-describedby=\"\(name)-error\"" : .empty
        let error: HTML? =
            isWrong ? "<p class=\"error\" id=\"\(name)-error\">\(words(.badPrice))</p>" : nil
        let title = words(label, ["currency": request.store.currency.rawValue])
        return """
            <div class="half"><label for="\(name)">\(title)</label>
            <input id="\(name)" name="\(name)" inputmode="decimal" maxlength="20" \
            value="\(wish.typed[field] ?? "")"\(mark)>\(error)</div>
            """
    }

    private var orderField: HTML {
        let orders: [(ShelfOrder, Message)] =
            (wish.place == .search ? [(.best, .sortBest)] : []) + [
                (.newest, .sortNewest), (.cheapest, .sortCheapest), (.dearest, .sortDearest),
                (.name, .sortName),
            ]
        let options = orders.map { order, label -> HTML in
            let mark: HTML = order == wish.question.order ? " selected" : .empty
            return "<option value=\"\(order.rawValue)\"\(mark)>\(words(label))</option>"
        }
        return """
            <div class="half"><label for="sort">\(words(.sortBy))</label>
            <select id="sort" name="sort">\(options)</select></div>
            """
    }

    // MARK: - Pages

    private var turning: HTML {
        let number = wish.question.page
        guard number > 1 || hasMore else { return .empty }
        func turn(_ page: Int, _ label: Message, _ relation: HTML) -> HTML {
            let address = request.address(wish.path) + wish.query([.page: page == 1 ? nil : String(page)])
            return
                "<a class=\"button quiet\" rel=\"\(relation)\" href=\"\(link: address)\">\(words(label))</a>"
        }
        return """
            <nav class="turn" aria-label="\(words(.pages))">
            \(number > 1 ? turn(number - 1, .pagePrevious, "prev") : .empty)
            <span>\(words(.pageNumber, ["number": String(number)]))</span>
            \(hasMore ? turn(number + 1, .pageNext, "next") : .empty)</nav>
            """
    }
}

/// The branches of the shelf, as links.
enum CategoryChips {
    static func html(
        _ categories: [ShelfCategory], current: ShelfCategory?, _ request: WebRequest
    ) -> HTML {
        let words = request.words
        let links = categories.map { category -> HTML in
            let mark: HTML = category.slug == current?.slug ? " aria-current=\"page\"" : .empty
            return """
                <li><a href="\(link: request.address("/c/\(category.slug)"))"\(mark)>\
                \(category.name(in: request.language)) <span class="fine">\(category.count)</span></a></li>
                """
        }
        let all = request.address("/all")
        let isAll: HTML = current == nil && request.barePath == "/all" ? " aria-current=\"page\"" : .empty
        return """
            <nav aria-label="\(words(.categories))"><ul class="chips">\
            <li><a href="\(link: all)"\(isAll)>\(words(.allProducts))</a></li>\(links)</ul></nav>
            """
    }
}
