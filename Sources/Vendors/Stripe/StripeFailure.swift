// Every way a call to Stripe can fail, as workflows need to tell them apart. Retrying is safe with the
// same idempotency key for 24 hours (`StripeClient.keyLifetime`); later the key is forgotten and a call
// whose `mayHaveHappened` is true has to be looked up by metadata first. The disposition follows Stripe's
// own table of statuses, and `Stripe-Should-Retry` above it, except for 429: there the header only speaks
// to clients that would repeat within seconds.

import Durable
import Foundation
import VendorHTTP

/// A call to Stripe that did not do what was asked.
package struct StripeFailure: Classified, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// The buyer's bank or Stripe refused; the buyer has to act.
        case cardDeclined(code: String, declineCode: String?)
        /// The key was used before with other parameters: a mistake of ours.
        case idempotencyMismatch
        /// The same key, or the same object, is being worked on at this moment.
        case inUse
        /// Nothing was tried; the instant is known when Stripe told it.
        case rateLimited(until: Date?)
        case unreachable(mayHaveHappened: Bool, reason: String)
        /// Stripe's trouble: the outcome is unknown, the same key is safe.
        case apiError(status: Int)
        case keyRefused
        case forbidden
        /// There is no such object, or it belongs to another account.
        case resourceMissing(parameter: String?)
        /// The object is in a state that does not allow this.
        case unexpectedState(PaymentIntent?)
        case alreadyRefunded
        case disputed
        /// The connected account may not be paid or charged now.
        case accountUnable(code: String)
        case balanceInsufficient
        case invalidRequest(code: String?, parameter: String?)
        /// A success whose body is not what it should be.
        case unreadable(String)
        /// A look-up met more objects than it may page through; narrow its window.
        case lookupTooWide(pages: Int)
    }

    package let reason: Reason
    package let call: VendorCall
    /// Stripe's own sentence; it names parameters, never card data.
    package let message: String?
    /// What `Stripe-Should-Retry` said, if anything.
    package let shouldRetry: Bool?

    package init(_ reason: Reason, call: VendorCall, message: String? = nil, shouldRetry: Bool? = nil) {
        self.reason = reason
        self.call = call
        self.message = message
        self.shouldRetry = shouldRetry
    }

    package var disposition: Disposition {
        switch reason {
        case .rateLimited(let until): until.map { .deferred(until: $0) } ?? .transient()
        case .inUse, .apiError: shouldRetry == false ? .permanent : .transient()
        case .unreachable, .unreadable: .transient()
        default: shouldRetry == true ? .transient() : .permanent
        }
    }

    /// Whether Stripe may have done what was asked, or may still do it.
    package var mayHaveHappened: Bool {
        switch reason {
        case .unreachable(let mayHaveHappened, _): mayHaveHappened
        case .apiError, .inUse, .unreadable: true
        default: false
        }
    }

    /// Stripe surely did not do what was asked, and asking again would not help. Money that was reserved for
    /// it is free again only then: of any other end it is not known whether it moved.
    package var isRefusal: Bool {
        guard case .permanent = disposition, !mayHaveHappened else { return false }
        // Of a key that was used with other parameters, what became of that use is not known either.
        if case .idempotencyMismatch = reason { return false }
        return true
    }

    /// The code of a failure that lies with the platform's own key, and with nobody's card.
    package static let keyRefused = "stripe.key_refused"
    package static let resourceMissing = "stripe.resource_missing"

    package var code: String {
        switch reason {
        case .cardDeclined: "stripe.card_declined"
        case .idempotencyMismatch: "stripe.idempotency_mismatch"
        case .inUse: "stripe.in_use"
        case .rateLimited: "stripe.rate_limited"
        case .unreachable: "stripe.unreachable"
        case .apiError: "stripe.api_error"
        case .keyRefused: Self.keyRefused
        case .forbidden: "stripe.forbidden"
        case .resourceMissing: Self.resourceMissing
        case .unexpectedState: "stripe.unexpected_state"
        case .alreadyRefunded: "stripe.already_refunded"
        case .disputed: "stripe.disputed"
        case .accountUnable: "stripe.account_unable"
        case .balanceInsufficient: "stripe.balance_insufficient"
        case .invalidRequest: "stripe.invalid_request"
        case .unreadable: "stripe.unreadable"
        case .lookupTooWide: "stripe.lookup_too_wide"
        }
    }
}

