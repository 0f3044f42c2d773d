import Durable
import Foundation
import Postgres

/// A step as it stands in a run's journal.
struct RecordedStep: Sendable, Hashable {
    let record: StepRecord
    let endedAt: Date

    var key: StepKey { record.key }
    var hasFailed: Bool { failure != nil }

    var failure: FailureRecord? {
        if case .failure(let failure) = record.result { failure } else { nil }
    }

    var output: Payload? {
        if case .output(let payload) = record.result { payload } else { nil }
    }
}

/// Where a child stands when its parent is operated on.
enum ChildState: Sendable, Hashable {
    case live
    case ended(RunStatus)
    /// Dropped with its week.
    case forgotten
}

/// A run's journal as an operator's verb needs it: the steps in the order of their ends, and what became of
/// the children.
struct RecordedJournal: Sendable {
    let run: RunID
    /// In the order in which they ended.
    let steps: [RecordedStep]
    let children: [RunID: ChildState]

    init(run: RunID, steps: [RecordedStep], children: [RunID: ChildState] = [:]) {
        self.run = run
        self.steps = steps.sorted { ($0.endedAt, $0.key.description) < ($1.endedAt, $1.key.description) }
        self.children = children
    }

    subscript(key: StepKey) -> RecordedStep? { steps.first { $0.key == key } }

    /// The child that was started for this step, where the step is one of `Flow.child`.
    func child(of key: StepKey) -> RunID? {
        guard let payload = self[key.childStart]?.output else { return nil }
        // Any other shape is not a child's id, so the step is no child step.
        return try? payload.decode(RunID.self, .step)
    }

    static func read(_ subject: SubjectRun, in tx: PostgresTransaction) async throws -> RecordedJournal {
        let run = subject.id
        let rows = try await tx.pipeline([
            OperationStatements.steps(of: run), OperationStatements.children(of: run),
        ])
        let steps = try rows[0].rows.map { row in
            let key = StepKey(try row.decode(0, as: String.self), item: try row.decode(1, as: String.self))
            let stored = try StepRecord(row, key: key, from: 2)
            let record = try subject.cipher?.opened(stored, of: run) ?? stored
            return RecordedStep(record: record, endedAt: try row.decode(6, as: Date.self))
        }
        var children: [RunID: ChildState] = [:]
        for row in rows[1].rows {
            let status = RunStatus(rawValue: try row.decode(1, as: String.self)) ?? .pending
            children[RunID(rawValue: try row.decode(0, as: UUID.self))] =
                status.isEnd ? .ended(status) : .live
        }
        return RecordedJournal(run: run, steps: steps, children: children)
    }
}

/// How the engine names the records that belong to a step beside its own.
extension StepKey {
    private static let startPrefix = "start:"
    private static let undoPrefix = "undo:"
    private static let cancelPrefix = "cancel:"
    private static let deadlinePrefix = "deadline:"
    private static let waitPrefix = "wait:"
    private static let sleepPrefix = "sleep:"

    var childStart: StepKey { StepKey(Self.startPrefix + name, item: item) }
    var deadline: StepKey { StepKey(Self.deadlinePrefix + name, item: item) }
    /// Written on the way back: something was undone, or a child was told to stop.
    var isUndo: Bool { undoneStep != nil }
    var isDeadline: Bool { name.hasPrefix(Self.deadlinePrefix) }
    var isSleep: Bool { name.hasPrefix(Self.sleepPrefix) }

    /// The step whose child this record started.
    var startedStep: StepKey? { without(Self.startPrefix) }
    /// The step that this record undid.
    var undoneStep: StepKey? { without(Self.undoPrefix) ?? without(Self.cancelPrefix) }
    /// The signal that this record took.
    var awaitedSignal: String? { without(Self.waitPrefix)?.name }
    /// The signal by which the child of this step answers.
    var childReply: String { "child:\(name):\(item)" }

    private func without(_ prefix: String) -> StepKey? {
        name.hasPrefix(prefix) ? StepKey(String(name.dropFirst(prefix.count)), item: item) : nil
    }
}
