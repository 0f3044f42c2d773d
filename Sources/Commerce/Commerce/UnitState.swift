/// Where one sold piece stands. Raw values are stored.
package enum UnitState: String, StateMachine {
    case allocated
    case forwarded
    case shipped
    case delivered
    case canceled
    case returned

    package static var noun: String { "unit" }

    package var next: Set<UnitState> {
        switch self {
        case .allocated: [.forwarded, .canceled]
        case .forwarded: [.shipped, .delivered, .canceled]
        case .shipped: [.delivered, .returned]
        case .delivered: [.returned]
        case .canceled, .returned: []
        }
    }

    /// Has left the supplier, whatever happened then.
    var hasShipped: Bool { self == .shipped || hasArrived }

    /// Its journey to the shopper is over.
    var hasArrived: Bool { self == .delivered || self == .returned }
}
