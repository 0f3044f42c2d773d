// What Stripe says is on an account, and what moved it. For comparing the books with.

import Commerce
import FoundationEssentials
import VendorHTTP

extension StripeClient {
    /// The balance of the platform, or of a connected account.
    package func balance(of account: StripeAccount.ID? = nil) async throws(StripeFailure) -> StripeBalance {
        try await get("/v1/balance", for: account, as: StripeBalance.init)
    }
}

/// What is on an account, by currency: available and pending together.
package struct StripeBalance: Sendable, Equatable {
    package let amounts: [Money]

    init(_ json: JSON) throws(JSONMismatch) {
        var sums: [Currency: Money] = [:]
        for side in ["available", "pending"] {
            for line in json[side].elements {
                let amount = try line.needMoney("amount")
                sums[amount.currency] = (sums[amount.currency] ?? .zero(amount.currency)) + amount
            }
        }
        amounts = sums.values.sorted { $0.currency.rawValue < $1.currency.rawValue }
    }
}

/// A payout from a connected account's balance to the merchant's bank: `po_...`.
package struct StripePayout: Sendable, Equatable {
    package typealias ID = StripeID<StripePayout>

    package let id: ID
    package let amount: Money
    /// `pending`, `in_transit`, `paid`, `failed`, `canceled`, as Stripe writes it.
    package let status: String
    package let arrivesAt: Date?
    package let createdAt: Date
    package let failure: String?

    init(_ json: JSON) throws(JSONMismatch) {
        id = try json.needID()
        amount = try json.needMoney("amount")
        status = try json.needText("status")
        arrivesAt = json.instant("arrival_date")
        createdAt = try json.needInstant("created")
        failure = json["failure_message"].string ?? json["failure_code"].string
    }
}
