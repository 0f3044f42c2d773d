package import Commerce
package import Foundation
internal import Postgres

// What is wrong with units of an order, and what was said about it. The report is one row, under the id that
// came with the form. Whoever adds to it takes the order's lock first and looks what stands there, so that a
// decision, a withdrawal, a refund and an answer of the supplier take turns: the units of a claim are held,
// and nothing else can be asked for them until it is refused or they are replaced.

package struct OrderClaim: Sendable, Equatable {
    package enum Sender: String, Sendable { case merchant, supplier }

    package let id: OrderClaimID
    package let order: OrderID
    package let line: OrderLineID
    package let supplierOrder: SupplierOrderID
    package let problem: ClaimProblem
    package let wish: ClaimWish
    /// The shopper's words.
    package let description: String
    package let language: Language
    package let reportedAt: Date
    package let run: UUID?
    package let remedy: ClaimRemedy?
    package let remedyReason: String
    package let decidedAt: Date?
    package let sentBy: Sender?
    package let tracking: String?
    package let sentAt: Date?
    package let answer: SupplierAnswer?
    package let answerNote: String
    package let answeredAt: Date?
    /// In the supplier's currency.
    package let credit: Money?
    package let creditSettledAt: Date?
    package let settlement: ClaimSettlement?
    package let settledAt: Date?
    package let ending: ClaimEnd?
    package let closedAt: Date?
}

/// Why nothing was written.
package enum ClaimRefusal: String, Error, Sendable, Equatable {
    /// There is no such claim in this order.
    case unknown
    /// It was decided, or answered, already, or can be reported no longer.
    case tooLate = "too_late"
    /// It is closed, and nothing that is said now changes it.
    case closed
    /// Nothing was chosen, or more than is left to report.
    case notThese = "not_these"
    /// More than is left of what the supplier was paid for its order, or another currency.
    case tooMuch = "too_much"
}

