// A `transaction` step of the shop: the store's rows and the run's checkpoint commit together, because the
// checkpoint is written through the store's own transaction. The run's tenant decides which store that is; no
// workflow can choose.

import Commerce
import CommerceStore
import Durable
import Fleet

/// Runs a body in a store's transaction together with its checkpoint.
package protocol CheckpointedTransactions: Sendable {
    /// Answers with the recorded output, without running `body`, where the step has one already.
    func transact<Output: Codable & Sendable>(
        for tenant: TenantID, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (Transaction<OneTenant>) async throws -> Output
    ) async throws -> Output
}

/// The source of the shop's `transaction` steps.
package struct StoreTransactions: TransactionSource {
    private let store: any CheckpointedTransactions

    /// The real one: both in one Postgres transaction.
    package init(_ database: Database) { self.init(FleetTransactions(database: database)) }

    package init(_ store: any CheckpointedTransactions) { self.store = store }

    package func transact<Output: Codable & Sendable>(
        for tenant: Tenant, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (Transaction<OneTenant>) async throws -> Output
    ) async throws -> Output {
        try await ShopRefusal.naming {
            try await store.transact(for: TenantID(parsing: tenant.rawValue), checkpoint, body)
        }
    }
}

private struct FleetTransactions: CheckpointedTransactions {
    let database: Database

    func transact<Output: Codable & Sendable>(
        for tenant: TenantID, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (Transaction<OneTenant>) async throws -> Output
    ) async throws -> Output {
        try await database.transaction(for: tenant) { tx in
            try await TransactionJournal.step(checkpoint, in: tx.postgres) { try await body(tx) }
        }
    }
}
