// Starts that look at what is there: one live run per key, and one run for many calls in a short time.

import Durable
import Foundation
import Postgres

/// When a debounced run begins.
public struct DebouncedStart: Sendable, Hashable {
    public let id: RunID
    /// False where an earlier call's run took the new input over.
    public let isNew: Bool
    public let beginsAt: Date
}

extension Runs {
    /// Starts a run unless one with this key is live for the tenant and workflow; answers with the live one
    /// otherwise. Unlike `once`, the key is free again when the run has ended.
    public func startSingle<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, for tenant: Tenant, priority: Int = 0,
        trace: String? = nil
    ) async throws -> StartedRun {
        try await backpressure.check()
        let start = try prepare(W.self, input, key, tenant, priority, nil, trace)
        let rows = try await pool.execute(
            """
            select run, is_new from engine.start_single(\(start.id.rawValue), \(tenant.rawValue),
                \(start.workflow.rawValue), \(Int32(clamping: start.version)), \(start.queue),
                \(Int32(clamping: priority)), \(start.input.jsonb), \(key), \(trace))
            """)
        let row = rows.rows[0]
        let isNew = try row.decode(1, as: Bool.self)
        if isNew { queue.enqueue([ReadyRun(start)]) }
        return StartedRun(id: RunID(rawValue: try row.decode(0, as: UUID.self)), isNew: isNew)
    }

    /// Starts a run when nobody has called this with the same key for `quiet`, with the input of the last
    /// call, and at the latest `longest` after the first call.
    public func startDebounced<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, for tenant: Tenant, quiet: Duration,
        longest: Duration, priority: Int = 0, trace: String? = nil
    ) async throws -> DebouncedStart {
        precondition(quiet > .zero && longest >= quiet, "a debounce waits for a while, and not for ever")
        try await backpressure.check()
        let start = try prepare(W.self, input, key, tenant, priority, nil, trace)
        let rows = try await pool.execute(
            """
            select run, is_new, begins_at from engine.start_debounced(\(start.id.rawValue),
                \(tenant.rawValue), \(start.workflow.rawValue), \(Int32(clamping: start.version)),
                \(start.queue), \(Int32(clamping: priority)), \(start.input.jsonb), \(key),
                make_interval(secs => \(quiet.seconds)), make_interval(secs => \(longest.seconds)), \(trace))
            """)
        let row = rows.rows[0]
        let started = DebouncedStart(
            id: RunID(rawValue: try row.decode(0, as: UUID.self)), isNew: try row.decode(1, as: Bool.self),
            beginsAt: try row.decode(2, as: Date.self))
        // An older timer of the same run moves to the new time.
        queue.enqueue([
            ReadyRun(
                id: started.id, tenant: tenant, queue: queue.name, priority: priority, at: started.beginsAt,
                workflow: W.name)
        ])
        return started
    }
}
