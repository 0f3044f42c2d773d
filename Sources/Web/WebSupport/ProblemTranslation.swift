// Where errors of the layers below become problems with a name. What a rule or a constraint refuses is the
// client's to know; what broke on our side is logged with the request's id and told to nobody.

import Commerce
import CommerceStore
import Postgres

enum ProblemTranslation {
    /// The problem to answer with, and whether the error is our fault and must be logged.
    static func problem(for error: any Error) -> (problem: WebProblem, isOurFault: Bool) {
        switch error {
        case let problem as WebProblem: (problem, problem.name == .unexpected)
        case let error as StoreError: problem(forStore: error)
        case let error as CommerceError: (problem(forRule: error), false)
        case let error as PostgresError: problem(forDatabase: error)
        default: (WebProblem(.unexpected), true)
        }
    }

    private static func problem(forStore error: StoreError) -> (WebProblem, Bool) {
        switch error {
        case .notFound(let subject, _): (WebProblem(.notFound, "there is no such \(subject.rawValue)"), false)
        case .refused(let problem): (refusal(problem), false)
        case .quoteExpired: (WebProblem(.quoteExpired, "make a new quote and show its total"), false)
        case .totalChanged(_, let now):
            (WebProblem(.quoteChanged, "the total is now \(now); show it and ask again"), false)
        case .cartEmpty: (WebProblem(.cartEmpty, "add a product first"), false)
        case .quantityOutOfRange(_, let limit):
            (
                WebProblem(.invalidFields, fields: [FieldError("quantity", "must be from 1 to \(limit)")]),
                false
            )
        case .tooManyLines(let limit):
            (WebProblem(.cartTooLarge, "at most \(limit) different products in one order"), false)
        case .currencyDiffers(let expected, let found):
            (WebProblem(.currencyMismatch, "this store sells in \(expected), not in \(found)"), false)
        case .notForSale(let sku): (WebProblem(.itemUnavailable, "\(sku) is temporarily unavailable"), false)
        case .notEnoughUnits(let sku, let left):
            (WebProblem(.itemUnavailable, "only \(left) of \(sku) are left"), false)
        // The notice never tells a cost.
        case .saleRefused(let refusal, _):
            (WebProblem(.itemUnavailable, refusal.shopperNotice.english), false)
        case .syncClosed: (WebProblem(.conflict, "the supplier's sync has ended"), false)
        case .noExchangeRate: (WebProblem(.unavailable, headers: ["Retry-After": "60"]), true)
        case .unsafeRole, .credentialUnreadable, .unexpectedValue: (WebProblem(.unexpected), true)
        }
    }

    private static func refusal(_ problem: Problem) -> WebProblem {
        switch problem {
        case .quantityOutOfRange:
            WebProblem(.invalidFields, fields: [FieldError("quantity", "is out of range")])
        case .marginNegative, .unitsNotAvailable:
            WebProblem(.itemUnavailable, "an item in the cart is temporarily unavailable")
        case .couponUsedUp:
            WebProblem(.quoteChanged, "the coupon has been used up; ask for the price again")
        case .productUnknown, .cartUnknown, .quoteUnknown:
            WebProblem(.notFound, "it does not exist in this store: \(problem.rawValue)")
        default:
            WebProblem(.conflict, problem.rawValue)
        }
    }

    private static func problem(forRule error: CommerceError) -> WebProblem {
        switch error {
        case .currencyMismatch(let expected, let found):
            WebProblem(.currencyMismatch, "this store sells in \(expected), not in \(found)")
        case .quantityOutOfRange(_, let limit):
            WebProblem(.invalidFields, fields: [FieldError("quantity", "must be from 1 to \(limit)")])
        case .tooManyLines(_, let limit):
            WebProblem(.cartTooLarge, "at most \(limit) different products in one order")
        case .emptyQuote: WebProblem(.cartEmpty, "add a product first")
        case .addressIncomplete(let problems):
            WebProblem(.invalidFields, fields: problems.map { FieldError("address.\($0.field)", $0.reason) })
        default: WebProblem(.invalidFields, error.description)
        }
    }

    private static func problem(forDatabase error: PostgresError) -> (WebProblem, Bool) {
        if let constraint = error.constraint { return (WebProblem(.conflict, constraint), true) }
        if error.isRetryable || error.isConnectionLoss {
            return (WebProblem(.unavailable, headers: ["Retry-After": "2"]), true)
        }
        return (WebProblem(.unexpected), true)
    }
}
