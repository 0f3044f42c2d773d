// What people are shown of a run that is about a person. Nothing here throws: a value that cannot be
// opened is shown as one word that says why, so that a list or a page never fails because of one run.
// Whoever looks at one run is shown what was recorded; a list of many runs opens nothing, so that nobody
// reads about people in passing. Codes, fingerprints, names of steps and labels are never sealed: they are
// the fleet's words, and hold ids and no names of people.

import Durable
import Foundation
import Postgres

/// Opens recorded values for reading.
struct RecordOpener: Sendable {
    enum State: Sendable {
        /// The run is about nobody: values are as they are.
        case plain
        case open(SubjectCipher)
        case closed(SubjectProblem)
        /// A list of many runs: nobody asked for this one.
        case unasked
    }

    /// For lists.
    static let unasked = RecordOpener(.unasked)

    let state: State

    var isErased: Bool {
        if case .closed(.erased) = state { true } else { false }
    }

    /// The key of the person that a run is about, live or ended; no row where it is about nobody.
    static func query(_ run: RunID) -> Query {
        """
        select r.subject_key, k.sealed, r.tenant from (
            select subject_key, tenant from engine.run where id = \(run.rawValue)
            union all
            select subject_key, tenant from engine.run_history where id = \(run.rawValue)) r
        left join engine.subject_key k on k.id = r.subject_key where r.subject_key is not null
        """
    }

    private init(_ state: State) { self.state = state }

    init(_ rows: ResultSet, _ masters: MasterKeys?) throws {
        guard let row = rows.first, let subject = try SealedSubject(row, from: 0) else {
            state = .plain
            return
        }
        do throws(SubjectProblem) {
            let tenant: String
            // The column is there: this very type asked for it.
            do { tenant = try row.decode(2, as: String.self) } catch { throw .unreadable("a tenant") }
            state = .open(try subject.cipher(masters, tenant: Tenant(tenant)))
        } catch {
            state = .closed(error)
        }
    }

    func payload(_ stored: Payload, at place: SealedPlace) -> Payload {
        switch state {
        case .plain: return stored
        case .closed(let problem): return Payload(json: "\"\(Self.word(problem))\"")
        case .unasked: return Payload(json: "\"\(Self.unaskedWord)\"")
        case .open(let cipher):
            do throws(SubjectProblem) {
                return try cipher.open(stored, at: place)
            } catch {
                return Payload(json: "\"\(Self.word(error))\"")
            }
        }
    }

    func words(_ stored: String, at place: SealedPlace) -> String {
        guard SubjectCipher.isSealed(stored) else { return stored }
        switch state {
        case .plain: return stored
        case .closed(let problem): return Self.word(problem)
        case .unasked: return Self.unaskedWord
        case .open(let cipher):
            do throws(SubjectProblem) {
                return try cipher.open(words: stored, at: place)
            } catch {
                return Self.word(error)
            }
        }
    }

    func failure(_ stored: FailureRecord, at place: SealedPlace) -> FailureRecord {
        stored.saying(words(stored.message, at: place))
    }

    func wait(_ stored: WaitReason, of run: RunID) -> WaitReason {
        WaitReason(
            kind: stored.kind, step: stored.step, attempt: stored.attempt,
            error: stored.error.map { words($0, at: SealedPlace(run: run, role: .wait)) })
    }

    private static let unaskedWord = "sealed: look at the run itself"

    private static func word(_ problem: SubjectProblem) -> String {
        switch problem {
        case .erased: "erased"
        case .unreadable: "unreadable: changed or moved"
        case .noMasterKeys, .unknownMaster: "sealed: no master key here"
        }
    }
}

extension RunLine {
    func opened(by opener: RecordOpener) -> RunLine {
        RunLine(
            id: id, tenant: tenant, workflow: workflow, version: version, status: status,
            createdAt: createdAt,
            waitReason: waitReason.map { opener.wait($0, of: id) },
            failure: failure.map { opener.failure($0, at: SealedPlace(run: id, role: .error)) })
    }
}

extension RunDetail {
    func opened(by opener: RecordOpener) -> RunDetail {
        if case .plain = opener.state { return self }
        let run = line.id
        return RunDetail(
            line: line.opened(by: opener), epoch: epoch, parent: parent,
            input: opener.payload(input, at: SealedPlace(run: run, role: .input)),
            output: output.map { opener.payload($0, at: SealedPlace(run: run, role: .output)) },
            progress: progress.map { opener.payload($0, at: SealedPlace(run: run, role: .progress)) },
            endedAt: endedAt, steps: steps.map { $0.opened(by: opener, of: run) },
            openAttempts: openAttempts.map { $0.opened(by: opener, of: run) },
            children: children.map { $0.opened(by: opener) })
    }
}

extension StepLine {
    fileprivate func opened(by opener: RecordOpener, of run: RunID) -> StepLine {
        let place = SealedPlace.step(run, key)
        let shown =
            hasFailed
            ? Payload(
                json: JSONB(
                    encoded: opener.failure(FailureRecord(stored: output.jsonb), at: place)
                ).bytes) : opener.payload(output, at: place)
        return StepLine(
            key: key, attempt: attempt, hasFailed: hasFailed, output: shown, startedAt: startedAt,
            endedAt: endedAt, failures: failures.map { $0.opened(by: opener, of: run) })
    }
}

extension AttemptRecord {
    fileprivate func opened(by opener: RecordOpener, of run: RunID) -> AttemptRecord {
        AttemptRecord(
            key: key, number: number, counts: counts,
            failure: opener.failure(failure, at: .step(run, key, .attempt)), startedAt: startedAt,
            nextAt: nextAt)
    }
}

extension FailureRecord {
    func shown(by opener: RecordOpener, at place: SealedPlace) -> FailureRecord {
        opener.failure(self, at: place)
    }
}
