import Durable
import Foundation
import Postgres

extension Operations {
    /// Far more than anybody should do to a system that is in trouble.
    public static let bulkRateLimit = 1...1_000
    private static let page = 100

    /// Orders `action` for every run that matches `filter` now. Nothing is done yet; `work` does it, and so
    /// does any process of scheduled duties.
    public func order(
        _ action: BulkVerb, on filter: RunFilter, perSecond: Int, by mandate: Mandate
    ) async throws -> BulkOperation {
        precondition(Self.bulkRateLimit.contains(perSecond), "a bulk operation does 1 to 1,000 runs a second")
        if case .signal(_, let payload) = action { try Self.check(Payload(json: payload), .signal) }
        let id = RunID().rawValue
        var meant = filter
        meant.before = nil
        let counted = try await runs.count(meant)
        return try await pool.withTransaction { [meant] tx in
            _ = try await tx.execute(
                BulkStatements.insert(id, action, meant, mandate, perSecond: perSecond, counted: counted))
            try await Audit.append(
                AuditEntry(
                    "bulk.order", on: id.text, by: mandate,
                    after: [
                        "verb": action.verb.rawValue, "filter": meant.description, "runs": "\(counted)",
                        "per_second": "\(perSecond)",
                    ]), in: tx)
            return try BulkOperation(try await tx.execute(BulkStatements.one(id)).rows[0])
        }
    }

    public func bulk(_ id: UUID) async throws -> BulkOperation {
        guard let row = try await pool.execute(BulkStatements.one(id)).first else {
            throw OperationError.noSuchBatch(id.text)
        }
        return try BulkOperation(row)
    }

    /// The last orders, newest first.
    public func bulks(limit: Int = 50) async throws -> [BulkOperation] {
        try await pool.execute(BulkStatements.last(max(1, min(limit, 500)))).rows.map {
            try BulkOperation($0)
        }
    }

    /// Stops an order before its next run. What was done stays done.
    public func abort(_ id: UUID, by mandate: Mandate) async throws -> BulkOperation {
        try await close(id, as: .aborted, by: mandate)
        return try await bulk(id)
    }

    /// Works on an order until it is done, aborted, or this task is cancelled. Reports after every page.
    @discardableResult
    public func work(
        _ id: UUID, _ report: @Sendable (BulkOperation) async -> Void = { _ in }
    ) async throws -> BulkOperation {
        while true {
            let batch = try await bulk(id)
            await report(batch)
            guard batch.status == .open else { return batch }
            let rows = try await pool.execute(BulkStatements.page(of: batch, limit: Self.page)).rows
            let ids = try rows.map { RunID(rawValue: try $0.decode(0, as: UUID.self)) }
            if ids.isEmpty {
                try await close(id, as: .done, by: batch.mandate)
                continue
            }
            for run in ids {
                try await keepRate(of: id)
                guard try await step(run, of: id) else { break }
            }
        }
    }

    /// Works on the oldest open order, where there is one. For a process of scheduled duties.
    public func workOldest() async throws {
        guard let row = try await pool.execute(BulkStatements.oldestOpen).first else { return }
        try await work(try BulkOperation(row).id)
    }

    private func keepRate(of id: UUID) async throws {
        while true {
            let pause = try await pool.execute(BulkStatements.pause(id)).rows[0].decode(0, as: Double.self)
            guard pause > 0 else { return }
            try await Task.sleep(for: .seconds(pause))
        }
    }

    /// Acts on one run and moves the cursor on, together. False where the order is no longer open.
    private func step(_ run: RunID, of id: UUID) async throws -> Bool {
        do {
            return try await pool.withTransaction { tx in
                guard let batch = try await turn(of: run, in: id, tx) else { return false }
                guard batch.cursor < run.rawValue else { return true }
                _ = try await perform(batch.action, on: run, by: batch, in: tx)
                _ = try await tx.execute(BulkStatements.advance(id, to: run, refusal: nil))
                return true
            }
        } catch let error as OperationError {
            return try await refuse(run, of: id, "\(run): \(error)")
        } catch let error as SubjectProblem {
            return try await refuse(run, of: id, "\(run): \(error)")
        } catch let error as PostgresError where !error.isConnectionLoss && !error.isRetryable {
            // One run that the database refuses must not hold up those behind it. A deadlock passes.
            return try await refuse(run, of: id, "\(run): \(error)")
        }
    }

    private func refuse(_ run: RunID, of id: UUID, _ why: String) async throws -> Bool {
        try await pool.withTransaction { tx in
            guard let batch = try await turn(of: run, in: id, tx) else { return false }
            guard batch.cursor < run.rawValue else { return true }
            _ = try await tx.execute(BulkStatements.advance(id, to: run, refusal: why))
            return true
        }
    }

    private func turn(of run: RunID, in id: UUID, _ tx: PostgresTransaction) async throws -> BulkOperation? {
        let row = try await tx.execute(BulkStatements.locked(id)).first
        guard let batch = try row.map({ try BulkOperation($0) }), batch.status == .open else { return nil }
        return batch
    }

    private func perform(
        _ action: BulkVerb, on run: RunID, by batch: BulkOperation, in tx: PostgresTransaction
    )
        async throws -> OperationResult
    {
        let mandate = batch.mandate
        switch action {
        case .retry: return try await retry(run, by: mandate, in: tx)
        case .resume: return try await resume(run, by: mandate, in: tx)
        case .rerun(let step, let item):
            return try await rerun(run, from: StepKey(step, item: item), by: mandate, in: tx)
        case .cancel(let how): return try await cancel(run, how, by: mandate, in: tx)
        case .signal(let name, let payload):
            return try await signal(
                run, name, Payload(json: payload), once: "bulk:\(batch.id.text)", by: mandate, in: tx)
        }
    }

    private func close(_ id: UUID, as status: BulkOperation.Status, by mandate: Mandate) async throws {
        try await pool.withTransaction { tx in
            guard let row = try await tx.execute(BulkStatements.close(id, as: status)).first else { return }
            let (acted, refused) = (try row.decode(0, as: Int32.self), try row.decode(1, as: Int32.self))
            try await Audit.append(
                AuditEntry(
                    status == .done ? "bulk.done" : "bulk.abort", on: id.text, by: mandate,
                    after: ["acted": "\(acted)", "refused": "\(refused)"]), in: tx)
        }
    }
}

extension UUID {
    var text: String { uuidString.lowercased() }
}
