/// How far the goods of an order are. Raw values are stored; ranks are those of the database.
package enum FulfilmentStatus: String, RankedStatus {
    case unfulfilled
    case forwarding
    case onHold = "on_hold"
    case inProgress = "in_progress"
    case partiallyShipped = "partially_shipped"
    case shipped
    case partiallyDelivered = "partially_delivered"
    case delivered
    case partiallyCanceled = "partially_canceled"
    case canceled

    package var rank: Int {
        switch self {
        case .unfulfilled: 0
        case .forwarding, .onHold: 1
        case .inProgress, .partiallyCanceled: 2
        case .partiallyShipped: 3
        case .shipped: 4
        case .partiallyDelivered: 5
        case .delivered: 6
        case .canceled: 7
        }
    }

    /// Derives the status from the records of an order.
    ///
    /// Canceled units drop out: what counts is how far the rest has come, so an order of which a part was
    /// canceled can still be shipped and delivered. `partiallyCanceled` is what an order reads that has
    /// lost a part and of which nothing has been shipped yet. A returned unit has completed its journey;
    /// that it came back is a matter of refunds.
    package init(units: [UnitState], supplierOrders: [SupplierOrderState]) {
        let alive = units.filter { $0 != .canceled }
        if units.isEmpty {
            self = Self.beforeForwarding(supplierOrders)
        } else if alive.isEmpty {
            self = .canceled
        } else if alive.allSatisfy(\.hasArrived) {
            self = .delivered
        } else if alive.contains(where: \.hasArrived) {
            self = .partiallyDelivered
        } else if alive.allSatisfy(\.hasShipped) {
            self = .shipped
        } else if alive.contains(where: \.hasShipped) {
            self = .partiallyShipped
        } else if alive.count < units.count {
            self = .partiallyCanceled
        } else if alive.contains(.forwarded) {
            self = .inProgress
        } else {
            self = Self.beforeForwarding(supplierOrders)
        }
    }

    private static func beforeForwarding(_ supplierOrders: [SupplierOrderState]) -> FulfilmentStatus {
        if supplierOrders.contains(.onHold) { return .onHold }
        return supplierOrders.allSatisfy { $0 == .planned } ? .unfulfilled : .forwarding
    }
}
