// Every way a call to Resend can fail. A 409 has two opposite meanings, told apart by name only: still
// running (ask again with the same key) and another payload under this key (it was probably sent: never
// ask again).

import Durable
import Foundation
import VendorHTTP

/// A call to Resend that did not do what was asked.
package struct ResendFailure: Classified, Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        /// The message or an address in it is refused.
        case rejected(name: String)
        /// The key is missing, wrong, or may not do this.
        case keyRefused(name: String)
        /// The sender's domain is not verified.
        case senderRefused
        case notFound
        /// Another payload was sent under this key: the message was probably sent.
        case payloadChanged
        case stillRunning
        case rateLimited(until: Date?)
        /// The day's or the month's quota is used up.
        case quotaExceeded(name: String, until: Date)
        case refusedForSecurity
        case vendorTrouble(status: Int)
        case unreachable(mayHaveHappened: Bool, reason: String)
        case unreadable(String)
    }

    package let reason: Reason
    package let call: VendorCall
    /// Resend's own sentence; may name an address, so it stays out of the description.
    package let message: String?

    package init(_ reason: Reason, call: VendorCall, message: String? = nil) {
        self.reason = reason
        self.call = call
        self.message = message
    }

    package var disposition: Disposition {
        switch reason {
        case .rejected, .keyRefused, .senderRefused, .notFound, .payloadChanged, .refusedForSecurity:
            .permanent
        case .rateLimited(let until): until.map { .deferred(until: $0) } ?? .transient()
        case .quotaExceeded(_, let until): .deferred(until: until)
        case .stillRunning, .vendorTrouble, .unreachable, .unreadable: .transient()
        }
    }

    /// Whether the message may have been sent. Within 24 hours the same key makes repeating safe.
    package var mayHaveHappened: Bool {
        switch reason {
        case .unreachable(let mayHaveHappened, _): mayHaveHappened
        case .payloadChanged, .stillRunning, .vendorTrouble, .unreadable: true
        default: false
        }
    }

    package var code: String {
        switch reason {
        case .rejected: "resend.rejected"
        case .keyRefused: "resend.key_refused"
        case .senderRefused: "resend.sender_refused"
        case .notFound: "resend.not_found"
        case .payloadChanged: "resend.payload_changed"
        case .stillRunning: "resend.still_running"
        case .rateLimited: "resend.rate_limited"
        case .quotaExceeded: "resend.quota_exceeded"
        case .refusedForSecurity: "resend.security"
        case .vendorTrouble: "resend.vendor_trouble"
        case .unreachable: "resend.unreachable"
        case .unreadable: "resend.unreadable"
        }
    }
}

extension ResendFailure: CustomStringConvertible, LocalizedError {
    package var description: String { "\(call): \(summary)" }

    package var errorDescription: String? { description }

    private var summary: String {
        switch reason {
        case .rejected(let name): "the message is refused (\(name)); correct it"
        case .keyRefused(let name): "the API key is refused (\(name)); check RESEND_API_KEY"
        case .senderRefused: "the sender is refused; verify its domain at Resend"
        case .notFound: "no such message"
        case .payloadChanged: "another message was sent under this key; it was probably sent already"
        case .stillRunning: "the same message is being sent; ask again with the same key"
        case .rateLimited: "too many requests"
        case .quotaExceeded(let name, _): "\(name); raise the quota or wait"
        case .refusedForSecurity: "refused for security reasons; ask Resend"
        case .vendorTrouble(let status): "Resend answered \(status); use the same key"
        case .unreachable(true, let reason): "\(reason); it may have been sent, use the same key"
        case .unreachable(false, let reason): "\(reason); nothing was sent"
        case .unreadable(let reason): "the answer is unreadable: \(reason)"
        }
    }
}

extension ResendFailure {
    /// An answer whose status is no success.
    init(_ response: VendorResponse, call: VendorCall) {
        let error = response.json ?? .null
        self.init(
            Self.reason(response, name: error["name"].string ?? ""), call: call,
            message: error["message"].string)
    }

    /// How long to wait for a quota when the answer does not tell.
    private static let quotaPause: Duration = .seconds(3600)

    private static func reason(_ response: VendorResponse, name: String) -> Reason {
        let wait =
            response.retryAfter ?? response.header("ratelimit-reset").flatMap(Int64.init).map { .seconds($0) }
        switch (response.status, name) {
        case (401, _), (403, "invalid_api_key"), (403, "missing_api_key"), (403, "restricted_api_key"):
            return .keyRefused(name: name)
        case (403, _): return .senderRefused
        case (404, _): return .notFound
        case (409, "concurrent_idempotent_requests"): return .stillRunning
        case (409, _): return .payloadChanged
        case (429, "daily_quota_exceeded"), (429, "monthly_quota_exceeded"):
            return .quotaExceeded(name: name, until: response.instant(after: wait ?? quotaPause))
        case (429, _): return .rateLimited(until: wait.map(response.instant(after:)))
        case (451, _): return .refusedForSecurity
        case (500..., _): return .vendorTrouble(status: response.status)
        default: return .rejected(name: name.isEmpty ? "status \(response.status)" : name)
        }
    }
}
