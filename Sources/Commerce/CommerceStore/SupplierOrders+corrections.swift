package import Commerce
package import Foundation
internal import Postgres

// What can be changed of an order until its supplier has been asked. The forwarding run moves its supplier
// order to `submitting` under the order's lock before it asks, and reads units and address only afterwards;
// whoever cancels or corrects takes the same lock and looks at the same state. So one of the two comes first
// and the other one sees it: nothing is canceled here that a supplier was asked for, and nothing is asked for
// that was canceled here.

extension SupplierOrders {
    /// Cancels those of the units that no supplier has been asked for, and returns them. The caller refunds.
    @discardableResult
    package func cancelUnforwarded(
        _ units: [UnitID], of order: OrderID, because reason: String, in tx: Transaction<OneTenant>
    ) async throws -> [UnitID] {
        try await tx.lockOrder(order)
        return try await tx.execute(
            """
            update shop.unit u set state = 'canceled', problem = \(reason)
            where u.tenant_id = \(tx.tenantUUID) and u.order_id = \(order.rawValue)
                and u.id = any(\(units.map(\.rawValue))) and u.state = 'allocated'
                and not exists (select from shop.supplier_order s
                    where s.tenant_id = u.tenant_id and s.id = u.supplier_order_id
                        and (s.given_to_merchant_at is not null
                            or s.state not in ('planned', 'checking', 'on_hold')))
            returning u.id
            """
        ).rows.map { try $0.id("id") }
    }

    /// The run that brings it to its supplier, for whoever has an answer to what it waits for.
    package func recordRun(
        _ run: UUID, of id: SupplierOrderID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_order set run_id = \(run)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    package func markGivenToMerchant(
        _ id: SupplierOrderID, at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_order set given_to_merchant_at = coalesce(given_to_merchant_at, \(now))
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// A run that waits for a person's answer about its supplier order.
    package struct Held: Sendable {
        package let supplierOrder: SupplierOrderID
        package let run: UUID
        /// The question that is open; an answer names it.
        package let item: AttentionItemID
        package let isEmpty: Bool
        package let wantsAddress: Bool
        /// The address was corrected since it was asked for.
        package let isReaddressed: Bool
    }

    /// The supplier orders of an order that are on hold.
    package func held(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [Held] {
        try await tx.execute(
            Self.held + """
                where s.tenant_id = \(tx.tenantUUID) and s.order_id = \(order.rawValue)
                    and \(Self.waits) order by s.id, q.opened_at desc
                """
        ).rows.map(Held.init(row:))
    }

    /// Those of the store whose question has its answer in the rows: everything of them was canceled, or the
    /// address was corrected. The newest first, so that a run which cannot be told keeps no later one from
    /// being told.
    package func answered(limit: Int, in tx: Transaction<OneTenant>) async throws -> [Held] {
        try await tx.execute(
            "select * from (" + Self.held + """
                where s.tenant_id = \(tx.tenantUUID) and \(Self.waits) and \(Self.isAnswered)
                order by s.id, q.opened_at desc
                """ + ") h order by h.opened_at desc, h.id limit \(limit)"
        ).rows.map(Held.init(row:))
    }

    /// Stores that have such orders.
    package func storesWithAnswered(
        limit: Int, in tx: Transaction<EveryTenant>
    ) async throws -> [TenantID] {
        try await tx.execute(
            """
            select s.tenant_id from shop.attention_item q
            join shop.supplier_order s on s.tenant_id = q.tenant_id and s.order_id = q.order_id
                and s.id::text = q.subject
            where \(Self.waits) and \(Self.asks) and \(Self.isAnswered)
            group by s.tenant_id order by max(q.opened_at) desc limit \(limit)
            """
        ).rows.map { try $0.id("tenant_id") }
    }

    private static let waits: Query = "s.state = 'on_hold' and s.run_id is not null"
    private static let asks: Query =
        "q.resolved_at is null and q.kind in ('supplier_unknown', 'supplier_price_up', 'address')"
    private static let isEmpty: Query = """
        not exists (select from shop.unit u where u.tenant_id = s.tenant_id
            and u.supplier_order_id = s.id and u.state <> 'canceled')
        """
    /// Whoever corrects an address leaves his name; what was corrected before the question is no answer.
    private static let isReaddressed: Query = """
        (q.kind = 'address' and exists (select from shop.audit c where c.tenant_id = s.tenant_id
            and c.target = 'order:' || s.order_id and c.action = 'order.address_corrected'
            and c.at > q.opened_at))
        """
    private static let isAnswered: Query = "(\(isEmpty) or \(isReaddressed))"
    /// Every supplier order with its newest open question.
    private static let held: Query = """
        select distinct on (s.id) s.id, s.run_id, q.id as item, q.opened_at, \(isEmpty) as is_empty,
            \(isReaddressed) as is_readdressed,
            exists (select from shop.attention_item a where a.tenant_id = s.tenant_id
                and a.kind = 'address' and a.subject = s.id::text and a.resolved_at is null)
                as wants_address
        from shop.supplier_order s
        join shop.attention_item q on q.tenant_id = s.tenant_id and q.order_id = s.order_id
            and q.subject = s.id::text and \(asks)

        """
}

extension SupplierOrders.Held {
    fileprivate init(row: Row) throws {
        supplierOrder = try row.id("id")
        run = try row.decode("run_id")
        item = try row.id("item")
        isEmpty = try row.decode("is_empty")
        wantsAddress = try row.decode("wants_address")
        isReaddressed = try row.decode("is_readdressed")
    }
}

extension Orders {
    package enum AddressRefusal: Error, Sendable, Equatable {
        /// A supplier was asked already, or the order is over.
        case tooLate
        /// Tax and carriage were worked out for another country.
        case elsewhere
    }

    /// Nobody was asked yet to send anything, and something will be sent.
    package func canBeReaddressed(_ id: OrderID, in tx: Transaction<OneTenant>) async throws -> Bool {
        try await tx.first(
            """
            select o.id from shop.orders o
            where o.tenant_id = \(tx.tenantUUID) and o.id = \(id.rawValue) and o.expired_at is null
                and o.closed_at is null and o.payment_status not in ('refunded', 'canceled')
                and exists (select from shop.unit u where u.tenant_id = o.tenant_id and u.order_id = o.id
                    and u.state <> 'canceled')
                and not exists (select from shop.supplier_order s
                    where s.tenant_id = o.tenant_id and s.order_id = o.id
                        and (s.given_to_merchant_at is not null or s.state not in (
                            'planned', 'checking', 'on_hold', 'rejected', 'canceled')))
            """) != nil
    }

    /// Corrects where an order goes. Nil when it was done.
    package func correctAddress(
        of id: OrderID, to address: Address, phone: String?, in tx: Transaction<OneTenant>
    ) async throws -> AddressRefusal? {
        try await tx.lockOrder(id)
        guard try await canBeReaddressed(id, in: tx) else { return .tooLate }
        let before = try await load(id, in: tx).address
        guard before.country == address.country,
            before.isOutsideVATTerritory == address.isOutsideVATTerritory,
            before.vatNumber == address.vatNumber
        else { return .elsewhere }
        try await tx.execute(
            """
            update shop.orders set address = \(try JSONB(encoding: address)),
                phone = coalesce(\(phone), phone)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        return nil
    }
}
