// How prices are suggested in this store: so many times the cost, a fixed amount, a part of the price that
// must stay, and how prices end. The rule suggests and never moves a price by itself.

import Commerce
import CommerceStore
import Foundation
import WebSupport

extension Dashboard {
    var priceRuleEndpoints: [Endpoint] {
        [
            privatePage("/stores/:store/price-rule") { request, account in
                try await priceRulePage(request, account, [], nil).response()
            },
            privateForm("/stores/:store/price-rule", savePriceRule),
        ]
    }

    private static func fields(_ currency: Currency) -> [FormField] {
        [
            FormField(
                "multiplier", "Times the cost, in percent",
                hint: "180 is 1.8 times the cost; 0 leaves it out.",
                width: "third"),
            FormField("fixed", "And on top, in \(currency.rawValue)", width: "third"),
            FormField(
                "margin", "What you keep at least, in percent of the price",
                hint: "From 0 to \(PriceRule.marginRange.upperBound.percentText).", width: "third"),
            FormField(
                "ending", "Prices end in", width: "third",
                choices: [
                    ("any", "anything"), ("00", ".00"), ("90", ".90"), ("95", ".95"), ("99", ".99"),
                ]),
        ]
    }

    /// What the page shows how the rule works with.
    private static let samples: [Int64] = [500, 1000, 2500, 10_000]

    private func priceRulePage(
        _ request: WebRequest, _ account: Account, _ problems: [FieldError], _ typed: [String: String]?
    ) async throws -> StorePage {
        let (own, terms) = try await inStore(request, account, may: .read) { tx in
            (try await PriceRules().find(in: tx), try await ProductPrices().terms(in: tx))
        }
        let store = terms.store
        let form = FormView(
            request: request, action: request.path, fields: Self.fields(store.currency),
            values: typed ?? Self.values(of: terms.rule), problems: problems, button: "Save the rule",
            hidden: [("act", "save")])
        let remove: HTML? =
            own == nil
            ? nil
            : "<div class=\"acts\">"
                + request.button("Use the standard rule", at: request.path, act: "remove") + "</div>"
        let state: HTML =
            own == nil
            ? "<p>The standard rule: the lowest price that ends in .90 and leaves you 30 % of it.</p>"
            : .empty
        return StorePage(
            request: request, account: account, store: store, place: .products,
            title: "How prices are suggested",
            main: """
                \(state)\(form.html)\(remove)\(try Self.table(terms))
                <p class="fine">The rule suggests prices where you take something onto your shelf and beside \
                each product. It never changes a price by itself, and never asks less than what covers the \
                cost.</p>
                """)
    }

    private static func table(_ terms: PriceTerms) throws -> HTML {
        let rows = try samples.map { minor -> [HTML] in
            let cost = Money(minorUnits: minor, currency: terms.store.currency)
            let pricing = terms.pricing
            let found = try terms.rule.price(unitCost: cost, isPlatformCatalogue: true, pricing: pricing)
            guard let price = found else { return ["\(cost.text)", "no price", ""] }
            let sale = try pricing.preview(price: price, unitCost: cost, isPlatformCatalogue: true)
            return ["\(cost.text)", "\(price.text)", "\(sale.margin.text)"]
        }
        return .table("From the platform's catalogue", ["Cost", "Price", "You keep"], rows)
    }

    private static func values(of rule: PriceRule) -> [String: String] {
        [
            "multiplier": rule.multiplier.percentText, "fixed": rule.fixed.decimalText,
            "margin": rule.minimumMargin.percentText, "ending": rule.ending.rawValue,
        ]
    }

    private func savePriceRule(_ request: WebRequest, _ account: Account) async throws -> WebResponse {
        let currency = try await inStore(request, account, may: .change) {
            try await Stores().load(in: $0).currency
        }
        if request.form["act"] == "remove" {
            try await inStore(request, account, may: .change) { tx in
                try await PriceRules().remove(in: tx)
                try await note("price-rule.remove", "\(tx.tenant)", account, request, in: tx)
            }
            return .seeOther(request.path)
        }
        var problems: [FieldError] = []
        func percent(_ name: String, _ range: ClosedRange<BasisPoints>) -> BasisPoints {
            // Why it cannot be read adds nothing to the range that the field names.
            let text = (request.form[name] ?? "").replacing(",", with: ".")
            if let value = try? BasisPoints(percentText: text), range.contains(value) { return value }
            let (least, most) = (range.lowerBound.percentText, range.upperBound.percentText)
            problems.append(FieldError(name, "must be a percentage from \(least) to \(most)"))
            return .zero
        }
        let multiplier = percent("multiplier", PriceRule.multiplierRange)
        let margin = percent("margin", PriceRule.marginRange)
        let fixed = try? Money(exactly: (request.form["fixed"] ?? "").replacing(",", with: "."), currency)
        if !(fixed.map { PriceRule.fixedRange.contains($0.minorUnits) } ?? false) {
            problems.append(FieldError("fixed", "must be an amount, such as 1.50"))
        }
        let ending = request.form["ending"].flatMap { PriceRule.Ending(rawValue: $0) }
        if ending == nil { problems.append(FieldError("ending", "must be one of these")) }
        guard problems.isEmpty, let fixed, let ending else {
            let typed = request.typed(Self.fields(currency))
            return try await priceRulePage(request, account, problems, typed).response(status: 422)
        }
        let rule = PriceRule(
            multiplier: multiplier, fixed: fixed, ending: ending, minimumMargin: margin)
        try await inStore(request, account, may: .change) { tx in
            try await PriceRules().save(rule, in: tx)
            try await note("price-rule.save", "\(tx.tenant)", account, request, in: tx)
        }
        return .seeOther(request.path)
    }
}
