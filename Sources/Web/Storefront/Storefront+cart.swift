import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    func cart(_ request: WebRequest) async throws -> WebResponse {
        try await cartPage(request, notice: .empty, status: 200)
    }

    func addToCart(_ request: WebRequest) async throws -> WebResponse {
        let product = try productID(request.form["product"])
        guard let quantity = quantity(request, in: 1...Carts.quantityLimit) else {
            return try await cartPage(request, notice: badQuantity(request), status: 422)
        }
        do {
            try await database.transaction(for: request.store.tenant) { tx in
                let cart = try await Carts().open(
                    token: request.cartToken, language: request.language, country: request.store.country,
                    in: tx)
                try await Carts().add(quantity, of: product, to: cart.id, in: tx)
            }
        } catch let error as StoreError {
            return try await refusedCart(request, error)
        }
        return .seeOther(request.address("/cart"))
    }

    func setQuantity(_ request: WebRequest) async throws -> WebResponse {
        let product = try productID(request.parameter("product"))
        guard let quantity = quantity(request, in: 0...Carts.quantityLimit) else {
            return try await cartPage(request, notice: badQuantity(request), status: 422)
        }
        do {
            try await change(request) { cart, tx in
                try await Carts().setQuantity(quantity, of: product, in: cart.id, in: tx)
            }
        } catch let error as StoreError {
            return try await refusedCart(request, error)
        }
        return .seeOther(request.address("/cart"))
    }

    func removeLine(_ request: WebRequest) async throws -> WebResponse {
        let product = try productID(request.parameter("product"))
        try await change(request) { cart, tx in try await Carts().remove(product, from: cart.id, in: tx) }
        return .seeOther(request.address("/cart"))
    }

    /// Puts what an order that came to nothing was about into the basket again, as far as it is still sold.
    func basketAgain(_ request: WebRequest) async throws -> WebResponse {
        let token = try request.parameter("token")
        let view = try await views.find(token: token, for: request.store, language: request.language)
        guard let view else { throw WebProblem(.notFound) }
        for line in view.lines {
            do {
                try await database.transaction(for: request.store.tenant) { tx in
                    let cart = try await Carts().open(
                        token: request.cartToken, language: request.language, country: request.store.country,
                        in: tx)
                    try await Carts().setQuantity(line.quantity, of: line.product, in: cart.id, in: tx)
                }
            } catch is StoreError {
                // No longer sold: the rest is still worth having.
                continue
            }
        }
        return .seeOther(request.address("/cart"))
    }

    func cartPage(_ request: WebRequest, notice: HTML, status: Int) async throws -> WebResponse {
        let cart = try await database.transaction(for: request.store.tenant) { try await basket(request, $0) }
        return CartPage.page(request, cart, notice: notice).response(status: status)
    }

    private func change(
        _ request: WebRequest, _ body: @Sendable (Cart, Transaction<OneTenant>) async throws -> Void
    ) async throws {
        try await database.transaction(for: request.store.tenant) { tx in
            guard let cart = try await basket(request, tx) else { throw WebProblem(.notFound) }
            try await body(cart, tx)
        }
    }

    /// What the shop refuses is told on the basket's own page, in the shopper's words.
    private func refusedCart(_ request: WebRequest, _ error: StoreError) async throws -> WebResponse {
        switch error {
        case .quantityOutOfRange, .tooManyLines:
            return try await cartPage(request, notice: badQuantity(request), status: 422)
        case .notForSale, .notEnoughUnits, .saleRefused:
            return try await cartPage(request, notice: unavailable(request), status: 409)
        default: throw error
        }
    }

    func unavailable(_ request: WebRequest) -> HTML {
        let words = request.words
        return """
            <div class="note bad" role="alert"><p><strong>\(words(.unavailableTitle))</strong></p>\
            <p>\(words(.unavailableText))</p></div>
            """
    }

    private func badQuantity(_ request: WebRequest) -> HTML {
        let sentence = request.words(.notAdded, ["limit": String(Carts.quantityLimit)])
        return "<div class=\"note bad\" role=\"alert\"><p>\(sentence)</p></div>"
    }

    private func quantity(_ request: WebRequest, in range: ClosedRange<Int>) -> Int? {
        request.form["quantity"].flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
    }

    private func productID(_ text: String?) throws(WebProblem) -> ProductID {
        guard let text, let id = try? ProductID(parsing: text) else { throw WebProblem(.notFound) }
        return id
    }
}
