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
    /// The person that the run was about has been erased, and what was recorded of it with them.
    public let isErased: Bool

    init(_ row: Row, _ opener: RecordOpener) throws {
        let run = RunID(rawValue: try row.decode(0, as: UUID.self))
        id = run
        tenant = Tenant(try row.decode(1, as: String.self))
        workflow = WorkflowName(rawValue: try row.decode(2, as: String.self))
        status = RunStatus(rawValue: try row.decode(3, as: String.self)) ?? .pending
        progress = try row.decode(4, as: JSONB?.self).map {
            opener.payload(Payload(json: $0.bytes), at: SealedPlace(run: run, role: .progress))
        }
        output = try row.decode(5, as: JSONB?.self).map {
            opener.payload(Payload(json: $0.bytes), at: SealedPlace(run: run, role: .output))
        }
        failure = try row.decode(6, as: JSONB?.self)?.decode(FailureRecord.self)
            .shown(by: opener, at: SealedPlace(run: run, role: .error))
        isErased = opener.isErased
    }
}

extension Runs {
    /// A run's status, progress and end; nil where there is no such run.
    public func report(_ run: RunID) async throws -> RunReport? {
        let results = try await pool.pipeline([
            """
            select id, tenant, workflow, status, progress, null::jsonb, null::jsonb
            from engine.run where id = \(run.rawValue)
            union all
            select id, tenant, workflow, status, progress, output, error
            from engine.run_history where id = \(run.rawValue)
            """, RecordOpener.query(run),
        ])
        let opener = try RecordOpener(results[1], subjects.masters)
        return try results[0].first.map { try RunReport($0, opener) }
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
        if report.isErased { throw RunsError.subject(.erased) }
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
