// The verbs that rewrite a run's journal: rerun, skip, fork. Nothing is deleted without a trace: what leaves
// the journal goes into `engine.set_aside` under the epoch in which it stood.

import Durable
import Foundation
import Postgres

extension Operations {
    /// Sets aside `step` and everything recorded after it, and goes on from there. A step that runs again
    /// keeps its idempotency key, and where it had announced its call, its next attempt is ambiguous: it
    /// looks first.
    ///
    /// A running run is taken from its worker, whose next write is fenced.
    public func rerun(
        _ run: RunID, from step: StepKey, by mandate: Mandate, seenAs sighting: Sighting = .any,
        in transaction: PostgresTransaction? = nil
    ) async throws -> OperationResult {
        try await act(.rerun, on: run, by: mandate, seenAs: sighting, in: transaction) { subject, tx in
            let plan = try JournalSurgery(try await .read(subject, in: tx)).rerun(from: step)
            let epoch = try await takeUp(subject, in: tx)
            try await perform(plan, on: subject, under: epoch, .rerun, in: tx)
            return Act(
                result: run, status: .pending, epoch: epoch, note: plan.note,
                facts: plan.facts.merging(["from": step.description]) { $1 }, ready: [subject.ready])
        }
    }

    /// Records `output` as the result of `step`, as if it had succeeded, and goes on. For a wait it is what
    /// the signal would have brought; a sleep ends now, whatever the output.
    public func skip(
        _ run: RunID, step: StepKey, output: Payload, by mandate: Mandate,
        seenAs sighting: Sighting = .any
    ) async throws -> OperationResult {
        try Self.check(output, .step)
        return try await act(.skip, on: run, by: mandate, seenAs: sighting) { subject, tx in
            let journal = try await RecordedJournal.read(subject, in: tx)
            let now = try await tx.execute("select clock_timestamp()").rows[0].decode(0, as: Date.self)
            let plan = try JournalSurgery(journal).skip(step, now: now)
            let epoch =
                subject.isLive
                ? try await takeUp(subject, in: tx)
                : try await revive(subject, in: tx, keepsCancellation: plan.isUndoing)
            try await perform(plan, on: subject, under: epoch, .skip, in: tx)
            let result = Self.result(output, for: step, in: journal, now: now)
            _ = try await tx.execute(
                OperationStatements.record(
                    subject.seal(result, at: .step(run, step)), for: step, of: run, under: epoch))
            return Act(
                result: run, status: .pending, epoch: epoch, note: "\(step) counts as done",
                facts: ["step": step.description, "output": AuditHash.digest(output)], ready: [subject.ready])
        }
    }

    /// Starts a new run with the input of this one, or with another, and with the results of its steps up to
    /// `step`, which is the first that runs anew. Its steps have keys of their own, so their effects happen
    /// again. The same `key` answers with the same fork; without one, a run is forked once from each step.
    public func fork(
        _ run: RunID, from step: StepKey? = nil, input: Payload? = nil, once key: String? = nil,
        by mandate: Mandate, seenAs sighting: Sighting = .any
    ) async throws -> OperationResult {
        if let input { try Self.check(input, .input) }
        return try await act(.fork, on: run, by: mandate, seenAs: sighting) { subject, tx in
            let journal = try await RecordedJournal.read(subject, in: tx)
            let kept = Set(try JournalSurgery(journal).fork(from: step))
            let fork = RunID()
            let once = "fork:\(run):" + (key ?? "\(subject.epoch):\(step?.description ?? "top")")
            let input = try await sealedInput(of: subject, replacedBy: input, for: fork, in: tx)
            let started = try await tx.execute(
                OperationStatements.fork(run, as: fork, input: input.jsonb, once: once))
            guard started.first != nil else { return try await known(subject, once: once, in: tx) }
            try await copy(journal.steps.filter { kept.contains($0.key) }, of: subject, to: fork, in: tx)
            return Act(
                result: fork, status: .pending, epoch: OperationStatements.forkEpoch,
                note: "forked with \(kept.count) steps; the old run stays as it is",
                facts: ["fork": fork.description, "from": step?.description ?? "the top"],
                ready: [
                    ReadyRun(
                        id: fork, tenant: subject.tenant, queue: subject.queue, priority: subject.priority,
                        at: nil, workflow: subject.workflow)
                ])
        }
    }

    // MARK: Parts

    /// Makes a run ready under a higher epoch, wherever it stands.
    private func takeUp(_ subject: SubjectRun, in tx: PostgresTransaction) async throws -> Int64 {
        guard subject.isLive else { return try await revive(subject, in: tx) }
        return try await tx.execute(OperationStatements.makeReady(subject.id)).rows[0].decode(
            0, as: Int64.self)
    }

