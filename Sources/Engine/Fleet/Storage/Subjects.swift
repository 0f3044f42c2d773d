// Erasing a person, and changing the master key. Erasure destroys one small row, and with it everything
// that was ever sealed under it, in every table and every partition, without touching them. In the same
// moment all live runs about that person lose their owners, so nothing more is recorded by a worker that
// still has the key in hand; the runs end as failed with the code `subject_erased` when they are next
// claimed. Copies of the database from before still hold the sealed key: keep them no longer than the law
// lets you, and run the erasures after a restore again; the audit lists them.

import Durable
import Foundation
import Logging
import Postgres

/// What an erasure did.
public struct Erasure: Sendable, Hashable {
    /// The key that is gone, which stays in the rows it had sealed.
    public let key: UUID
    /// The live runs about the person, which end now.
    public let liveRuns: [RunID]
}

/// The people that runs are about.
public struct Subjects: Sendable {
    private let runs: Runs
    private static let rotationBatch = 500

    public init(_ runs: Runs) { self.runs = runs }

    /// How long other processes may go on sealing new starts under a key that was erased. Such runs end
    /// unread.
    public static var settlingTime: Duration { SubjectKeys.keyLife }

    /// Destroys a person's key. Returns nil where there is none, or none any more.
    ///
    /// The audit gets the key's id and not the person: the record of an erasure must not keep what was
    /// erased.
    public func erase(_ subject: Subject, of tenant: Tenant, by mandate: Mandate) async throws -> Erasure? {
        runs.subjects.forget(subject, tenant: tenant)
        let queue = runs.queue
        let erasure = try await runs.pool.withTransaction { tx -> Erasure? in
            let rows = try await tx.execute(
                """
                select e.key, e.run, r.tenant, e.queue, e.priority, r.workflow
                from engine.erase_subject(\(tenant.rawValue), \(subject.rawValue), \(mandate.actor),
                    \(mandate.reason)) e
                left join engine.run r on r.id = e.run
                """
            ).rows
            guard let key = try rows.first?.decode(0, as: UUID.self) else { return nil }
            let ready = try rows.compactMap { row -> ReadyRun? in
                guard let run = try row.decode(1, as: UUID?.self) else { return nil }
                return ReadyRun(
                    id: RunID(rawValue: run), tenant: tenant, queue: try row.decode(3, as: String.self),
                    priority: Int(try row.decode(4, as: Int16.self)), at: nil,
                    workflow: WorkflowName(rawValue: try row.decode(5, as: String?.self) ?? ""),
                    isTakenBack: true)
            }
            try await Audit.append(
                AuditEntry(
                    "storage.erase", on: "\(tenant)/\(key.uuidString.lowercased())", by: mandate,
                    after: ["live_runs": "\(ready.count)"]), in: tx)
            tx.afterCommit { queue.enqueue(ready) }
            return Erasure(key: key, liveRuns: ready.map(\.id))
        }
        await queue.flush()
        return erasure
    }

    /// Seals every key again that an older master key holds. Returns how many were changed; when it returns
    /// zero, the older master keys can be taken out of the environment.
    public func rotate() async throws -> Int {
        guard let masters = runs.subjects.masters else { throw SubjectProblem.noMasterKeys }
        var changed = 0
        var last = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        while true {
            let rows = try await runs.pool.execute(
                """
                select id, tenant, sealed from engine.subject_key
                where master <> \(masters.current) and sealed is not null and id > \(last)
                order by id limit \(Self.rotationBatch)
                """
            ).rows
            guard !rows.isEmpty else { return changed }
            for row in rows {
                let id = try row.decode(0, as: UUID.self)
                last = id
                let tenant = try row.decode(1, as: String.self)
                let old = try row.decode(2, as: String.self)
                let new = masters.seal(
                    try masters.open(old, id: id, tenant: tenant), id: id, tenant: tenant)
                // Whoever was erased in between stays erased.
                let updated = try await runs.pool.execute(
                    """
                    update engine.subject_key set sealed = \(new), rotated_at = clock_timestamp()
                    where id = \(id) and sealed = \(old) returning id
                    """)
                if updated.first != nil { changed += 1 }
            }
        }
    }
}