package struct OrderClaims: Sendable {
    static let table = KeyedTable("shop.order_claim", of: .claim)

    package init() {}

    /// What is reported. The id is the form's, and makes it one report however often it comes.
    package struct Draft: Sendable {
        package let id: OrderClaimID
        package let order: OrderID
        package let line: OrderLineID
        package let count: Int
        package let problem: ClaimProblem
        package let wish: ClaimWish
        package let description: String
        package let language: Language

        package init(
            id: OrderClaimID, order: OrderID, line: OrderLineID, count: Int, problem: ClaimProblem,
            wish: ClaimWish, description: String, language: Language
        ) {
            self.id = id
            self.order = order
            self.line = line
            self.count = count
            self.problem = problem
            self.wish = wish
            self.description = description
            self.language = language
        }
    }

    package enum Outcome: Sendable, Equatable {
        case reported(OrderClaim, isFirst: Bool)
        case refused(ClaimRefusal)
    }

    /// What the shopper tells.
    package func report(
        _ draft: Draft, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Outcome {
        try await tx.lockOrder(draft.order)
        if let known = try await find(draft.id, in: tx) {
            return known.order == draft.order ? .reported(known, isFirst: false) : .refused(.notThese)
        }
        let offer = try await offer(of: draft.order, in: tx)
        guard offer.isOpen(at: now) else { return .refused(.tooLate) }
        guard ClaimProblem.reported.contains(draft.problem),
            let line = offer.lines.first(where: { $0.id == draft.line }),
            draft.count > 0, draft.count <= line.units.count
        else { return .refused(.notThese) }
        try await insert(
            draft, Array(line.units.prefix(draft.count)), of: line.supplierOrder, by: "shopper", at: now,
            in: tx)
        return .reported(try await load(draft.id, in: tx), isFirst: true)
    }

    /// Asks the supplier to take back what a shopper withdrew from and was refunded: one claim per line.
    /// Nothing where all of it was asked for already.
    package func claimReturned(
        _ withdrawal: WithdrawalID, by who: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> [OrderClaim] {
        let returned = try await Withdrawals().load(withdrawal, in: tx)
        try await tx.lockOrder(returned.order)
        guard returned.refundedAt != nil else { return [] }
        var claims: [OrderClaim] = []
        for part in try await unclaimed(of: withdrawal, in: tx) {
            let draft = Draft(
                id: OrderClaimID(), order: returned.order, line: part.line, count: part.units.count,
                problem: .returned, wish: .refund, description: "", language: returned.language)
            try await insert(draft, part.units, of: part.supplierOrder, by: who, at: now, in: tx)
            try await Self.table.change(draft.id, tx) {
                "set remedy = 'refund', decided_by = \(who), decided_at = \(now)"
            }
            claims.append(try await load(draft.id, in: tx))
        }
        return claims
    }

    private func insert(
        _ draft: Draft, _ units: [UnitID], of supplierOrder: SupplierOrderID, by who: String, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.order_claim (tenant_id, id, order_id, line_id, supplier_order_id, problem, wish,
                description, locale, reported_by, reported_at)
            values (\(tx.tenantUUID), \(draft.id.rawValue), \(draft.order.rawValue), \(draft.line.rawValue),
                \(supplierOrder.rawValue), \(draft.problem.rawValue), \(draft.wish.rawValue),
                \(draft.description), \(draft.language.rawValue), \(who), \(now))
            """)
        try await tx.execute(
            """
            insert into shop.order_claim_unit (tenant_id, claim_id, unit_id)
            select \(tx.tenantUUID), \(draft.id.rawValue), unit
            from unnest(\(units.map(\.rawValue))) as unit
            """)
    }

    package func recordRun(_ run: UUID, of id: OrderClaimID, in tx: Transaction<OneTenant>) async throws {
        try await Self.table.change(id, tx) { "set run_id = coalesce(run_id, \(run))" }
    }

    // MARK: - What the run says

    /// The shopper's side is over.
    package func settle(
        _ id: OrderClaimID, as settlement: ClaimSettlement, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await Self.table.change(id, tx) {
            "set settlement = \(settlement.rawValue), settled_at = coalesce(settled_at, \(now))"
        }
        guard settlement.freesUnits else { return }
        try await tx.execute(
            """
            update shop.order_claim_unit set holds = false
            where tenant_id = \(tx.tenantUUID) and claim_id = \(id.rawValue) and holds
            """)
    }

    /// The merchant has what the supplier, or the platform, gave. No refund where none of the fee was left.
    package func markHandedOn(
        _ id: OrderClaimID, by refund: RefundID?, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await Self.table.change(id, tx) {
            """
            set refund_id = coalesce(refund_id, \(refund?.rawValue)),
                credit_settled_at = coalesce(credit_settled_at, \(now))
            """
        }
    }

    /// Ends it. False where the supplier has said something that has to be followed first: both take the
    /// order's lock, so of an answer and an end that come at the same moment one is the first.
    package func close(
        _ id: OrderClaimID, as end: ClaimEnd, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> Bool {
        guard let claim = try await locked(id, in: tx) else { throw StoreError.notFound(.claim, "\(id)") }
        if let answer = claim.answer {
            let isOpen = answer.isMoney && claim.creditSettledAt == nil
            guard !isOpen, end != .unanswered else { return false }
        }
        try await Self.table.change(id, tx) {
            """
            set ending = \(end.rawValue), closed_at = coalesce(closed_at, \(now)), wake_at = null
            """
        }
        return true
    }

    // MARK: - Reading

    package func load(_ id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> OrderClaim {
        try OrderClaim(row: await Self.table.load(id, in: tx))
    }

    package func find(_ id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> OrderClaim? {
        try await Self.table.find(id, in: tx).map(OrderClaim.init(row:))
    }

    package func all(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [OrderClaim] {
        try await tx.execute(
            """
            select * from shop.order_claim
            where tenant_id = \(tx.tenantUUID) and order_id = \(order.rawValue) order by reported_at, id
            """
        ).rows.map(OrderClaim.init(row:))
    }

    /// Those that wait for the merchant first, then those that are open, each the oldest first; then the
    /// newest.
    package func recent(limit: Int = 100, in tx: Transaction<OneTenant>) async throws -> [OrderClaim] {
        try await tx.execute(
            """
            select * from shop.order_claim where tenant_id = \(tx.tenantUUID)
            order by settled_at is not null, closed_at is not null,
                case when closed_at is null then reported_at end, reported_at desc, id
            limit \(min(limit, 200))
            """
        ).rows.map(OrderClaim.init(row:))
    }

    /// The claim as it stands under its order's lock.
    func locked(_ id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> OrderClaim? {
        guard let claim = try await find(id, in: tx) else { return nil }
        try await tx.lockOrder(claim.order)
        return try await find(id, in: tx)
    }
}

extension OrderClaim {
    /// Somebody may still send the shopper another one.
    package var mayBeReplaced: Bool {
        (remedy == nil || remedy == .replacement) && settledAt == nil && sentAt == nil
    }

    init(row: Row) throws {
        id = try row.id("id")
        order = try row.id("order_id")
        line = try row.id("line_id")
        supplierOrder = try row.id("supplier_order_id")
        problem = try row.raw("problem")
        wish = try row.raw("wish")
        description = try row.decode("description")
        language = try row.raw("locale")
        reportedAt = try row.decode("reported_at")
        run = try row.decode("run_id")
        remedy = try row.rawOrNil("remedy")
        remedyReason = try row.decode("remedy_reason")
        decidedAt = try row.decode("decided_at")
        sentBy = try row.rawOrNil("sent_by")
        tracking = try row.decode("tracking")
        sentAt = try row.decode("sent_at")
        answer = try row.rawOrNil("answer")
        answerNote = try row.decode("answer_note")
        answeredAt = try row.decode("answered_at")
        credit =
            try row.decode("credit_minor", as: Int64?.self) == nil
            ? nil : row.money("credit_minor", in: "credit_currency")
        creditSettledAt = try row.decode("credit_settled_at")
        settlement = try row.rawOrNil("settlement")
        settledAt = try row.decode("settled_at")
        ending = try row.rawOrNil("ending")
        closedAt = try row.decode("closed_at")
    }
}
