// Several statements travel at once, with one mark at their end. After an error the server skips what is
// left up to that mark, so the answers are always read up to it: then both sides agree again and the
// connection can be used on.

extension PostgresConnection {
    /// What an answer is expected for, in the order in which it was sent.
    private enum Expectation {
        case housekeeping
        case preparation(Int)
        case result(Int, isPrepared: Bool)
        case mark
    }

    /// Sends the statements, reads all answers, and returns one result for each.
    func run(_ queries: [Query]) throws(PostgresError) -> [ResultSet] {
        let wire = try usableWire()
        if queries.isEmpty { return [] }
        for query in queries where query.binds.count > Self.bindLimit {
            throw .encoding(
                "a statement has \(query.binds.count) values; the limit is 65,535, so send arrays")
        }
        let wasIdle = wire.transaction == .idle
        do {
            return try attempt(queries, on: wire)
        } catch {
            // A statement that was prepared before a table changed fails once. Nothing of it has taken
            // effect, and it has been forgotten, so it can simply run again.
            guard wasIdle, wire.transaction == .idle, Self.isStalePlan(error) else { throw noting(error) }
        }
        do { return try attempt(queries, on: wire) } catch { throw noting(error) }
    }

    private func attempt(_ queries: [Query], on wire: Wire) throws(PostgresError) -> [ResultSet] {
        let deadline = deadline(statements: queries.count)
        let expectations = try send(queries, on: wire)
        var results: [ResultSet] = []
        results.reserveCapacity(queries.count)
        var failure: PostgresError?
        for expectation in expectations {
            switch expectation {
            case .mark: try readMark(on: wire, until: deadline)
            case .housekeeping: _ = try readResult(on: wire, until: deadline) { _ in nil }
            case .preparation(let index):
                let query = queries[index]
                let answer = try readResult(on: wire, until: deadline) { $0.failure(query, index: index) }
                if case .done = answer { continue }
                statements.notPrepared(query.text)
                if case .failed(let error) = answer { failure = failure ?? error }
            case .result(let index, let isPrepared):
                let query = queries[index]
                switch try readResult(on: wire, until: deadline, failure: { $0.failure(query, index: index) })
                {
                case .done(let result): results.append(result)
                case .skipped: break
                case .failed(let error):
                    if isPrepared, Self.isStalePlan(error) { statements.invalidated(query.text) }
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        noteCondition()
        return results
    }

    private func send(_ queries: [Query], on wire: Wire) throws(PostgresError) -> [Expectation] {
        var expectations: [Expectation] = []
        expectations.reserveCapacity(queries.count + 1)
        var isSent = true
        // In a transaction that has failed the server would refuse it, so it waits for a better moment.
        if !statements.evicted.isEmpty, wire.transaction == .idle {
            for name in statements.takeEvicted() {
                isSent = isSent && wire.send(text: "deallocate \(name)")
                expectations.append(.housekeeping)
                // Each with its own mark: one that fails must not take the others with it.
                isSent = isSent && wire.sync()
                expectations.append(.mark)
            }
        }
        for (index, query) in queries.enumerated() {
            switch statements.plan(for: query) {
            case .unprepared:
                isSent = isSent && wire.send(query)
                expectations.append(.result(index, isPrepared: false))
            case .prepareAndRun(let name):
                isSent = isSent && wire.sendPrepare(name, query) && wire.sendPrepared(name, query.binds)
                expectations.append(.preparation(index))
                expectations.append(.result(index, isPrepared: true))
            case .run(let name):
                isSent = isSent && wire.sendPrepared(name, query.binds)
                expectations.append(.result(index, isPrepared: true))
            }
        }
        isSent = isSent && wire.sync()
        expectations.append(.mark)
        if !isSent { throw wire.lost() }
        return expectations
    }

    enum Answer { case done(ResultSet), skipped, failed(PostgresError) }

    /// Reads the answers to one statement up to their end.
    private func readResult(
        on wire: Wire, until deadline: ContinuousClock.Instant?,
        failure: (borrowing WireResult) -> PostgresError?
    ) throws(PostgresError) -> Answer {
        var answer = Answer.skipped
        while let result = try wire.nextResult(until: deadline) {
            switch result.status {
            case .rows, .done: answer = .done(result.copy())
            case .skipped: answer = .skipped
            case .failed:
                guard let error = failure(result) else { continue }
                // The server says good-bye or the connection broke: there will be no mark to read up to.
                if error.isConnectionLoss { throw error }
                answer = .failed(error)
            case .oneRow, .synced, .copyIn, .other:
                throw .connection(
                    ConnectionFailure(message: Self.outOfStep, sqlState: nil, mayHaveRun: true))
            }
        }
        return answer
    }

    func readMark(on wire: Wire, until deadline: ContinuousClock.Instant?) throws(PostgresError) {
        // libpq may report the end of a statement's results once more in front of the mark.
        for _ in 0..<3 {
            guard let result = try wire.nextResult(until: deadline) else { continue }
            if result.status == .synced { return }
            let error = result.failure(text: "", index: 0)
            if error.isConnectionLoss { throw error }
        }
        throw wire.isBroken
            ? wire.lost()
            : .connection(ConnectionFailure(message: Self.outOfStep, sqlState: nil, mayHaveRun: true))
    }

    static func isStalePlan(_ error: PostgresError) -> Bool {
        error.sqlState == .featureNotSupported || error.sqlState == .unknownStatementName
    }

    /// The protocol counts binds in sixteen bits.
    static let bindLimit = 65_535
    static let outOfStep = "the server's answers are not those to what was sent; COPY needs copyIn"
}
