package import Commerce
internal import Foundation
internal import Postgres

// What a supplier had for the units of a claim, and how much of it can still come back. All claims on one
// supplier order share what it cost: two of them together are never credited more. Its carriage belongs to
// the claim with which everything in it is claimed, whether that is one claim or the last of several.

/// What the supplier had for the units of a claim.
package struct ClaimGrounds: Sendable, Equatable {
    package let supplier: SupplierID
    /// The platform paid the supplier; otherwise what was withheld for it still stands as a payable.
    package let isPaidByPlatform: Bool
    /// S of the units, in the store's currency.
    package let withheld: Money
    /// The same as the quote froze it, in the supplier's.
    package let cost: Money
    package let markedUpUnits: Int
    /// Of S of the whole supplier order, what other claims on it have left.
    package let left: Money
    /// The same of the units that bear the markup.
    package let markedUpLeft: Int
    /// What the supplier charged beyond the cost, where the merchant has accepted a part of it.
    package let overrun: SharedOverrun?
}

extension OrderClaims {
    /// The key of the refund that hands a credit on.
    package static func creditKey(of id: OrderClaimID) -> String { "claim:\(id)" }

    /// What the supplier can still credit: what it was paid for its order, less what it has credited for
    /// other claims on it. Asked under the lock of the order, on which all of them take turns.
    func creditLeft(of claim: OrderClaim, in tx: Transaction<OneTenant>) async throws -> Money {
        let paid = try await tx.execute(
            """
            select coalesce(cost_actual_minor, cost_snapshot_minor) as paid_minor, currency
            from shop.supplier_order
            where tenant_id = \(tx.tenantUUID) and id = \(claim.supplierOrder.rawValue)
            """
        ).only(orThrow: .notFound(.supplierOrder, "\(claim.supplierOrder)")).money(
            "paid_minor", in: "currency")
        let others = try await tx.execute(
            """
            select coalesce(sum(credit_minor), 0)::bigint as credited_minor from shop.order_claim
            where tenant_id = \(tx.tenantUUID) and supplier_order_id = \(claim.supplierOrder.rawValue)
                and id <> \(claim.id.rawValue)
            """
        ).only(orThrow: .notFound(.claim, "\(claim.id)")).money("credited_minor", paid.currency)
        return paid - others
    }

    /// What a credit for the claim is measured by.
    package func grounds(of id: OrderClaimID, in tx: Transaction<OneTenant>) async throws -> ClaimGrounds {
        let claim = try await load(id, in: tx)
        let asked = try await SupplierOrders().load(claim.supplierOrder, in: tx)
        let sold = try await SoldGroup(claim, in: tx)
        let returned = try await returned(besides: claim, sold.currency, in: tx)
        let isLast = sold.isClaimedWhole
        let carriage = isLast ? sold.shipment : nil
        let own = sold.pieces.filter(\.isOwn)
        return ClaimGrounds(
            supplier: asked.supplier, isPaidByPlatform: asked.actualCost != nil,
            withheld: own.map(\.withheld).total(sold.currency)
                + (carriage?.share.supplier ?? .zero(sold.currency)),
            cost: own.map(\.cost).total(asked.expectedCost.currency)
                + (carriage?.cost ?? .zero(asked.expectedCost.currency)),
            markedUpUnits: own.count(where: \.isMarkedUp),
            left: max(sold.withheld - returned.amount, .zero(sold.currency)),
            markedUpLeft: max(0, sold.pieces.count(where: \.isMarkedUp) - returned.markedUpUnits),
            overrun: try await overrun(of: claim.supplierOrder, in: tx))
    }

    /// As the books say it: what was accepted when the supplier was paid, and what credits brought back.
    private func overrun(
        of supplierOrder: SupplierOrderID, in tx: Transaction<OneTenant>
    ) async throws -> SharedOverrun? {
        let row = try await tx.execute(
            """
            select max(e.currency) as currency, coalesce(sum(e.amount_minor), 0)::bigint as whole_minor,
                coalesce(sum(e.amount_minor) filter (where e.account like 'merchant_receivable:%'), 0)::bigint
                    as accepted_minor
            from shop.ledger_transaction t
            join shop.ledger_entry e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
                and (e.account like 'merchant_receivable:%' or e.account = 'expense:supplier_variance')
            where t.tenant_id = \(tx.tenantUUID) and t.source = 'supplier_order'
                and t.source_id = \(supplierOrder.description) and t.kind = 'paid'
            """
        ).only(orThrow: .notFound(.supplierOrder, "\(supplierOrder)"))
        guard try row.int("accepted_minor") > 0 else { return nil }
        let currency = try row.currency()
        let accepted = try row.money("accepted_minor", currency)
        let returned = try await tx.execute(
            """
            select coalesce(sum(-e.amount_minor), 0)::bigint as returned_minor from shop.order_claim k
            join shop.ledger_transaction t on t.tenant_id = k.tenant_id and t.source = 'supplier_credit'
                and t.source_id = 'claim:' || k.id and t.kind = 'credited'
            join shop.ledger_entry e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
                and e.account like 'merchant_receivable:%'
            where k.tenant_id = \(tx.tenantUUID) and k.supplier_order_id = \(supplierOrder.rawValue)
            """
        ).only(orThrow: .notFound(.supplierOrder, "\(supplierOrder)")).money("returned_minor", currency)
        return SharedOverrun(
            whole: try row.money("whole_minor", currency), accepted: accepted, left: accepted - returned)
    }

