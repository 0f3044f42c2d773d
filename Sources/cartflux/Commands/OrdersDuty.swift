// What the merchants' order pages start and tell.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport
import Workflows

extension Platform {
    func ordersDesk() throws -> OrdersDesk {
        let (runs, shop) = (runs, try shop)
        return OrdersDesk(
            runs: OrderRuns(
                refund: { refund, tx in
                    let isTaken = try await runs.refund(
                        RefundOrder.Input(
                            order: refund.order, payment: refund.payment, cause: refund.cause,
                            units: refund.units), once: "by-merchant:\(refund.key)", with: tx)
                    guard isTaken else {
                        throw WebProblem(.conflict, "all of this has gone back, or is on its way")
                    }
                },
                answer: { answer, run, once in
                    _ = try await runs.send(
                        .supplierReview, SupplierReview(answer), to: RunID(rawValue: run), once: once)
                },
                confirm: { order, key, tx in
                    try await shop.confirmAgain(order, key: key, in: tx)
                }))
    }
}

extension SupplierReview {
    fileprivate init(_ answer: SupplierHolding.Answer) {
        self =
            switch answer {
            case .retry: .retry
            case .cancel: .cancel
            }
    }
}
