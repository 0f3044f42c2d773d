import Durable
import Foundation
import Postgres

extension PostgresRunStore {
    func sweep(mayRescue: Bool) async throws -> Rescue? {
        try await pool.withTransaction { tx -> Rescue? in
            guard try await tx.execute(SweepStatements.lock).first?.decode(0, as: Bool.self) == true else {
                return nil
            }
            return mayRescue ? try await rescue(in: tx) : Rescue()
        }
    }

    private func rescue(in tx: PostgresTransaction) async throws -> Rescue {
        _ = try await tx.execute(SweepStatements.lockPatience)
        let workers = try await tx.execute(SweepStatements.expiredWorkers)
        let ids = try workers.rows.map { try $0.decode(0, as: UUID.self) }
        var rescue = Rescue()
        for row in try await tx.execute(SweepStatements.rescue(from: ids)).rows {
            let id = RunID(rawValue: try row.decode(0, as: UUID.self))
            if Int32(try row.decode(1, as: Int16.self)) >= SweepStatements.takeoverLimit {
                rescue.poisoned.append(id)
            } else {
                var run = try ReadyRun(row, from: 2, id: id, at: nil)
                run.isTakenBack = true
                rescue.ready.append(run)
            }
        }
        rescue.rescued = rescue.ready.count
        if !rescue.poisoned.isEmpty { rescue.ready += try await poison(rescue.poisoned, in: tx) }
        guard !ids.isEmpty || !rescue.ready.isEmpty else { return rescue }
        _ = try await tx.execute(SweepStatements.forget(ids))
        rescue.workers = try workers.rows.map {
            "\(try $0.decode(1, as: String.self)):\(try $0.decode(2, as: Int32.self))"
        }
        return rescue
    }

    /// Sets runs aside and tells their parents. Returns the parents that are ready now.
    private func poison(_ runs: [RunID], in tx: PostgresTransaction) async throws -> [ReadyRun] {
        let failure = FailureRecord(
            code: "poisoned", message: "the child was set aside: its workers kept dying under it")
        var replies = SignalColumns()
        for row in try await tx.execute(SweepStatements.poison(runs.map(\.rawValue))).rows {
            let child = Lease(
                run: RunID(rawValue: try row.decode(0, as: UUID.self)),
                epoch: try row.decode(1, as: Int64.self))
            let end = ChildEnd(run: child.run, outcome: .failed(failure))
            replies.add(
                try row.decode(3, as: String.self), Payload(json: JSONB(encoded: end).bytes),
                to: RunID(rawValue: try row.decode(2, as: UUID.self)), once: "\(child.run)", from: child)
        }
        guard !replies.runs.isEmpty else { return [] }
        var verdicts = BatchVerdicts()
        try readReady(try await tx.execute(JournalStatements.send(replies)), &verdicts)
        return verdicts.ready
    }
}
