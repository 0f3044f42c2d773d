// The operators' verbs, for the command line and the console alike. Every verb is one transaction: the run's
// row is locked, what the caller saw is compared with what is there, the table of verbs is asked, the change
// is made and the audit row written. Two operators who send the same verb at once therefore act one after the
// other, and the second is told that the run has moved on. A change that takes a run from its worker raises
// the epoch, so that whatever the worker still writes is fenced.
//
// A run that goes on from its end comes back from the history with its steps, its key, its mailbox and
// whomever it answers. Its parent is not told twice: while the parent lives, the child's first answer stands
// in its mailbox and the second has the same key; where the parent has ended too, retrying the parent picks
// up the child's latest end (see `JournalSurgery`).

import Durable
import Foundation
import Postgres

/// What an operator's act came to.
public struct OperationResult: Sendable, Hashable {
    /// The run that was acted on, or the new one of a fork.
    public let run: RunID
    public let status: RunStatus
    public let epoch: Int64
    /// The number of the audit row; nil where nothing had to be done.
    public let audit: Int64?
    /// What an operator should know beside it.
    public let note: String
}

/// Operators' verbs over runs.
public struct Operations: Sendable {
    let runs: Runs
    let masterKeys: MasterKeys?
    var pool: PostgresPool { runs.pool }

    /// - Parameter masterKeys: opens the payloads of runs that are about a person. Without them, verbs on
    ///   such
    ///   runs are refused.
    public init(_ runs: Runs, masterKeys: MasterKeys? = nil) {
        self.runs = runs
        self.masterKeys = masterKeys
    }

    /// What a verb decided to do with a locked run.
    struct Act {
        var result: RunID
        var status: RunStatus
        var epoch: Int64
        var note: String
        var facts: [String: String] = [:]
        /// To be queued after the commit.
        var ready: [ReadyRun] = []
        /// False where nothing changed, so that there is nothing to write down.
        var isRecorded = true
    }

    /// The frame of every verb.
    func act(
        _ verb: Verb, on run: RunID, by mandate: Mandate, seenAs sighting: Sighting,
        in transaction: PostgresTransaction? = nil,
        _ body: (SubjectRun, PostgresTransaction) async throws -> Act
    ) async throws -> OperationResult {
        guard let transaction else {
            let result = try await pool.withTransaction {
                try await act(verb, on: run, by: mandate, seenAs: sighting, in: $0, body)
            }
            await runs.queue.flush()
            return result
        }
        let subject = try await SubjectRun.lock(run, opening: masterKeys, in: transaction)
        guard sighting.status ?? subject.status == subject.status,
            sighting.epoch ?? subject.epoch == subject.epoch
        else { throw OperationError.movedOn(run, status: subject.status, epoch: subject.epoch) }
        if let why = verb.refusal(in: subject.status) {
            throw OperationError.refused(verb, subject.status, why)
        }
        let done = try await body(subject, transaction)
        var number: Int64?
        if done.isRecorded {
            var after = done.facts
            after["status"] = done.status.rawValue
            after["epoch"] = "\(done.epoch)"
            number = try await Audit.append(
                AuditEntry(
                    verb.rawValue, on: run.description, by: mandate, before: subject.facts, after: after),
                in: transaction)
        }
        transaction.afterCommit { [runs, ready = done.ready] in
            runs.queue.enqueue(ready)
            runs.events.publish(run, of: subject.tenant)
        }
        return OperationResult(
            run: done.result, status: done.status, epoch: done.epoch, audit: number, note: done.note)
    }
}

extension Operations {
    /// Goes on with a failed run from its failed step; what finished before keeps its result. A run whose
    /// undo failed tries that undo again.
    ///
    /// Throws `OperationError`: a run that undid some of its steps cannot go on as if they still held.
    public func retry(
        _ run: RunID, by mandate: Mandate, seenAs sighting: Sighting = .any,
        in transaction: PostgresTransaction? = nil
    ) async throws -> OperationResult {
        try await act(.retry, on: run, by: mandate, seenAs: sighting, in: transaction) { subject, tx in
            try await goOn(subject, .retry, input: nil, in: tx)
        }
    }

