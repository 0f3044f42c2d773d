// Entries of the journal, sealed on their way in and opened on their way out. Durable says what an entry is;
// here is what of it a person could be known by.

import Durable
import Foundation
import Postgres

extension SubjectCipher {
    func sealed(_ entry: JournalEntry, of run: RunID) -> JournalEntry {
        switch entry {
        case .step(let record, let signal): .step(sealed(record, of: run), consuming: signal)
        case .attempt(let record): .attempt(sealed(record, of: run))
        case .detail(let key, let attempt, let payload):
            .detail(key, attempt: attempt, seal(payload, at: .step(run, key, .detail)))
        case .progress(let payload):
            .progress(seal(payload, at: SealedPlace(run: run, role: .progress)))
        case .suspend(let suspension): .suspend(sealed(suspension, of: run))
        case .finish(let outcome): .finish(sealed(outcome, of: run))
        case .intent, .child, .cancelChild, .release: entry
        }
    }

    func sealed(_ record: StepRecord, of run: RunID) -> StepRecord {
        let place = SealedPlace.step(run, record.key)
        let result: StepRecord.Result =
            switch record.result {
            case .output(let payload): .output(seal(payload, at: place))
            case .failure(let failure): .failure(sealed(failure, at: place))
            }
        return StepRecord(
            key: record.key, attempt: record.attempt, result: result, startedAt: record.startedAt)
    }

    func opened(_ record: StepRecord, of run: RunID) throws(SubjectProblem) -> StepRecord {
        let place = SealedPlace.step(run, record.key)
        let result: StepRecord.Result =
            switch record.result {
            case .output(let payload): .output(try open(payload, at: place))
            case .failure(let failure): .failure(try opened(failure, at: place))
            }
        return StepRecord(
            key: record.key, attempt: record.attempt, result: result, startedAt: record.startedAt)
    }

    func sealed(_ outcome: Outcome, of run: RunID) -> Outcome {
        let error = SealedPlace(run: run, role: .error)
        return switch outcome {
        case .succeeded(let payload):
            .succeeded(seal(payload, at: SealedPlace(run: run, role: .output)))
        case .failed(let failure): .failed(sealed(failure, at: error))
        case .needsAttention(let failure): .needsAttention(sealed(failure, at: error))
        case .cancelled: outcome
        }
    }

    func sealed(_ failure: FailureRecord, at place: SealedPlace) -> FailureRecord {
        failure.saying(seal(failure.message, at: place))
    }

    func opened(_ failure: FailureRecord, at place: SealedPlace) throws(SubjectProblem) -> FailureRecord {
        failure.saying(try open(words: failure.message, at: place))
    }

    private func sealed(_ record: AttemptRecord, of run: RunID) -> AttemptRecord {
        record.with(sealed(record.failure, at: .step(run, record.key, .attempt)))
    }

    func opened(_ record: AttemptRecord, of run: RunID) throws(SubjectProblem) -> AttemptRecord {
        record.with(try opened(record.failure, at: .step(run, record.key, .attempt)))
    }

    private func sealed(_ suspension: Suspension, of run: RunID) -> Suspension {
        var suspension = suspension
        suspension.deadlines = suspension.deadlines.map { sealed($0, of: run) }
        suspension.reason = suspension.reason.with(
            error: suspension.reason.error.map {
                seal($0, at: SealedPlace(run: run, role: .wait))
            })
        return suspension
    }

    func opened(_ reason: WaitReason, of run: RunID) throws(SubjectProblem) -> WaitReason {
        guard let error = reason.error else { return reason }
        return reason.with(error: try open(words: error, at: SealedPlace(run: run, role: .wait)))
    }

    /// A child's end, for the mailbox of its parent, which is about the same person.
    func sealedEnd(of child: RunID, _ outcome: Outcome, to reply: ReplyAddress) -> Payload {
        let end = ChildEnd(run: child, outcome: outcome)
        return seal(
            Payload(json: JSONB(encoded: end).bytes),
            at: SealedPlace(run: reply.parent, role: .signal, name: reply.signal, item: "\(child)"))
    }

    /// Opens everything that a claim brought.
    func opened(_ run: ClaimedRun, keysOfSignals: [SignalID: String]) throws(SubjectProblem) -> ClaimedRun {
        var open = run
        open.input = try self.open(run.input, at: SealedPlace(run: run.id, role: .input))
        open.steps = []
        for step in run.steps { open.steps.append(try opened(step, of: run.id)) }
        open.attempts = []
        for attempt in run.attempts { open.attempts.append(try opened(attempt, of: run.id)) }
        for (key, detail) in run.details {
            open.details[key] = try self.open(detail, at: .step(run.id, key, .detail))
        }
        open.signals = []
        for signal in run.signals {
            open.signals.append(try opened(signal, of: run.id, once: keysOfSignals[signal.id] ?? ""))
        }
        return open
    }

    private func opened(_ signal: DeliveredSignal, of run: RunID, once key: String)
        throws(SubjectProblem) -> DeliveredSignal
    {
        // The end of a child that the engine itself ended is the engine's own words, and comes as they are.
        if SealedEnvelope(signal.payload) == nil, Self.isEngineMade(signal.payload) { return signal }
        let place = SealedPlace(run: run, role: .signal, name: signal.name, item: key)
        return DeliveredSignal(
            id: signal.id, name: signal.name, payload: try open(signal.payload, at: place))
    }

    private static func isEngineMade(_ payload: Payload) -> Bool {
        // Anything else is not a child's end, and that is the whole answer.
        guard let end = try? JSONDecoder().decode(ChildEnd.self, from: Data(payload.bytes)) else {
            return false
        }
        return end.output == nil && end.failure != nil
    }
}

extension AttemptRecord {
    fileprivate func with(_ failure: FailureRecord) -> AttemptRecord {
        AttemptRecord(
            key: key, number: number, counts: counts, failure: failure, startedAt: startedAt, nextAt: nextAt)
    }
}

extension WaitReason {
    fileprivate func with(error: String?) -> WaitReason {
        WaitReason(kind: kind, step: step, attempt: attempt, error: error)
    }
}
