// What a verb takes out of a run's journal, puts back into its mailbox, or refuses to touch. Pure: a function
// of the recorded steps and of what became of the children, so that every case can be tried in a table.
//
// Three rules. A step keeps its idempotency key when it runs again, so a step whose effect stands is safe to
// repeat, and a step whose effect was undone is not: the vendor would answer with the effect that is gone.
// Such runs are forked, which gives every step a new key. A child that lives is joined again, never started a
// second time; one that ended is started anew only where its start is set aside too. A message that somebody
// sent once is delivered again to the wait that is set aside, except to the one that the operator chose.

import Durable
import Foundation

/// What is done to the journal of one run.
struct SurgeryPlan: Sendable, Equatable {
    /// Steps that are set aside, with their attempts.
    var setAside: [StepKey] = []
    /// Children whose key is retired, so that the step starts a new one.
    var retired: [StepKey] = []
    /// Children whose answer is struck from the mailbox, so that it can come again.
    var forgotten: [ChildAnswer] = []
    /// Children that ended: their end goes into the mailbox once more.
    var answered: [ChildAnswer] = []
    /// Signals that go into the mailbox once more.
    var signals: [TakenSignal] = []
    /// The run goes on undoing; a cancellation stays one.
    var isUndoing = false
    var note = ""

    struct ChildAnswer: Sendable, Hashable {
        let child: RunID
        let signal: String
    }

    struct TakenSignal: Sendable, Hashable {
        let name: String
        let turn: String
        let payload: Payload
    }

    var facts: [String: String] {
        setAside.isEmpty ? [:] : ["set_aside": setAside.map(\.description).joined(separator: ", ")]
    }
}

struct JournalSurgery {
    let journal: RecordedJournal

    init(_ journal: RecordedJournal) { self.journal = journal }

    // MARK: Retry

    /// Goes on after `failure`, the run's own error.
    func retry(after failure: FailureRecord?) throws(OperationError) -> SurgeryPlan {
        var plan = SurgeryPlan()
        let failedUndos = journal.steps.filter { $0.key.isUndo && $0.hasFailed }.map(\.key)
        if !failedUndos.isEmpty {
            plan.setAside = failedUndos
            plan.isUndoing = true
            let names = failedUndos.compactMap { $0.undoneStep?.description }
            plan.note = "it tries to undo \(Self.list(names)) again"
            return plan
        }
        try refuseUndone(in: journal.steps)
        if let step = failedStep(behind: failure) {
            plan.setAside = [step]
            plan.note = "it goes on from \(step)"
        } else if let step = failedChild(behind: failure), let end = childEnd(of: step) {
            try join(step, end.run, &plan)
        } else {
            plan.note = "no recorded step carries its error, so it goes on behind its last recorded step"
        }
        return plan
    }

    /// The step that recorded this failure; else the last record, where that is a failure: its error was
    /// caught and another one thrown.
    private func failedStep(behind failure: FailureRecord?) -> StepKey? {
        let failed = journal.steps.filter(\.hasFailed)
        let match = failed.last { $0.failure?.isSame(as: failure) ?? false }
        return match?.key ?? (journal.steps.last?.hasFailed == true ? journal.steps.last?.key : nil)
    }

    private func failedChild(behind failure: FailureRecord?) -> StepKey? {
        journal.steps.last { step in
            childEnd(of: step.key)?.failure?.isSame(as: failure) ?? false
        }?.key
    }

    private func join(_ step: StepKey, _ child: RunID, _ plan: inout SurgeryPlan) throws(OperationError) {
        let answer = SurgeryPlan.ChildAnswer(child: child, signal: step.childReply)
        plan.setAside = [step]
        plan.forgotten = [answer]
        switch journal.children[child] ?? .forgotten {
        case .live: plan.note = "it waits for its child \(child), which is under way again"
        case .ended(.succeeded):
            plan.answered = [answer]
            plan.note = "it goes on with the result of its child \(child), which has succeeded since"
        case .ended(let status):
            throw .inTheWay(
                "its child \(child) of step \(step) is \(status.text); retry the child first, then this run")
        case .forgotten:
            throw .inTheWay(
                "its child \(child) of step \(step) is no longer in the history; `rerun` from \(step)")
        }
    }

    // MARK: Rerun

