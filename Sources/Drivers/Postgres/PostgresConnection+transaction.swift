extension PostgresConnection {
    /// Runs statements of a transaction, with its beginning in front of the first ones.
    func execute(
        _ queries: [Query], in transaction: PostgresTransaction
    ) async throws(PostgresError) -> [ResultSet] {
        try await cancellably { () throws(PostgresError) in
            let prelude = try transaction.begin()
            if prelude.isEmpty { return try self.run(queries) }
            return Array(try self.begin(prelude, queries).dropFirst(prelude.count))
        }
    }

    /// Commits, after what was kept for it and the last statements, which travel in the same round trip.
    ///
    /// It is not cancelled with its task: between asking for a commit and knowing its outcome nobody should
    /// give up.
    func commit(
        _ transaction: PostgresTransaction, with queries: [Query] = []
    ) throws(PostgresError) -> [ResultSet] {
        let kept = transaction.takeKept()
        let before = (queries.isEmpty && kept.isEmpty ? [] : try transaction.begin()) + kept
        guard transaction.end() else { return [] }
        var results: [ResultSet]
        do {
            results = try run(before + queries + ["commit"], offset: before.count)
        } catch {
            if error.isConnectionLoss { throw Self.unknownOutcome(error) }
            rollback()
            throw error
        }
        // A transaction in which a statement has failed answers COMMIT with ROLLBACK, and no error.
        guard results.removeLast().command == "COMMIT" else { throw .rolledBack }
        transaction.noteCommit()
        return Array(results.dropFirst(before.count))
    }

    /// Ends a transaction whose body has thrown. Not cancelled with its task, so that the connection can be
    /// kept.
    func rollback(_ transaction: PostgresTransaction) {
        guard transaction.end() else { return }
        rollback()
    }

    /// Leaves the connection outside any transaction, or closes it.
    func rollback() {
        guard let wire, wire.transaction != .idle else { return }
        // An error here has closed the connection, which is the surest rollback there is.
        do { _ = try run(["rollback"]) } catch { drop() }
    }

    func undo(to savepoint: String) throws(PostgresError) {
        _ = try run([
            "rollback to savepoint \(identifier: savepoint)", "release savepoint \(identifier: savepoint)",
        ])
    }

    /// Begins a transaction with its first statements. A statement prepared before a table changed fails
    /// once; as nothing came before it in this transaction, it can simply begin again.
    private func begin(_ prelude: [Query], _ queries: [Query]) throws(PostgresError) -> [ResultSet] {
        do {
            return try run(prelude + queries, offset: prelude.count)
        } catch {
            guard Self.isStalePlan(error) else { throw error }
            rollback()
            return try run(prelude + queries, offset: prelude.count)
        }
    }

    /// Runs statements and names those that fail by their place after the first `offset`.
    private func run(_ queries: [Query], offset: Int) throws(PostgresError) -> [ResultSet] {
        do {
            return try run(queries)
        } catch .server(let error) {
            throw .server(error.shifted(by: offset))
        } catch {
            throw error
        }
    }

    private static func unknownOutcome(_ error: PostgresError) -> PostgresError {
        switch error {
        case .connection(let failure): failure.mayHaveRun ? .commitUnknown(failure) : error
        case .timeout(let text):
            .commitUnknown(ConnectionFailure(message: text, sqlState: nil, mayHaveRun: true))
        default: error
        }
    }
}

extension ServerError {
    fileprivate func shifted(by offset: Int) -> ServerError {
        ServerError(
            sqlState: sqlState, message: message, detail: detail, hint: hint, schema: schema, table: table,
            column: column, constraint: constraint, position: position, query: query,
            queryIndex: queryIndex - offset)
    }
}