    /// What of S was handed on for other claims on the supplier order, or is about to be.
    private func returned(
        besides claim: OrderClaim, _ currency: Currency, in tx: Transaction<OneTenant>
    ) async throws -> (amount: Money, markedUpUnits: Int) {
        let row = try await tx.execute(
            """
            select coalesce(sum(r.s_minor), 0)::bigint as s_minor,
                coalesce(sum(r.marked_up_units), 0)::bigint as marked_up_units
            from shop.order_claim k
            join shop.refund r on r.tenant_id = k.tenant_id and r.key = 'claim:' || k.id
            where k.tenant_id = \(tx.tenantUUID) and k.supplier_order_id = \(claim.supplierOrder.rawValue)
                and k.id <> \(claim.id.rawValue) and r.status <> 'failed'
            """
        ).only(orThrow: .notFound(.claim, "\(claim.id)"))
        return (try row.money("s_minor", currency), try row.int("marked_up_units"))
    }
}

/// Everything that a supplier sent for its order, and what of it is claimed.
private struct SoldGroup {
    struct Piece {
        /// The claim is about it.
        let isOwn: Bool
        let isClaimed: Bool
        /// Also by a claim that was reported after this one.
        let isClaimedLater: Bool
        let withheld: Money
        let cost: Money
        let isMarkedUp: Bool
    }

    let pieces: [Piece]
    let shipment: QuoteShipment?
    let currency: Currency

    /// S of everything that was sent.
    var withheld: Money {
        pieces.map(\.withheld).total(currency) + (shipment?.share.supplier ?? .zero(currency))
    }

    /// With this claim, and with none after it, everything is claimed.
    var isClaimedWhole: Bool {
        !pieces.isEmpty && pieces.allSatisfy { $0.isClaimed && !$0.isClaimedLater }
    }

    init(_ claim: OrderClaim, in tx: Transaction<OneTenant>) async throws {
        let order = try await Orders().load(claim.order, in: tx)
        let lines = try await Orders().lines(of: claim.order, in: tx)
        let byID = Dictionary(uniqueKeysWithValues: lines.map { ($0.id, $0) })
        currency = order.currency
        let rows = try await Self.rows(of: claim, in: tx)
        pieces = try rows.compactMap { row in try byID[row.id("line_id")].map { try Piece(row, of: $0) } }
        let group = byID[claim.line]?.line.wish.group
        shipment = try await Quotes().load(order.quote, in: tx).shipments.first { $0.group == group }
    }

    /// A claim counts while it asks for something back, and when it got it.
    private static func rows(
        of claim: OrderClaim, in tx: Transaction<OneTenant>
    ) async throws -> ResultSet.Rows {
        try await tx.execute(
            """
            select u.line_id, u.ordinal, exists (select from shop.order_claim_unit c
                    where c.tenant_id = u.tenant_id and c.unit_id = u.id
                        and c.claim_id = \(claim.id.rawValue)) as is_own,
                coalesce(claimed.is_any, false) as is_claimed,
                coalesce(claimed.is_later, false) as is_claimed_later
            from shop.unit u
            left join lateral (
                select true as is_any,
                    bool_or((k.reported_at, k.id) > (mine.reported_at, mine.id)) as is_later
                from shop.order_claim_unit c
                join shop.order_claim k on k.tenant_id = c.tenant_id and k.id = c.claim_id
                join shop.order_claim mine on mine.tenant_id = c.tenant_id
                    and mine.id = \(claim.id.rawValue)
                where c.tenant_id = u.tenant_id and c.unit_id = u.id
                    and (k.answer in ('credited', 'borne')
                        or k.answer is null and k.closed_at is null and c.holds)
                having count(*) > 0) claimed on true
            where u.tenant_id = \(tx.tenantUUID)
                and u.supplier_order_id = \(claim.supplierOrder.rawValue) and u.state <> 'canceled'
            """
        ).rows
    }
}

extension SoldGroup.Piece {
    /// Each piece has its own place in its line, so that claims on a part of it add up to the whole.
    fileprivate init(_ row: Row, of line: OrderLine) throws {
        isOwn = try row.decode("is_own")
        isClaimed = try row.decode("is_claimed")
        isClaimedLater = try row.decode("is_claimed_later")
        withheld = line.line.share.supplier.share(
            ofPieces: 1, after: try row.int("ordinal") - 1, outOf: line.quantity)
        cost = line.line.wish.unitCost
        isMarkedUp = line.line.wish.isPlatformCatalogue
    }
}
