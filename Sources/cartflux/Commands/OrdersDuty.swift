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
                    let started = try await runs.refund(
                        RefundOrder.Input(
                            order: refund.order, payment: refund.payment, cause: refund.cause,
                            units: refund.units, isTold: true), once: "by-merchant:\(refund.key)", with: tx)
                    guard started != nil else {
                        throw WebProblem(.conflict, "all of this has gone back, or is on its way")
                    }
                },
                answer: { answer, run in
                    try await runs.send(
                        .supplierReview, answer, to: RunID(rawValue: run), once: answer.once)
                },
                confirm: { order, key, tx in
                    try await shop.confirmAgain(order, key: key, in: tx)
                }))
    }
}
