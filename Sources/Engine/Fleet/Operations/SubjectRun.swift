// The run that an operator acts on, with its row locked to the end of the transaction. A run moves between
// the table of live runs and the history, so both are looked at, in the order in which a run moves; a second
// look finds one that another operator brought back meanwhile.

import Durable
import Foundation
import Postgres

/// What the caller saw before it acted; nil means that it does not care.
public struct Sighting: Sendable, Hashable, Codable {
    public var status: RunStatus?
    public var epoch: Int64?

    public init(status: RunStatus? = nil, epoch: Int64? = nil) {
        self.status = status
        self.epoch = epoch
    }

    public static let any = Sighting()
}

struct SubjectRun: Sendable {
    let id: RunID
    let tenant: Tenant
    let workflow: WorkflowName
    let queue: String
    let priority: Int
    let status: RunStatus
    let epoch: Int64
    let parent: RunID?
    let reply: String?
    let cancelReason: String?
    let failure: FailureRecord?
    /// The key of the person that the run is about, as the row has it.
    let subject: SealedSubject?
    /// What opens and seals the run's payloads; nil for a run that is about nobody.
    let cipher: SubjectCipher?

    var isLive: Bool { !status.isEnd }

    /// The run as it becomes ready, to be queued after the commit. From a worker that ran it, it is taken
    /// back: that worker may never give it up by itself.
    var ready: ReadyRun {
        var run = ReadyRun(
            id: id, tenant: tenant, queue: queue, priority: priority, at: nil, workflow: workflow)
        run.isTakenBack = status == .running
        return run
    }

    /// For the audit.
    var facts: [String: String] {
        var facts = ["status": status.rawValue, "epoch": "\(epoch)", "workflow": workflow.rawValue]
        if let failure {
            facts["error"] = failure.code
            facts["fingerprint"] = "\(failure.fingerprint)"
        }
        return facts
    }
}

extension SubjectRun {
    /// Locks the row of a run, wherever it is, and before it the row of its parent, whose mailbox a verb may
    /// write to: see `JournalStatements.lock`. Throws `OperationError.noSuchRun`.
    static func lock(_ id: RunID, opening masters: MasterKeys?, in tx: PostgresTransaction) async throws
        -> SubjectRun
    {
        _ = try await tx.execute(JournalStatements.lockWithParent(id))
        for query in [live(id), ended(id), live(id)] {
            if let row = try await tx.execute(query).first { return try SubjectRun(row, masters) }
        }
        throw OperationError.noSuchRun(id)
    }

    private static func live(_ id: RunID) -> Query {
        """
        select id, tenant, workflow, queue, priority, status, epoch, parent, reply, cancel_reason,
            null::jsonb, subject_key,
            (select k.sealed from engine.subject_key k where k.id = subject_key)
        from engine.run where id = \(id.rawValue) for no key update
        """
    }

    /// Runs from before 0007 have no queue on record.
    private static func ended(_ id: RunID) -> Query {
        """
        select id, tenant, workflow, coalesce(queue, 'default'), coalesce(priority, 0::smallint), status,
            epoch, parent, reply, cancel_reason, error, subject_key,
            (select k.sealed from engine.subject_key k where k.id = subject_key)
        from engine.run_history where id = \(id.rawValue) for update
        """
    }

    private init(_ row: Row, _ masters: MasterKeys?) throws {
        id = RunID(rawValue: try row.decode(0, as: UUID.self))
        tenant = Tenant(try row.decode(1, as: String.self))
        workflow = WorkflowName(rawValue: try row.decode(2, as: String.self))
        queue = try row.decode(3, as: String.self)
        priority = Int(try row.decode(4, as: Int16.self))
        status = RunStatus(rawValue: try row.decode(5, as: String.self)) ?? .pending
        epoch = try row.decode(6, as: Int64.self)
        parent = try row.decode(7, as: UUID?.self).map { RunID(rawValue: $0) }
        reply = try row.decode(8, as: String?.self)
        cancelReason = try row.decode(9, as: String?.self)
        subject = try SealedSubject(row, from: 11)
        cipher = try subject?.cipher(masters, tenant: tenant)
        let stored = try row.decode(10, as: JSONB?.self).map { FailureRecord(stored: $0) }
        guard let cipher, let stored else {
            failure = stored
            return
        }
        failure = try cipher.opened(stored, at: SealedPlace(run: id, role: .error))
    }

    func open(_ payload: Payload, at place: SealedPlace) throws(SubjectProblem) -> Payload {
        guard let cipher else { return payload }
        return try cipher.open(payload, at: place)
    }

    func seal(_ payload: Payload, at place: SealedPlace) -> Payload {
        cipher?.seal(payload, at: place) ?? payload
    }
}