extension StripeFailure: CustomStringConvertible, LocalizedError {
    package var description: String { "\(call): \(summary)" + (message.map { " [\($0)]" } ?? "") }

    package var errorDescription: String? { description }

    private var summary: String {
        switch reason {
        case .cardDeclined(let code, let decline):
            "declined (\(decline ?? code)); the buyer must use another card"
        case .idempotencyMismatch: "this idempotency key was used with other parameters"
        case .inUse: "the same request is still running; repeat it with the same key"
        case .rateLimited: "too many requests"
        case .unreachable(true, let reason): "\(reason); it may have happened, look it up or use the same key"
        case .unreachable(false, let reason): "\(reason); nothing was sent"
        case .apiError(let status): "Stripe answered \(status); the outcome is unknown, use the same key"
        case .keyRefused: "the API key is refused; check STRIPE_SECRET_KEY"
        case .forbidden: "the API key may not do this, or the account is not connected to the platform"
        case .resourceMissing(let parameter): "no such object" + (parameter.map { " (\($0))" } ?? "")
        case .unexpectedState(let intent): "not possible in state \(intent?.status.rawValue ?? "unknown")"
        case .alreadyRefunded: "the charge is refunded in full already"
        case .disputed: "the charge is disputed and cannot be refunded"
        case .accountUnable(let code): "the connected account cannot be paid (\(code)); the merchant must act"
        case .balanceInsufficient: "the balance at Stripe is too low"
        case .invalidRequest(let code, let parameter):
            "refused: \(code ?? "invalid request")" + (parameter.map { " (\($0))" } ?? "")
        case .unreadable(let reason): "the answer is unreadable: \(reason)"
        case .lookupTooWide(let pages): "more than \(pages) pages match; narrow the window"
        }
    }
}

// MARK: - From answers

extension StripeFailure {
    init(_ failure: TransportFailure, call: VendorCall) {
        guard case .held(let until, let reason) = failure else {
            self.init(
                .unreachable(mayHaveHappened: failure.mayHaveHappened, reason: failure.reason), call: call)
            return
        }
        self.init(.rateLimited(until: until), call: call, message: reason)
    }

    /// An answer whose status is no success.
    init(_ response: VendorResponse, call: VendorCall) {
        let error = (response.json ?? .null)["error"]
        self.init(
            Self.reason(response, error), call: call, message: error["message"].string,
            shouldRetry: response.header("Stripe-Should-Retry").flatMap(Bool.init))
    }

    private static func reason(_ response: VendorResponse, _ error: JSON) -> Reason {
        let code = error["code"].string
        if error["type"].string == "idempotency_error", response.status != 409 { return .idempotencyMismatch }
        switch (response.status, code) {
        case (401, _): return .keyRefused
        case (402, _) where error["type"].string == "card_error":
            return .cardDeclined(code: code ?? "card_declined", declineCode: error["decline_code"].string)
        case (403, _) where !accountCodes.contains(code ?? ""): return .forbidden
        case (404, _): return .resourceMissing(parameter: error["param"].string)
        case (409, _): return .inUse
        case (429, _): return .rateLimited(until: response.retryAfter.map(response.instant(after:)))
        case (424, _), (500..., _): return .apiError(status: response.status)
        default: return refusal(code, error)
        }
    }

    private static let accountCodes: Set<String> = [
        "capability_not_active", "account_invalid", "transfers_not_allowed", "application_fees_not_allowed",
        "insufficient_capabilities_for_transfer",
    ]

    /// A request that was understood and refused.
    private static func refusal(_ code: String?, _ error: JSON) -> Reason {
        switch code {
        case "idempotency_key_in_use": return .inUse
        case "lock_timeout", "rate_limit": return .rateLimited(until: nil)
        case "resource_missing": return .resourceMissing(parameter: error["param"].string)
        case "payment_intent_unexpected_state":
            // The object is attached as a courtesy; without it the caller retrieves it.
            return .unexpectedState(try? PaymentIntent(error["payment_intent"]))
        case "charge_already_refunded": return .alreadyRefunded
        case "charge_disputed", "refund_disputed_payment": return .disputed
        case "balance_insufficient": return .balanceInsufficient
        case let code? where accountCodes.contains(code): return .accountUnable(code: code)
        default: return .invalidRequest(code: code, parameter: error["param"].string)
        }
    }
}
