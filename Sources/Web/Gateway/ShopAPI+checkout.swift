import Commerce
import CommerceStore
import Foundation
import WebSupport

extension ShopAPI {
    func createQuote(_ request: WebRequest) async throws -> WebResponse {
        var fields = try JSONFields(body: request.body)
        let cart = fields.text("cart", limit: 64)
        let currency = fields.optionalText("currency", limit: 3)
        try fields.finish()
        try Self.checkCurrency(currency, request.store)
        guard cart.hasPrefix("api:") else { throw WebProblem(.notFound, "there is no such cart") }
        return try await desk.guardingSales(of: request.store) {
            try await keys.answer(request, as: Self.principal, in: request.store.tenant, .optional) { tx in
                let quote = try await desk.quote(
                    cart: cart, for: request.store, at: request.receivedAt, in: tx)
                return try .json(QuoteDocument(quote), status: 201)
            }
        }
    }

    func createCheckout(_ request: WebRequest) async throws -> WebResponse {
        let wish = try CheckoutWish(request)
        return try await keys.answer(request, as: Self.principal, in: request.store.tenant, .required) { tx in
            // A quote is accepted once for ever, so also under another key this is the same checkout.
            if let known = try await Checkouts().find(quote: wish.quote, in: tx) {
                guard wish.matches(known) else {
                    throw WebProblem(.keyReused, "this quote was accepted with other details")
                }
                return try created(known, request)
            }
            let checkout = try await desk.accept(
                wish.quote, seenTotal: wish.total, by: wish.buyer, language: wish.language, cart: wish.cart,
                for: request.store, at: request.receivedAt, in: tx)
            guard wish.matches(checkout) else {
                throw WebProblem(.keyReused, "this cart was bought with other details")
            }
            return try created(checkout, request)
        }
    }

    /// Whose keys they are: visitors have no name. That is no way to other people's answers, since a request
    /// that is answered again must name the same cart or quote, and those are secrets.
    private static let principal = "shop"

    func order(_ request: WebRequest) async throws -> WebResponse {
        let token = try request.parameter("token")
        let language = try Self.language(request)
        let view = try await views.find(token: token, for: request.store, language: language)
        guard let view else { throw WebProblem(.notFound) }
        return try .json(OrderDocument(view, token: token))
    }

    private func created(_ checkout: Checkout, _ request: WebRequest) throws -> WebResponse {
        let token = checkout.token.rawValue
        let address = "\(Self.root)/orders/\(token)"
        return try .json(
            CheckoutDocument(
                token: token, order: address,
                page: "\(request.origin)/\(checkout.language.rawValue)/o/\(token)"),
            status: 201, headers: ["Location": address])
    }
}

/// The body of `POST /checkouts`.
private struct CheckoutWish {
    let quote: QuoteID
    let total: Money
    let buyer: BuyerDetails
    let language: Language
    let cart: String?

    init(_ request: WebRequest) throws {
        var fields = try JSONFields(body: request.body)
        let quoteText = fields.text("quote", limit: 64)
        let quote = try? QuoteID(parsing: quoteText)
        if quote == nil, !quoteText.isEmpty { fields.refuse("quote", "must be the id of a quote") }
        let (units, currency) = fields.object("total") { total in
            (total.integer("minor_units", in: 1...Int(Int32.max)), total.text("currency", limit: 3))
        }
        let languageText = fields.optionalText("language", limit: 2)
        let language = languageText.map { Language(rawValue: $0) } ?? request.store.language
        if language == nil { fields.refuse("language", "must be ro, en, de or es") }
        cart = fields.optionalText("cart", limit: 64)
        var form = BuyerForm()
        form.email = fields.text("email", limit: 254)
        form.phone = fields.text("phone", limit: 30)
        form.address = fields.object("address", AddressForm.init(reading:))
        let checked = form.checked()
        if case .failure(let refusal) = checked {
            // Missing fields were reported when they were read.
            for problem in refusal.problems where problem.message != "is needed" {
                fields.refuse(problem.apiName, problem.message)
            }
        }
        try fields.finish()
        try ShopAPI.checkCurrency(currency, request.store)
        guard let quote, let language, case .success(let buyer) = checked else {
            throw WebProblem(.invalidFields, fields: [FieldError("address", "is not complete")])
        }
        self.quote = quote
        self.language = language
        self.buyer = buyer
        total = Money(minorUnits: Int64(units), currency: request.store.currency)
    }

    func matches(_ checkout: Checkout) -> Bool {
        checkout.email == buyer.email && checkout.phone == buyer.phone && checkout.address == buyer.address
            && checkout.seenTotal == total
    }
}

extension AddressForm {
    fileprivate init(reading fields: inout JSONFields) {
        self.init(
            firstName: fields.text("first_name"), lastName: fields.text("last_name"),
            company: fields.optionalText("company") ?? "", vatNumber: fields.optionalText("vat_number") ?? "",
            line: fields.text("line"), city: fields.text("city"), county: fields.optionalText("county") ?? "",
            postcode: fields.text("postcode"), country: fields.text("country", limit: 2))
    }
}

extension FieldError {
    /// As the body of a request names the field.
    fileprivate var apiName: String {
        switch field {
        case "email", "phone": field
        case "firstName": "address.first_name"
        case "lastName": "address.last_name"
        case "vatNumber": "address.vat_number"
        default: "address.\(field)"
        }
    }
}
