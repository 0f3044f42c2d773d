// The arithmetic of Stripe's side, in minor units. Rounding is half-up and cumulative: what is undone after
// several partial refunds is the proportion of their sum, so that a full refund in any number of parts
// undoes exactly everything.

enum StripeAmounts {
    /// Eight digits.
    static let largest: Int64 = 99_999_999

    /// The smallest charge by currency; 50 where Stripe names no other.
    static func smallest(_ currency: String) -> Int64 {
        switch currency {
        case "eur", "usd", "chf": 50
        case "gbp": 30
        case "ron", "pln": 200
        case "bgn": 100
        case "czk": 1500
        case "huf": 17500
        case "sek", "nok": 300
        case "dkk": 250
        default: 50
        }
    }

    /// The currencies this sandbox settles in.
    static let currencies: Set<String> = [
        "eur", "ron", "usd", "gbp", "bgn", "pln", "czk", "huf", "sek", "dkk", "nok", "chf",
    ]

    /// What Stripe keeps of a charge: 1.5 % and 25 minor units.
    static func processingFee(on amount: Int64) -> Int64 { proportion(of: amount, 15, in: 1000) + 25 }

    /// What Stripe takes for a dispute, won or lost.
    static let disputeFee: Int64 = 2000

    /// `whole` x `part` / `total`, half-up.
    static func proportion(of whole: Int64, _ part: Int64, in total: Int64) -> Int64 {
        precondition(total > 0, "a proportion needs a positive total")
        return (whole * part * 2 + total) / (total * 2)
    }

    /// What the next partial refund undoes of `whole`: the proportion of all refunds so far, less what
    /// refunds have undone before, and never more than is left.
    static func undone(
        of whole: Int64, refundedInAll: Int64, refundedBefore: Int64, charged: Int64, left: Int64
    ) -> Int64 {
        let target = proportion(of: whole, refundedInAll, in: charged)
        let before = proportion(of: whole, refundedBefore, in: charged)
        return max(0, min(target - before, left))
    }

    /// How Stripe prints an amount in a message.
    static func print(_ amount: Int64, _ currency: String) -> String {
        let cents = amount % 100
        return "\(amount / 100).\(cents < 10 ? "0" : "")\(cents) \(currency)"
    }
}

extension StripeCall {
    /// A currency parameter, checked.
    func currency() throws(StripeProblem) -> String? {
        guard let text = try text("currency")?.lowercased(), !text.isEmpty else { return nil }
        guard StripeAmounts.currencies.contains(text) else {
            let known = StripeAmounts.currencies.sorted().joined(separator: ", ")
            throw .invalid(
                "currency",
                "Invalid currency: \(text). Stripe currently supports these currencies: \(known)")
        }
        return text
    }

    /// An amount that must be at least one.
    func positive(_ name: String) throws(StripeProblem) -> Int64? {
        guard let amount = try integer(name) else { return nil }
        guard amount >= 1 else {
            throw .invalid(
                name, "This value must be greater than or equal to 1.", code: "parameter_invalid_integer")
        }
        return amount
    }
}
