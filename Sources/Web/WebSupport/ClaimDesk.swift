// What people say about something that is wrong with an order: the shopper reports it, the merchant decides,
// and the operators note what the supplier answered. The row is written first, and the run that carries the
// claim is told after the commit. The row also says that its run has not looked yet, so a word that gets lost
// is sent again by whoever finds that.

import Commerce
import CommerceStore
import Foundation

/// The runs behind the desk.
package struct ClaimRuns: Sendable {
    package typealias Begin =
        @Sendable (_ claim: OrderClaimID, _ tx: Transaction<OneTenant>) async throws -> UUID
    package typealias Tell = @Sendable (_ run: UUID, _ once: String) async throws -> Void

    package let begin: Begin
    package let tell: Tell

    package init(begin: @escaping Begin, tell: @escaping Tell) {
        self.begin = begin
        self.tell = tell
    }
}

package struct ClaimDesk: Sendable {
    /// What the merchant says.
    package enum Decision: Sendable, Equatable {
        case refund
        /// The supplier is to send another one.
        case replacement
        case refused(because: String)
        /// The merchant has sent another one.
        case sent(tracking: String)

        /// How it is written down.
        package var word: String {
            switch self {
            case .refund: "refund"
            case .replacement: "replacement"
            case .refused: "refused"
            case .sent: "sent"
            }
        }
    }

    private let database: Database
    private let runs: ClaimRuns

    package init(database: Database, runs: ClaimRuns) {
        self.database = database
        self.runs = runs
    }

    /// Takes a report. Sent twice it is one.
    package func report(
        _ draft: OrderClaims.Draft, for tenant: TenantID, at now: Date
    ) async throws -> OrderClaims.Outcome {
        try await database.transaction(for: tenant) { tx in
            let outcome = try await OrderClaims().report(draft, at: now, in: tx)
            if case .reported(let claim, isFirst: true) = outcome { try await begin(claim, in: tx) }
            return outcome
        }
    }

    /// Asks the supplier to take back what was withdrawn from. False where it was asked already.
    package func claimReturned(
        _ withdrawal: WithdrawalID, by actor: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        let claims = try await OrderClaims().claimReturned(withdrawal, by: actor, at: now, in: tx)
        for claim in claims {
            try await begin(claim, in: tx)
            try await Audit().record(
                actor: actor, action: "claim.returned", target: "claim:\(claim.id)", reason: nil, in: tx)
        }
        return !claims.isEmpty
    }

    private func begin(_ claim: OrderClaim, in tx: Transaction<OneTenant>) async throws {
        let run = try await runs.begin(claim.id, tx)
        try await OrderClaims().recordRun(run, of: claim.id, in: tx)
    }

    /// Notes the merchant's decision. Nil when it was taken.
    package func decide(
        _ decision: Decision, of id: OrderClaimID, by actor: String, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> ClaimRefusal? {
        let claims = OrderClaims()
        let refusal: ClaimRefusal?
        var reason: String?
        switch decision {
        case .refund:
            refusal = try await claims.decide(.refund, because: "", of: id, by: actor, at: now, in: tx)
        case .replacement:
            refusal = try await claims.decide(.replacement, because: "", of: id, by: actor, at: now, in: tx)
        case .refused(let why):
            refusal = try await claims.decide(.refused, because: why, of: id, by: actor, at: now, in: tx)
            reason = why
        case .sent(let tracking):
            refusal = try await claims.send(tracking, of: id, by: actor, at: now, in: tx)
        }
        guard refusal == nil else { return refusal }
        try await Audit().record(
            actor: actor, action: "claim.\(decision.word)", target: "claim:\(id)", reason: reason, in: tx)
        return nil
    }

    /// Wakes the run of a claim that was just decided.
    package func tell(_ decision: Decision, of id: OrderClaimID, in tenant: TenantID) async {
        do {
            let claim = try await database.transaction(for: tenant) {
                try await OrderClaims().find(id, in: $0)
            }
            if let run = claim?.run { try await runs.tell(run, "decided:\(id):\(decision.word)") }
        } catch {
            // The decision stands, and its row says that the run has not looked: it is told again.
        }
    }
}

/// What the order's page shows about problems.
package struct OrderProblems: Sendable, Equatable {
    package struct Reported: Sendable, Equatable {
        package let id: OrderClaimID
        package let contents: String
        package let problem: ClaimProblem
        package let reportedAt: Date
        package let remedy: ClaimRemedy?
        package let reason: String
        package let settlement: ClaimSettlement?
        package let tracking: String?
    }

    package var offer = ClaimOffer.nothing
    package var reported: [Reported] = []

    package init() {}

    init(of order: OrderID, in tx: Transaction<OneTenant>) async throws {
        let claims = OrderClaims()
        offer = try await claims.offer(of: order, in: tx)
        for one in try await claims.all(of: order, in: tx) where one.problem != .returned {
            reported.append(
                Reported(
                    id: one.id, contents: try await claims.contents(of: one.id, in: tx),
                    problem: one.problem, reportedAt: one.reportedAt, remedy: one.remedy,
                    reason: one.remedyReason, settlement: one.settlement, tracking: one.tracking))
        }
    }
}
