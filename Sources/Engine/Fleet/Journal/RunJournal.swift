// The Postgres journal as one run sees it: entries go to the process's writer, children and replies get their
// routing.

import Durable
import Foundation

struct RunJournal: Journal {
    let writer: JournalWriter
    let events: RunEvents
    let owned: OwnedRun
    let queue: String

    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict {
        switch entry {
        case .child(let child):
            return try await start(child, under: lease)
        case .progress, .finish:
            let verdict = try await writer.commit(entry, under: lease, reply: owned.reply).get()
            if verdict == .committed { events.publish(lease.run) }
            return verdict
        case .step, .attempt, .intent, .suspend, .release:
            return try await writer.commit(entry, under: lease, reply: nil).get()
        }
    }

    private func start(_ child: ChildStart, under lease: Lease) async throws(JournalFailure) -> CommitVerdict
    {
        let start = RunStart(
            id: RunID(), tenant: owned.run.tenant, workflow: child.workflow, version: child.version,
            queue: queue,
            priority: 0, input: child.input, key: "child:\(lease.run):\(child.key)", notBefore: nil,
            parent: lease,
            reply: child.reply, trace: owned.run.trace)
        return .child(try await writer.start(start).get().id)
    }
}
