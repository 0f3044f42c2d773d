// The pages of a withdrawal and of a corrected address, and their box on the order's page.

import Commerce
import CommerceStore
import Foundation
import WebSupport

/// On the order's page: the way to withdraw for as long as it is open, and what was declared.
struct ReturnsBox {
    private let request: WebRequest
    private let returns: OrderReturns
    private let token: String
    private let words: ReturnWords

    init(_ request: WebRequest, _ order: OrderView, _ token: String) {
        self.request = request
        returns = order.returns
        self.token = token
        words = ReturnWords(request.language)
    }

    var html: HTML {
        let isOpen = returns.offer.isOpen(at: request.receivedAt)
        guard isOpen || !returns.made.isEmpty || returns.canBeReaddressed else { return .empty }
        let path = "/o/\(token)"
        let withdraw: HTML? =
            isOpen
            ? """
            <p><a class="button" href="\(link: request.address("\(path)/withdraw"))">\(words.withdraw)</a></p>
            <p class="fine">\(deadline)</p>
            """ : nil
        let address: HTML? =
            returns.canBeReaddressed
            ? "<p><a href=\"\(link: request.address("\(path)/address"))\">\(words.correctAddress)</a></p>"
            : nil
        return """
            <section class="panel stack" aria-label="\(words.title)"><h2>\(words.title)</h2>
            \(returns.made.map(box))\(withdraw)\(address)</section>
            """
    }

    private var deadline: String {
        returns.offer.endsAt.map { words.until(ReturnWords.day($0)) } ?? words.untilArrival
    }

    private func box(_ made: OrderReturns.Made) -> HTML {
        let state =
            made.isRefunded
            ? words.refunded
            : made.isReceived || !made.expectsGoods
                ? words.refunding : made.isProven ? words.onItsWay : words.sendBack
        let proof: HTML? =
            made.isRefunded || made.isReceived || made.isProven || !made.expectsGoods ? nil : proofForm(made)
        return """
            <div class="note" role="status"><p><strong>\
            \(words.declared(ReturnWords.moment(made.submittedAt)))\
            </strong></p><p>\(made.contents.joined(separator: ", "))</p><p>\(state)</p>\(proof)</div>
            """
    }

    private func proofForm(_ made: OrderReturns.Made) -> HTML {
        """
        <form method="post" action="\(link: request.address("/o/\(token)/withdraw/\(made.id)/sent"))">\
        \(request.formTokenField)<label for="tracking-\(made.id.description)">\(words.tracking)</label>\
        <input id="tracking-\(made.id.description)" name="tracking" maxlength="100" required>\
        <button class="quiet">\(words.sent)</button></form>
        """
    }
}

/// The two steps of a withdrawal.
struct WithdrawPage {
    private let request: WebRequest
    private let order: Order
    private let offer: WithdrawalOffer
    private let words: ReturnWords

    init(_ request: WebRequest, _ order: Order, _ offer: WithdrawalOffer) {
        self.request = request
        self.order = order
        self.offer = offer
        words = ReturnWords(request.language)
    }

    private var path: String { "/o/\(order.token.rawValue)/withdraw" }

    func form(_ typed: WithdrawForm, _ problems: [WithdrawForm.Field]) -> ShopPage {
        guard offer.isOpen(at: request.receivedAt) else { return over }
        let flaws = FormFlaws(request, problems.map { ($0.rawValue, problem($0)) })
        return page(
            """
            \(flaws.summary)
            <form method="post" action="\(link: request.address(path))" class="panel stack" novalidate>\
            \(request.formTokenField)
            <p>\(words.lead(order.number))</p>
            <fieldset id="units"><legend>\(words.which)</legend>\(offer.lines.map { line($0, typed) })\
            \(flaws.error("units"))</fieldset>
            <div class="fields">\(field(.name, words.name, typed.name, "name", flaws))\
            \(field(.email, request.words(.email), typed.email, "email", flaws))</div>
            <p class="fine">\(words.emailHint)</p>
            <p><button>\(words.next)</button></p></form>
            """)
    }

