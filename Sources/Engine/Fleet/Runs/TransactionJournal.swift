// The checkpoint of a `transaction` step, written through the business's own transaction by way of the
// engine's door.

import Durable
import Foundation
import Postgres

public enum TransactionJournal {
    /// Runs `body` and records its result in the same `transaction`; where the step has a record already,
    /// answers with it and runs nothing. Throws `JournalFailure.leaseLost` where another owner has the run:
    /// roll back.
    public static func step<Output: Codable & Sendable>(
        _ checkpoint: TransactionCheckpoint, in transaction: PostgresTransaction,
        _ body: () async throws -> Output
    ) async throws -> Output {
        let run = checkpoint.lease.run.rawValue
        let key = checkpoint.key
        let known = try await transaction.execute(
            """
            select attempt, failed, output, started_at
            from engine.recorded_step(\(run), \(key.name), \(key.item))
            """
        )
        if let row = known.first { return try checkpoint.replay(try StepRecord(row, key: key, from: 0)) }
        let output = try await body()
        let record = try checkpoint.record(output)
        guard case .output(let payload) = record.result else { return output }
        let verdict = try await transaction.execute(
            """
            select engine.record_step(\(run), \(checkpoint.lease.epoch), \(key.name), \(key.item),
                \(Int32(clamping: record.attempt)), \(payload.jsonb), \(record.startedAt))
            """
        ).first?.decode(0, as: String.self)
        switch verdict {
        case "committed": return output
        default: throw JournalFailure.leaseLost
        }
    }
}
