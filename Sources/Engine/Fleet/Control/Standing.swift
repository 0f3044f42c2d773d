// What the policies have to do with one run that waits, for `runs why`. It is asked of Postgres, where the
// policies are decided and where every run that is under way is known, so that it can be answered while Redis
// is away.

import Durable
import Foundation
import Postgres

/// A pause that is in force.
public struct Pause: Sendable, Hashable {
    public let subject: PolicySubject
    public let since: Date
    public let actor: String
    public let reason: String
}

/// A cap that is full.
public struct FullCap: Sendable, Hashable {
    public let subject: PolicySubject
    public let cap: Int
    /// The first of the runs that fill it.
    public let runs: [RunID]
}

/// What holds a ready run back.
public struct Standing: Sendable, Hashable {
    public let pauses: [Pause]
    public let fullCaps: [FullCap]

    /// Whether nothing but a free slot is missing.
    public var isClear: Bool { pauses.isEmpty && fullCaps.isEmpty }
}

extension Control {
    private static let namedRuns = 10

    /// Which pauses and full caps hold back runs of this workflow and tenant in this queue.
    public func standing(of workflow: WorkflowName, for tenant: Tenant, in queue: String) async throws
        -> Standing
    {
        let subjects: [PolicySubject] = [.queue(queue), .workflow(workflow), .tenant(tenant)]
        let results = try await pool.pipeline(
            ControlStatements.standing(
                queue: queue, workflow: workflow.rawValue, tenant: tenant.rawValue))
        var pauses: [Pause] = []
        var full: [FullCap] = []
        for (place, subject) in subjects.enumerated() {
            guard let row = results[place].first else { continue }
            if try row.decode(0, as: Bool.self) {
                pauses.append(
                    Pause(
                        subject: subject, since: try row.decode(1, as: Date.self),
                        actor: try row.decode(2, as: String.self), reason: try row.decode(3, as: String.self))
                )
            }
            guard place > 0, let cap = try row.decode(4, as: Int32?.self).map({ Int($0) }) else { continue }
            let running = try results[place + 2].rows.map {
                RunID(rawValue: try $0.decode(0, as: UUID.self))
            }
            guard running.count >= cap else { continue }
            full.append(FullCap(subject: subject, cap: cap, runs: Array(running.prefix(Self.namedRuns))))
        }
        return Standing(pauses: pauses, fullCaps: full)
    }
}
