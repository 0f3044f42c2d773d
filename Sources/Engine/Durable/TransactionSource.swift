// A `transaction` step commits business rows and its own checkpoint together. The engine knows no database
// here: a source opens the transaction, runs the body, and writes the checkpoint through the journal's own
// statement before it commits. `Fleet` has the statement; the business has the connection.

import FoundationEssentials

/// Something that can run business writes in a transaction which also records a step.
public protocol TransactionSource: Sendable {
    associatedtype Transaction
    /// Returns the recorded output, without running `body`, where the step has one already. Throws
    /// `JournalFailure.leaseLost`, with nothing written, where the lease is no longer valid.
    func transact<Output: Codable & Sendable>(
        for tenant: Tenant, _ checkpoint: TransactionCheckpoint,
        _ body: @Sendable @escaping (Transaction) async throws -> Output
    ) async throws -> Output
}

/// What a source must write with the business's rows.
public struct TransactionCheckpoint: Sendable {
    public let lease: Lease
    public let key: StepKey
    public let attempt: Int
    public let startedAt: Date

    public init(lease: Lease, key: StepKey, attempt: Int, startedAt: Date) {
        self.lease = lease
        self.key = key
        self.attempt = attempt
        self.startedAt = startedAt
    }

    /// The record to write, encoded and checked.
    public func record(_ output: some Encodable) throws -> StepRecord {
        StepRecord(
            key: key, attempt: attempt, result: .output(try Payload.encode(output, .step)),
            startedAt: startedAt)
    }

    /// The output of a record written earlier.
    public func replay<Output: Codable & Sendable>(_ record: StepRecord) throws -> Output {
        switch record.result {
        case .output(let payload): try payload.decode(Output.self, .step)
        case .failure(let failure): throw StepFailed(failure)
        }
    }
}
