// Acts whose writes are not in the engine's transaction: another role's, another database's. The two
// cannot be committed together, so the row goes first, and its commit waits for the act: what could not
// have been recorded is not done, and what was not done is not recorded. Only a connection that breaks or a
// process that dies between the two commits leaves an act without its row. Recording afterwards was
// rejected: there every error between the two would lose the row in silence.

public import Postgres

extension Audit {
    private struct NothingDone: Error {}

    /// Carries out `act`, and records it if it did something: nil from `act` means that there was nothing to
    /// do, and leaves no row.
    ///
    /// The end of the chain is held meanwhile, so `act` should be short and must not write to the audit.
    ///
    /// - Throws: what `act` throws, and then there is no row either; or the database's error.
    public static func recording<Value: Sendable>(
        _ entry: AuditEntry, in pool: PostgresPool, _ act: () async throws -> Value?
    ) async throws -> Value? {
        do {
            return try await pool.withTransaction { transaction in
                try await append(entry, in: transaction)
                guard let value = try await act() else { throw NothingDone() }
                return value
            }
        } catch is NothingDone {
            return nil
        }
    }
}
