import Durable
import Foundation
import Postgres

/// The policies in the engine's own tables.
struct PostgresPolicyRecords: PolicyRecords {
    let pool: PostgresPool

    func version() async throws -> Int64 {
        try await pool.execute("select version from engine.control").first?.decode(0, as: Int64.self) ?? 0
    }

    func policies(for queue: String) async throws -> [PolicyRule] {
        let results = try await pool.pipeline([
            "select tenant, weight::float8, cap, paused from engine.tenant_policy",
            "select workflow, cap, paused from engine.workflow_policy",
            "select 1 from engine.queue_policy where queue = \(queue) and paused",
        ])
        var rules = try results[0].rows.map { row in
            PolicyRule.tenant(
                Tenant(try row.decode(0, as: String.self)), weight: try row.decode(1, as: Double.self),
                cap: try row.decode(2, as: Int32?.self).map { Int($0) },
                isPaused: try row.decode(3, as: Bool.self))
        }
        rules += try results[1].rows.map { row in
            PolicyRule.workflow(
                WorkflowName(rawValue: try row.decode(0, as: String.self)),
                cap: try row.decode(1, as: Int32?.self).map { Int($0) },
                isPaused: try row.decode(2, as: Bool.self))
        }
        if results[2].first != nil { rules.append(.queueIsPaused) }
        return rules
    }

    func underWay(in queue: String, of ids: [RunID]?) async throws -> [RunUnderWay] {
        let chosen: Query
        if let ids { chosen = "and id = any(\(ids.map(\.rawValue)))" } else { chosen = "" }
        let rows = try await pool.execute(
            """
            select id, worker, workflow, tenant from engine.run
            where status = 'running' and worker is not null and queue = \(queue) \(chosen)
            """)
        return try rows.rows.map { row in
            RunUnderWay(
                id: RunID(rawValue: try row.decode(0, as: UUID.self)),
                token: try row.decode(1, as: UUID.self).uuidString,
                workflow: WorkflowName(rawValue: try row.decode(2, as: String.self)),
                tenant: Tenant(try row.decode(3, as: String.self)))
        }
    }
}
