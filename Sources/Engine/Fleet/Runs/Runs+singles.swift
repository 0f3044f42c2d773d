// Starts that look at what is there: one live run per key, and one run for many calls in a short time. In a
// caller's own transaction they are there with its rows, or not at all.

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
    /// otherwise. Unlike `once`, the key is free again when the run has ended. `subject` is as for `start`.
    public func startSingle<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, for tenant: Tenant, priority: Int = 0,
        trace: String? = nil, subject: Subject? = nil, in transaction: PostgresTransaction? = nil
    ) async throws -> StartedRun {
        guard let transaction else {
            return try await pool.withTransaction { tx in
                try await startSingle(
                    W.self, input, key: key, for: tenant, priority: priority, trace: trace,
                    subject: subject, in: tx)
            }
        }
        try await backpressure.check()
        let plain = try prepare(W.self, input, key, tenant, priority, nil, trace)
        let start = try await sealed(plain, about: subject)
        let row = try await transaction.executing(
            start,
            """
            select run, is_new from engine.start_single(\(start.id.rawValue), \(tenant.rawValue),
                \(start.workflow.rawValue), \(Int32(clamping: start.version)), \(start.queue),
                \(Int32(clamping: priority)), \(start.input.jsonb), \(key), \(start.trace),
                \(start.subjectKey))
            """
        ).rows[0]
        let isNew = try row.decode(1, as: Bool.self)
        if isNew { transaction.afterCommit { [queue] in queue.enqueue([ReadyRun(start)]) } }
        return StartedRun(id: RunID(rawValue: try row.decode(0, as: UUID.self)), isNew: isNew)
    }

    /// Starts a run when nobody has called this with the same key for `quiet`, with the input and the subject
    /// of the last call, and at the latest `longest` after the first call.
    public func startDebounced<W: Workflow>(
        _ workflow: W.Type, _ input: W.Input, key: String, for tenant: Tenant, quiet: Duration,
        longest: Duration, priority: Int = 0, trace: String? = nil, subject: Subject? = nil,
        in transaction: PostgresTransaction? = nil
    ) async throws -> DebouncedStart {
        precondition(quiet > .zero && longest >= quiet, "a debounce waits for a while, and not for ever")
        guard let transaction else {
            return try await pool.withTransaction { tx in
                try await startDebounced(
                    W.self, input, key: key, for: tenant, quiet: quiet, longest: longest,
                    priority: priority, trace: trace, subject: subject, in: tx)
            }
        }
        try await backpressure.check()
        func call(as id: RunID) async throws -> DebouncedStart {
            let plain = try prepare(W.self, input, key, tenant, priority, nil, trace, as: id)
            return try await debounce(
                try await sealed(plain, about: subject), key, quiet, longest, in: transaction)
        }
        var started = try await call(as: RunID())
        // What is sealed is bound to its run: where that is an earlier call's, it is sealed again for it.
        if !started.isNew, subject != nil { started = try await call(as: started.id) }
        let ready = ReadyRun(
            id: started.id, tenant: tenant, queue: queue.name, priority: priority, at: started.beginsAt,
            workflow: W.name)
        // An older timer of the same run moves to the new time.
        transaction.afterCommit { [queue] in queue.enqueue([ready]) }
        return started
    }

    private func debounce(
        _ start: RunStart, _ key: String, _ quiet: Duration, _ longest: Duration,
        in transaction: PostgresTransaction
    ) async throws -> DebouncedStart {
        let row = try await transaction.executing(
            start,
            """
            select run, is_new, begins_at from engine.start_debounced(\(start.id.rawValue),
                \(start.tenant.rawValue), \(start.workflow.rawValue), \(Int32(clamping: start.version)),
                \(start.queue), \(Int32(clamping: start.priority)), \(start.input.jsonb), \(key),
                make_interval(secs => \(quiet.seconds)), make_interval(secs => \(longest.seconds)),
                \(start.trace), \(start.subjectKey))
            """
        ).rows[0]
        return DebouncedStart(
            id: RunID(rawValue: try row.decode(0, as: UUID.self)), isNew: try row.decode(1, as: Bool.self),
            beginsAt: try row.decode(2, as: Date.self))
    }
}

extension PostgresTransaction {
    /// Passes a start through one of the engine's doors.
    func executing(_ start: RunStart, _ query: Query) async throws -> ResultSet {
        do {
            return try await execute(query)
        } catch {
            throw error.refusing(start)
        }
    }
}
