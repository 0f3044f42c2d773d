// Merchants' feeds come round by themselves: every quarter of an hour those whose turn has come are started,
// each once for its turn, in the transaction that names its next one.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Starts the syncs that are due, in all stores.
package struct StartSupplierSyncs: Workflow {
    package static let name: WorkflowName = "start_supplier_syncs"

    package enum Step: String, WorkflowStep { case find, start }

    package struct Input: Codable, Sendable {
        package let due: Date
        package init(due: Date) { self.due = due }
    }

    /// How many were started.
    package typealias Output = Int

    /// Of one round; what is left over is due in the next.
    private static let limit = 1_000

    private struct Turn: Codable, Sendable {
        let tenant: TenantID
        let feed: SupplierFeedID
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Int {
        let turns = try await flow.step(.find) { _ in
            try await shop.database.platformTransaction { tx in
                try await FeedBook().due(by: input.due, limit: Self.limit, in: tx).map {
                    Turn(tenant: $0.tenant, feed: $0.feed)
                }
            }
        }
        for turn in turns {
            _ = try await flow.step(.start, for: turn.feed) { _ in
                try await shop.inStore(Tenant(turn.tenant)) { tx in
                    try await shop.starter.start(
                        SupplierSync.self, SupplierSync.Input(feed: turn.feed),
                        once: "\(turn.feed):\(Int(input.due.timeIntervalSince1970))", with: tx)
                    try await FeedBook().postpone(turn.feed, from: input.due, in: tx)
                }
                return Nothing()
            }
        }
        return turns.count
    }
}

extension StartSupplierSyncs: Scheduled {
    package static var schedules: [Schedule] {
        get throws(ScheduleError) {
            [try Schedule("supplier_syncs", .cron("*/15 * * * *"), in: "Europe/Bucharest")]
        }
    }

    package static func input(for firing: ScheduledFiring) throws -> Input { Input(due: firing.nominal) }
}
