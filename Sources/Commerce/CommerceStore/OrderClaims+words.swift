package import Commerce
package import Foundation
internal import Postgres

// What the merchant decides about a claim and what its supplier answers. Each takes the order's lock first
// and says clearly when it comes too late: after another word, or after the end.

extension OrderClaims {
    /// The merchant's decision. A replacement that cannot be had may still become a refund.
    package func decide(
        _ remedy: ClaimRemedy, because reason: String, of id: OrderClaimID, by who: String, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> ClaimRefusal? {
        guard let claim = try await locked(id, in: tx) else { return .unknown }
        guard claim.closedAt == nil else { return .closed }
        let isFree = claim.remedy == nil || claim.remedy == .replacement && remedy == .refund
        guard isFree, claim.settledAt == nil, claim.sentAt == nil else { return .tooLate }
        try await Self.table.change(id, tx) {
            """
            set remedy = \(remedy.rawValue), remedy_reason = \(reason), decided_by = \(who),
                decided_at = \(now)
            """
        }
        return nil
    }

    /// The merchant has sent a replacement itself.
    package func send(
        _ tracking: String, of id: OrderClaimID, by who: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> ClaimRefusal? {
        guard let claim = try await locked(id, in: tx) else { return .unknown }
        guard claim.closedAt == nil else { return .closed }
        guard claim.mayBeReplaced else { return .tooLate }
        try await note(.merchant, tracking, of: id, by: who, at: now, in: tx)
        return nil
    }

    /// What the supplier said.
    package enum Answer: Sendable, Equatable {
        case credited(Money)
        case replaced(tracking: String)
        case refused
        /// Nothing, and the platform makes it good.
        case borne

        var kind: SupplierAnswer {
            switch self {
            case .credited: .credited
            case .replaced: .replaced
            case .refused: .refused
            case .borne: .borne
            }
        }
    }

    /// Notes the supplier's answer; the first one counts, however late it comes.
    package func answer(
        _ answer: Answer, note: String, of id: OrderClaimID, by who: String, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> ClaimRefusal? {
        guard let claim = try await locked(id, in: tx) else { return .unknown }
        guard claim.closedAt == nil else { return .closed }
        guard claim.answer == nil else { return .tooLate }
        var credit: Money?
        if case .credited(let amount) = answer {
            let left = try await creditLeft(of: claim, in: tx)
            guard amount.currency == left.currency, amount.isPositive, amount <= left else { return .tooMuch }
            credit = amount
        }
        if case .replaced(let tracking) = answer, claim.mayBeReplaced {
            try await self.note(.supplier, tracking, of: id, by: who, at: now, in: tx)
        }
        try await Self.table.change(id, tx) {
            """
            set answer = \(answer.kind.rawValue), answer_note = \(note), answered_by = \(who),
                answered_at = \(now), credit_currency = \(credit?.currency.rawValue),
                credit_minor = \(credit?.minorUnits)
            """
        }
        return nil
    }

    private func note(
        _ sender: OrderClaim.Sender, _ tracking: String, of id: OrderClaimID, by who: String, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await Self.table.change(id, tx) {
            """
            set sent_by = \(sender.rawValue), tracking = \(tracking.isEmpty ? nil : tracking),
                sent_at = \(now), remedy = 'replacement', decided_by = coalesce(decided_by, \(who)),
                decided_at = coalesce(decided_at, \(now))
            """
        }
    }
}
