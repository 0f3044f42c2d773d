package import Commerce
package import Foundation
internal import Postgres

// A dispute as the bank's side of a payment. Stripe's events and the run that answers it both write here, in
// any order and any number of times: the status only rises, what is known once is kept.

package struct Dispute: Sendable, Equatable {
    package let id: DisputeID
    package let stripeDispute: String
    package let payment: PaymentID
    package let order: OrderID
    package let status: DisputeStatus
    package let amount: Money
    package let reason: String
    package let evidenceDueBy: Date?
    /// The run that answers it, once it has begun.
    package let run: UUID?
    /// What was taken back from the store; nil until that was tried.
    package let recovered: Money?
    package let evidenceSubmittedAt: Date?
}

/// What the vendor says about a dispute.
package struct DisputeReport: Sendable, Codable, Equatable {
    package let stripeDispute: String
    package let status: DisputeStatus
    package let amount: Money
    package let reason: String
    package let evidenceDueBy: Date?

    package init(
        stripeDispute: String, status: DisputeStatus, amount: Money, reason: String, evidenceDueBy: Date?
    ) {
        self.stripeDispute = stripeDispute
        self.status = status
        self.amount = amount
        self.reason = reason
        self.evidenceDueBy = evidenceDueBy
    }
}

package struct Disputes: Sendable {
    package init() {}

    /// Notes what the vendor says of a dispute of `payment`. What is older than what we know changes nothing.
    @discardableResult
    package func record(
        _ report: DisputeReport, of payment: PaymentID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Dispute {
        try await tx.execute(
            """
            insert into shop.dispute (tenant_id, id, payment_id, stripe_dispute, state, stripe_status, reason,
                currency, amount_minor, evidence_due_by, opened_at)
            values (\(tx.tenantUUID), \(DisputeID().rawValue), \(payment.rawValue), \(report.stripeDispute),
                \(report.status.fact.word), \(report.status.rawValue), \(report.reason),
                \(report.amount.currency.rawValue), \(report.amount.minorUnits), \(report.evidenceDueBy),
                \(now))
            on conflict (tenant_id, stripe_dispute) do update
            set state = excluded.state, stripe_status = excluded.stripe_status,
                evidence_due_by = coalesce(dispute.evidence_due_by, excluded.evidence_due_by),
                closed_at = case when excluded.state <> 'open' then coalesce(dispute.closed_at, \(now)) end
            where shop.dispute_rank(excluded.stripe_status) > shop.dispute_rank(dispute.stripe_status)
            """)
        return try await load(report.stripeDispute, in: tx)
    }

    package func load(_ stripeDispute: String, in tx: Transaction<OneTenant>) async throws -> Dispute {
        guard let dispute = try await find(stripeDispute, in: tx) else {
            throw StoreError.notFound(.dispute, stripeDispute)
        }
        return dispute
    }

    package func find(_ stripeDispute: String, in tx: Transaction<OneTenant>) async throws -> Dispute? {
        try await tx.first(
            Self.rows + " where d.tenant_id = \(tx.tenantUUID) and d.stripe_dispute = \(stripeDispute)"
        ).map(Dispute.init(row:))
    }

    package func all(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Dispute] {
        try await tx.execute(
            Self.rows + " where d.tenant_id = \(tx.tenantUUID) and p.order_id = \(order.rawValue)"
                + " order by d.opened_at, d.id"
        ).rows.map(Dispute.init(row:))
    }

    /// News of it go to this run from now on.
    package func attend(_ stripeDispute: String, run: UUID, in tx: Transaction<OneTenant>) async throws {
        try await change(stripeDispute, tx) { "set run_id = \(run)" }
    }

    /// What was taken back from the store; zero where nothing could be. The first word counts.
    package func recordRecovery(
        _ amount: Money, of stripeDispute: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await change(stripeDispute, tx) {
            "set recovered_minor = coalesce(recovered_minor, \(amount.minorUnits))"
        }
    }

    /// What will be submitted. Assembled once: a repetition must send the same words.
    package func keepEvidence(
        _ fields: [String: String], of stripeDispute: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await change(stripeDispute, tx) {
            "set evidence = coalesce(evidence, \(try JSONB(encoding: fields)))"
        }
    }

    package func evidence(of stripeDispute: String, in tx: Transaction<OneTenant>) async throws
        -> [String: String]?
    {
        try await tx.first(
            """
            select evidence from shop.dispute
            where tenant_id = \(tx.tenantUUID) and stripe_dispute = \(stripeDispute)
            """
        )?.decode("evidence", as: JSONB?.self)?.decode([String: String].self)
    }

    package func markSubmitted(
        _ stripeDispute: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await change(stripeDispute, tx) {
            "set evidence_submitted_at = coalesce(evidence_submitted_at, \(now)), evidence_problem = null"
        }
    }

    package func noteProblem(
        _ problem: String, of stripeDispute: String, in tx: Transaction<OneTenant>
    ) async throws {
        try await change(stripeDispute, tx) { "set evidence_problem = \(problem)" }
    }

    private func change(
        _ stripeDispute: String, _ tx: Transaction<OneTenant>, _ assignments: () throws -> Query
    ) async throws {
        let changed = try await tx.execute(
            "update shop.dispute " + assignments()
                + " where tenant_id = \(tx.tenantUUID) and stripe_dispute = \(stripeDispute)")
        guard changed.affected == 1 else { throw StoreError.notFound(.dispute, stripeDispute) }
    }

    private static var rows: Query {
        """
        select d.*, p.order_id from shop.dispute d
        join shop.payment p on p.tenant_id = d.tenant_id and p.id = d.payment_id
        """
    }
}

extension Dispute {
    fileprivate init(row: Row) throws {
        let currency = try row.currency()
        id = try row.id("id")
        stripeDispute = try row.decode("stripe_dispute")
        payment = try row.id("payment_id")
        order = try row.id("order_id")
        status = try row.raw("stripe_status")
        amount = try row.money("amount_minor", currency)
        reason = try row.decode("reason")
        evidenceDueBy = try row.decode("evidence_due_by")
        run = try row.decode("run_id")
        recovered = try row.decode("recovered_minor", as: Int64?.self).map {
            Money(minorUnits: $0, currency: currency)
        }
        evidenceSubmittedAt = try row.decode("evidence_submitted_at")
    }
}

extension DisputeFact {
    /// As the column `state` holds it.
    fileprivate var word: String {
        switch self {
        case .open: "open"
        case .won: "won"
        case .lost: "lost"
        }
    }
}
