// The Postgres journal as one run sees it: entries go to the process's writer, children and replies get their
// routing.

import Durable
import Foundation

struct RunJournal: Journal {
    let writer: JournalWriter
    let events: any RunNotices
    let owned: OwnedRun
    let queue: String
    var machine = Machine.real
    /// Seals what is recorded of a run that is about a person.
    var cipher: SubjectCipher?

    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict {
        guard let cipher else { return try await write(entry, under: lease, reply: owned.reply) }
        var reply = owned.reply
        if case .finish(let outcome) = entry, let address = reply {
            reply?.sealedEnd = cipher.sealedEnd(of: lease.run, outcome, to: address)
        }
        let verdict = try await write(cipher.sealed(entry, of: lease.run), under: lease, reply: reply)
        guard case .alreadyRecorded(let record) = verdict else { return verdict }
        do throws(SubjectProblem) {
            return .alreadyRecorded(try cipher.opened(record, of: lease.run))
        } catch {
            throw .refused("\(error)")
        }
    }

    var sealing: RecordSealing? {
        cipher.map { cipher in
            let run = owned.run.id
            return RecordSealing(
                seal: { cipher.sealed($0, of: run) }, open: { try cipher.opened($0, of: run) })
        }
    }

    private func write(_ entry: JournalEntry, under lease: Lease, reply: ReplyAddress?)
        async throws(JournalFailure) -> CommitVerdict
    {
        switch entry {
        case .child(let child):
            return try await start(child, under: lease)
        case .progress, .finish:
            return try await told(writer.commit(entry, under: lease, reply: reply).get(), lease)
        case .suspend:
            return try await told(writer.commit(entry, under: lease, reply: nil).get(), lease)
        case .step, .attempt, .intent, .detail, .cancelChild, .release:
            return try await writer.commit(entry, under: lease, reply: nil).get()
        }
    }

    /// Tells whoever watches the run, once the write stands.
    private func told(_ verdict: CommitVerdict, _ lease: Lease) -> CommitVerdict {
        if verdict == .committed { events.publish(lease.run, of: owned.run.tenant) }
        return verdict
    }

    private func start(_ child: ChildStart, under lease: Lease) async throws(JournalFailure) -> CommitVerdict
    {
        let id = machine.newRunID()
        // A child is about the same person as its parent.
        let input = cipher?.seal(child.input, at: SealedPlace(run: id, role: .input)) ?? child.input
        let start = RunStart(
            id: id, tenant: owned.run.tenant, workflow: child.workflow, version: child.version,
            queue: queue, priority: 0, input: input, key: "child:\(lease.run):\(child.key)",
            notBefore: nil, parent: lease, reply: child.reply,
            trace: TraceContext.current ?? owned.run.trace,
            subjectKey: cipher?.id)
        return .child(try await writer.start(start).get().id)
    }
}
