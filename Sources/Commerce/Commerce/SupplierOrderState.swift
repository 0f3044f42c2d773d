/// Where one supplier order stands. Raw values are stored.
///
/// `unknown` means that the supplier was asked and did not answer: only a look-up by our own reference
/// may leave it.
package enum SupplierOrderState: String, StateMachine {
    case planned
    case checking
    case onHold = "on_hold"
    case submitting
    case unknown
    case submitted
    case accepted
    case shipped
    case delivered
    case cancelRequested = "cancel_requested"
    case canceled
    case partiallyCanceled = "partially_canceled"
    case rejected

    package static var noun: String { "supplier order" }

    package var next: Set<SupplierOrderState> {
        switch self {
        case .planned: [.checking, .canceled]
        case .checking: [.submitting, .onHold, .rejected, .canceled]
        case .onHold: [.checking, .rejected, .canceled]
        case .submitting: [.submitted, .unknown, .rejected]
        case .unknown: [.submitted, .submitting]
        case .submitted: [.accepted, .rejected, .cancelRequested, .partiallyCanceled, .canceled]
        case .accepted: [.shipped, .rejected, .cancelRequested, .partiallyCanceled, .canceled]
        case .cancelRequested: [.accepted, .shipped, .partiallyCanceled, .canceled]
        case .partiallyCanceled: [.shipped, .cancelRequested, .canceled]
        case .shipped: [.delivered]
        case .delivered, .rejected, .canceled: []
        }
    }

    /// Whether the supplier may have the order, so that cancelling needs the supplier.
    package var mayBeAtSupplier: Bool {
        switch self {
        case .planned, .checking, .onHold, .canceled, .rejected: false
        case .submitting, .unknown, .submitted, .accepted, .shipped, .delivered, .cancelRequested,
            .partiallyCanceled:
            true
        }
    }

    /// Whether nothing of it will be delivered.
    package var endedWithoutDelivery: Bool { self == .rejected || self == .canceled }
}
