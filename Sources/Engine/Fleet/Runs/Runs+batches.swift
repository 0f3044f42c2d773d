// Many runs in one call. They are started in chunks, each in a transaction that also moves the batch's mark
// on: a caller that died calls again with the same key and inputs, and goes on where it stopped. Progress is
// counted in the history by label, so a finishing run writes nothing for its batch.

import Durable
import Foundation
import Postgres

/// How far a batch is.
public struct BatchProgress: Sendable, Hashable {
    public let total: Int
    /// Runs that have been started so far.
    public let started: Int
    /// Runs that have ended, by how.
    public let ended: [RunStatus: Int]

    public var endedCount: Int { ended.values.reduce(0, +) }
    public var isOver: Bool { endedCount >= total }
}

extension Runs {
    private static let chunk = 500
    /// Inputs of one batch; more is several batches.
    private static let batchLimit = 100_000
    private static let look: Duration = .milliseconds(500)

    /// Starts one run for each input, all of them or, after a failure, as many as were accepted: call again
    /// with the same key and inputs for the rest.
    public func startBatch<W: Workflow>(
        _ workflow: W.Type, _ inputs: [W.Input], once key: String? = nil, for tenant: Tenant,
        priority: Int = 0
    ) async throws -> RunID {
        precondition(inputs.count <= Self.batchLimit, "a batch has at most \(Self.batchLimit) inputs")
        let wanted = RunID()
        let row = try await pool.withTransaction { tx in
            _ = try await tx.execute(
                """
                insert into engine.batch (id, tenant, workflow, key, total)
                values (\(wanted.rawValue), \(tenant.rawValue), \(W.name.rawValue), \(key),
                    \(Int32(inputs.count)))
                on conflict (tenant, workflow, key) do nothing
                """)
            return try await tx.execute(
                """
                select id, started, total from engine.batch where id = \(wanted.rawValue)
                    or tenant = \(tenant.rawValue) and workflow = \(W.name.rawValue) and key = \(key)
                """
            ).rows[0]
        }
        let batch = RunID(rawValue: try row.decode(0, as: UUID.self))
        let total = Int(try row.decode(2, as: Int32.self))
        guard total == inputs.count else { throw RunsError.batchDiffers(batch, total, inputs.count) }
        var started = Int(try row.decode(1, as: Int32.self))
        while started < inputs.count {
            try await backpressure.check()
            let end = min(started + Self.chunk, inputs.count)
            let starts = try inputs[started..<end].map {
                try prepare(W.self, $0, nil, tenant, priority, nil, nil)
            }
            if try await start(starts, of: batch, from: started) {
                queue.enqueue(starts.map { ReadyRun($0) })
            }
            started = end
        }
        return batch
    }

    /// Returns false where another caller has started this chunk.
    private func start(_ starts: [RunStart], of batch: RunID, from offset: Int) async throws -> Bool {
        // They were all made just now, so the first and the last stand for the others.
        guard let first = starts.map(\.id).min(), let last = starts.map(\.id).max() else { return false }
        let results = try await pool.pipeline([
            "select engine.refuse_start(\(first.rawValue)), engine.refuse_start(\(last.rawValue))",
            """
            with mark as (
                update engine.batch set started = started + \(Int32(starts.count))
                where id = \(batch.rawValue) and started = \(Int32(offset)) returning id)
            insert into engine.run (id, tenant, workflow, version, queue, priority, input, labels)
            select i.id, i.tenant, i.workflow, i.version, i.queue, i.priority, i.input,
                jsonb_build_object('batch', m.id)
            from mark m cross join unnest(\(starts.map(\.id.rawValue)), \(starts.map(\.tenant.rawValue)),
                \(starts.map(\.workflow.rawValue)), \(starts.map { Int32(clamping: $0.version) }),
                \(starts.map(\.queue)), \(starts.map { Int16(clamping: $0.priority) }),
                \(starts.map(\.input.jsonb))) as i(id, tenant, workflow, version, queue, priority, input)
            """,
        ])
        return results[1].affected > 0
    }

    /// How far a batch is; nil where there is no such batch.
    public func progress(of batch: RunID) async throws -> BatchProgress? {
        let results = try await pool.pipeline([
            "select total, started from engine.batch where id = \(batch.rawValue)",
            """
            select status, count(*) from engine.run_history
            where labels ? 'batch' and labels ->> 'batch' = \(batch.description) group by status
            """,
        ])
        guard let row = results[0].first else { return nil }
        var ended: [RunStatus: Int] = [:]
        for line in results[1].rows {
            guard let status = RunStatus(rawValue: try line.decode(0, as: String.self)) else { continue }
            ended[status] = Int(try line.decode(1, as: Int64.self))
        }
        return BatchProgress(
            total: Int(try row.decode(0, as: Int32.self)), started: Int(try row.decode(1, as: Int32.self)),
            ended: ended)
    }

    /// Waits until every run of a batch has ended, and tells `watch` of each step on the way. Throws
    /// `RunsError.timeout` where that takes longer than `limit`; the runs go on.
    public func end(
        ofBatch batch: RunID, upTo limit: Duration, watch: (BatchProgress) -> Void = { _ in }
    ) async throws -> BatchProgress {
        let deadline = ContinuousClock.now + limit
        while true {
            guard let progress = try await progress(of: batch) else { throw RunsError.noSuchRun(batch) }
            watch(progress)
            if progress.isOver { return progress }
            guard ContinuousClock.now < deadline else { throw RunsError.timeout(batch, .running) }
            try await Task.sleep(for: min(Self.look, deadline - .now))
        }
    }
}
