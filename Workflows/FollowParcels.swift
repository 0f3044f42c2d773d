// The supplier tells nobody when a parcel moves, so somebody has to look: often on the first day, patiently
// after that. Between looks the run is one row in a table.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Follows the parcels of one accepted supplier order until they have arrived, were canceled, or count as
/// lost.
package struct FollowParcels: Workflow {
    package static let name: WorkflowName = "follow_parcels"

    package enum Step: String, WorkflowStep { case look, record, giveUp = "give_up" }

    package struct Input: Codable, Sendable {
        package let supplierOrder: SupplierOrderID
        package let orders: [ExternalOrder]
        package init(supplierOrder: SupplierOrderID, orders: [ExternalOrder]) {
            self.supplierOrder = supplierOrder
            self.orders = orders
        }
    }

    package struct Output: Codable, Sendable {
        /// Units of orders that the supplier gave up after it had accepted them.
        package let canceled: [UnitID]
        /// When the journey was over; nil when nothing of it was ever sent.
        package let endedAt: Date?
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let start = try await flow.now()
        var known = Sightings()
        var canceled: [UnitID] = []
        var round = 0
        while true {
            round += 1
            let now = try await flow.now()
            let seen = try await look(for: input.orders, knowing: known, round, flow)
            if seen != known {
                canceled += try await record(seen, since: known, of: input, round, at: now, flow)
                known = seen
            }
            switch known.end(of: input.orders) {
            case .underWay: break
            case .arrived: return Output(canceled: canceled, endedAt: now)
            case .nothingSent: return Output(canceled: canceled, endedAt: nil)
            }
            if now >= start.adding(shop.patience.lostParcel) {
                try await giveUp(input, flow)
                return Output(canceled: canceled, endedAt: now)
            }
            let isFirstDay = now < start.addingTimeInterval(86_400)
            try await flow.sleep(for: isFirstDay ? shop.patience.parcel : shop.patience.slowParcel)
        }
    }

    private func look(
        for orders: [ExternalOrder], knowing known: Sightings, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Sightings {
        try await flow.step(.look, for: round, retry: .patient) { _ in
            var seen = known
            let open = orders.filter { !known.canceled.contains($0.id) }
            for tracking in try await shop.bigbuy.tracking(open.map { BigBuyOrder.ID(rawValue: $0.id) }) {
                seen.parcels[tracking.order.rawValue] = tracking.parcels.map(Parcel.init)
            }
            for order in open where (seen.parcels[order.id] ?? []).isEmpty {
                let state = try await shop.bigbuy.order(BigBuyOrder.ID(rawValue: order.id))
                if state.isCanceled { seen.canceled.append(order.id) }
            }
            return seen
        }
    }

    private func record(
        _ seen: Sightings, since known: Sightings, of input: Input, _ round: Int, at now: Date,
        _ flow: Flow<Self>
    ) async throws -> [UnitID] {
        try await flow.transaction(.record, for: round, on: shop.transactions) { tx in
            let book = ParcelBook(supplierOrder: input.supplierOrder, tx: tx, now: now)
            var canceled: [UnitID] = []
            for order in input.orders {
                if seen.canceled.contains(order.id), !known.canceled.contains(order.id) {
                    canceled += try await book.cancel(order)
                } else {
                    let parcels = seen.parcels[order.id] ?? []
                    try await book.note(parcels, of: order)
                    try await tellSent(parcels, besides: known.parcels[order.id] ?? [], of: input, in: tx)
                }
            }
            try await book.moveSupplierOrder(to: seen, of: input.orders)
            return canceled
        }
    }

    /// A parcel that is seen for the first time when it has arrived already is no news.
    private func tellSent(
        _ parcels: [Parcel], besides known: [Parcel], of input: Input, in tx: Transaction<OneTenant>
    ) async throws {
        let numbers = Set(known.map(\.number))
        let sent = parcels.filter { !$0.isDelivered && !numbers.contains($0.number) }
        guard !sent.isEmpty else { return }
        let order = try await SupplierOrders().load(input.supplierOrder, in: tx).order
        let news = try await OrderNews(order, shop, in: tx)
        for parcel in sent { try await news.tellSent(parcel, of: input.supplierOrder) }
    }

    private func giveUp(_ input: Input, _ flow: Flow<Self>) async throws {
        try await flow.write(.giveUp, in: shop) { tx in
            let order = try await SupplierOrders().load(input.supplierOrder, in: tx).order
            try await Attention().open(
                .order(.supplierUnknown), subject: "\(input.supplierOrder)", order: order,
                message: "no parcel of this supplier order was reported as delivered; ask the supplier",
                in: tx)
            try await Orders().refreshStatus(order, in: tx)
        }
    }
}

/// A parcel as it was last seen.
struct Parcel: Codable, Sendable, Hashable {
    let number: String
    let carrier: String
    let isDelivered: Bool

    init(_ parcel: BigBuyTracking.Parcel) {
        number = parcel.number
        carrier = parcel.carrierID ?? "carrier"
        let words = parcel.status.lowercased()
        isDelivered = words == "delivered" || words.hasPrefix("delivered ") || words.hasPrefix("entregado")
    }
}

/// What is known of all parcels of a supplier order.
struct Sightings: Codable, Sendable, Equatable {
    /// By the supplier's id of the order.
    var parcels: [String: [Parcel]] = [:]
    var canceled: [String] = []

    func isDelivered(_ order: ExternalOrder) -> Bool {
        guard let parcels = parcels[order.id], !parcels.isEmpty else { return false }
        return parcels.allSatisfy(\.isDelivered)
    }

    func hasShipped(_ order: ExternalOrder) -> Bool { parcels[order.id]?.isEmpty == false }

    enum End { case underWay, arrived, nothingSent }

    func end(of orders: [ExternalOrder]) -> End {
        guard orders.allSatisfy({ canceled.contains($0.id) || isDelivered($0) }) else { return .underWay }
        return orders.allSatisfy { canceled.contains($0.id) } ? .nothingSent : .arrived
    }
}

/// Writes down what was seen of one supplier order.
private struct ParcelBook {
    let supplierOrder: SupplierOrderID
    let tx: Transaction<OneTenant>
    let now: Date

    func note(_ parcels: [Parcel], of order: ExternalOrder) async throws {
        guard !parcels.isEmpty else { return }
        for parcel in parcels {
            try await SupplierOrders().recordParcel(
                carrier: parcel.carrier, trackingNumber: parcel.number, url: nil,
                delivered: parcel.isDelivered ? now : nil, shipped: now, of: supplierOrder, in: tx)
        }
        let state: UnitState = parcels.allSatisfy(\.isDelivered) ? .delivered : .shipped
        try await SupplierOrders().moveUnits(
            of: supplierOrder, references: order.references, to: state, in: tx)
    }

    func cancel(_ order: ExternalOrder) async throws -> [UnitID] {
        let planned = try await SupplierOrders().load(supplierOrder, in: tx)
        try await Attention().open(
            .order(.supplierOutOfStock), subject: "\(supplierOrder)", order: planned.order,
            message: "the supplier canceled its order \(order.id) after it had accepted it; it is refunded",
            in: tx)
        return try await SupplierOrders().moveUnits(
            of: supplierOrder, references: order.references, to: .canceled,
            problem: "canceled by the supplier", in: tx)
    }

    func moveSupplierOrder(to seen: Sightings, of orders: [ExternalOrder]) async throws {
        let planned = try await SupplierOrders().load(supplierOrder, in: tx)
        let alive = orders.filter { !seen.canceled.contains($0.id) }
        var path: [SupplierOrderState] = []
        if alive.isEmpty {
            path = [.canceled]
        } else {
            if !seen.canceled.isEmpty { path.append(.partiallyCanceled) }
            if alive.allSatisfy(seen.hasShipped) { path.append(.shipped) }
            if alive.allSatisfy(seen.isDelivered) { path.append(.delivered) }
        }
        var state = planned.state
        for next in path where state != next && state.next.contains(next) {
            state = try await SupplierOrders().move(supplierOrder, to: next, at: now, in: tx).state
        }
        try await Orders().refreshStatus(planned.order, in: tx)
    }
}
