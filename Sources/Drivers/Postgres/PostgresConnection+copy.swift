// COPY carries the most rows per second, in its binary form, which insists on the very types of the columns.
// They are asked for first, so that an `Int` may go into an `int4` and a `String` into an enum, and what
// does not fit is refused here with the column's name.

extension PostgresConnection {
    /// Inserts many rows into `"table (column, ...)"`, all or none. Returns how many.
    public func copyIn(
        _ target: String, rows: [[(any PostgresEncodable)?]]
    ) async throws(PostgresError) -> Int {
        try await cancellably { () throws(PostgresError) in
            let encoder = try self.startCopy(target)
            do throws(PostgresError) {
                var start = 0
                while start < rows.count {
                    let end = min(rows.count, start + Self.rowsPerMessage)
                    try self.sendCopy(try encoder.encode(rows[start..<end]))
                    start = end
                }
                return try self.finishCopy(target, failure: nil)
            } catch {
                throw self.abandonCopy(target, error)
            }
        }
    }

    /// Inserts rows as they come. The connection serves nothing else until the end; when the sequence
    /// throws, nothing has been inserted.
    public nonisolated(nonsending) func copyIn<Rows: AsyncSequence>(
        _ target: String, rows: Rows
    ) async throws -> Int where Rows.Element == [(any PostgresEncodable)?] {
        let encoder = try await startCopy(target)
        do {
            var batch: [[(any PostgresEncodable)?]] = []
            for try await row in rows {
                batch.append(row)
                guard batch.count == Self.rowsPerMessage else { continue }
                try await sendCopy(try encoder.encode(batch[...]))
                batch.removeAll(keepingCapacity: true)
            }
            try Task.checkCancellation()
            try await sendCopy(try encoder.encode(batch[...]))
            return try await finishCopy(target, failure: nil)
        } catch let error as PostgresError {
            throw await abandonCopy(target, error)
        } catch {
            _ = await abandonCopy(target, .cancelled)
            throw error
        }
    }

    private func startCopy(_ target: String) throws(PostgresError) -> CopyEncoder {
        let encoder = CopyEncoder(columns: try run([CopyEncoder.probe(target)])[0].storage.columns)
        let wire = try usableWire()
        let statement = "copy \(target) from stdin (format binary)"
        do throws(PostgresError) {
            guard wire.leavePipelineMode(), wire.send(text: statement) else { throw wire.lost() }
            occupation = .copying
            guard let result = try wire.nextResult(until: deadline()) else { throw wire.lost() }
            if result.status == .copyIn {
                try wire.sendCopy(CopyEncoder.header, until: deadline())
                return encoder
            }
            throw result.failure(text: statement, index: 0)
        } catch {
            throw leaveCopy(error)
        }
    }

    private func sendCopy(_ bytes: [UInt8]) throws(PostgresError) {
        guard let wire, !bytes.isEmpty else { return }
        try wire.sendCopy(bytes, until: deadline())
    }

    private func finishCopy(_ target: String, failure: String?) throws(PostgresError) -> Int {
        guard let wire else { throw .misuse("the connection was closed during a copy") }
        if failure == nil { try wire.sendCopy(CopyEncoder.trailer, until: deadline()) }
        try wire.endCopy(failure: failure, until: deadline())
        var copied = 0
        var refusal: PostgresError?
        while let result = try wire.nextResult(until: deadline()) {
            switch result.status {
            case .done: copied = result.copy().affected
            default: refusal = result.failure(text: "copy \(target) from stdin (format binary)", index: 0)
            }
        }
        if let refusal { throw leaveCopy(refusal) }
        wire.enterPipelineMode()
        occupation = nil
        noteCondition()
        return copied
    }

    /// Tells the server to forget the rows, unless the copy is over already, and returns what to report.
    private func abandonCopy(_ target: String, _ error: PostgresError) -> PostgresError {
        guard case .copying = occupation else { return error }
        if error.isConnectionLoss { return leaveCopy(error) }
        do throws(PostgresError) {
            _ = try finishCopy(target, failure: "the client has given up")
        } catch {
            // The server confirms with an error; only a lost connection is news.
            if error.isConnectionLoss { return leaveCopy(error) }
        }
        return error
    }

    private func leaveCopy(_ error: PostgresError) -> PostgresError {
        occupation = nil
        if let wire, !error.isConnectionLoss {
            do throws(PostgresError) {
                while try wire.nextResult(until: deadline()) != nil {}
            } catch {
                return noting(error)
            }
            wire.enterPipelineMode()
        }
        return noting(error)
    }

    private static let rowsPerMessage = 500
}