    func confirmation(_ form: WithdrawForm, _ id: WithdrawalID) -> ShopPage {
        let chosen = offer.lines.compactMap { line -> HTML? in
            form.units[line.id].map { "<li>\(request.words.count($0)) \(line.title)</li>" }
        }
        let kept = form.units.sorted { $0.key < $1.key }.map { line, count -> HTML in
            "<input type=\"hidden\" name=\"line:\(line.description)\" value=\"\(count)\">"
        }
        return page(
            """
            <form method="post" action="\(link: request.address("\(path)/confirm"))" class="panel stack">\
            \(request.formTokenField)\(kept)
            <input type="hidden" name="withdrawal" value="\(id.description)">
            <input type="hidden" name="name" value="\(form.name)">
            <input type="hidden" name="email" value="\(form.email)">
            <p>\(words.statement(order.number))</p><ul class="lines">\(chosen)</ul>
            <p>\(form.name), \(form.email)</p>
            <p><button>\(words.confirm)</button></p></form>
            """)
    }

    var over: ShopPage {
        page("<p role=\"status\">\(words.over)</p>")
    }

    private func page(_ main: HTML) -> ShopPage {
        ShopPage(request, about: order, title: words.withdrawTitle, main: main)
    }

    private func line(_ line: WithdrawalOffer.Line, _ typed: WithdrawForm) -> HTML {
        if let exclusion = line.exclusion {
            return "<p>\(line.title): <span class=\"fine\">\(words.excluded(exclusion))</span></p>"
        }
        guard !line.units.isEmpty else { return .empty }
        let name = "line:\(line.id)"
        let options = (0...line.units.count).map { count -> HTML in
            let chosen: HTML = count == typed.units[line.id] ?? 0 ? " selected" : .empty
            return "<option value=\"\(count)\"\(chosen)>\(count)</option>"
        }
        return """
            <div><label for="\(name)">\(line.title)</label>\
            <select id="\(name)" name="\(name)">\(options)</select></div>
            """
    }

    private func field(
        _ field: WithdrawForm.Field, _ label: String, _ value: String, _ autocomplete: String,
        _ flaws: FormFlaws
    ) -> HTML {
        let name = field.rawValue
        let type = field == .email ? "email" : "text"
        return """
            <div class="half"><label for="\(name)">\(label)</label><input id="\(name)" name="\(name)" \
            type="\(type)" value="\(value)" autocomplete="\(autocomplete)" maxlength="254" \
            required\(flaws.mark(name))>\(flaws.error(name))</div>
            """
    }

    private func problem(_ field: WithdrawForm.Field) -> String {
        switch field {
        case .name: request.words(.required)
        case .email: request.words(.badEmail)
        case .units: words.chooseUnits
        }
    }
}

/// Where the order goes, typed anew: the page shows nobody the address that is there.
struct AddressPage {
    private let request: WebRequest
    private let order: Order
    private let words: ReturnWords

    init(_ request: WebRequest, _ order: Order) {
        self.request = request
        self.order = order
        words = ReturnWords(request.language)
    }

    func form(
        _ typed: AddressForm, _ problems: [FieldError], _ refusal: Orders.AddressRefusal?
    ) -> ShopPage {
        let notice: HTML? = refusal.map {
            "<div class=\"note bad\" role=\"alert\"><p>\(words.addressRefused($0))</p></div>"
        }
        let fields: [(CheckoutField, String)] = [
            (.firstName, typed.firstName), (.lastName, typed.lastName), (.company, typed.company),
            (.line, typed.line), (.postcode, typed.postcode), (.city, typed.city), (.county, typed.county),
        ]
        let path = "/o/\(order.token.rawValue)/address"
        let flaws = FormFlaws(request, problems.map { ($0.field, request.words.problem($0)) })
        return ShopPage(
            request, about: order, title: words.correctAddress,
            main: """
                \(notice)\(flaws.summary)
                <form method="post" action="\(link: request.address(path))" class="panel stack" \
                novalidate>\(request.formTokenField)<p>\(words.addressLead)</p>
                <div class="fields">\(fields.map { field($0, $1, flaws) })</div>
                <p><button>\(words.saveAddress)</button></p></form>
                """)
    }

    private func field(_ field: CheckoutField, _ value: String, _ flaws: FormFlaws) -> HTML {
        let name = field.rawValue
        return """
            <div class="half"><label for="\(name)">\(request.words(field.label))</label><input id="\(name)" \
            name="\(name)" value="\(value)" autocomplete="\(field.autocomplete)" maxlength="\(field.limit)"\
            \(flaws.mark(name))>\(flaws.error(name))</div>
            """
    }
}
