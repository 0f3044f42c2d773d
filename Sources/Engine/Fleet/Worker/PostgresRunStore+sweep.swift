import Durable
import Foundation
import Postgres

extension PostgresRunStore {
    func sweep(mayRescue: Bool) async throws -> Rescue? {
        let swept = try await pool.withTransaction { tx -> (Rescue, [Lease])? in
            guard try await tx.execute(SweepStatements.lock).first?.decode(0, as: Bool.self) == true else {
                return nil
            }
            return mayRescue ? try await rescue(in: tx) : (Rescue(), [])
        }
        guard let (found, deadly) = swept else { return nil }
        var outcome = found
        for run in deadly {
            do {
                outcome.ready += try await poison(run)
                outcome.poisoned.append(run.run)
            } catch {
                // Each in a transaction of its own, so that this one holds up no other. It has no owner: the
                // next sweep finds it again.
                outcome.stuck[run.run] = "\(error)"
            }
        }
        return outcome
    }

    /// Answers also the runs that are to be set aside, under the epoch that keeps their owners out.
    private func rescue(in tx: PostgresTransaction) async throws -> (Rescue, [Lease]) {
        _ = try await tx.execute(SweepStatements.lockPatience)
        let workers = try await tx.execute(SweepStatements.expiredWorkers)
        let ids = try workers.rows.map { try $0.decode(0, as: UUID.self) }
        var rescue = Rescue()
        var deadly: [Lease] = []
        for row in try await tx.execute(SweepStatements.rescue(from: ids)).rows {
            let id = RunID(rawValue: try row.decode(0, as: UUID.self))
            if Int32(try row.decode(1, as: Int16.self)) >= SweepStatements.takeoverLimit {
                deadly.append(Lease(run: id, epoch: try row.decode(6, as: Int64.self)))
            } else {
                var run = try ReadyRun(row, from: 2, id: id, at: nil)
                run.isTakenBack = true
                rescue.ready.append(run)
            }
        }
        rescue.rescued = rescue.ready.count
        guard !ids.isEmpty || !rescue.ready.isEmpty else { return (rescue, deadly) }
        _ = try await tx.execute(SweepStatements.forget(ids))
        rescue.workers = try workers.rows.map {
            "\(try $0.decode(1, as: String.self)):\(try $0.decode(2, as: Int32.self))"
        }
        return (rescue, deadly)
    }

    /// Sets a run aside and tells its parent. Returns the parent where it is ready now.
    private func poison(_ run: Lease) async throws -> [ReadyRun] {
        try await pool.withTransaction { tx in
            _ = try await tx.execute(SweepStatements.lockPatience)
            _ = try await tx.execute(JournalStatements.lockWithParent(run.run))
            let row = try await tx.execute(SweepStatements.poison(run)).first
            guard let row, let parent = try row.decode(1, as: UUID?.self),
                let reply = try row.decode(2, as: String?.self)
            else { return [] }
            let failure = FailureRecord(
                code: "poisoned", message: "the child was set aside: its workers kept dying under it")
            let end = ChildEnd(run: run.run, outcome: .failed(failure))
            var mail = SignalColumns()
            mail.add(
                reply, Payload(json: JSONB(encoded: end).bytes), to: RunID(rawValue: parent),
                once: "\(run.run)", from: run)
            var verdicts = BatchVerdicts()
            try readReady(try await tx.execute(JournalStatements.send(mail)), &verdicts)
            return verdicts.ready
        }
    }
}
