// Cancelling, and signals by hand.
//
// Promise 3.4 says that a cancel raises the epoch. It does so at once wherever no step is under way: a
// pending or waiting run is taken up under a higher epoch and goes down its undo path. A running run is
// different: to fence its owner now would leave the step in flight without a record, so that its effect
// would never be undone. So the owner is asked. It is told with the commit of that very step, records
// nothing new, undoes what is recorded, and its last write moves the run out of the live table, after which
// every write of every epoch is fenced. An owner that never hears of it (dead, paused, stuck) is fenced as
// ever: by the rescue when its lease ends, by the next claim if it goes to sleep, or at once by `force`.
// What was under way then has no record: a step that can be undone had recorded its beginning, so that the
// next worker brings it to its end under the same key and then undoes it; the effect of any other step is
// not known.
//
// Without undo nothing depends on that record, so the run ends at once, running or not.

import Durable
import Foundation
import Postgres

/// How a run is cancelled.
public enum Cancellation: String, Sendable, Codable, CaseIterable {
    /// The step under way ends and is recorded, then everything is undone.
    case undo
    /// As `undo`, but the run is taken from its worker at once: what the step under way did is not recorded.
    case force
    /// The run ends now, and what it has done stays done.
    case leave
}

extension Operations {
    /// Cancels a live run; the mandate's reason is what the run is told. Its live children go on unless its
    /// undo path cancels them.
    public func cancel(
        _ run: RunID, _ how: Cancellation = .undo, by mandate: Mandate,
        seenAs sighting: Sighting = .any, in transaction: PostgresTransaction? = nil
    ) async throws -> OperationResult {
        try await act(.cancel, on: run, by: mandate, seenAs: sighting, in: transaction) { subject, tx in
            if let reason = subject.cancelReason, how == .undo {
                throw OperationError.inTheWay(
                    "it is being cancelled already (\(reason)); `--force` takes it from its worker")
            }
            // Nothing of it has ever begun, so there is nothing to undo.
            if how == .leave || subject.epoch == 0 && subject.status != .running {
                return try await end(subject, mandate, in: tx)
            }
            if subject.status == .running && how == .undo {
                _ = try await tx.execute(OperationStatements.askToCancel(run, reason: mandate.reason))
                return Act(
                    result: run, status: .running, epoch: subject.epoch,
                    note: "its worker ends the step under way, then undoes", facts: ["how": how.rawValue])
            }
            let epoch = try await tx.execute(
                OperationStatements.makeReady(run, cancelling: mandate.reason)
            ).rows[0].decode(0, as: Int64.self)
            return Act(
                result: run, status: .pending, epoch: epoch, note: "the next worker undoes what it has done",
                facts: ["how": how.rawValue], ready: [subject.ready])
        }
    }

    private func end(_ subject: SubjectRun, _ mandate: Mandate, in tx: PostgresTransaction) async throws
        -> Act
    {
        let epoch = subject.epoch + 1
        let failure = FailureRecord(code: "cancelled", message: mandate.reason)
        _ = try await tx.execute(OperationStatements.end(subject.id, failure.jsonb))
        var woken = BatchVerdicts()
        if let parent = subject.parent, let reply = subject.reply {
            let end = ChildEnd(run: subject.id, outcome: .cancelled(reason: mandate.reason))
            var mail = SignalColumns()
            mail.add(
                reply, Payload(json: JSONB(encoded: end).bytes), to: parent, once: "\(subject.id)",
                from: Lease(run: subject.id, epoch: epoch))
            try readReady(try await tx.execute(JournalStatements.send(mail)), &woken)
        }
        return Act(
            result: subject.id, status: .cancelled, epoch: epoch, note: "it ended; nothing was undone",
            facts: ["how": Cancellation.leave.rawValue], ready: woken.ready)
    }

    /// Puts a signal into the mailbox of a live run, once per key.
    public func signal(
        _ run: RunID, _ name: String, _ payload: Payload, once key: String, by mandate: Mandate,
        seenAs sighting: Sighting = .any, in transaction: PostgresTransaction? = nil
    ) async throws -> OperationResult {
        try Self.check(payload, .signal)
        return try await act(.signal, on: run, by: mandate, seenAs: sighting, in: transaction) {
            subject, tx in
            var mail = SignalColumns()
            let place = SealedPlace(run: run, role: .signal, name: name, item: key)
            mail.add(name, subject.seal(payload, at: place), to: run, once: key)
            let rows = try await tx.execute(JournalStatements.send(mail))
            var verdicts = BatchVerdicts()
            try readReady(rows, &verdicts)
            let isNew = rows.first != nil
            let wakes = subject.status == .waiting && !verdicts.ready.isEmpty
            return Act(
                result: run, status: wakes ? .pending : subject.status, epoch: subject.epoch,
                note: !isNew
                    ? "it had a signal with this key before" : wakes ? "it wakes" : "it is in its mailbox",
                facts: ["signal": name, "once": key, "payload": AuditHash.digest(payload)],
                ready: verdicts.ready, isRecorded: isNew)
        }
    }
}
