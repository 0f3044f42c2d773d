import Durable
import Foundation
import Postgres

/// What is known of a run from outside.
public struct RunReport: Sendable {
    public let id: RunID
    public let tenant: Tenant
    public let workflow: WorkflowName
    public let status: RunStatus
    public let progress: Payload?
    public let output: Payload?
    public let failure: FailureRecord?

    init(_ row: Row) throws {
        id = RunID(rawValue: try row.decode(0, as: UUID.self))
        tenant = Tenant(try row.decode(1, as: String.self))
        workflow = WorkflowName(rawValue: try row.decode(2, as: String.self))
        status = RunStatus(rawValue: try row.decode(3, as: String.self)) ?? .pending
        progress = try row.decode(4, as: JSONB?.self).map { Payload(json: $0.bytes) }
        output = try row.decode(5, as: JSONB?.self).map { Payload(json: $0.bytes) }
        failure = try row.decode(6, as: JSONB?.self)?.decode(FailureRecord.self)
    }
}

extension Runs {
    /// A run's status, progress and end; nil where there is no such run.
    public func report(_ run: RunID) async throws -> RunReport? {
        let rows = try await pool.execute(
            """
            select id, tenant, workflow, status, progress, null::jsonb, null::jsonb
            from engine.run where id = \(run.rawValue)
            union all
            select id, tenant, workflow, status, progress, output, error
            from engine.run_history where id = \(run.rawValue)
            """)
        return try rows.first.map { try RunReport($0) }
    }

    /// Waits for a run's end and returns its output. Throws `RunsError.ended` where it did not succeed and
    /// `RunsError.timeout` where it has not ended within `limit`; the run itself goes on.
    public func result<W: Workflow>(of run: RunID, as workflow: W.Type, upTo limit: Duration) async throws
        -> W.Output
    {
        let report = try await end(of: run, upTo: limit)
        guard report.status == .succeeded, let output = report.output else {
            throw RunsError.ended(run, report.status, report.failure)
        }
        return try output.decode(W.Output.self, .output)
    }

    /// Waits for a run's end.
    public func end(of run: RunID, upTo limit: Duration) async throws -> RunReport {
        let deadline = ContinuousClock.now + limit
        let changes = events.changes()
        let bell = Bell()
        // Ends with this call: cancelled below.
        let listener = Task {
            for await ids in changes where ids.contains(run) { bell.ring() }
        }
        defer { listener.cancel() }
        while true {
            guard let report = try await report(run) else { throw RunsError.noSuchRun(run) }
            if report.status.isEnd { return report }
            let left = deadline - .now
            guard left > .zero else { throw RunsError.timeout(run, report.status) }
            await bell.wait(upTo: min(left, .milliseconds(250)))
            try Task.checkCancellation()
        }
    }
}
