// What a store could sell, with a price to type beside each: what is kept of it is shown before anything is
// taken. The wizard, the catalogue and a merchant's own suppliers show the same rows and read the same form.

import Commerce
import CommerceStore
import WebSupport

struct OfferList: Sendable {
    let request: WebRequest
    let store: Store
    let offers: [CatalogueOffer]
    let problems: [FieldError]
    /// Whether what lacks product-safety data may be taken as a draft.
    var takesDrafts = false

    var html: HTML { "\(refusals)<ul class=\"lines\">\(offers.map(line))</ul>" }

    /// A refusal is of the choice as a whole: the guard names the loss, not the offer.
    private var refusals: [HTML] {
        problems.filter { $0.field == "price" }.map {
            "<p class=\"error\" role=\"alert\">\($0.message)</p>" as HTML
        }
    }

    private func line(_ offer: CatalogueOffer) -> HTML {
        let title = offer.title[store.languages[0]] ?? offer.title[.english] ?? offer.reference.rawValue
        let problem = problems.first { $0.field == "price:\(offer.key)" }
        let error: HTML? = problem.map {
            "<p class=\"error\" id=\"price:\(offer.key)-error\">\($0.message)</p>"
        }
        let mark: HTML? = offer.isTaken ? "<span class=\"tag good\">in your store</span>" : nil
        return """
            <li><div><span class="name">\(title)</span> \(mark)\
            <p class="fine">\(offer.reference.rawValue) · costs \(offer.cost.description) · at \
            \(offer.suggestedPrice.description) <strong>you keep \(offer.margin.description)</strong> · \
            lowest price \(offer.lowestPrice.description) · \(offer.stock) in stock</p>\(error)</div>\
            <div>\(choice(offer, isWrong: problem != nil))</div></li>
            """
    }

    private func choice(_ offer: CatalogueOffer, isWrong: Bool) -> HTML {
        var lack: HTML?
        if let problem = offer.safetyProblem {
            guard takesDrafts else {
                return "<p class=\"fine\">Not for sale (no product-safety data): \(problem).</p>"
            }
            lack = "<p class=\"fine\">Becomes a draft (no product-safety data): \(problem).</p>"
        }
        let name = "price:\(offer.key)"
        let typed = request.form[name] ?? offer.suggestedPrice.decimalText
        let isChosen: HTML = request.form["take:\(offer.key)"] != nil ? " checked" : ""
        let marks: HTML = isWrong ? " aria-invalid=\"true\" aria-describedby=\"\(name)-error\"" : ""
        return """
            \(lack)<label><input type="checkbox" name="take:\(offer.key)" value="1"\(isChosen)> Sell it\
            </label><label for="\(name)">Price in \(store.currency.rawValue)</label>\
            <input id="\(name)" name="\(name)" value="\(typed)" inputmode="decimal" class="quantity"\(marks)>
            """
    }

    /// What a form of these rows asks for, by the offers' keys, and which prices are none.
    static func wishes(
        in request: WebRequest, _ currency: Currency
    ) -> (wishes: [String: Money], problems: [FieldError]) {
        var problems: [FieldError] = []
        var wishes: [String: Money] = [:]
        for name in request.form.names(with: "take:") {
            let key = String(name.dropFirst("take:".count))
            if let price = Money(typed: request.form["price:\(key)"], currency) {
                wishes[key] = price
            } else {
                problems.append(FieldError("price:\(key)", "must be a price, such as 19.90"))
            }
        }
        return (wishes, problems)
    }
}

extension Money {
    /// Above this nobody sells anything by card; what is computed of it stays far from overflowing.
    private static let typedLimit: Int64 = 100_000_000_000

    /// A price as a person types it, with a point or a comma; nil for what is none.
    init?(typed text: String?, _ currency: Currency) {
        // Whatever is wrong with it, the field says what is right.
        guard let text, let money = try? Money(exactly: text.replacing(",", with: "."), currency),
            money.isPositive, money.minorUnits <= Self.typedLimit
        else { return nil }
        self = money
    }
}
