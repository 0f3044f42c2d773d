// Everything on the shelf, one branch of it, and what somebody looks for: one kind of page, whose address is
// its whole state. What is written into the address by hand and makes no sense is told at its field, with
// what was typed still there.

import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    var listingEndpoints: [Endpoint] {
        [
            page("GET", "/all") { try await listing($0, .all) },
            page("GET", "/c/:category") { request in
                try await listing(request, .category(try request.parameter("category")))
            },
            page("GET", "/search") { try await listing($0, .search) },
        ]
    }

    private func listing(_ request: WebRequest, _ place: ListingPlace) async throws -> WebResponse {
        let wish = ListingWish(request, place)
        if place == .search, wish.isAsked {
            try await Throttle(database).pass(
                .shopSearch, "\(request.store.tenant) \(request.clientNetwork)", at: request.receivedAt)
        }
        do {
            return try await answer(request, place, wish)
        } catch is SearchTookTooLong {
            throw WebProblem(
                .unavailable, "the search took too long",
                headers: ["Retry-After": "\(Self.searchPauseSeconds)"])
        }
    }

    private static let searchPauseSeconds = 5

    private func answer(
        _ request: WebRequest, _ place: ListingPlace, _ asked: ListingWish
    ) async throws -> WebResponse {
        guard place != .search else {
            return try await database.transaction(for: request.store.tenant) { tx in
                try await listed(request, asked, tx).response(status: asked.problems.isEmpty ? 200 : 422)
            }
        }
        let page = CachedPage(
            path: asked.path, query: asked.cachedQuery, seconds: CachedPage.stockSeconds,
            audience: .everybody)
        return try await cached(request, page) { visit, tx in
            try await listed(visit, asked, tx).response(status: asked.problems.isEmpty ? 200 : 422)
        }
    }

    private func listed(
        _ request: WebRequest, _ asked: ListingWish, _ tx: Transaction<OneTenant>
    ) async throws -> ShopPage {
        var wish = asked
        let categories = try await Shelf().categories(in: tx)
        let current = wish.question.category.flatMap { slug in categories.first { $0.slug == slug } }
        if case .category(let slug) = wish.place, current?.slug != slug { throw WebProblem(.notFound) }
        // A branch that has nothing on the shelf any more is a filter that nothing fits.
        wish.category = current
        var found: (products: [Product], hasMore: Bool) = ([], false)
        if wish.isAsked { found = try await Shelf().page(wish.question, in: request.language, tx) }
        found.products = try await Products().announcing(found.products, at: request.receivedAt, in: tx)
        if wish.question.page > 1, found.products.isEmpty { throw WebProblem(.notFound) }
        return ListingPage(
            request: request, wish: wish, categories: categories, products: found.products,
            hasMore: found.hasMore, basketCount: try await basket(request, tx)?.unitCount ?? 0
        ).page
    }
}

enum ListingPlace: Equatable {
    case all
    case category(String)
    case search
}

/// What the address asks for, with what was typed.
struct ListingWish: Sendable {
    /// The names of the fields, as they stand in addresses.
    enum Field: String, CaseIterable {
        case words = "q"
        case category, stock
        case lowest = "min"
        case highest = "max"
        case order = "sort"
        case page
    }

    let place: ListingPlace
    private(set) var question = ShelfQuestion()
    private(set) var typed: [Field: String] = [:]
    /// The fields that cannot be read.
    private(set) var problems: Set<Field> = []
    var category: ShelfCategory?

    init(_ request: WebRequest, _ place: ListingPlace) {
        self.place = place
        for field in Field.allCases {
            // Longer than any field may be; what is beyond is nobody's words.
            let text = request.query[field.rawValue].map {
                String($0.prefix(ShelfQuestion.wordsLimit)).trimmed
            }
            if let text, !text.isEmpty { typed[field] = text }
        }
        if case .category(let slug) = place { typed[.category] = slug }
        question.category = typed[.category]
        question.isInStockOnly = typed[.stock] == "in"
        question.lowest = price(.lowest, request)
        question.highest = price(.highest, request)
        if place == .search { question.words = typed[.words] ?? "" }
        let usual: ShelfOrder = place == .search ? .best : .newest
        question.order = typed[.order].flatMap(ShelfOrder.init(rawValue:)) ?? usual
        question.page = typed[.page].flatMap { Int($0) }.map { min(max($0, 1), ShelfQuestion.pageLimit) } ?? 1
    }

    private mutating func price(_ field: Field, _ request: WebRequest) -> Money? {
        guard let text = typed[field] else { return nil }
        let amount = try? Money(exactly: text.replacing(",", with: "."), request.store.currency)
        guard let amount, !amount.isNegative else {
            problems.insert(field)
            return nil
        }
        return amount
    }

    /// Whether there is a question at all: an empty search finds nothing, and neither does one that cannot be
    /// read.
    var isAsked: Bool {
        guard problems.isEmpty else { return false }
        return place != .search || typed[.words] != nil
    }

    /// How many filters narrow the page beyond its own place.
    var filterCount: Int {
        var fields: Set<Field> = [.stock, .lowest, .highest]
        if case .category = place {} else { fields.insert(.category) }
        return typed.keys.count { fields.contains($0) }
    }

    /// A page with several filters, or in an order of its own, is one of thousands that show the same.
    var isIndexed: Bool {
        place != .search && filterCount == 0 && typed[.order] == nil && question.page == 1
    }

    /// The part of an address that asks the same with some fields changed; nil leaves a field out.
    func query(_ changes: [Field: String?] = [:]) -> String {
        var fields = typed
        if case .category = place { fields[.category] = nil }
        for (field, value) in changes { fields[field] = value }
        let pairs = Field.allCases.compactMap { field in
            fields[field].map { "\(field.rawValue)=\(PercentCoding.encode($0))" }
        }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    /// The part of the address by which the page is kept; nil where it asks for what anybody can make up,
    /// such as a price: there are too many such pages to keep.
    var cachedQuery: String? {
        let isKnown = typed.allSatisfy { field, text in
            switch field {
            case .category: place == .category(text)
            case .stock: question.isInStockOnly
            case .order: ShelfOrder(rawValue: text) != nil
            case .page: text == String(question.page)
            case .words, .lowest, .highest: false
            }
        }
        return place != .search && isKnown ? query() : nil
    }

    var path: String {
        switch place {
        case .all: "/all"
        case .category(let slug): "/c/\(slug)"
        case .search: "/search"
        }
    }
}
