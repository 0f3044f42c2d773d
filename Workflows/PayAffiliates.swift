// Affiliates are paid what has rested for thirty days, once it is worth a transfer. The row that reserves the
// money comes first, so two runs at once cannot pay it twice; the transfer is found again by its group. What
// was reserved is free again only when it is certain that nothing was moved.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Finds the affiliates that can be paid, and starts a payout for each.
package struct PayAffiliates: Workflow {
    package static let name: WorkflowName = "pay_affiliates"

    package enum Step: String, WorkflowStep { case start }

    package struct Input: Codable, Sendable {
        /// Names this round: an affiliate is paid once in it.
        package let round: String
        package init(round: String) { self.round = round }
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        try await flow.step(.start, retry: .patient) { _ in
            let payable = try await Affiliates().payable(
                atLeast: AffiliateTerms.payoutMinimum, at: shop.clock.now, shop.database)
            try await shop.starter.start(
                PayAffiliate.self,
                payable.map { one in
                    KeyedRun(
                        key: "affiliate:\(one.affiliate):\(input.round)",
                        input: .init(affiliate: one.affiliate), tenant: one.store)
                })
            return payable.count
        }
    }
}

extension PayAffiliates: Scheduled {
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("affiliates.daily", .cron("0 5 * * *"), in: "Europe/Bucharest")]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input {
        Input(round: "\(firing.local.day)")
    }
}

/// Pays one affiliate what is available.
package struct PayAffiliate: Workflow {
    package static let name: WorkflowName = "pay_affiliate"

    package enum Step: String, WorkflowStep {
        case reserve
        case transfer
        case settle
        case release
    }

    package struct Input: Codable, Sendable {
        package let affiliate: AffiliateID
        package init(affiliate: AffiliateID) { self.affiliate = affiliate }
    }

    package enum Output: String, Codable, Sendable {
        case nothingToPay = "nothing_to_pay"
        /// The affiliate's store has no account that can be paid to.
        case noAccount = "no_account"
        case paid
        case failed
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let payout = AffiliatePayoutID(rawValue: flow.uuid("payout"))
        let reserved = try await flow.transaction(.reserve, on: shop.transactions) { tx in
            try await reserve(payout, for: input.affiliate, in: tx)
        }
        switch reserved {
        case .nothing: return .nothingToPay
        case .noAccount: return .noAccount
        case .amount(let amount, let account):
            return try await pay(amount, to: account, payout, input.affiliate, flow)
        }
    }

    private func pay(
        _ amount: Money, to account: String, _ payout: AffiliatePayoutID, _ affiliate: AffiliateID,
        _ flow: Flow<Self>
    ) async throws -> Output {
        let sent: Sent
        do {
            sent = try await flow.step(.transfer, retry: .patient) { attempt in
                try await send(amount, to: account, payout, attempt)
            }
        } catch let failure as StepFailed {
            throw try await leave(amount, payout, affiliate, failure, flow)
        }
        switch sent {
        case .transfer(let transfer):
            try await flow.write(.settle, in: shop) { tx in
                let now = shop.clock.now
                try await Affiliates().settle(payout, transfer: transfer, at: now, in: tx)
                try await Ledger().post(
                    .affiliatePaid(
                        "\(payout)", affiliate: affiliate, store: tx.tenant, amount: amount, at: now), in: tx)
                try await Attention().resolve(
                    .affiliatePayout, subject: "\(affiliate)", by: "payout", in: tx)
            }
            return .paid
        case .refused(let reason):
            try await flow.write(.release, in: shop) { tx in
                try await Affiliates().release(payout, problem: reason, in: tx)
                try await tell(affiliate, "\(amount) could not be paid out: \(reason)", in: tx)
            }
            return .failed
        }
    }

    /// Stripe may have made the transfer: the amount stays reserved, so that no later round pays it again,
    /// and a person looks. Returns what the run ends with.
    private func leave(
        _ amount: Money, _ payout: AffiliatePayoutID, _ affiliate: AffiliateID, _ failure: StepFailed,
        _ flow: Flow<Self>
    ) async throws -> NeedsAttention {
        try await flow.write(.release, for: "in doubt", in: shop) { tx in
            try await tell(
                affiliate, "\(amount) may be on its way to you; we are finding out and pay it otherwise",
                in: tx)
        }
        return NeedsAttention(
            "it is not known whether Stripe made the transfer affiliate_\(payout) of \(amount); look for its "
                + "group there, then retry the step: \(failure.failure.message)",
            code: "affiliate.unaccounted")
    }

    private func reserve(
        _ payout: AffiliatePayoutID, for affiliate: AffiliateID, in tx: Transaction<OneTenant>
    ) async throws -> Reserved {
        let store = try await Stores().load(in: tx)
        let now = shop.clock.now
        let least = AffiliateTerms.payoutMinimum
        guard let account = store.stripeAccount, store.stripeState == .enabled else {
            guard try await Affiliates().available(affiliate, at: now, in: tx) >= least else {
                return .nothing
            }
            try await tell(
                affiliate, "your affiliate earnings wait for a store that can take payments", in: tx)
            return .noAccount
        }
        let amount = try await Affiliates().reserve(payout, for: affiliate, atLeast: least, at: now, in: tx)
        return amount.map { .amount($0, account: account) } ?? .nothing
    }

    /// Only a certain refusal is an answer; of any other end it is not known whether the money moved.
    private func send(
        _ amount: Money, to account: String, _ payout: AffiliatePayoutID, _ attempt: Attempt
    ) async throws -> Sent {
        let group = "affiliate_\(payout)"
        if attempt.isAmbiguous, let known = try await shop.stripe.transfers(in: group).first {
            return .transfer(known.id.rawValue)
        }
        try await attempt.announce()
        do throws(StripeFailure) {
            return .transfer(
                try await shop.stripe.transfer(
                    amount, to: StripeID(rawValue: account), group: group, metadata: ["payout": "\(payout)"],
                    key: attempt.key
                ).id.rawValue)
        } catch {
            guard error.isRefusal else { throw error }
            return .refused(error.description)
        }
    }

    private func tell(
        _ affiliate: AffiliateID, _ message: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await Attention().open(.affiliatePayout, subject: "\(affiliate)", message: message, in: tx)
    }
}

private enum Reserved: Codable, Sendable {
    case nothing, noAccount
    case amount(Money, account: String)
}

private enum Sent: Codable, Sendable {
    case transfer(String)
    /// Nothing was moved.
    case refused(String)
}
