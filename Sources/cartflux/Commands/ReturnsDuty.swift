// What the pages about returns and corrections start and tell.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport
import Workflows

extension Platform {
    func returnsDesk() -> ReturnsDesk {
        let runs = runs
        return ReturnsDesk(
            database: database,
            runs: ReturnRuns(
                withdraw: { withdrawal, tx in
                    try await runs.start(
                        WithdrawFromOrder.self, WithdrawFromOrder.Input(withdrawal: withdrawal),
                        once: "\(withdrawal)", for: Tenant(tx.tenant), in: tx.postgres
                    ).id.rawValue
                },
                tell: { run, once in
                    _ = try await runs.send(.withdrawal, Nothing(), to: RunID(rawValue: run), once: once)
                },
                refund: { canceled, order, tx in
                    try await CanceledUnits.refund(canceled, of: order, by: runs, in: tx)
                },
                reply: { answer, run in
                    _ = try await runs.send(
                        .supplierReview, answer, to: RunID(rawValue: run), once: answer.once)
                }))
    }
}
