package import Commerce
package import Foundation
internal import Postgres

// What is asked of the suppliers: one supplier order per supplier and warehouse of an order. A unit is
// given to one supplier order for ever (the database refuses a second), which is what "forwarded exactly
// once" rests on. States move along the machine of `shop.supplier_order_may`; a move that was made already
// is not an error, because steps repeat.

package struct SupplierOrder: Sendable, Equatable {
    package let id: SupplierOrderID
    package let order: OrderID
    package let supplier: SupplierID
    package let adapter: String
    package let isPlatformCatalogue: Bool
    package let warehouse: WarehouseCode
    /// Ours; the supplier is asked by it whenever an answer was lost.
    package let reference: String
    package let state: SupplierOrderState
    package let externalIDs: [String]
    /// What it may cost according to the quote, in the supplier's currency.
    package let expectedCost: Money
    package let actualCost: Money?
    package let problem: String?
}

/// One piece sold, as its supplier order sees it.
package struct SoldUnit: Sendable, Equatable {
    package let id: UnitID
    package let line: OrderLineID
    package let supplierOrder: SupplierOrderID?
    package let state: UnitState
    package let reference: SKU
}

package struct SupplierOrders: Sendable {
    package init() {}

    /// Divides the units of a paid order among supplier orders. Asking again finds the same ones.
    package func plan(_ order: OrderID, in tx: Transaction<OneTenant>) async throws -> [SupplierOrder] {
        try await tx.lockOrder(order)
        let groups = try await tx.execute(
            """
            select g.supplier_id, g.warehouse, g.cost_currency, g.expected_cost_minor
            from shop.orders o
            join shop.quote_shipment g on g.tenant_id = o.tenant_id and g.quote_id = o.quote_id
            where o.tenant_id = \(tx.tenantUUID) and o.id = \(order.rawValue)
            order by g.supplier_id, g.warehouse
            """
        ).rows
        for group in groups { try await insert(group, of: order, in: tx) }
        try await tx.execute(
            """
            update shop.unit u set supplier_order_id = s.id
            from shop.order_line l, shop.supplier_order s
            where u.tenant_id = \(tx.tenantUUID) and u.order_id = \(order.rawValue)
                and u.supplier_order_id is null and u.state = 'allocated'
                and l.tenant_id = u.tenant_id and l.id = u.line_id
                and s.tenant_id = u.tenant_id and s.order_id = u.order_id
                and s.supplier_id = l.supplier_id and s.warehouse = l.warehouse
            """)
        return try await all(of: order, in: tx)
    }

    private func insert(_ group: Row, of order: OrderID, in tx: Transaction<OneTenant>) async throws {
        let id = SupplierOrderID()
        try await tx.execute(
            """
            insert into shop.supplier_order
                (tenant_id, id, order_id, supplier_id, warehouse, reference, currency, cost_snapshot_minor)
            values (\(tx.tenantUUID), \(id.rawValue), \(order.rawValue),
                \(group.decode("supplier_id", as: UUID.self)),
                \(group.decode("warehouse", as: String.self)), \(id.reference),
                \(group.decode("cost_currency", as: String.self)),
                    \(group.decode("expected_cost_minor", as: Int64.self)))
            on conflict (tenant_id, order_id, supplier_id, warehouse) do nothing
            """)
    }

    package func load(_ id: SupplierOrderID, in tx: Transaction<OneTenant>) async throws -> SupplierOrder {
        try await tx.execute(
            Self.orders + " where s.tenant_id = \(tx.tenantUUID) and s.id = \(id.rawValue)"
        ).only(orThrow: .notFound(.supplierOrder, "\(id)")).supplierOrder()
    }

    package func all(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [SupplierOrder] {
        try await tx.execute(
            Self.orders
                + " where s.tenant_id = \(tx.tenantUUID) and s.order_id = \(order.rawValue) order by s.id"
        ).rows.map { try $0.supplierOrder() }
    }

    package func units(of id: SupplierOrderID, in tx: Transaction<OneTenant>) async throws -> [SoldUnit] {
        try await tx.execute(
            Self.units + " where u.tenant_id = \(tx.tenantUUID) and u.supplier_order_id = \(id.rawValue)"
                + " order by u.line_id, u.ordinal"
        ).rows.map { try $0.soldUnit() }
    }

    package func units(ofOrder id: OrderID, in tx: Transaction<OneTenant>) async throws -> [SoldUnit] {
        try await tx.execute(
            Self.units + " where u.tenant_id = \(tx.tenantUUID) and u.order_id = \(id.rawValue)"
                + " order by u.line_id, u.ordinal"
        ).rows.map { try $0.soldUnit() }
    }

    /// Moves it along the machine. Throws `Problem.supplierOrderMove` for an illegal move.
    @discardableResult
    package func move(
        _ id: SupplierOrderID, to state: SupplierOrderState, problem: String? = nil, at now: Date,
        in tx: Transaction<OneTenant>
    ) async throws -> SupplierOrder {
        let word = state.rawValue
        let moved = try await tx.execute(
            """
            update shop.supplier_order
            set state = \(word), problem = \(problem),
                submitted_at = case when \(word) = 'submitted' then coalesce(submitted_at, \(now))
                    else submitted_at end,
                accepted_at = case when \(word) = 'accepted' then coalesce(accepted_at, \(now))
                    else accepted_at end,
                shipped_at = case when \(word) = 'shipped' then coalesce(shipped_at, \(now))
                    else shipped_at end,
                delivered_at = case when \(word) = 'delivered' then coalesce(delivered_at, \(now))
                    else delivered_at end
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
        guard moved.affected == 1 else { throw StoreError.notFound(.supplierOrder, "\(id)") }
        return try await load(id, in: tx)
    }

    /// What the supplier answered: its ids and what it charges. Added to what is known, never replaced.
    package func recordExternal(
        _ ids: [String], actualCost: Money? = nil, of id: SupplierOrderID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            update shop.supplier_order
            set external_ids = (select coalesce(array_agg(distinct known order by known), '{}')
                    from unnest(external_ids || \(ids)) as known),
                cost_actual_minor = coalesce(\(actualCost?.minorUnits), cost_actual_minor)
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// Moves units of a supplier order that are not there yet; all of them, or those of some references.
    @discardableResult
    package func moveUnits(
        of id: SupplierOrderID, references: [SKU]? = nil, to state: UnitState, problem: String? = nil,
        in tx: Transaction<OneTenant>
    ) async throws -> [UnitID] {
        let from = [UnitState](UnitState.allCases).filter { $0.canMove(to: state) }.map(\.rawValue)
        return try await tx.execute(
            """
            update shop.unit u set state = \(state.rawValue), problem = \(problem)
            from shop.order_line l
            where u.tenant_id = \(tx.tenantUUID) and u.supplier_order_id = \(id.rawValue)
                and l.tenant_id = u.tenant_id and l.id = u.line_id and u.state = any(\(from))
                and (\(references?.map(\.rawValue))::text[] is null
                    or l.supplier_reference = any(\(references?.map(\.rawValue))::text[]))
            returning u.id
            """
        ).rows.map { try $0.id("id") }
    }

    /// A parcel the carrier knows. Seen again, only its progress is noted.
    package func recordParcel(
        carrier: String, trackingNumber: String, url: String?, delivered: Date?, shipped: Date,
        of id: SupplierOrderID, in tx: Transaction<OneTenant>
    ) async throws {
        try await tx.execute(
            """
            insert into shop.parcel (tenant_id, id, supplier_order_id, carrier, tracking_number, tracking_url,
                status, shipped_at, delivered_at)
            values (\(tx.tenantUUID), \(ParcelID().rawValue), \(id.rawValue), \(carrier), \(trackingNumber),
                \(url),
                \(delivered == nil ? "shipped" : "delivered"), \(shipped), \(delivered))
            on conflict (tenant_id, supplier_order_id, tracking_number) do update
                set status = case when parcel.delivered_at is null then excluded.status
                    else parcel.status end,
                    delivered_at = coalesce(parcel.delivered_at, excluded.delivered_at)
            """)
    }

    package func parcels(of order: OrderID, in tx: Transaction<OneTenant>) async throws -> [TrackedParcel] {
        try await tx.execute(
            """
            select p.* from shop.parcel p
            join shop.supplier_order s on s.tenant_id = p.tenant_id and s.id = p.supplier_order_id
            where p.tenant_id = \(tx.tenantUUID) and s.order_id = \(order.rawValue) order by p.shipped_at,
                p.id
            """
        ).rows.map(TrackedParcel.init(row:))
    }

    private static var orders: Query {
        """
        select s.*, p.adapter, p.platform_code is not null as is_platform_catalogue
        from shop.supplier_order s
        join shop.supplier p on p.tenant_id = s.tenant_id and p.id = s.supplier_id
        """
    }

    private static var units: Query {
        """
        select u.id, u.line_id, u.supplier_order_id, u.state, l.supplier_reference
        from shop.unit u join shop.order_line l on l.tenant_id = u.tenant_id and l.id = u.line_id
        """
    }
}

package struct TrackedParcel: Sendable, Equatable {
    package let supplierOrder: SupplierOrderID
    package let carrier: String
    package let trackingNumber: String
    package let url: String?
    package let shippedAt: Date
    package let deliveredAt: Date?

    init(row: Row) throws {
        supplierOrder = try row.id("supplier_order_id")
        carrier = try row.decode("carrier")
        trackingNumber = try row.decode("tracking_number")
        url = try row.decode("tracking_url")
        shippedAt = try row.decode("shipped_at")
        deliveredAt = try row.decode("delivered_at")
    }
}

extension Row {
    fileprivate func supplierOrder() throws -> SupplierOrder {
        let currency = try currency()
        return SupplierOrder(
            id: try id("id"), order: try id("order_id"), supplier: try id("supplier_id"),
            adapter: try decode("adapter"), isPlatformCatalogue: try decode("is_platform_catalogue"),
            warehouse: try raw("warehouse"), reference: try decode("reference"), state: try raw("state"),
            externalIDs: try decode("external_ids"), expectedCost: try money("cost_snapshot_minor", currency),
            actualCost: try decode("cost_actual_minor", as: Int64?.self).map {
                Money(minorUnits: $0, currency: currency)
            },
            problem: try decode("problem"))
    }

    fileprivate func soldUnit() throws -> SoldUnit {
        SoldUnit(
            id: try id("id"), line: try id("line_id"), supplierOrder: try idOrNil("supplier_order_id"),
            state: try raw("state"), reference: try raw("supplier_reference"))
    }
}
