// A new version of a plan as its form has it: what was typed, read into the domain's own values, with what is
// wrong said at each field.

import Commerce
import CommerceStore
import Foundation
import WebSupport

struct PlanForm: Sendable {
    /// The version as it would be; nil where a field cannot be read.
    let plan: Plan?
    let begins: Date?
    let problems: [FieldError]

    private static let bearers: [(value: String, words: String)] = [
        (ProcessingFeeBearer.platform.rawValue, "The platform"),
        (ProcessingFeeBearer.merchant.rawValue, "The merchant"),
    ]
    private static let answers: [(value: String, words: String)] = [("yes", "Yes"), ("no", "No")]

    init(
        _ form: FormFields, changing plan: Plan, months: [(month: BillingMonth, at: Date)]
    ) {
        var reader = Reader(form: form, currency: plan.monthlyPrice.currency)
        var made = plan
        made.title = reader.title()
        made.monthlyPrice = reader.money("monthly")
        made.storeLimit = reader.stores()
        made.allowsOwnSuppliers = form["own_suppliers"] == "yes"
        made.allowsCustomDomain = form["custom_domain"] == "yes"
        made.terms = PlanTerms(
            markupPerUnit: reader.money("markup"), commission: reader.percent("commission"),
            processingFeeBearer: ProcessingFeeBearer(rawValue: form["bearer"] ?? "") ?? .platform,
            processing: ProcessingSchedule(
                rate: reader.percent("processing_rate"), fixed: reader.money("processing_fixed")))
        begins = months.first { $0.month.rawValue == form["month"] }?.at
        if begins == nil { reader.refuse("month", "Choose a month to come.") }
        if form["confirm"] != "yes" {
            reader.refuse("confirm", "Tick the box when you have read what this does.")
        }
        problems = reader.problems
        self.plan = problems.isEmpty ? made : nil
    }

    /// The fields, with the figures of `plan` where nothing was typed.
    static func entries(_ plan: Plan, months: [(month: BillingMonth, at: Date)]) -> [Entry] {
        let terms = plan.terms
        func entry(
            _ name: String, _ label: String, hint: String? = nil,
            choices: [(value: String, words: String)] = [], _ value: String
        ) -> Entry {
            Entry(name, label, hint: hint, choices: choices, id: "\(plan.id)-\(name)", value: value)
        }
        return [
            entry(
                "month", "In force from the beginning of",
                choices: months.map { ($0.month.rawValue, $0.month.rawValue) },
                months.first?.month.rawValue ?? ""),
            entry("title", "Title", plan.title),
            entry("monthly", "Price a month, net", hint: "Like 19.00", plan.monthlyPrice.decimalText),
            entry(
                "stores", "Stores", hint: "Empty is unlimited.", plan.storeLimit.map(String.init) ?? ""),
            entry("markup", "Markup a unit", hint: "Like 0.50", terms.markupPerUnit.decimalText),
            entry("commission", "Commission in percent", terms.commission.percentText),
            entry(
                "bearer", "Card processing is paid by", choices: bearers,
                terms.processingFeeBearer.rawValue),
            entry("processing_rate", "Card processing in percent", terms.processing.rate.percentText),
            entry("processing_fixed", "Card processing, fixed", terms.processing.fixed.decimalText),
            entry(
                "own_suppliers", "Own suppliers", choices: answers, plan.allowsOwnSuppliers ? "yes" : "no"),
            entry(
                "custom_domain", "Custom domain", choices: answers, plan.allowsCustomDomain ? "yes" : "no"),
            entry("reason", "Why", hint: "Kept with the version and in the audit.", ""),
        ]
    }

    private struct Reader {
        let form: FormFields
        let currency: Currency
        var problems: [FieldError] = []

        mutating func refuse(_ field: String, _ words: String) { problems.append(FieldError(field, words)) }

        mutating func title() -> String {
            let text = (form["title"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            if !(1...60).contains(text.count) { refuse("title", "The title has 1 to 60 characters.") }
            return text
        }

        mutating func money(_ name: String) -> Money {
            // What cannot be read is said at the field.
            if let money = try? Money(exactly: form[name] ?? "", currency), !money.isNegative,
                money <= Money(minorUnits: 10_000_000, currency: currency)
            {
                return money
            }
            refuse(name, "Write an amount like 19.00, from 0 to 100000.")
            return .zero(currency)
        }

        mutating func percent(_ name: String) -> BasisPoints {
            // As above.
            if let rate = try? BasisPoints(percentText: form[name] ?? ""), (.zero...(.one)).contains(rate) {
                return rate
            }
            refuse(name, "Write a percentage from 0 to 100, such as 2.5.")
            return .zero
        }

        mutating func stores() -> Int? {
            let text = (form["stores"] ?? "").trimmingCharacters(in: .whitespaces)
            if text.isEmpty { return nil }
            if let number = Int(text), (1...100_000).contains(number) { return number }
            refuse("stores", "Write a number of stores, or nothing for no limit.")
            return nil
        }
    }
}