    /// Carries out what was planned for a run that is live again under `epoch`.
    func perform(
        _ plan: SurgeryPlan, on subject: SubjectRun, under epoch: Int64, _ verb: Verb,
        in tx: PostgresTransaction
    ) async throws {
        let run = subject.id
        var statements: [Query] = []
        if !plan.setAside.isEmpty {
            statements += OperationStatements.setAside(plan.setAside, of: run, at: subject.epoch, by: verb)
        }
        if !plan.retired.isEmpty {
            statements.append(
                OperationStatements.retire(plan.retired, of: run, tenant: subject.tenant, at: epoch))
        }
        if !plan.forgotten.isEmpty { statements.append(OperationStatements.forget(plan.forgotten, in: run)) }
        if !statements.isEmpty { _ = try await tx.pipeline(statements) }
        try await deliver(plan, to: subject, under: epoch, in: tx)
    }

    private func deliver(
        _ plan: SurgeryPlan, to subject: SubjectRun, under epoch: Int64, in tx: PostgresTransaction
    ) async throws {
        var mail = SignalColumns()
        for signal in plan.signals {
            let once = "again:\(epoch):\(signal.turn)"
            let place = SealedPlace(run: subject.id, role: .signal, name: signal.name, item: once)
            mail.add(signal.name, subject.seal(signal.payload, at: place), to: subject.id, once: once)
        }
        for answer in plan.answered {
            let child = try await SubjectRun.lock(answer.child, opening: masterKeys, in: tx)
            let end = try await childEnd(child, in: tx)
            let once = "\(answer.child)"
            let place = SealedPlace(run: subject.id, role: .signal, name: answer.signal, item: once)
            mail.add(
                answer.signal, subject.seal(Payload(json: JSONB(encoded: end).bytes), at: place),
                to: subject.id, once: once)
        }
        guard !mail.runs.isEmpty else { return }
        _ = try await tx.execute(JournalStatements.send(mail))
    }

    private func childEnd(_ child: SubjectRun, in tx: PostgresTransaction) async throws -> ChildEnd {
        let row = try await tx.execute(OperationStatements.output(of: child.id)).first
        guard let output = try row?.decode(0, as: JSONB?.self) else {
            let failure = child.failure ?? FailureRecord(code: child.status.rawValue, message: "it ended")
            return ChildEnd(run: child.id, outcome: .failed(failure))
        }
        let payload = try child.open(
            Payload(json: output.bytes), at: SealedPlace(run: child.id, role: .output))
        return ChildEnd(run: child.id, outcome: .succeeded(payload))
    }

    /// What a step's record must look like to be read back as `output`.
    private static func result(_ output: Payload, for step: StepKey, in journal: RecordedJournal, now: Date)
        -> Payload
    {
        if step.isSleep { return Payload(json: "\(Int64(now.timeIntervalSince1970 * 1000))") }
        guard let child = journal.child(of: step) else { return output }
        return Payload(json: JSONB(encoded: ChildEnd(run: child, outcome: .succeeded(output))).bytes)
    }

    private func sealedInput(
        of subject: SubjectRun, replacedBy input: Payload?, for fork: RunID, in tx: PostgresTransaction
    ) async throws -> Payload {
        let place = SealedPlace(run: fork, role: .input)
        if let input { return subject.seal(input, at: place) }
        let stored = try await tx.execute(OperationStatements.input(of: subject.id)).rows[0].decode(
            0, as: JSONB.self)
        let old = SealedPlace(run: subject.id, role: .input)
        return subject.seal(try subject.open(Payload(json: stored.bytes), at: old), at: place)
    }

    private func copy(
        _ steps: [RecordedStep], of subject: SubjectRun, to fork: RunID, in tx: PostgresTransaction
    ) async throws {
        guard !steps.isEmpty else { return }
        var columns = StepColumns()
        for step in steps {
            let record = subject.cipher?.sealed(step.record, of: fork) ?? step.record
            columns.add(record, Lease(run: fork, epoch: OperationStatements.forkEpoch))
        }
        _ = try await tx.execute(OperationStatements.copy(columns, endedAt: steps.map(\.endedAt)))
    }

    private func known(_ subject: SubjectRun, once key: String, in tx: PostgresTransaction) async throws
        -> Act
    {
        let row = try await tx.execute(OperationStatements.forked(subject.id, once: key)).rows[0]
        let fork = RunID(rawValue: try row.decode(0, as: UUID.self))
        return Act(
            result: fork, status: subject.status, epoch: subject.epoch,
            note: "it was forked from there before; give another key to fork it again", isRecorded: false)
    }
}
