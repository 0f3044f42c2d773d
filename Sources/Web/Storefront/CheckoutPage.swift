// One page: contact, address, the total, and a button that says what the law wants it to say. Values stay in
// the form when something is wrong, the errors stand beside their fields and in a summary with links.

import Commerce
import CommerceStore
import WebSupport

struct CheckoutPage {
    let request: WebRequest
    let quote: Quote
    let titles: [ProductID: String]
    var form = BuyerForm()
    var problems: [FieldError] = []
    var notice: Notice?

    /// Why the page is shown again.
    enum Notice: Equatable {
        case changed(old: Money)
        case expired(old: Money)
    }

    func page(basketCount: Int) -> ShopPage {
        let words = request.words
        return ShopPage(
            request, title: words(.checkoutTitle), basketCount: basketCount,
            main: """
                <h1>\(words(.checkoutTitle))</h1>
                \(noticeBox)
                \(summaryOfProblems)
                <form method="post" action="\(link: request.address("/checkout"))" novalidate>
                \(request.formTokenField)
                <input type="hidden" name="quote" value="\(quote.id.description)">
                <input type="hidden" name="seen_total" value="\(String(quote.total.gross.minorUnits))">
                <input type="hidden" name="seen_currency" value="\(quote.currency.rawValue)">
                <div class="split">
                <div class="stack">
                <fieldset class="panel"><legend><h2>\(words(.contact))</h2></legend>
                <div class="fields">\(contactFields)</div></fieldset>
                <fieldset class="panel"><legend><h2>\(words(.deliveryAddress))</h2></legend>
                <div class="fields">\(addressFields)</div></fieldset>
                </div>
                \(order)
                </div>
                </form>
                """
        ).hidden
    }

    private var noticeBox: HTML {
        let words = request.words
        let new = words.money(quote.total.gross)
        switch notice {
        case nil: return .empty
        case .changed(let old):
            return box(.changedTitle, words(.changedText, ["old": words.money(old), "new": new]))
        case .expired: return box(.expiredTitle, words(.expiredText, ["new": new]))
        }
    }

    private func box(_ title: Message, _ text: String) -> HTML {
        """
        <div class="note warn" role="alert"><p><strong>\(request.words(title))</strong></p>\
        <p>\(text)</p></div>
        """
    }

    private var summaryOfProblems: HTML {
        guard !problems.isEmpty else { return .empty }
        let words = request.words
        let links = problems.map { problem -> HTML in
            let name = CheckoutField(rawValue: problem.field).map { words($0.label) } ?? problem.field
            return "<li><a href=\"#\(problem.field)\">\(name)</a>: \(words.problem(problem))</li>"
        }
        return """
            <div class="note bad" role="alert" id="problems"><p><strong>\(words(.checkFields))</strong></p>\
            <ul>\(links)</ul></div>
            """
    }

    private var contactFields: [HTML] {
        [
            field(.email, form.email, hint: .emailHint, width: "half"),
            field(.phone, form.phone, hint: .phoneHint, width: "half"),
        ]
    }

    private var addressFields: [HTML] {
        [
            field(.firstName, form.address.firstName, width: "half"),
            field(.lastName, form.address.lastName, width: "half"),
            field(.company, form.address.company),
            field(.line, form.address.line),
            field(.postcode, form.address.postcode, width: "third"),
            field(.city, form.address.city, width: "most"),
            field(.county, form.address.county, width: "half"),
            countryField,
        ]
    }

    private func field(_ field: CheckoutField, _ value: String, hint: Message? = nil, width: HTML = "")
        -> HTML
    {
        let words = request.words
        let name = field.rawValue
        let error = problems.first { $0.field == name }
        let described = [hint.map { _ in "\(name)-hint" }, error.map { _ in "\(name)-error" }].compactMap {
            $0
        }
        let reference: HTML =
            described.isEmpty ? .empty : " aria-describedby=\"\(described.joined(separator: " "))\""
        let invalid: HTML = error == nil ? .empty : " aria-invalid=\"true\""
        let required: HTML = field.isRequired ? " required" : .empty
        let hintText: HTML? = hint.map { "<p class=\"fine\" id=\"\(name)-hint\">\(words($0))</p>" }
        let errorText: HTML? = error.map {
            "<p class=\"error\" id=\"\(name)-error\">\(words.problem($0))</p>"
        }
        return """
            <div class="\(width)"><label for="\(name)">\(words(field.label))</label>
            <input id="\(name)" name="\(name)" value="\(value)" type="\(field.type)" \
            autocomplete="\(field.autocomplete)" maxlength="\(field.limit)"\(required)\(invalid)\(reference)>
            \(hintText)\(errorText)</div>
            """
    }

