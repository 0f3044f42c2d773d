// Every way a call to BigBuy can fail. What was refused is known; what was not answered, or answered with
// something that is not BigBuy's JSON, is unknown: an order may exist, so look it up by reference before
// placing it again.

import Durable
import Foundation
import VendorHTTP

/// A call to BigBuy that did not do what was asked.
package struct BigBuyFailure: Classified, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        case refused(BigBuyRefusal)
        case keyRefused
        /// BigBuy does not know it, in these words.
        case notFound(String)
        case rateLimited(until: Date?)
        /// An error of theirs, an HTML page, an empty or foreign body: nothing is known.
        case unknown(status: Int, String)
        case unreachable(mayHaveHappened: Bool, reason: String)
    }

    package let reason: Reason
    package let call: VendorCall
    /// When it was learned, on our clock.
    package let at: Date

    package init(_ reason: Reason, call: VendorCall, at: Date) {
        self.reason = reason
        self.call = call
        self.at = at
    }

    /// How long work waits for somebody to fill the wallet.
    private static let walletPause: TimeInterval = 900

    package var disposition: Disposition {
        switch reason {
        case .refused(.walletTooLow): .deferred(until: at.addingTimeInterval(Self.walletPause))
        case .refused(.temporary): .transient()
        case .refused, .keyRefused, .notFound: .permanent
        case .rateLimited(let until): until.map { .deferred(until: $0) } ?? .transient()
        case .unknown, .unreachable: .transient()
        }
    }

    /// Whether BigBuy may have done what was asked.
    package var mayHaveHappened: Bool {
        switch reason {
        case .unknown: true
        case .unreachable(let mayHaveHappened, _): mayHaveHappened
        default: false
        }
    }

    /// The code of a failure that lies with the platform's own key, and with no order.
    package static let keyRefused = "bigbuy.key_refused"

    package var code: String {
        switch reason {
        case .refused(let refusal): refusal.code
        case .keyRefused: Self.keyRefused
        case .notFound: "bigbuy.not_found"
        case .rateLimited: "bigbuy.rate_limited"
        case .unknown: "bigbuy.unknown"
        case .unreachable: "bigbuy.unreachable"
        }
    }
}

extension BigBuyRefusal {
    /// A stable word for the journal.
    package var code: String {
        switch self {
        case .productUnknown: "bigbuy.product_unknown"
        case .outOfStock: "bigbuy.out_of_stock"
        case .productsRejected: "bigbuy.products_rejected"
        case .postcode: "bigbuy.postcode"
        case .walletTooLow: "bigbuy.wallet_too_low"
        case .underMinimum: "bigbuy.under_minimum"
        case .orderExists: "bigbuy.order_exists"
        case .temporary: "bigbuy.temporary"
        case .noCarrier: "bigbuy.no_carrier"
        case .paymentMethod: "bigbuy.payment_method"
        case .needsHuman: "bigbuy.needs_human"
        case .severalWarehouses: "bigbuy.several_warehouses"
        case .invalid: "bigbuy.invalid"
        case .unaccounted: "bigbuy.unaccounted"
        case .other: "bigbuy.refused"
        }
    }
}

extension BigBuyFailure: CustomStringConvertible, LocalizedError {
    package var description: String { "\(call): \(summary)" }

    package var errorDescription: String? { description }

    private var summary: String {
        switch reason {
        case .refused(let refusal): "refused: \(refusal.summary)"
        case .keyRefused: "the API key is refused; check BIGBUY_API_KEY"
        case .notFound(let words): "not found: \(words)"
        case .rateLimited: "too many requests"
        case .unknown(let status, let body): "status \(status) with \(body); look it up before repeating"
        case .unreachable(true, let reason): "\(reason); it may have happened, look it up before repeating"
        case .unreachable(false, let reason): "\(reason); nothing was sent"
        }
    }
}

extension BigBuyRefusal: CustomStringConvertible {
    package var description: String { summary }

    fileprivate var summary: String {
        func list(_ skus: some Sequence<String>) -> String { skus.joined(separator: ", ") }
        return switch self {
        case .productUnknown(let skus): "no such article \(list(skus.map(\.rawValue)))"
        case .outOfStock(let skus): "out of stock: \(list(skus.map(\.rawValue)))"
        case .productsRejected(let lines):
            "cannot be sold: \(list(lines.map { "\($0.key) (\($0.value))" }.sorted()))"
        case .postcode(let example):
            "the postcode does not fit the country" + (example.map { ", like \($0)" } ?? "")
        case .walletTooLow(let balance, let needed):
            "the wallet holds \(balance.map { "\($0)" } ?? "too little") of \(needed.map { "\($0)" } ?? "it")"
        case .underMinimum: "the order is below the minimum"
        case .orderExists(let id): "an order with this reference exists (\(id?.rawValue ?? "unnamed"))"
        case .temporary: "temporary error at the supplier"
        case .noCarrier: "no allowed carrier delivers there"
        case .paymentMethod: "the payment method is misconfigured"
        case .needsHuman(let code): "\(code); ask BigBuy's support"
        case .severalWarehouses: "the articles lie in different warehouses"
        case .invalid(let fields): "invalid \(list(fields.keys.sorted()))"
        case .unaccounted: "the answer does not mention it"
        case .other(let code, let info): "\(code) \(info)"
        }
    }
}

// MARK: - From answers

extension BigBuyFailure.Reason {
    /// What an answer says that brings no data. `error` is its body brought into one form, if it has one.
    init(status: Int, error: BigBuyErrorBody?, response: VendorResponse) {
        let effective = (200..<300).contains(status) ? error?.status ?? status : status
        switch effective {
        case 401, 403: self = .keyRefused
        case 429:
            let wait = response.retryAfter ?? response.wait(untilInstantIn: "X-RateLimit-Reset")
            self = .rateLimited(until: wait.map(response.instant(after:)))
        case 404 where error != nil: self = .notFound(error?.info ?? "")
        case 500... where error?.code.hasPrefix("ER") != true:
            self = .unknown(status: effective, error?.info ?? response.excerpt)
        default: self = Self.refusal(status: effective, error, response)
        }
    }

    private static func refusal(
        status: Int, _ error: BigBuyErrorBody?, _ response: VendorResponse
    ) -> BigBuyFailure.Reason {
        guard let error else { return .unknown(status: status, response.excerpt) }
        // "Something went wrong" with a ticket number is an internal error, whatever status dresses it.
        if error.info.hasPrefix("Something went wrong") { return .unknown(status: status, error.info) }
        return .refused(BigBuyRefusal(error))
    }
}
