package import Commerce
internal import Foundation
internal import Postgres

// Where a claim stands, read from the records. That money went back is true when it has: a refund that is
// reserved, or on its way at Stripe, keeps another one from being made, and nobody is told of it before it is
// settled.

extension OrderClaims {
    /// Where it stands, for the run that carries it, to which all that was said until now is known with this.
    /// Whoever says something takes the order's lock too, and is either seen here or calls the run again.
    package func look(
        at id: OrderClaimID, in tx: Transaction<OneTenant>
    ) async throws -> ClaimStanding {
        _ = try await locked(id, in: tx)
        try await Self.table.change(id, tx) { "set wake_at = null" }
        return try await standing(of: id, in: tx)
    }

    /// Where it stands, for those who only look.
    package func standing(
        of id: OrderClaimID, in tx: Transaction<OneTenant>
    ) async throws -> ClaimStanding {
        let claim = try await load(id, in: tx)
        var standing = ClaimStanding(reportedAt: claim.reportedAt)
        standing.remedy = claim.remedy
        standing.decidedAt = claim.decidedAt
        standing.isReplacementSent = claim.sentAt != nil
        standing.isPaidBack = try await isPaidBack(claim, in: tx)
        if !standing.isPaidBack { standing.isBeingPaidBack = try await isPromised(claim, in: tx) }
        standing.bank = try await bank(of: claim.order, in: tx)
        standing.settlement = claim.settlement
        standing.answer = claim.answer
        standing.answeredAt = claim.answeredAt
        standing.isHandedOn = claim.creditSettledAt != nil
        return standing
    }

    /// Each of its units has a refund that is settled, or the whole order has.
    private func isPaidBack(_ claim: OrderClaim, in tx: Transaction<OneTenant>) async throws -> Bool {
        // Not by the order's status, which stays when the bank sends the money back.
        if try await Refunds().wholly(of: claim.order, in: tx) == .settled { return true }
        return try await tx.execute(
            """
            select not exists (select from shop.order_claim_unit c
                where c.tenant_id = \(tx.tenantUUID) and c.claim_id = \(claim.id.rawValue) and not exists (
                    select from shop.refund_unit x
                    join shop.refund r on r.tenant_id = x.tenant_id and r.id = x.refund_id
                    where x.tenant_id = c.tenant_id and x.unit_id = c.unit_id and r.status = 'settled'))
                as is_settled
            """
        ).only(orThrow: .notFound(.claim, "\(claim.id)")).decode("is_settled")
    }

    /// Nothing of it is left to refund.
    private func isPromised(_ claim: OrderClaim, in tx: Transaction<OneTenant>) async throws -> Bool {
        if try await unrefunded(of: claim.id, in: tx).isEmpty { return true }
        return try await Refunds().wholly(of: claim.order, in: tx) != .no
    }

    /// An inquiry that moved no money keeps nobody from refunding.
    private func bank(
        of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> ClaimStanding.Bank {
        let disputes = try await Disputes().all(of: order, in: tx)
        if disputes.contains(where: { $0.status == .lost }) { return .paid }
        let isDeciding = disputes.contains {
            !$0.status.isClosed && $0.status.rank >= DisputeStatus.needsResponse.rank
        }
        return isDeciding ? .deciding : .nothing
    }
}
