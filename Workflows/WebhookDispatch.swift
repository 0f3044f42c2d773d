// Finds events that nobody carries yet and starts a run for each lane of them, in the transaction that opens
// the lane. Any number of processes may do so at once. It is no workflow, because the news should be on their
// way within a second and looking costs one question to an index that is empty most of the time.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

package struct WebhookDispatch: Sendable {
    /// Stores of one round, and lanes of one store in it. What is left over comes up again in the next.
    private static let storeLimit = 200
    private static let laneLimit = 200

    private let database: Database
    private let starter: any RunStarter

    /// The database needs the platform's pool: a store can only see its own events.
    package init(_ database: Database, starter: any RunStarter) {
        self.database = database
        self.starter = starter
    }

    /// Starts what is waiting in all stores. Returns how many runs that were. A store that cannot be served
    /// stops no other; the first such error is thrown at the end.
    @discardableResult
    package func dispatch(at now: Date) async throws -> Int {
        let stores = try await database.platformTransaction { tx in
            try await WebhookLanes().waiting(at: now, limit: Self.storeLimit, in: tx)
        }
        return try await stores.serveEach { try await dispatch($0, at: now) }
    }

    /// Starts what is waiting in one store.
    @discardableResult
    package func dispatch(_ store: TenantID, at now: Date) async throws -> Int {
        try await database.transaction(for: store) { tx in
            let lanes = try await WebhookLanes().open(limit: Self.laneLimit, at: now, in: tx)
            for lane in lanes {
                try await starter.start(
                    DeliverWebhooks.self, DeliverWebhooks.Input(lane), once: "lane:\(lane.id)", with: tx)
            }
            return lanes.count
        }
    }

    /// Forgets events that are old enough.
    @discardableResult
    package func forget(at now: Date) async throws -> Int {
        try await database.platformTransaction { try await WebhookEvents().forget(at: now, in: $0) }
    }
}
