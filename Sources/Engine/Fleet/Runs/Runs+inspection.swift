// What an operator asks of runs: which are there, what has one done, and why does it wait. `why` reads the
// run's row and what stands in its way, and answers in one sentence with evidence; a state without a sentence
// is a bug.

import Durable
import Foundation
import Postgres

/// One line of a list of runs.
public struct RunLine: Sendable {
    public let id: RunID
    public let tenant: Tenant
    public let workflow: WorkflowName
    public let version: Int
    public let status: RunStatus
    public let createdAt: Date
    public let waitReason: WaitReason?
    public let failure: FailureRecord?
}

/// One step of a run as it was recorded.
public struct StepLine: Sendable {
    public let key: StepKey
    public let attempt: Int
    public let hasFailed: Bool
    public let output: Payload
    public let startedAt: Date
    public let endedAt: Date
    public let failures: [AttemptRecord]
}

/// A run with everything recorded of it.
public struct RunDetail: Sendable {
    public let line: RunLine
    public let epoch: Int64
    public let parent: RunID?
    public let input: Payload
    public let output: Payload?
    public let progress: Payload?
    public let endedAt: Date?
    public let steps: [StepLine]
    /// Attempts of steps that have no end yet.
    public let openAttempts: [AttemptRecord]
    public let children: [RunLine]
}

extension Runs {
    /// Runs, newest first, a page at a time. Sealed words are not opened here; see `detail`.
    public func list(_ filter: RunFilter) async throws -> [RunLine] {
        let limit = max(1, min(filter.limit, RunFilter.pageLimit))
        var sides: [Query] = []
        for (side, columns) in Self.sides where filter.mayMatch(side) {
            var query: Query = "(select id, tenant, workflow, version, status, created_at, "
            query += columns + " where " + filter.conditions(side)
            if let before = filter.before { query += " and r.id < \(before.rawValue)" }
            sides.append(query + " order by r.id desc limit \(limit))")
        }
        guard var query = sides.first else { return [] }
        for side in sides.dropFirst() { query += " union all " + side }
        let rows = try await pool.execute(
            "select * from (" + query + ") found order by id desc limit \(limit)")
        return try rows.rows.map { try RunLine($0).opened(by: .unasked) }
    }

    private static let sides: [(RunFilter.Side, Query)] = [
        (.live, "wait_reason, null::jsonb as error from engine.run r"),
        (.ended, "null::jsonb as wait_reason, error from engine.run_history r"),
    ]

    /// How many runs match, up to 10,000.
    public func count(_ filter: RunFilter) async throws -> BoundedCount {
        var sides: [Query] = []
        for (side, table) in [
            (RunFilter.Side.live, "engine.run r" as Query), (.ended, "engine.run_history r"),
        ] where filter.mayMatch(side) {
            var query: Query = "(select 1 from "
            query += table + " where " + filter.conditions(side)
            sides.append(query + " limit \(BoundedCount.limit + 1))")
        }
        guard var query = sides.first else { return BoundedCount(atLeast: 0) }
        for side in sides.dropFirst() { query += " union all " + side }
        let counted = try await pool.execute("select count(*) from (" + query + ") as found")
        return BoundedCount(atLeast: try counted.rows[0].decode(0, as: Int.self))
    }

    /// About how many runs match, as the planner guesses: for what `count` stops counting.
    public func estimate(_ filter: RunFilter) async throws -> Int {
        var sum = 0
        for (side, table) in [
            (RunFilter.Side.live, "engine.run r" as Query), (.ended, "engine.run_history r"),
        ] where filter.mayMatch(side) {
            let query: Query = "explain (format json) select 1 from "
            let plan = try await pool.execute(query + table + " where " + filter.conditions(side))
            guard let row = plan.first else { continue }
            sum += try row.decode(0, as: JSONB.self).decode([Guess].self).first?.plan.rows ?? 0
        }
        return sum
    }

