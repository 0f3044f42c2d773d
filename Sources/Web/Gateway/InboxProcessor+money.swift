// Events about money that name no payment: a payout to the merchant's bank, the fee or the transfer of a
// charge, and the end of the connection to an account.

import Commerce
import CommerceStore
import Foundation
import Stripe

extension InboxProcessor {
    /// Nil for an event of another kind.
    func moved(_ event: StripeEvent, _ entry: Inbox.Event) async throws -> Outcome? {
        switch event.subject {
        case .payout(let payout): return try await record(payout, of: event.account, entry)
        case .shareOfCharge(let charge):
            // A transfer can be drawn on a charge that is not the shop's.
            guard let tenant = try await tenants.tenant(ofCharge: charge.rawValue) else {
                return .unmatched("no payment of ours has the charge \(charge)")
            }
            return try await hand(event, entry, to: tenant) {
                try await Payments().find(charge: charge.rawValue, in: $0)
            }
        default:
            guard event.kind == .accountDeauthorized, let account = event.account else { return nil }
            return try await disconnect(account, entry)
        }
    }

    private func record(
        _ payout: StripePayout, of account: StripeAccount.ID?, _ entry: Inbox.Event
    ) async throws -> Outcome {
        // The platform's own payouts are no store's.
        guard let account else { return .nothingToDo }
        guard let tenant = try await tenants.tenant(ofStripeAccount: account.rawValue) else {
            return .unmatched("no store has the account \(account)")
        }
        guard let news = Payout(payout) else {
            return .unmatched("no such status of a payout: \(payout.status)")
        }
        return try await database.transaction(for: tenant) { tx in
            try await Payouts().record(news, at: entry.occurredAt ?? payout.createdAt, in: tx)
            try await inbox.markProcessed(source: entry.source, id: entry.id, in: tx)
            return .done(tenant)
        }
    }

    /// The merchant has disconnected the platform: the account cannot even be read any more.
    private func disconnect(_ account: StripeAccount.ID, _ entry: Inbox.Event) async throws -> Outcome {
        guard let tenant = try await tenants.tenant(ofStripeAccount: account.rawValue) else {
            return .unmatched("no store has the account \(account)")
        }
        let told = try await Stores.time(database)
        return try await database.transaction(for: tenant) { tx in
            try await Stores().recordStripe(
                account: account.rawValue, state: .restricted, requirements: [],
                disabledReason: "disconnected", paysOut: false, readAt: told, in: tx)
            try await inbox.markProcessed(source: entry.source, id: entry.id, in: tx)
            return .done(tenant)
        }
    }
}

extension Payout {
    fileprivate init?(_ payout: StripePayout) {
        guard let status = Status(rawValue: payout.status) else { return nil }
        self.init(
            stripePayout: payout.id.rawValue, status: status, amount: payout.amount,
            arrivesAt: payout.arrivesAt, failure: payout.failure, createdAt: payout.createdAt)
    }
}
