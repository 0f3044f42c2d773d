// Buying. Opening the page freezes a quote; the button accepts exactly that quote at exactly the total that
// was shown. Whatever differs brings the page back with old and new, and nothing is charged in silence.

import Commerce
import CommerceStore
import WebSupport

extension Storefront {
    func checkout(_ request: WebRequest) async throws -> WebResponse {
        do {
            let quote = try await desk.quote(
                cart: request.cartToken, for: request.store, at: request.receivedAt)
            return try await checkoutPage(request, quote, form: .starting(in: request.store), status: 200)
        } catch let error as StoreError {
            return try await refused(request, error)
        }
    }

    func placeOrder(_ request: WebRequest) async throws -> WebResponse {
        let shown = try ShownQuote(request.form, store: request.store)
        // Pressed twice, or in a second tab: the same quote is the same order, valid or not by now.
        if let checkout = try await desk.checkout(of: shown.id, for: request.store) {
            return .seeOther(request.address("/o/\(checkout.token.rawValue)"))
        }
        let form = BuyerForm(request.form)
        do {
            let quote = try await desk.quote(shown.id, for: request.store)
            guard case .success(let buyer) = form.checked() else {
                return try await checkoutPage(request, quote, form: form, status: 422)
            }
            let checkout = try await desk.accept(
                shown.id, seenTotal: shown.total, by: buyer, language: request.language,
                cart: request.cartToken, for: request.store, at: request.receivedAt)
            return .seeOther(request.address("/o/\(checkout.token.rawValue)"))
        } catch StoreError.quoteExpired {
            return try await askAgain(request, form, .expired(old: shown.total))
        } catch StoreError.totalChanged(let seen, _) {
            return try await askAgain(request, form, .changed(old: seen))
        } catch let error as StoreError {
            return try await refused(request, error)
        }
    }

    /// A new quote, its total beside the one the shopper saw.
    private func askAgain(
        _ request: WebRequest, _ form: BuyerForm, _ notice: CheckoutPage.Notice
    ) async throws -> WebResponse {
        do {
            let quote = try await desk.quote(
                cart: request.cartToken, for: request.store, at: request.receivedAt)
            return try await checkoutPage(request, quote, form: form, notice: notice, status: 409)
        } catch let error as StoreError {
            return try await refused(request, error)
        }
    }

    private func checkoutPage(
        _ request: WebRequest, _ quote: Quote, form: BuyerForm, notice: CheckoutPage.Notice? = nil,
        status: Int
    ) async throws -> WebResponse {
        let products = try await database.transaction(for: request.store.tenant) { tx in
            try await Products().load(quote.lines.map(\.wish.product), in: tx)
        }
        let titles = Dictionary(products.map { ($0.id, $0.title(in: request.language)) }) { first, _ in first
        }
        var page = CheckoutPage(request: request, quote: quote, titles: titles, form: form, notice: notice)
        if status == 422, case .failure(let refusal) = form.checked() {
            page.problems = refusal.problems.sorted { CheckoutField.place($0) < CheckoutField.place($1) }
        }
        return page.page(basketCount: quote.unitCount).response(status: status)
    }

    /// What cannot be bought is told on the basket's page, where it can be taken out.
    private func refused(_ request: WebRequest, _ error: StoreError) async throws -> WebResponse {
        switch error {
        case .cartEmpty: return .seeOther(request.address("/cart"))
        case .notForSale, .notEnoughUnits, .refused(.unitsNotAvailable), .refused(.marginNegative):
            return try await cartPage(request, notice: unavailable(request), status: 409)
        case .saleRefused(let refusal, _):
            return try await cartPage(request, notice: notice(refusal, request), status: 409)
        default: throw error
        }
    }

    private func notice(_ refusal: SaleRefusal, _ request: WebRequest) -> HTML {
        let words = request.words
        let sentence: String
        switch refusal.shopperNotice {
        case .temporarilyUnavailable: return unavailable(request)
        case .orderTooSmall(let minimum): sentence = words(.orderTooSmall, ["amount": words.money(minimum)])
        case .orderTooLarge(let maximum): sentence = words(.orderTooLarge, ["amount": words.money(maximum)])
        }
        return "<div class=\"note bad\" role=\"alert\"><p>\(sentence)</p></div>"
    }
}

/// What the page said when the button was pressed.
private struct ShownQuote {
    let id: QuoteID
    let total: Money

    init(_ form: FormFields, store: StoreSite) throws(WebProblem) {
        guard let text = form["quote"], let id = try? QuoteID(parsing: text),
            let units = form["seen_total"].flatMap({ Int64($0) })
        else { throw WebProblem(.malformedRequest, "the form names no quote") }
        guard form["seen_currency"] == store.currency.rawValue else {
            throw WebProblem(.currencyMismatch, "this store sells in \(store.currency)")
        }
        self.id = id
        total = Money(minorUnits: units, currency: store.currency)
    }
}

extension BuyerForm {
    static func starting(in store: StoreSite) -> BuyerForm {
        var form = BuyerForm()
        form.address.country = store.country.rawValue
        return form
    }

    init(_ form: FormFields) {
        self.init()
        email = form["email"] ?? ""
        phone = form["phone"] ?? ""
        address = AddressForm(
            firstName: form["firstName"] ?? "", lastName: form["lastName"] ?? "",
            company: form["company"] ?? "",
            line: form["line"] ?? "", city: form["city"] ?? "", county: form["county"] ?? "",
            postcode: form["postcode"] ?? "", country: form["country"] ?? "")
    }
}
