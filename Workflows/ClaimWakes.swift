// Tells the runs of claims again what they have not looked at: the word that follows an answer may be lost
// with the process that was to send it. What is to be told is read from the rows, so any number of processes
// may do so at once.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

package struct ClaimWakes: Sendable {
    /// Stores of one round, and claims of one store in it. What is left over comes up again in the next.
    private static let storeLimit = 200
    private static let claimLimit = 200
    /// Before a run that was told is told again; one that had the word already is set aside or has ended.
    private static let pause: TimeInterval = 600
    private static let longPause: TimeInterval = 86_400

    private let database: Database
    private let signals: any SignalSender

    /// The database needs the platform's pool: a store can only see its own claims.
    package init(_ database: Database, signals: any SignalSender) {
        self.database = database
        self.signals = signals
    }

    /// Tells the runs of all stores. Returns how many. A store that cannot be served stops no other; the
    /// first such error is thrown at the end.
    @discardableResult
    package func tell(at now: Date) async throws -> Int {
        let stores = try await database.platformTransaction { tx in
            try await ClaimCalls().waiting(at: now, limit: Self.storeLimit, in: tx)
        }
        return try await stores.serveEach { try await tell($0, at: now) }
    }

    /// Tells the runs of one store.
    @discardableResult
    package func tell(_ store: TenantID, at now: Date) async throws -> Int {
        let calls = try await database.transaction(for: store) {
            try await ClaimCalls().open(at: now, limit: Self.claimLimit, in: $0)
        }
        for call in calls {
            let isNew = try await signals.send(
                .claim, Nothing(), to: RunID(rawValue: call.run), once: call.once)
            let next = now.addingTimeInterval(isNew ? Self.pause : Self.longPause)
            try await database.transaction(for: store) {
                try await ClaimCalls().putOff(call, until: next, in: $0)
            }
        }
        return calls.count
    }
}
