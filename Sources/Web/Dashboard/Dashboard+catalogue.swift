// Taking more onto the shelf: from the platform's catalogue and from a merchant's own supplier. The same
// rows and the same guard as in the wizard.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var catalogueEndpoints: [Endpoint] {
        let own = "/stores/:store/suppliers/:supplier/articles"
        return [
            privatePage("/stores/:store/catalogue") { request, account in
                try await offers(request, account, []).response()
            },
            privateForm("/stores/:store/catalogue", takeOffers),
            privatePage(own) { request, account in try await articles(request, account, []).response() },
            privateForm(own, takeArticles),
        ]
    }

    // MARK: - The platform's

    private func offers(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> StorePage {
        let search = request.query["q"] ?? request.form["q"] ?? ""
        let (store, offers) = try await inStore(request, account, may: .read) { tx in
            (
                try await Stores().load(in: tx),
                try await CatalogueShelf().offers(search: search.isEmpty ? nil : search, in: tx)
            )
        }
        let isCut = offers.count == CatalogueShelf.pageLimit
        let more: HTML =
            isCut
            ? "<p class=\"fine\">These are the first \(offers.count); search to see others.</p>" : .empty
        let view = ShelfView(
            list: OfferList(request: request, store: store, offers: offers, problems: problems),
            search: search, shortest: CatalogueShelf.shortestSearch,
            empty: "The catalogue has nothing like that at the moment.", more: more)
        return StorePage(
            request: request, account: account, store: store, place: .products,
            title: "Add from the catalogue", main: view.html)
    }

    private func takeOffers(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        try await take(request, account, shown: offers) { wishes, tx in
            try await CatalogueShelf().take(wishes, in: tx)
        }
    }

    // MARK: - The merchant's own

    private func articles(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError]
    ) async throws -> StorePage {
        let search = String((request.query["q"] ?? request.form["q"] ?? "").prefix(100))
        let after = (request.query["after"] ?? request.form["after"]).flatMap(SKU.init(rawValue:))
        let id = try Self.supplierID(request)
        let (store, supplier, page) = try await inStore(request, account, may: .read) { tx in
            (
                try await Stores().load(in: tx), try await Self.ownSupplier(id, in: tx),
                try await SupplierShelf().offers(of: id, search: search, after: after, in: tx)
            )
        }
        let more: HTML? = page.next.map { next -> HTML in
            let words = PercentCoding.encode(search)
            let target = "\(request.path)?q=\(words)&after=\(PercentCoding.encode(next.rawValue))"
            return "<p><a href=\"\(link: target)\">More articles</a></p>"
        }
        let view = ShelfView(
            list: OfferList(
                request: request, store: store, offers: page.offers, problems: problems, takesDrafts: true),
            search: search, after: after?.rawValue,
            empty: "The feed has told of no article like that.", more: more ?? .empty)
        return StorePage(
            request: request, account: account, store: store, place: .suppliers,
            title: "Articles of \(supplier.name)", main: view.html)
    }

    private func takeArticles(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let id = try Self.supplierID(request)
        return try await take(request, account, shown: articles) { wishes, tx in
            _ = try await Self.ownSupplier(id, in: tx)
            return try await SupplierShelf().take(wishes, of: id, in: tx)
        }
    }

    static func supplierID(_ request: WebRequest) throws -> SupplierID {
        guard let id = UUID(uuidString: try request.parameter("supplier")) else {
            throw WebProblem(.notFound)
        }
        return SupplierID(rawValue: id)
    }

    /// What the platform's suppliers offer is in the platform's catalogue.
    private static func ownSupplier(
        _ id: SupplierID, in tx: Transaction<OneTenant>
    ) async throws -> StoreSupplier {
        let supplier = try await OwnSuppliers().load(id, in: tx)
        guard supplier.isOwn else { throw WebProblem(.notFound) }
        return supplier
    }

    // MARK: - Both

    private func take(
        _ request: WebRequest, _ account: Account,
        shown: (WebRequest, Account, [FieldError]) async throws -> StorePage,
        _ body: ([String: Money], Transaction<OneTenant>) async throws -> Int
    ) async throws -> WebResponse {
        let currency = try await inStore(request, account, may: .change) {
            try await Stores().load(in: $0).currency
        }
        let (wishes, unreadable) = OfferList.wishes(in: request, currency)
        var problems = unreadable
        if wishes.isEmpty, problems.isEmpty {
            problems.append(FieldError("price", "Tick what you want to sell."))
        }
        guard problems.isEmpty else {
            return try await shown(request, account, problems).response(status: 422)
        }
        do {
            let tenant = try await inStore(request, account, may: .change) { tx in
                let taken = try await body(wishes, tx)
                let keys = wishes.keys.sorted().joined(separator: " ")
                try await note("product.take", "\(taken): \(keys)", account, request, in: tx)
                return tx.tenant
            }
            return .seeOther(StorePlace.products.address(in: tenant))
        } catch StoreError.saleRefused(let refusal, _) {
            let problem = FieldError("price", refusal.merchantReason)
            return try await shown(request, account, [problem]).response(status: 422)
        }
    }
}

/// A search, and what it found to choose from.
private struct ShelfView: Sendable {
    let list: OfferList
    let search: String
    var after: String?
    var shortest: Int?
    let empty: String
    let more: HTML

    var html: HTML {
        let least: HTML? = shortest.map { " minlength=\"\($0)\"" }
        // Kept through a refusal, so that the same offers are shown again.
        let place: HTML? = after.map { "<input type=\"hidden\" name=\"after\" value=\"\($0)\">" }
        let nothing: HTML = "<div class=\"empty\"><p>\(empty)</p></div>"
        let form: HTML = """
            <form method="post" action="\(link: list.request.path)" class="panel">\
            \(list.request.formTokenField)<input type="hidden" name="q" value="\(search)">\(place)\
            \(list.html)<p><button>Take these</button></p></form>\(more)
            """
        return """
            <form method="get" class="buy" role="search"><div><label for="q">Search</label>\
            <input id="q" name="q"\(least) value="\(search)"></div>\
            <button class="quiet">Search</button></form>
            \(list.offers.isEmpty ? nothing : form)
            """
    }
}
