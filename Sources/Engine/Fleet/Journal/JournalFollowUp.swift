// The second round trip of a batch, only where the first left a question: a step that had a record, a key
// whose run was not visible yet, a claimed run with a past to replay.

import Durable
import Foundation
import Postgres

enum JournalFollowUp {
    static func complete(
        _ verdicts: inout BatchVerdicts, of batch: JournalBatch, on connection: isolated PostgresConnection
    ) async throws {
        if !verdicts.doubtful.isEmpty { try await readStored(&verdicts, of: batch, on: connection) }
        if !verdicts.unseenKeys.isEmpty { try await readKeys(&verdicts, of: batch, on: connection) }
        if verdicts.owned.contains(where: \.hasPast) { try await readPasts(&verdicts, on: connection) }
    }

    /// A step that is not there was fenced, and so was one that a newer epoch has recorded. Otherwise it has
    /// its record: from an earlier owner, or from this very batch, whose first answer was lost.
    private static func readStored(
        _ verdicts: inout BatchVerdicts, of batch: JournalBatch, on connection: isolated PostgresConnection
    ) async throws {
        let writes = verdicts.doubtful.map { batch.writes[$0] }
        let keys = writes.map { write in
            if case .step(let record, _) = write.entry { record.key } else { StepKey("") }
        }
        let asked = verdicts.doubtful.map { verdicts.entries[$0] }
        for place in verdicts.doubtful { verdicts.entries[place] = .fenced }
        let rows = try await connection.execute(
            JournalStatements.storedSteps(
                runs: writes.map(\.lease.run.rawValue), names: keys.map(\.name), items: keys.map(\.item)))
        for row in rows.rows {
            let place = try row.decode(0, as: Int.self) - 1
            let epoch = try row.decode(5, as: Int64.self)
            guard epoch <= writes[place].lease.epoch else { continue }
            let record = try StepRecord(row, key: keys[place], from: 1)
            // This owner's own record, of a run whose cancellation was asked for: it must hear of that.
            if case .cancelling = asked[place], epoch == writes[place].lease.epoch {
                verdicts.entries[verdicts.doubtful[place]] = asked[place]
            } else {
                verdicts.entries[verdicts.doubtful[place]] = .alreadyRecorded(record)
            }
        }
    }

    private static func readKeys(
        _ verdicts: inout BatchVerdicts, of batch: JournalBatch, on connection: isolated PostgresConnection
    ) async throws {
        let starts = verdicts.unseenKeys.map { batch.starts[$0].run }
        let rows = try await connection.execute(
            JournalStatements.runsByKey(
                tenants: starts.map(\.tenant.rawValue), workflows: starts.map(\.workflow.rawValue),
                keys: starts.map { $0.key ?? "" }))
        for row in rows.rows {
            let place = verdicts.unseenKeys[try row.decode(0, as: Int.self) - 1]
            let id = RunID(rawValue: try row.decode(1, as: UUID.self))
            verdicts.starts[place] = StartedRun(id: id, isNew: id == batch.starts[place].run.id)
        }
    }

    private static func readPasts(
        _ verdicts: inout BatchVerdicts, on connection: isolated PostgresConnection
    ) async throws {
        var places: [UUID: Int] = [:]
        for (place, owned) in verdicts.owned.enumerated() where owned.hasPast {
            places[owned.run.id.rawValue] = place
        }
        let ids = Array(places.keys)
        let results = try await connection.pipeline([
            JournalStatements.steps(of: ids), JournalStatements.attempts(of: ids),
            JournalStatements.intents(of: ids), JournalStatements.mailboxes(of: ids),
            JournalStatements.details(of: ids),
        ])
        func place(_ row: Row) throws -> Int { places[try row.decode(0, as: UUID.self)] ?? 0 }
        for row in results[0].rows {
            let key = StepKey(try row.decode(1, as: String.self), item: try row.decode(2, as: String.self))
            verdicts.owned[try place(row)].run.steps.append(try StepRecord(row, key: key, from: 3))
        }
        for row in results[1].rows {
            verdicts.owned[try place(row)].run.attempts.append(try AttemptRecord(row))
        }
        for row in results[2].rows {
            let key = StepKey(try row.decode(1, as: String.self), item: try row.decode(2, as: String.self))
            verdicts.owned[try place(row)].run.intents.append(key)
        }
        for row in results[3].rows {
            let id = SignalID(rawValue: try row.decode(1, as: Int64.self))
            verdicts.owned[try place(row)].run.signals.append(
                DeliveredSignal(
                    id: id, name: try row.decode(2, as: String.self),
                    payload: Payload(json: try row.decode(3, as: JSONB.self).bytes)))
            if verdicts.owned[try place(row)].subject != nil {
                verdicts.owned[try place(row)].keysOfSignals[id] = try row.decode(4, as: String.self)
            }
        }
        for row in results[4].rows {
            let key = StepKey(try row.decode(1, as: String.self), item: try row.decode(2, as: String.self))
            verdicts.owned[try place(row)].run.details[key] = Payload(
                json: try row.decode(3, as: JSONB.self).bytes)
        }
    }
}

extension StepRecord {
    /// Reads attempt, failed, output and start from four columns beginning at `column`.
    init(_ row: Row, key: StepKey, from column: Int) throws {
        let output = try row.decode(column + 2, as: JSONB.self)
        let failed = try row.decode(column + 1, as: Bool.self)
        self.init(
            key: key, attempt: Int(try row.decode(column, as: Int32.self)),
            result: failed
                ? .failure(FailureRecord(stored: output)) : .output(Payload(json: output.bytes)),
            startedAt: try row.decode(column + 3, as: Date.self))
    }
}

extension AttemptRecord {
    init(_ row: Row) throws {
        self.init(
            key: StepKey(try row.decode(1, as: String.self), item: try row.decode(2, as: String.self)),
            number: Int(try row.decode(3, as: Int32.self)), counts: try row.decode(4, as: Bool.self),
            failure: FailureRecord(stored: try row.decode(5, as: JSONB.self)),
            startedAt: try row.decode(6, as: Date.self), nextAt: try row.decode(7, as: Date.self))
    }
}

extension FailureRecord {
    /// A record of a form that this code does not know must not stop the run that it belongs to.
    init(stored: JSONB) {
        self =
            (try? stored.decode(FailureRecord.self))
            ?? FailureRecord(code: "undecodable", message: stored.text)
    }
}
