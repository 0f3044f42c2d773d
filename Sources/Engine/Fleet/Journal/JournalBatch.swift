// One group commit: every write that gathered while the last one was under way, as a single pipeline, which
// Postgres runs as one transaction. The rows of all runs that are written or answered are locked first, in
// the order of ids.

import Durable
import Foundation
import Postgres

/// A statement of the batch and what its answer means.
struct BatchPart {
    let query: Query
    let read: (ResultSet, inout BatchVerdicts) throws -> Void
}

/// What a batch learnt from the database; everything not mentioned went well.
struct BatchVerdicts {
    var entries: [Int: CommitVerdict] = [:]
    /// Steps of which fewer were inserted than sent; what is stored is read in a second round trip.
    var doubtful: [Int] = []
    var starts: [Int: StartedRun] = [:]
    var fencedStarts: Set<Int> = []
    /// Starts whose id is of another time.
    var untimelyStarts: Set<Int> = []
    /// Starts whose key is taken by a run that this snapshot could not see.
    var unseenKeys: [Int] = []
    var owned: [OwnedRun] = []
    var ready: [ReadyRun] = []
    var hasHeartbeat = true
}

/// The renewal of a worker's lease, which travels with its writes.
struct Heartbeat: Sendable {
    let lease: Duration
    let isDraining: Bool
}

struct JournalBatch: Sendable {
    var writes: [JournalWrite] = []
    var starts: [StartWrite] = []
    var claims: [ClaimWrite] = []
    var heartbeat: Heartbeat?
    /// Something of it may have been written: it failed before, or its answer was lost.
    var isSentAgain = false

    var count: Int { writes.count + starts.count + claims.count }
    var isEmpty: Bool { count == 0 && heartbeat == nil }

    /// The statements, in the order in which they must run: what a run wrote before what it waits for, waits
    /// before the ends that may wake them, claims last.
    func parts(for worker: WorkerIdentity?) -> [BatchPart] {
        var parts: [BatchPart] = []
        let locks = lockedRuns
        if !locks.isEmpty { parts.append(BatchPart(query: JournalStatements.lock(locks)) { _, _ in }) }
        parts += stepParts() + attemptParts() + intentParts() + detailParts() + startParts()
        parts += progressParts() + cancelParts()
        parts += suspendParts() + releaseParts() + finishParts()
        if let worker, !claims.isEmpty { parts.append(claimPart(worker)) }
        if let heartbeat, let worker {
            let query = JournalStatements.heartbeat(
                worker.id, lease: heartbeat.lease, isDraining: heartbeat.isDraining)
            parts.append(BatchPart(query: query) { $1.hasHeartbeat = $0.first != nil })
        }
        return parts
    }

    /// Steps lock their own runs; only what locks more than that, or nothing by itself, needs it done before.
    private var lockedRuns: [UUID] {
        var runs: Set<UUID> = []
        var needsLock = false
        for write in writes {
            switch write.entry {
            case .progress, .release, .step: break
            case .finish where write.reply == nil: break
            case .finish:
                if let parent = write.reply?.parent { runs.insert(parent.rawValue) }
                needsLock = true
            case .cancelChild(let child, _):
                runs.insert(child.rawValue)
                needsLock = true
            case .attempt, .intent, .detail, .suspend, .child: needsLock = true
            }
            runs.insert(write.lease.run.rawValue)
        }
        return needsLock ? Array(runs) : []
    }

    // MARK: Steps

    private func stepParts() -> [BatchPart] {
        var columns = StepColumns()
        var places: [Int] = []
        var taken: (runs: [UUID], epochs: [Int64], ids: [Int64]) = ([], [], [])
        for (place, write) in writes.enumerated() {
            switch write.entry {
            case .step(let record, let signal):
                columns.add(record, write.lease)
                places.append(place)
                guard let signal else { continue }
                taken.runs.append(write.lease.run.rawValue)
                taken.epochs.append(write.lease.epoch)
                taken.ids.append(signal.rawValue)
            case .suspend(let suspension):
                for record in suspension.deadlines {
                    columns.add(record, write.lease)
                    places.append(-1)
                }
            default: continue
            }
        }
        guard !columns.runs.isEmpty else { return [] }
        let query = JournalStatements.steps(columns, again: isSentAgain)
        let (count, writes) = (columns.runs.count, writes)
        var parts = [
            BatchPart(query: query) { [places] rows, verdicts in
                for row in rows.rows {
                    if try row.decode(0, as: Int.self) < count {
                        verdicts.doubtful = places.filter { $0 >= 0 }
                    }
                    guard let run = try row.decode(1, as: UUID?.self) else { continue }
                    let lease = Lease(
                        run: RunID(rawValue: run), epoch: try row.decode(2, as: Int64.self))
                    let reason = try row.decode(3, as: String.self)
                    for place in places where place >= 0 && writes[place].lease == lease {
                        verdicts.entries[place] = .cancelling(reason: reason)
                    }
                }
            }
        ]
        if !taken.ids.isEmpty {
            let query = JournalStatements.takeSignals(runs: taken.runs, epochs: taken.epochs, ids: taken.ids)
            parts.append(BatchPart(query: query) { _, _ in })
        }
        return parts
    }

