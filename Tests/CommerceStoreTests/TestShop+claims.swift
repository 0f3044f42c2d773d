import Foundation
import Testing

@testable import Commerce
@testable import CommerceStore

/// A paid order of which everything has arrived.
struct SoldGoods: Sendable {
    let order: Order
    let payment: PaymentID
    let lines: [OrderLineID]
    let group: SupplierOrderID

    func draft(
        _ count: Int = 1, ofLine line: Int = 0, problem: ClaimProblem = .damaged
    ) -> OrderClaims.Draft {
        OrderClaims.Draft(
            id: OrderClaimID(), order: order.id, line: lines[line], count: count, problem: problem,
            wish: .refund, description: "The lid is broken", language: .romanian)
    }
}

extension TestShop {
    static let arrival = now.addingTimeInterval(86_400)

    /// So many pieces of each of the first `lines` products have arrived.
    func delivered(_ quantity: Int = 2, lines: Int = 1) async throws -> SoldGoods {
        let (order, payment) = try await paidOrder(quantity, lines: lines)
        return try await transaction { tx in
            let planned = try await SupplierOrders().plan(order.id, in: tx)[0].id
            for state: SupplierOrderState in [.checking, .submitting, .submitted, .accepted] {
                try await SupplierOrders().move(planned, to: state, at: Self.now, in: tx)
            }
            try await SupplierOrders().moveUnits(of: planned, to: .forwarded, in: tx)
            try await SupplierOrders().moveUnits(of: planned, to: .delivered, in: tx)
            for state: SupplierOrderState in [.shipped, .delivered] {
                try await SupplierOrders().move(planned, to: state, at: Self.arrival, in: tx)
            }
            try await Orders().refreshStatus(order.id, in: tx)
            return SoldGoods(
                order: order, payment: payment.id,
                lines: try await Orders().lines(of: order.id, in: tx).map(\.id), group: planned)
        }
    }

    /// - Parameter moment: seconds after the arrival.
    func reported(
        _ sold: SoldGoods, _ count: Int = 1, ofLine line: Int = 0, at moment: TimeInterval = 0
    ) async throws -> OrderClaimID {
        let draft = sold.draft(count, ofLine: line)
        let outcome = try await transaction {
            try await OrderClaims().report(draft, at: Self.arrival.addingTimeInterval(moment), in: $0)
        }
        guard case .reported(_, isFirst: true) = outcome else {
            Issue.record("the report was refused: \(outcome)")
            throw CancellationError()
        }
        return draft.id
    }

    func answer(_ claim: OrderClaimID, _ answer: OrderClaims.Answer) async throws -> ClaimRefusal? {
        try await transaction {
            try await OrderClaims().answer(
                answer, note: "", of: claim, by: "operator", at: Self.arrival, in: $0)
        }
    }
}
