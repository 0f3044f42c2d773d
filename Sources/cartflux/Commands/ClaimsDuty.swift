// What the pages about claims start and tell.

import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport
import Workflows

extension Platform {
    func claimDesk() -> ClaimDesk {
        let runs = runs
        return ClaimDesk(
            database: database,
            runs: ClaimRuns(
                begin: { claim, tx in
                    try await runs.start(
                        SettleClaim.self, SettleClaim.Input(claim: claim), once: "claim:\(claim)",
                        for: Tenant(tx.tenant), in: tx.postgres
                    ).id.rawValue
                },
                tell: { run, once in
                    _ = try await runs.send(.claim, Nothing(), to: RunID(rawValue: run), once: once)
                }))
    }
}
