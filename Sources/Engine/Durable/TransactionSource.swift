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
    /// How the record is sealed, where the run is about a person.
    private let sealing: RecordSealing?

    public init(
        lease: Lease, key: StepKey, attempt: Int, startedAt: Date, sealing: RecordSealing? = nil
    ) {
        self.lease = lease
        self.key = key
        self.attempt = attempt
        self.startedAt = startedAt
        self.sealing = sealing
    }

    /// The record to write, encoded and checked.
    public func record(_ output: some Encodable) throws -> StepRecord {
        let record = StepRecord(
            key: key, attempt: attempt, result: .output(try Payload.encode(output, .step)),
            startedAt: startedAt)
        return sealing?.seal(record) ?? record
    }

    /// The output of a record written earlier.
    public func replay<Output: Codable & Sendable>(_ record: StepRecord) throws -> Output {
        switch try (sealing?.open(record) ?? record).result {
        case .output(let payload): try payload.decode(Output.self, .step)
        case .failure(let failure): throw StepFailed(failure)
        }
    }
}

/// Seals the records of transaction steps on their way into the business's transaction, and opens them again.
public struct RecordSealing: Sendable {
    let seal: @Sendable (StepRecord) -> StepRecord
    let open: @Sendable (StepRecord) throws -> StepRecord

    public init(
        seal: @Sendable @escaping (StepRecord) -> StepRecord,
        open: @Sendable @escaping (StepRecord) throws -> StepRecord
    ) {
        self.seal = seal
        self.open = open
    }
}
