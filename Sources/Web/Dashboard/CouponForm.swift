import Commerce
import CommerceStore
import Foundation
import WebSupport

/// What a merchant types about a code.
struct CouponForm: Sendable {
    struct Refusal: Error {
        let problems: [FieldError]
    }

    private static let codeLength = 3...40
    private static let useRange = 1...1_000_000

    let values: [String: String]
    let currency: Currency

    static func fields(_ currency: Currency) -> [FormField] {
        [
            FormField("code", "Code", hint: "Letters, digits, - and _, such as SPRING-10.", width: "third"),
            FormField(
                "kind", "Takes off", width: "third",
                choices: [("percent", "a percentage"), ("amount", "an amount in \(currency.rawValue)")]),
            FormField("value", "How much", hint: "Such as 10 or 7.50.", width: "third"),
            FormField(
                "minimum", "From goods for, in \(currency.rawValue)", hint: "May be left empty.",
                width: "third"),
            FormField("from", "From this day on", type: "date", width: "third"),
            FormField("until", "Until this day, included", type: "date", width: "third"),
            FormField(
                "limit", "Orders at most", hint: "Empty: as many as come.", width: "third"),
        ]
    }

    /// The code, or what is wrong with each field.
    func read() -> Result<Coupon, Refusal> {
        var problems: [FieldError] = []
        let code = text("code").uppercased()
        if !Self.codeLength.contains(code.count) || !code.allSatisfy(Self.isAllowed) {
            problems.append(
                FieldError("code", "must have 3 to 40 letters without marks, digits, - or _"))
        }
        let kind = kind(&problems)
        let minimum = minimum(&problems)
        let from = day("from", &problems)
        let last = day("until", &problems)
        if let from, let last, last < from {
            problems.append(FieldError("until", "must not be before the first day"))
        }
        let limit = Int(text("limit"))
        if !text("limit").isEmpty, limit.map(Self.useRange.contains) != true {
            problems.append(FieldError("limit", "must be a number from 1 to 1,000,000"))
        }
        guard problems.isEmpty, let kind else { return .failure(Refusal(problems: problems)) }
        return .success(
            Coupon(
                code: code, kind: kind, minimum: minimum, validFrom: from,
                validUntil: last?.addingTimeInterval(86_400), useLimit: limit))
    }

    private func text(_ name: String) -> String { values[name] ?? "" }

    private static func isAllowed(_ one: Character) -> Bool {
        one.isASCII && (one.isLetter || one.isNumber || one == "-" || one == "_")
    }

    private func kind(_ problems: inout [FieldError]) -> Coupon.Kind? {
        let value = text("value").replacing(",", with: ".")
        if text("kind") == "amount" {
            if let money = Money(typed: value, currency) { return .amount(money) }
            problems.append(FieldError("value", "must be an amount, such as 7.50"))
        } else {
            // Why it cannot be read adds nothing to what the field says.
            if let share = try? BasisPoints(percentText: value), share > .zero, share <= .one {
                return .percent(share)
            }
            problems.append(FieldError("value", "must be a percentage above 0, up to 100"))
        }
        return nil
    }

    private func minimum(_ problems: inout [FieldError]) -> Money {
        guard !text("minimum").isEmpty, text("minimum") != "0" else { return .zero(currency) }
        if let money = Money(typed: text("minimum"), currency) { return money }
        problems.append(FieldError("minimum", "must be an amount, such as 30.00"))
        return .zero(currency)
    }

    private func day(_ name: String, _ problems: inout [FieldError]) -> Date? {
        guard !text(name).isEmpty else { return nil }
        // Read back, so that the thirty-first of November is no first of December; why it cannot be read
        // adds nothing to what the field says.
        let read = try? Date("\(text(name))T00:00:00Z", strategy: .iso8601)
        if let read, read.formatted(.iso8601).hasPrefix(text(name)) { return read }
        problems.append(FieldError(name, "must be a day, such as 2026-11-23"))
        return nil
    }
}

extension Coupon {
    /// What it takes off, in words.
    var words: String {
        let off =
            switch kind {
            case .percent(let share): "\(share)"
            case .amount(let amount): amount.text
            }
        return minimum.isZero ? "\(off) off the goods" : "\(off) off goods from \(minimum.text)"
    }

    func tag(at now: Date) -> HTML {
        switch refusal(goods: minimum, at: now) {
        case nil, .tooSmall?: "<span class=\"tag good\">running</span>"
        case .notYet?: "<span class=\"tag\">not yet</span>"
        case .ended?: "<span class=\"tag warn\">ended</span>"
        case .usedUp?: "<span class=\"tag warn\">used up</span>"
        }
    }
}