    /// Ends a wait now, or gives a poisoned run to a worker once more. The wait itself keeps its deadline: a
    /// run that finds nothing new goes back to sleep.
    public func resume(
        _ run: RunID, by mandate: Mandate, seenAs sighting: Sighting = .any,
        in transaction: PostgresTransaction? = nil
    ) async throws -> OperationResult {
        try await act(.resume, on: run, by: mandate, seenAs: sighting, in: transaction) { subject, tx in
            if subject.isLive {
                _ = try await tx.execute(OperationStatements.dueNow(run))
                let epoch = try await tx.execute(OperationStatements.makeReady(run)).rows[0].decode(
                    0, as: Int64.self)
                return Act(
                    result: run, status: .pending, epoch: epoch, note: "it is ready again",
                    ready: [subject.ready])
            }
            let epoch = try await revive(subject, in: tx, takeovers: SweepStatements.takeoverLimit - 1)
            return Act(
                result: run, status: .pending, epoch: epoch,
                note: "it gets one more worker; if that one dies under it too, it is set aside again",
                ready: [subject.ready])
        }
    }

    /// Replaces the input and goes on as `retry` does. Steps that finished under the old input keep their
    /// results.
    public func edit(
        _ run: RunID, input: Payload, by mandate: Mandate, seenAs sighting: Sighting = .any
    ) async throws -> OperationResult {
        try Self.check(input, .input)
        return try await act(.edit, on: run, by: mandate, seenAs: sighting) { subject, tx in
            let old = try await tx.execute(OperationStatements.input(of: run)).rows[0].decode(
                0, as: JSONB.self)
            let place = SealedPlace(run: run, role: .input)
            let sealed = subject.seal(input, at: place)
            var act: Act
            if subject.isLive {
                let epoch = try await tx.execute(
                    OperationStatements.makeReady(run, input: sealed.jsonb)
                ).rows[0].decode(0, as: Int64.self)
                act = Act(
                    result: run, status: .pending, epoch: epoch, note: "it goes on with the new input",
                    ready: [subject.ready])
            } else if subject.status == .poisoned {
                let epoch = try await revive(subject, in: tx, input: sealed)
                act = Act(
                    result: run, status: .pending, epoch: epoch, note: "it goes on with the new input",
                    ready: [subject.ready])
            } else {
                act = try await goOn(subject, .edit, input: sealed, in: tx)
            }
            act.facts["old_input"] = AuditHash.digest(
                try subject.open(Payload(json: old.bytes), at: place))
            act.facts["new_input"] = AuditHash.digest(input)
            return act
        }
    }

    /// Brings an ended run back and takes its failed step out of the way.
    func goOn(_ subject: SubjectRun, _ verb: Verb, input: Payload?, in tx: PostgresTransaction) async throws
        -> Act
    {
        let journal = try await RecordedJournal.read(subject, in: tx)
        let plan = try JournalSurgery(journal).retry(after: subject.failure)
        let epoch = try await revive(
            subject, in: tx, input: input, keepsCancellation: plan.isUndoing)
        try await perform(plan, on: subject, under: epoch, verb, in: tx)
        return Act(
            result: subject.id, status: .pending, epoch: epoch, note: plan.note,
            facts: plan.facts, ready: [subject.ready])
    }

    /// Moves a run from the history back among the live ones under a higher epoch. Returns the epoch.
    func revive(
        _ subject: SubjectRun, in tx: PostgresTransaction, input: Payload? = nil,
        keepsCancellation: Bool = false, takeovers: Int32 = 0
    ) async throws -> Int64 {
        let rows = try await tx.execute(
            OperationStatements.revive(
                subject.id, input: input?.jsonb,
                keepsCancellation: keepsCancellation || subject.status == .poisoned, takeovers: takeovers))
        return try rows.rows[0].decode(0, as: Int64.self)
    }

    /// JSON that the engine can keep.
    static func check(_ payload: Payload, _ role: PayloadRole) throws(OperationError) {
        do {
            try payload.check(role)
        } catch {
            throw .payload(error)
        }
        do {
            _ = try JSONSerialization.jsonObject(with: Data(payload.bytes), options: .fragmentsAllowed)
        } catch {
            throw .notJSON("\(error.localizedDescription)")
        }
    }
}