    private func attemptParts() -> [BatchPart] {
        var columns = AttemptColumns()
        let places = places { entry, lease in
            guard case .attempt(let record) = entry else { return false }
            columns.add(record, lease)
            return true
        }
        return places.isEmpty ? [] : [fencedPart(JournalStatements.attempts(columns), places)]
    }

    private func intentParts() -> [BatchPart] {
        var columns: (runs: [UUID], epochs: [Int64], names: [String], items: [String], attempts: [Int32]) =
            ([], [], [], [], [])
        let places = places { entry, lease in
            guard case .intent(let key, let attempt) = entry else { return false }
            columns.runs.append(lease.run.rawValue)
            columns.epochs.append(lease.epoch)
            columns.names.append(key.name)
            columns.items.append(key.item)
            columns.attempts.append(Int32(clamping: attempt))
            return true
        }
        guard !places.isEmpty else { return [] }
        let query = JournalStatements.intents(
            runs: columns.runs, epochs: columns.epochs, names: columns.names, items: columns.items,
            attempts: columns.attempts)
        return [fencedPart(query, places)]
    }

    private func progressParts() -> [BatchPart] {
        var runs: [UUID] = []
        var epochs: [Int64] = []
        var values: [JSONB] = []
        let places = places { entry, lease in
            guard case .progress(let payload) = entry else { return false }
            runs.append(lease.run.rawValue)
            epochs.append(lease.epoch)
            values.append(payload.jsonb)
            return true
        }
        guard !places.isEmpty else { return [] }
        return [takenPart(JournalStatements.progress(runs: runs, epochs: epochs, values: values), places)]
    }

    // MARK: Leaving

    private func suspendParts() -> [BatchPart] {
        var columns = SuspendColumns()
        let places = places { entry, lease in
            guard case .suspend(let suspension) = entry else { return false }
            columns.add(suspension, lease)
            return true
        }
        guard !places.isEmpty else { return [] }
        let writes = writes
        return [
            takenPart(JournalStatements.suspend(columns), places) { row, place, verdicts in
                let isReady = try row.decode(1, as: Bool.self)
                if isReady { verdicts.entries[place] = .ready }
                let wakeAt = try row.decode(5, as: Date?.self)
                guard isReady || wakeAt != nil else { return }
                verdicts.ready.append(
                    try ReadyRun(row, from: 2, id: writes[place].lease.run, at: isReady ? nil : wakeAt))
            }
        ]
    }

    private func releaseParts() -> [BatchPart] {
        var runs: [UUID] = []
        var epochs: [Int64] = []
        let places = places { entry, lease in
            guard case .release = entry else { return false }
            runs.append(lease.run.rawValue)
            epochs.append(lease.epoch)
            return true
        }
        guard !places.isEmpty else { return [] }
        let writes = writes
        return [
            takenPart(JournalStatements.release(runs: runs, epochs: epochs), places) { row, place, verdicts in
                verdicts.ready.append(try ReadyRun(row, from: 1, id: writes[place].lease.run, at: nil))
            }
        ]
    }

    private func finishParts() -> [BatchPart] {
        var columns = FinishColumns()
        var replies = SignalColumns()
        let writes = writes
        let places = places { entry, lease in
            guard case .finish(let outcome) = entry else { return false }
            columns.add(outcome, lease)
            return true
        }
        guard !places.isEmpty else { return [] }
        for place in places {
            guard let reply = writes[place].reply, case .finish(let outcome) = writes[place].entry else {
                continue
            }
            let lease = writes[place].lease
            let end = ChildEnd(run: lease.run, outcome: outcome)
            replies.add(
                reply.signal, reply.sealedEnd ?? Payload(json: JSONB(encoded: end).bytes),
                to: reply.parent, once: "\(lease.run)", from: lease)
        }
        var parts = [takenPart(JournalStatements.finish(columns), places)]
        if !replies.runs.isEmpty {
            parts.append(BatchPart(query: JournalStatements.send(replies), read: readReady))
        }
        return parts
    }

    // MARK: Starts and claims

