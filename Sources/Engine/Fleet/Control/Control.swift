// What operators decide about dispatch: shares, caps and pauses. A decision is a row in Postgres, written
// together with its audit row, and mirrored to Redis at once; where Redis does not answer, the sweepers
// mirror it when it does. A share and a cap hold in every queue; a cap is counted per queue, because the
// queues of a Redis cluster may live on different servers.
//
// Runs that are under way when something is paused or capped go on to their next wait: a pause stops work
// from being given out, and a cancel stops work.

import Durable
import Foundation
import Logging
import Postgres
import Redis

/// What a policy is about.
public enum PolicySubject: Sendable, Hashable {
    case queue(String)
    case workflow(WorkflowName)
    case tenant(Tenant)

    /// The name of a queue or workflow, or the tenant.
    public var name: String {
        switch self {
        case .queue(let name): name
        case .workflow(let name): name.rawValue
        case .tenant(let tenant): tenant.rawValue
        }
    }

    /// `queue`, `workflow` or `tenant`.
    public var kind: String {
        switch self {
        case .queue: "queue"
        case .workflow: "workflow"
        case .tenant: "tenant"
        }
    }
}

/// Operators' decisions about dispatch.
public struct Control: Sendable {
    let pool: PostgresPool
    let redis: RedisClient
    let logger: Logger
    private let ownQueue: String

    /// Decides through the pool and Redis of `runs`.
    public init(_ runs: Runs) {
        pool = runs.pool
        redis = runs.queue.redis
        logger = runs.logger
        ownQueue = runs.queue.name
    }

    /// Gives out nothing more of a queue, workflow or tenant until it is resumed.
    public func pause(_ subject: PolicySubject, by mandate: Mandate) async throws {
        try await change("pause", subject, by: mandate, ControlStatements.pause(subject, true, mandate))
    }

    /// Goes on where `pause` stopped.
    public func resume(_ subject: PolicySubject, by mandate: Mandate) async throws {
        try await change("resume", subject, by: mandate, ControlStatements.pause(subject, false, mandate))
    }

    /// How much a tenant gets while others wait too, relative to the usual 1, and how many of its runs may be
    /// under way at once in a queue; nil for any number. Weights go from 0.01 to 1,000.
    public func setShare(of tenant: Tenant, weight: Double, cap: Int?, by mandate: Mandate) async throws {
        precondition((0.01...1_000).contains(weight), "weights go from 0.01 to 1,000")
        precondition(cap.map { $0 >= 1 } ?? true, "a cap of less than one is a pause")
        try await change(
            "share", .tenant(tenant), by: mandate,
            ControlStatements.share(of: tenant, weight, cap, mandate),
            facts: ["weight": "\(weight)", "cap": cap.map { "\($0)" } ?? "none"])
    }

    /// How many runs of a workflow may be under way at once in a queue; nil for any number.
    public func setCap(of workflow: WorkflowName, to cap: Int?, by mandate: Mandate) async throws {
        precondition(cap.map { $0 >= 1 } ?? true, "a cap of less than one is a pause")
        try await change(
            "cap", .workflow(workflow), by: mandate, ControlStatements.cap(of: workflow, cap, mandate),
            facts: ["cap": cap.map { "\($0)" } ?? "none"])
    }

    /// Brings the mirrors of all queues up to date. Returns false where Redis did not answer; the sweepers
    /// do it then.
    @discardableResult
    public func mirror() async throws -> Bool {
        let rows = try await pool.execute(ControlStatements.queues)
        let names = Set(try rows.rows.map { try $0.decode(0, as: String.self) } + [ownQueue])
        do {
            for name in names {
                try await RunQueue(
                    name, redis: redis, records: PostgresPolicyRecords(pool: pool), logger: logger
                ).followPolicies()
            }
            return true
        } catch let error as RedisError {
            logger.warning("policies not mirrored; the sweepers will", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func change(
        _ verb: String, _ subject: PolicySubject, by mandate: Mandate, _ query: Query,
        facts: [String: String] = [:]
    ) async throws {
        try await pool.withTransaction { tx in
            let before = try await tx.execute(ControlStatements.current(subject)).first?.decode(
                0, as: String.self)
            _ = try await tx.execute(query)
            try await Audit.append(
                AuditEntry(
                    "\(subject.kind).\(verb)", on: subject.name, by: mandate,
                    before: before.map { ["policy": $0] } ?? [:], after: facts), in: tx)
        }
        try await mirror()
    }
}