    private var countryField: HTML {
        let words = request.words
        let options = CountryCode.europeanUnion.sorted().map { country -> HTML in
            let selected: HTML = country.rawValue == form.address.country ? " selected" : .empty
            let name = CountryNames.name(country, in: request.language)
            return "<option value=\"\(country.rawValue)\"\(selected)>\(name)</option>"
        }
        let error: HTML? = problems.first { $0.field == "country" }.map {
            "<p class=\"error\">\(words.problem($0))</p>"
        }
        return """
            <div class="half"><label for="country">\(words(.country))</label>
            <select id="country" name="country" autocomplete="country">\(options)</select>\(error)</div>
            """
    }

    private var order: HTML {
        let words = request.words
        let lines = quote.lines.map { line -> HTML in
            """
            <li><div><span class="fine">\(words.count(line.wish.quantity.rawValue))</span> \
            <span class="name">\(titles[line.wish.product] ?? "")</span></div>
            <span class="price">\(words.money(line.goods))</span></li>
            """
        }
        let before: Money? =
            switch notice {
            case .changed(let old), .expired(let old): old == quote.total.gross ? nil : old
            case nil: nil
            }
        return """
            <section class="panel sticky" aria-label="\(words(.summary))">
            <h2>\(words(.summary))</h2>
            <ul class="lines">\(lines)</ul>
            \(SumsList.html(OrderView.Sums(quote, before: before), words))
            <p><button class="wide">\(words(.payButton))</button></p>
            <p class="fine">\(words(.payHint)) \(words(.held))</p>
            </section>
            """
    }
}

/// A field of the form; the raw value is its name in the form and in the rules that check it.
enum CheckoutField: String, CaseIterable {
    // In the order of the page, which the summary of problems follows.
    case email, phone, firstName, lastName, company, line, postcode, city, county, country

    static func place(_ problem: FieldError) -> Int {
        allCases.firstIndex { $0.rawValue == problem.field } ?? allCases.count
    }

    var label: Message {
        switch self {
        case .email: .email
        case .phone: .phone
        case .firstName: .firstName
        case .lastName: .lastName
        case .company: .company
        case .line: .street
        case .postcode: .postcode
        case .city: .city
        case .county: .region
        case .country: .country
        }
    }

    var isRequired: Bool { self != .company && self != .county }

    var type: String {
        switch self {
        case .email: "email"
        case .phone: "tel"
        default: "text"
        }
    }

    var autocomplete: String {
        switch self {
        case .email: "email"
        case .phone: "tel"
        case .firstName: "given-name"
        case .lastName: "family-name"
        case .company: "organization"
        case .line: "street-address"
        case .postcode: "postal-code"
        case .city: "address-level2"
        case .county: "address-level1"
        case .country: "country"
        }
    }

    var limit: Int {
        switch self {
        case .email: 254
        case .phone: 30
        case .firstName, .lastName: Address.nameLimit
        case .line: Address.lineLimit
        default: 64
        }
    }
}

extension Words {
    /// The rule's reason in the shopper's words.
    func problem(_ problem: FieldError) -> String {
        if problem.message.hasPrefix("is needed") { return self(.required) }
        if problem.message.hasPrefix("is longer") { return self(.tooLong) }
        if problem.message.hasPrefix("contains") { return self(.badCharacters) }
        switch CheckoutField(rawValue: problem.field) {
        case .email: return self(.badEmail)
        case .phone: return self(.badPhone)
        case .postcode: return self(.badPostcode)
        case .country: return self(.badCountry)
        case .county: return self(.badCounty)
        default: return self(.required)
        }
    }
}