    /// Sets aside `chosen` and everything that was recorded after it.
    func rerun(from chosen: StepKey) throws(OperationError) -> SurgeryPlan {
        let start = journal.child(of: chosen) == nil ? chosen : chosen.childStart
        guard let first = journal[start] else { throw .noSuchStep(journal.run, chosen) }
        try refuseUndone(in: journal.steps)
        var plan = SurgeryPlan()
        var keys = Set(
            journal.steps.filter { $0.endedAt >= first.endedAt || ($0.key.isUndo && $0.hasFailed) }.map(\.key)
        )
        keys.formUnion(keys.map(\.deadline).filter { journal[$0] != nil })
        plan.setAside = journal.steps.map(\.key).filter { keys.contains($0) }
        for key in plan.setAside {
            if let step = key.startedStep, let child = journal.child(of: step) {
                plan.forgotten.append(.init(child: child, signal: step.childReply))
                if journal.children[child] != .live { plan.retired.append(step) }
            } else if let end = childEnd(of: key), !keys.contains(key.childStart) {
                let answer = SurgeryPlan.ChildAnswer(child: end.run, signal: key.childReply)
                plan.forgotten.append(answer)
                if journal.children[end.run] != .live { plan.answered.append(answer) }
            } else if let name = key.awaitedSignal, key != chosen, let payload = journal[key]?.output,
                payload != .null
            {
                plan.signals.append(.init(name: name, turn: key.item, payload: payload))
            }
        }
        plan.note = "\(plan.setAside.count) records are set aside; it goes on from \(chosen)"
        return plan
    }

    // MARK: Fork

    /// The steps that a fork which begins at `chosen` takes along; none where it begins at the top.
    func fork(from chosen: StepKey?) throws(OperationError) -> [StepKey] {
        guard let chosen else { return [] }
        let start = journal.child(of: chosen) == nil ? chosen : chosen.childStart
        guard let first = journal[start] else { throw .noSuchStep(journal.run, chosen) }
        let before = journal.steps.filter {
            $0.endedAt < first.endedAt && !$0.key.isUndo && !$0.key.isDeadline
        }
        let undone = undoneSteps
        if let step = before.first(where: { undone.contains($0.key) }) {
            throw .inTheWay("\(step.key) was undone; fork from it or from a step before it")
        }
        let kept = Set(before.map(\.key))
        // A child answers the run that started it, so a fork starts its own where the answer is missing.
        return before.map(\.key).filter { $0.startedStep.map { kept.contains($0) } ?? true }
    }

    // MARK: Skip

    /// Takes what stands in the way of a given result for `chosen`.
    func skip(_ chosen: StepKey, now: Date) throws(OperationError) -> SurgeryPlan {
        var plan = SurgeryPlan()
        if !chosen.isUndo { try refuseUndone(in: journal.steps) }
        plan.isUndoing = journal.steps.contains { $0.key.isUndo }
        guard let record = journal[chosen] else { return plan }
        let isPending = chosen.isSleep && record.deadline.map { $0 > now } ?? false
        guard record.hasFailed || isPending || childEnd(of: chosen)?.failure != nil else {
            throw .inTheWay("\(chosen) has a result already; `rerun` sets it aside")
        }
        plan.setAside = [chosen]
        return plan
    }

    // MARK: Reading the journal

    private var undoneSteps: Set<StepKey> {
        Set(journal.steps.filter { !$0.hasFailed }.compactMap { $0.key.undoneStep })
    }

    private func refuseUndone(in steps: [RecordedStep]) throws(OperationError) {
        let undone = undoneSteps
        let names = steps.map(\.key).filter { undone.contains($0) }
        guard let first = names.first else { return }
        throw .inTheWay(
            "it undid \(Self.list(names.map(\.description))) and cannot go on as if that still held; "
                + "`fork` it from \(first), which does everything from there anew")
    }

    private func childEnd(of step: StepKey) -> ChildEnd? {
        guard journal.child(of: step) != nil, let payload = journal[step]?.output else { return nil }
        // Not an end of a child: then the step is nothing of that kind.
        return try? payload.decode(ChildEnd.self, .step)
    }

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}

extension RecordedStep {
    /// The instant of a sleep or a deadline, which is recorded in milliseconds.
    var deadline: Date? {
        output.flatMap { Int64($0.text) }.map { Date(timeIntervalSince1970: Double($0) / 1000) }
    }
}

extension FailureRecord {
    /// Whether both tell of the same failure; an owner may have been named since, or a saga's leftovers
    /// added.
    func isSame(as other: FailureRecord?) -> Bool {
        guard let other else { return false }
        return code == other.code && step == other.step && other.message.hasPrefix(message)
    }
}
