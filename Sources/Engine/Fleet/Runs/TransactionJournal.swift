// The checkpoint of a `transaction` step, written through the business's own transaction by way of the
// engine's door.

import Durable
import Foundation
import Postgres

public enum TransactionJournal {
    /// What the door raises where the step does not stand under this lease.
    private static let notKept = "CF003"

    /// Runs `body`, and commits it together with the record of its result; where the step has a record
    /// already, answers with it and runs nothing. The transaction is over then. Throws
    /// `JournalFailure.leaseLost` where another owner has the run: roll back.
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
        let kept: Query = """
            select engine.keep_step(\(run), \(checkpoint.lease.epoch), \(key.name), \(key.item),
                \(Int32(clamping: record.attempt)), \(payload.jsonb), \(record.startedAt))
            """
        // With the commit: what the body has locked last, such as the next number of a series, is held for
        // one round trip less.
        do throws(PostgresError) {
            try await transaction.commit(with: [kept])
        } catch {
            if error.sqlState?.rawValue == notKept { throw JournalFailure.leaseLost }
            throw error
        }
        return output
    }
}
