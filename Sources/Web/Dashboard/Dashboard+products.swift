// What a store sells: the list, and one product with the price it is sold at. The editor asks the same rules
// that the guard asks at every sale; a price that loses money is refused with the figures, and the lowest
// price that is not.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    /// The pages of what a store sells and where it comes from.
    var shelfEndpoints: [Endpoint] {
        productEndpoints + catalogueEndpoints + priceRuleEndpoints + supplierEndpoints + discountEndpoints
    }

    private var productEndpoints: [Endpoint] {
        let one = "/stores/:store/products/:product"
        return [
            privatePage("/stores/:store/products", products),
            privatePage(one) { request, account in
                try await productPage(request, account, [], nil).response()
            },
            privateForm(one, actOnProduct),
            privatePage("\(one)/margin", marginFragment),
            ProductScript.asset.endpoint,
        ]
    }

    // MARK: - All of them

    private func products(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let filter = request.query["show"].flatMap { ProductList.Filter(rawValue: $0) } ?? .all
        let search = String((request.query["q"] ?? "").prefix(100))
        let last = request.query["after"].flatMap { UUID(uuidString: $0) }.map(ProductID.init(rawValue:))
        let view = try await inStore(request, account, may: .read) { tx in
            let terms = try await ProductPrices().terms(in: tx)
            return ProductListView(
                request: request, terms: terms,
                page: try await ProductList().page(
                    filter, search: search, after: last, pricing: terms.pricing, in: tx),
                filter: filter, search: search, isFirst: last == nil)
        }
        return StorePage(
            request: request, account: account, store: view.terms.store, place: .products,
            main: try view.html()
        ).response()
    }

    // MARK: - One of them

    /// A product and what its pages say about it.
    private struct ProductVisit: Sendable {
        let terms: PriceTerms
        let product: Product
        let supplier: StoreSupplier
        let history: PriceHistory
    }

    private func visit(_ request: WebRequest, in tx: Transaction<OneTenant>) async throws -> ProductVisit {
        let product = try await Products().load(try Self.productID(request), in: tx)
        return ProductVisit(
            terms: try await ProductPrices().terms(in: tx), product: product,
            supplier: try await OwnSuppliers().load(product.supplier, in: tx),
            history: try await Products().priceHistory(of: product.id, at: request.receivedAt, in: tx))
    }

    private static func productID(_ request: WebRequest) throws -> ProductID {
        guard let id = UUID(uuidString: try request.parameter("product")) else {
            throw WebProblem(.notFound)
        }
        return ProductID(rawValue: id)
    }

    private static func margin(
        of visit: ProductVisit, at price: Money?, _ now: Date
    ) throws -> MarginBox {
        let history = price.map { price in
            price == visit.product.price ? visit.history : visit.history.setting(price, at: now)
        }
        return MarginBox(
            terms: visit.terms, product: visit.product,
            answer: try price.map { try visit.product.answer($0, visit.terms) },
            reference: history?.reference(at: now))
    }

    private func productPage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]?
    ) async throws -> StorePage {
        let visit = try await inStore(request, account, may: .read) { try await self.visit(request, in: $0) }
        let store = visit.terms.store
        let price = typed?["price"] ?? visit.product.price.decimalText
        let editor = ProductEditor(
            request: request, terms: visit.terms, product: visit.product, supplier: visit.supplier,
            history: visit.history,
            margin: try Self.margin(
                of: visit, at: Money(typed: price, store.currency), request.receivedAt),
            problems: problems, typed: typed ?? [:])
        var page = StorePage(
            request: request, account: account, store: store, place: .products,
            title: visit.product.title(in: store.languages[0]), main: editor.html)
        page.script = ProductScript.asset
        return page
    }

    private func marginFragment(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let box = try await inStore(request, account, may: .read) { tx in
            let visit = try await self.visit(request, in: tx)
            let price = Money(typed: request.query["price"]?.trimmed, visit.terms.store.currency)
            return try Self.margin(of: visit, at: price, request.receivedAt)
        }
        return .html(box.html)
    }

    private func actOnProduct(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        switch request.form["act"] {
        case nil, "check", "save": return try await price(request, account)
        case "publish": return try await publishProduct(request, account)
        case "pause":
            try await inStore(request, account, may: .change) { tx in
                let product = try await Products().load(try Self.productID(request), in: tx)
                try await Products().pause(product.id, reason: "you paused it", in: tx)
                try await note("product.pause", "\(product.id)", account, request, in: tx)
            }
            return .seeOther(request.path)
        case "content": return try await saveContent(request, account)
        case "safety": return try await saveSafety(request, account)
        default: throw WebProblem(.invalidFields, "there is no such action")
        }
    }

    /// Checks what was typed, and saves it where that was asked for.
    private func price(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let saves = request.form["act"] == "save"
        let typed = ["price": request.form["price"] ?? ""]
        let problem = try await inStore(request, account, may: saves ? .change : .read) {
            tx -> FieldError? in
            let id = try Self.productID(request)
            let product = try await Products().load(id, in: tx)
            guard let price = Money(typed: typed["price"], product.price.currency) else {
                return FieldError("price", "must be a price, such as 19.90")
            }
            guard saves else { return nil }
            let answer = try await ProductPrices().set(price, of: id, in: tx)
            if let reason = answer.reason { return FieldError("price", "is refused: \(reason)") }
            try await note("product.price", "\(id) \(price)", account, request, in: tx)
            return nil
        }
        if let problem {
            return try await productPage(request, account, [problem], typed).response(status: 422)
        }
        return saves
            ? .seeOther(request.path) : try await productPage(request, account, [], typed).response()
    }

    private func publishProduct(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let refusal = try await inStore(request, account, may: .change) { tx in
            let id = try Self.productID(request)
            let refusal = try await ProductPrices().publish(id, in: tx)
            if refusal == nil { try await note("product.publish", "\(id)", account, request, in: tx) }
            return refusal
        }
        guard let refusal else { return .seeOther(request.path) }
        return try await productPage(request, account, [FieldError("publish", refusal.reason)], nil)
            .response(status: 422)
    }

    private func saveContent(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let typed = (request.form["content"] ?? "").trimmed
        var content: ContentQuantity?
        do throws(CommerceError) {
            if !typed.isEmpty {
                content = try ContentQuantity.read(typed) { number throws(CommerceError) in
                    number.replacing(",", with: ".")
                }
            }
        } catch {
            let problem = FieldError("content", "must be a number and g, kg, ml, l, cm, m or m2: 750 ml")
            return try await productPage(request, account, [problem], ["content": typed])
                .response(status: 422)
        }
        let read = content
        try await inStore(request, account, may: .change) { tx in
            let product = try await Products().load(try Self.productID(request), in: tx)
            try await Products().setContent(read, of: product.id, in: tx)
            let told = read.map(\.description) ?? "by the piece"
            try await note("product.content", "\(product.id) \(told)", account, request, in: tx)
        }
        return .seeOther(request.path)
    }

    private func saveSafety(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let typed = request.typed(ProductEditor.safetyFields)
        let tooLong = typed.filter { $0.value.count > ProductEditor.safetyLimit }.keys.sorted()
        guard tooLong.isEmpty else {
            let problems = tooLong.map {
                FieldError($0, "has more than \(ProductEditor.safetyLimit) characters")
            }
            return try await productPage(request, account, problems, typed).response(status: 422)
        }
        try await inStore(request, account, may: .change) { tx in
            let product = try await Products().load(try Self.productID(request), in: tx)
            guard !product.isPlatformCatalogue else {
                throw WebProblem(.conflict, "the platform's supplier tells the safety data of this product")
            }
            try await ProductPrices().setSafety(typed, of: product.id, in: tx)
            try await note("product.safety", "\(product.id)", account, request, in: tx)
        }
        return .seeOther(request.path)
    }
}
