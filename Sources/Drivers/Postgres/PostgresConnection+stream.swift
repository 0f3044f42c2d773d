// Rows of a large result are read while the server still sends them, and no faster than the caller takes
// them: what is not read stays in the socket, and then in the server. Memory holds one batch.

extension PostgresConnection {
    /// Lends the rows of a result of any size one by one, in flat memory.
    ///
    /// The connection serves nothing else until the end. When `body` throws, the rest is cancelled on the
    /// server and the error is passed on.
    ///
    /// - Parameter batch: how many rows come over from the connection's thread at a time.
    public nonisolated(nonsending) func stream(
        _ query: Query, batch: Int = 500, _ body: (Row) async throws -> Void
    ) async throws {
        try await startStream(query)
        do {
            while true {
                let result = try await nextRows(max(1, batch))
                if result.rows.isEmpty { return }
                for row in result.rows { try await body(row) }
            }
        } catch {
            await abandonStream()
            throw error
        }
    }

    private func startStream(_ query: Query) throws(PostgresError) {
        if Task.isCancelled { throw .cancelled }
        let wire = try usableWire()
        guard wire.send(query), wire.sync() else { throw noting(wire.lost()) }
        wire.streamRows()
        occupation = .streaming(RowStream(query: query, operation: beginOperation()))
    }

    /// The next rows; none at the end, after which the connection is free again.
    private func nextRows(_ limit: Int) async throws(PostgresError) -> ResultSet {
        guard case .streaming(let stream) = occupation else { return RowBatch().finish() }
        let result = await withTaskCancellationHandler {
            readRows(limit)
        } onCancel: {
            canceller.cancel(stream.operation)
        }
        if case .success(let rows) = result, !rows.rows.isEmpty { return rows }
        occupation = nil
        noteCondition()
        do { return try endOperation(result) } catch { throw noting(error) }
    }

    private func readRows(_ limit: Int) -> Result<ResultSet, PostgresError> {
        guard let wire, case .streaming(var stream) = occupation else { return .success(RowBatch().finish()) }
        var batch = RowBatch()
        do throws(PostgresError) {
            while batch.rowCount < limit, !stream.isFinished {
                try read(into: &batch, &stream, from: wire)
            }
        } catch {
            return .failure(error)
        }
        occupation = .streaming(stream)
        // Rows that came before an error are handed out first.
        if batch.rowCount == 0, let failure = stream.failure { return .failure(failure) }
        return .success(batch.finish())
    }

    private func read(into batch: inout RowBatch, _ stream: inout RowStream, from wire: Wire)
        throws(PostgresError)
    {
        guard let result = try wire.nextResult(until: deadline()) else {
            try readMark(on: wire, until: deadline())
            stream.isFinished = true
            return
        }
        switch result.status {
        case .oneRow, .rows: result.append(to: &batch)
        case .done: break
        default:
            let error = result.failure(stream.query, index: 0)
            if error.isConnectionLoss { throw error }
            stream.failure = error
        }
    }

    /// Ends a stream that nobody wants to the end.
    private func abandonStream() {
        guard case .streaming(let stream) = occupation else { return }
        // On this thread, which may block, and before the rest is read: there may be much of it.
        canceller.send(stream.operation)
        while case .success(let rows) = readRows(1000), !rows.rows.isEmpty {}
        if case .failure(let error) = readRows(1) {
            // The error that ended the stream is the one to report; this one is mostly the cancellation
            // itself.
            _ = noting(error)
        }
        occupation = nil
        noteCondition()
        _ = canceller.end()
    }
}

/// A result that is being read.
struct RowStream: Sendable {
    let query: Query
    let operation: Int
    var isFinished = false
    var failure: PostgresError?
}