    private func startParts() -> [BatchPart] {
        var columns = StartColumns()
        for start in starts { columns.add(start.run) }
        guard !columns.ids.isEmpty else { return [] }
        let starts = starts
        return [
            BatchPart(query: JournalStatements.start(columns)) { rows, verdicts in
                for row in rows.rows {
                    let place = try row.decode(0, as: Int.self) - 1
                    if try row.decode(3, as: Bool.self) {
                        verdicts.untimelyStarts.insert(place)
                    } else if try row.decode(2, as: Bool.self) {
                        verdicts.fencedStarts.insert(place)
                    } else if let known = try row.decode(1, as: UUID?.self) {
                        // Sent again after a lost reply, the start finds its own run under its key.
                        let id = RunID(rawValue: known)
                        verdicts.starts[place] = StartedRun(id: id, isNew: id == starts[place].run.id)
                    } else {
                        verdicts.unseenKeys.append(place)
                    }
                }
                let refused = verdicts.fencedStarts.union(verdicts.untimelyStarts)
                for (place, start) in starts.enumerated()
                where verdicts.starts[place] == nil && !refused.contains(place) {
                    verdicts.ready.append(ReadyRun(start.run))
                }
            }
        ]
    }

    private func claimPart(_ worker: WorkerIdentity) -> BatchPart {
        let ids = claims.flatMap(\.ids).map(\.rawValue)
        let query = JournalStatements.claim(
            ids, in: worker.queue, by: worker.id, knowing: worker.workflows, from: worker.lowestVersions,
            to: worker.highestVersions, masters: worker.masters)
        return BatchPart(query: query) { rows, verdicts in
            verdicts.owned = try rows.rows.map { try OwnedRun($0) }
        }
    }

    // MARK: Reading answers

    /// The places of the entries that `take` accepts, in order: ordinal n of the statement is `places[n -
    /// 1]`.
    func places(_ take: (JournalEntry, Lease) -> Bool) -> [Int] {
        writes.indices.filter { take(writes[$0].entry, writes[$0].lease) }
    }

    /// The statement answers the ordinals that were fenced.
    func fencedPart(_ query: Query, _ places: [Int]) -> BatchPart {
        BatchPart(query: query) { rows, verdicts in
            for row in rows.rows { verdicts.entries[places[try row.decode(0, as: Int.self) - 1]] = .fenced }
        }
    }

    /// The statement answers the ordinals that were taken; the others were fenced.
    private func takenPart(
        _ query: Query, _ places: [Int],
        _ read: @escaping (Row, Int, inout BatchVerdicts) throws -> Void = { _, _, _ in }
    ) -> BatchPart {
        BatchPart(query: query) { rows, verdicts in
            var fenced = Set(places)
            for row in rows.rows {
                let place = places[try row.decode(0, as: Int.self) - 1]
                fenced.remove(place)
                try read(row, place, &verdicts)
            }
            for place in fenced { verdicts.entries[place] = .fenced }
        }
    }
}

/// Rows of (run, is ready, tenant, queue, priority, workflow).
func readReady(_ rows: ResultSet, _ verdicts: inout BatchVerdicts) throws {
    for row in rows.rows where try row.decode(1, as: Bool.self) {
        verdicts.ready.append(
            try ReadyRun(row, from: 2, id: RunID(rawValue: row.decode(0, as: UUID.self)), at: nil))
    }
}

extension ReadyRun {
    /// Reads tenant, queue and priority from three columns beginning at `column`, and the one called
    /// `workflow`.
    init(_ row: Row, from column: Int, id: RunID, at instant: Date?) throws {
        self.init(
            id: id, tenant: Tenant(try row.decode(column, as: String.self)),
            queue: try row.decode(column + 1, as: String.self),
            priority: Int(try row.decode(column + 2, as: Int16.self)), at: instant,
            workflow: WorkflowName(rawValue: try row.decode("workflow", as: String.self)))
    }

    init(_ start: RunStart) {
        self.init(
            id: start.id, tenant: start.tenant, queue: start.queue, priority: start.priority,
            at: start.notBefore, workflow: start.workflow)
    }
}

extension OwnedRun {
    init(_ row: Row) throws {
        let signal = try row.decode(11, as: String?.self)
        run = ClaimedRun(
            id: RunID(rawValue: try row.decode(0, as: UUID.self)), epoch: try row.decode(1, as: Int64.self),
            tenant: Tenant(try row.decode(2, as: String.self)),
            workflow: WorkflowName(rawValue: try row.decode(3, as: String.self)),
            version: Int(try row.decode(4, as: Int32.self)),
            input: Payload(json: try row.decode(5, as: JSONB.self).bytes),
            startedAt: try row.decode(6, as: Date.self), mailSeen: try row.decode(7, as: Int64.self),
            cancellation: try row.decode(8, as: String?.self), trace: try row.decode(9, as: String?.self))
        reply = try row.decode(10, as: UUID?.self).flatMap { parent in
            signal.map { ReplyAddress(parent: RunID(rawValue: parent), signal: $0) }
        }
        subject = try SealedSubject(row, from: 12)
    }

    /// Whether there may be steps, attempts or signals to load before it can go on.
    var hasPast: Bool { run.epoch > 1 || run.mailSeen > 0 }
}