    private struct Guess: Decodable {
        struct Plan: Decodable {
            let rows: Int

            enum CodingKeys: String, CodingKey { case rows = "Plan Rows" }
        }

        let plan: Plan

        enum CodingKeys: String, CodingKey { case plan = "Plan" }
    }

    /// Everything recorded of a run; nil where there is no such run.
    public func detail(_ run: RunID) async throws -> RunDetail? {
        let results = try await pool.pipeline([
            """
            select id, tenant, workflow, version, status, created_at, wait_reason, null::jsonb, epoch,
                parent, input,
                null::jsonb, progress, null::timestamptz
            from engine.run where id = \(run.rawValue)
            union all
            select id, tenant, workflow, version, status, created_at, null, error, epoch, parent, input,
                output,
                progress, ended_at
            from engine.run_history where id = \(run.rawValue)
            """,
            """
            select name, item, attempt, failed, output, started_at, ended_at from engine.step
            where run = \(run.rawValue) order by ended_at, name, item
            """,
            JournalStatements.attempts(of: [run.rawValue]),
            """
            select id, tenant, workflow, version, status, created_at, wait_reason, null::jsonb from engine.run
            where parent = \(run.rawValue)
            union all
            select id, tenant, workflow, version, status, created_at, null, error from engine.run_history
            where parent = \(run.rawValue) order by 1
            """, RecordOpener.query(run),
        ])
        guard let row = results[0].first else { return nil }
        return try RunDetail(
            row, steps: results[1], attempts: results[2].rows.map { try AttemptRecord($0) },
            children: results[3].rows.map { try RunLine($0) }
        ).opened(by: RecordOpener(results[4], subjects.masters))
    }
}

extension RunLine {
    init(_ row: Row) throws {
        self.init(
            id: RunID(rawValue: try row.decode(0, as: UUID.self)),
            tenant: Tenant(try row.decode(1, as: String.self)),
            workflow: WorkflowName(rawValue: try row.decode(2, as: String.self)),
            version: Int(try row.decode(3, as: Int32.self)),
            status: RunStatus(rawValue: try row.decode(4, as: String.self)) ?? .pending,
            createdAt: try row.decode(5, as: Date.self),
            waitReason: try row.decode(6, as: JSONB?.self)?.decode(WaitReason.self),
            failure: try row.decode(7, as: JSONB?.self)?.decode(FailureRecord.self))
    }
}

extension RunDetail {
    init(_ row: Row, steps: ResultSet, attempts: [AttemptRecord], children: [RunLine]) throws {
        line = try RunLine(row)
        epoch = try row.decode(8, as: Int64.self)
        parent = try row.decode(9, as: UUID?.self).map { RunID(rawValue: $0) }
        input = Payload(json: try row.decode(10, as: JSONB.self).bytes)
        output = try row.decode(11, as: JSONB?.self).map { Payload(json: $0.bytes) }
        progress = try row.decode(12, as: JSONB?.self).map { Payload(json: $0.bytes) }
        endedAt = try row.decode(13, as: Date?.self)
        let byStep = Dictionary(grouping: attempts, by: \.key)
        let lines = try steps.rows.map { try StepLine($0, failures: byStep) }
        self.steps = lines
        let ended = Set(lines.map(\.key))
        openAttempts = attempts.filter { !ended.contains($0.key) }
        self.children = children
    }
}

extension StepLine {
    init(_ row: Row, failures: [StepKey: [AttemptRecord]]) throws {
        key = StepKey(try row.decode(0, as: String.self), item: try row.decode(1, as: String.self))
        attempt = Int(try row.decode(2, as: Int32.self))
        hasFailed = try row.decode(3, as: Bool.self)
        output = Payload(json: try row.decode(4, as: JSONB.self).bytes)
        startedAt = try row.decode(5, as: Date.self)
        endedAt = try row.decode(6, as: Date.self)
        self.failures = failures[key] ?? []
    }
}
