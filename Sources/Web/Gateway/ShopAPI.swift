// The shop for programs: the same rules and the same desk as the pages, in JSON. A body is read whole and
// every field is named that is wrong; nothing is guessed and nothing unknown is ignored.

import Commerce
import CommerceStore
import Foundation
import WebSupport

struct ShopAPI: Sendable {
    static let root = APIRoute.root

    let database: Database
    let desk: CheckoutDesk
    let views: OrderViews
    let keys: IdempotencyKeys

    /// `?language=`, or the store's own.
    static func language(_ request: WebRequest) throws(WebProblem) -> Language {
        guard let text = request.query["language"] else { return request.store.language }
        guard let language = Language(rawValue: text) else {
            let problem = FieldError("language", "must be ro, en, de or es", isInQuery: true)
            throw WebProblem(.invalidFields, fields: [problem])
        }
        return language
    }
}

// Products and carts --------------------------------------------------------------------------------------

extension ShopAPI {
    /// As Stripe and most others page: a full page is followed by asking for what comes after its last one.
    static let pageLength = 50

    func products(_ request: WebRequest) async throws -> WebResponse {
        let language = try Self.language(request)
        var last: ProductID?
        if let after = request.query["after"] {
            guard let id = try? ProductID(parsing: after) else {
                let problem = FieldError("after", "must be the id of a product", isInQuery: true)
                throw WebProblem(.invalidFields, fields: [problem])
            }
            last = id
        }
        let limit = request.query["limit"].flatMap { Int($0) } ?? Self.pageLength
        return try await database.transaction(for: request.store.tenant) { tx in
            let found = try await Products().published(limit: limit + 1, after: last, in: tx)
            return try .json(
                ProductList(
                    products: found.prefix(limit).map { ProductDocument($0, language) },
                    hasMore: found.count > limit))
        }
    }

    func product(_ request: WebRequest) async throws -> WebResponse {
        let name = try request.parameter("name")
        let language = try Self.language(request)
        let product = try await database.transaction(for: request.store.tenant) { tx in
            try await Products().find(slug: name, in: tx)
        }
        guard let product, product.status != .draft else { throw WebProblem(.notFound) }
        return try .json(ProductDocument(product, language))
    }

    func createCart(_ request: WebRequest) async throws -> WebResponse {
        var fields = try JSONFields(body: request.body)
        let wanted = fields.optionalText("language", limit: 2)
        let language = wanted.map { Language(rawValue: $0) } ?? request.store.language
        if language == nil { fields.refuse("language", "must be ro, en, de or es") }
        let currency = fields.optionalText("currency", limit: 3)
        let lines = fields.objects("lines", limit: Carts.lineLimit) { WantedLine(&$0, minimum: 1) }
        try fields.finish()
        try Self.checkCurrency(currency, request.store)
        let token = "api:\(UUID().uuidString.lowercased())"
        return try await database.transaction(for: request.store.tenant) { tx in
            let cart = try await Carts().open(
                token: token, language: language ?? request.store.language, country: request.store.country,
                in: tx)
            for line in lines {
                try await Carts().add(line.quantity, of: line.product, to: cart.id, in: tx)
            }
            return try await document(token, request, tx, status: 201)
        }
    }

    func cart(_ request: WebRequest) async throws -> WebResponse {
        let token = try Self.cartToken(request)
        return try await database.transaction(for: request.store.tenant) { tx in
            try await document(token, request, tx, status: 200)
        }
    }

    /// Sets quantities; 0 takes a line out. All of them or none.
    func changeLines(_ request: WebRequest) async throws -> WebResponse {
        let token = try Self.cartToken(request)
        var fields = try JSONFields(body: request.body)
        let lines = fields.objects("lines", limit: Carts.lineLimit) { WantedLine(&$0, minimum: 0) }
        try fields.finish()
        return try await database.transaction(for: request.store.tenant) { tx in
            guard let cart = try await Carts().find(token: token, in: tx) else { throw WebProblem(.notFound) }
            for line in lines {
                try await Carts().setQuantity(line.quantity, of: line.product, in: cart.id, in: tx)
            }
            return try await document(token, request, tx, status: 200)
        }
    }

    /// Only carts that this API made: a browser's cart is found by its cookie alone.
    private static func cartToken(_ request: WebRequest) throws(WebProblem) -> String {
        let token = try request.parameter("token")
        guard token.hasPrefix("api:") else { throw WebProblem(.notFound) }
        return token
    }

    private func document(
        _ token: String, _ request: WebRequest, _ tx: Transaction<OneTenant>, status: Int
    ) async throws -> WebResponse {
        guard let cart = try await Carts().find(token: token, in: tx) else { throw WebProblem(.notFound) }
        return try .json(CartDocument(cart), status: status)
    }

    /// A client that counts in another currency than the store must not find out at the end.
    static func checkCurrency(_ text: String?, _ store: StoreSite) throws(WebProblem) {
        guard let text, text != store.currency.rawValue else { return }
        throw WebProblem(.currencyMismatch, "this store sells in \(store.currency), not in \(text)")
    }
}
