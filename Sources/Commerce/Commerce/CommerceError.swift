/// What the rules of the shop refuse. Every message says what failed, on what, and what helps, and
/// holds no personal data: it may be logged and shown to a merchant.
package enum CommerceError: Error, Equatable, Sendable {
    /// A text could not be read as the thing it should be.
    case malformed(noun: String, text: String, reason: String)
    case currencyMismatch(expected: Currency, found: Currency)
    /// The amount does not fit, or is on the wrong side of zero.
    case amountOutOfRange(what: String, reason: String)
    case quantityOutOfRange(found: Int, limit: Int)
    case tooManyLines(found: Int, limit: Int)
    case emptyQuote
    case rateMissing(from: Currency, to: Currency)
    case planLimit(PlanLimit)
    case unknownPlan(PlanID)
    case illegalMove(machine: String, from: String, to: String)
    case unbalanced(currency: Currency, excessMinorUnits: Int64)
    case emptyTransaction
    case refundExceedsCaptured(asked: Money, left: Money)
    case refundExceedsUnits(asked: Int, left: Int)
    case addressIncomplete([FieldProblem])
}

/// One field of a form that cannot be accepted, and why.
package struct FieldProblem: Hashable, Sendable, Codable {
    package var field: String
    package var reason: String

    package init(field: String, reason: String) {
        self.field = field
        self.reason = reason
    }
}

extension CommerceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let noun, let text, let reason): "\"\(text.prefix(80))\" is not a \(noun): \(reason)"
        case .currencyMismatch(let expected, let found):
            "the amount is in \(found) where \(expected) is needed"
        case .amountOutOfRange(let what, let reason): "\(what): \(reason)"
        case .quantityOutOfRange(let found, let limit):
            "quantity \(found) is not possible; choose 1 to \(limit)"
        case .tooManyLines(let found, let limit):
            "\(found) lines are too many for one order; the limit is \(limit)"
        case .emptyQuote: "there is nothing to quote; put a product in the cart first"
        case .rateMissing(let from, let to):
            "no exchange rate from \(from) to \(to); load the day's reference rate"
        case .planLimit(let limit): limit.description
        case .unknownPlan(let plan): "no plan is called \(plan.rawValue); add it to the table of plans"
        case .illegalMove(let machine, let from, let to): "a \(machine) cannot move from \(from) to \(to)"
        case .unbalanced(let currency, let excess):
            "the ledger transaction does not balance: \(excess) minor units of \(currency) are left over"
        case .emptyTransaction: "a ledger transaction without any amount cannot be posted"
        case .refundExceedsCaptured(let asked, let left):
            "a refund of \(asked) is more than what is left to refund, \(left)"
        case .refundExceedsUnits(let asked, let left): "\(asked) units cannot be refunded; \(left) are left"
        case .addressIncomplete(let problems):
            "the address needs attention: "
                + problems.map { "\($0.field) \($0.reason)" }.joined(separator: "; ")
        }
    }
}
