// The fleet as operators see it: queues, workers and the policies in force.

import Durable
import Foundation
import Postgres
import Redis

/// One queue with its depth and its workers.
public struct QueueLine: Sendable {
    public let name: String
    public let isPaused: Bool
    public let pausedBy: String?
    public let reason: String?
    /// Live worker processes, and the slots they have together.
    public let workers: Int
    public let slots: Int
    /// Nil where Redis does not answer.
    public let depth: QueueDepth?
}

/// One worker process.
public struct WorkerLine: Sendable {
    public let id: UUID
    public let host: String
    public let process: Int
    public let queue: String
    public let slots: Int
    public let startedAt: Date
    public let leaseUntil: Date
    public let isDraining: Bool
    public let workflows: [String]
    public let isAlive: Bool
    /// Runs it owns just now.
    public let running: Int
}

/// What was decided about one tenant or workflow.
public struct PolicyLine: Sendable {
    public let subject: PolicySubject
    public let weight: Double?
    public let cap: Int?
    public let isPaused: Bool
    public let actor: String
    public let reason: String
    public let changedAt: Date
}

extension Control {
    /// All queues that have a worker or a policy.
    public func queues() async throws -> [QueueLine] {
        var lines: [QueueLine] = []
        for row in try await pool.execute(ControlStatements.queueLines).rows {
            let name = try row.decode(0, as: String.self)
            let isPaused = try row.decode(1, as: Bool.self)
            lines.append(
                QueueLine(
                    name: name, isPaused: isPaused,
                    pausedBy: isPaused ? try row.decode(2, as: String?.self) : nil,
                    reason: isPaused ? try row.decode(3, as: String?.self) : nil,
                    workers: Int(try row.decode(5, as: Int64.self)),
                    slots: Int(try row.decode(6, as: Int64?.self) ?? 0), depth: try await depth(of: name)))
        }
        return lines
    }

    /// What Redis holds of one queue just now; nil where it does not answer.
    public func depth(of queue: String) async throws -> QueueDepth? {
        do {
            return try await RunQueue(queue, redis: redis, logger: logger).depth()
        } catch is RedisError {
            // Not answering is what the line says then.
            return nil
        }
    }

    /// All worker processes, those whose lease is over too.
    public func workers() async throws -> [WorkerLine] {
        try await pool.execute(ControlStatements.workers).rows.map { row in
            WorkerLine(
                id: try row.decode(0, as: UUID.self), host: try row.decode(1, as: String.self),
                process: Int(try row.decode(2, as: Int32.self)), queue: try row.decode(3, as: String.self),
                slots: Int(try row.decode(4, as: Int32.self)), startedAt: try row.decode(5, as: Date.self),
                leaseUntil: try row.decode(6, as: Date.self), isDraining: try row.decode(7, as: Bool.self),
                workflows: try row.decode(8, as: [String].self), isAlive: try row.decode(9, as: Bool.self),
                running: Int(try row.decode(10, as: Int64.self)))
        }
    }

    /// What was decided about tenants and workflows; everything else has weight 1 and no cap.
    public func policies() async throws -> [PolicyLine] {
        let results = try await pool.pipeline([ControlStatements.shares, ControlStatements.workflowRules])
        let tenants = try results[0].rows.map { row in
            PolicyLine(
                subject: .tenant(Tenant(try row.decode(0, as: String.self))),
                weight: try row.decode(1, as: Double.self),
                cap: try row.decode(2, as: Int32?.self).map { Int($0) },
                isPaused: try row.decode(3, as: Bool.self), actor: try row.decode(4, as: String.self),
                reason: try row.decode(5, as: String.self), changedAt: try row.decode(6, as: Date.self))
        }
        let workflows = try results[1].rows.map { row in
            PolicyLine(
                subject: .workflow(WorkflowName(rawValue: try row.decode(0, as: String.self))), weight: nil,
                cap: try row.decode(1, as: Int32?.self).map { Int($0) },
                isPaused: try row.decode(2, as: Bool.self), actor: try row.decode(3, as: String.self),
                reason: try row.decode(4, as: String.self), changedAt: try row.decode(5, as: Date.self))
        }
        return tenants + workflows
    }
}
