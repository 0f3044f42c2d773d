// Whether this code can carry on a run that other code began. The run's records are replayed through the
// workflow function as after a crash, but over a journal that writes nothing, and every branch stops at its
// first call without a record: no step body runs, no signal is taken. When all branches stand still, every
// record must have been asked for and read. One that was not asked for belongs to a step that was renamed,
// removed, moved behind a step that is new, or whose branch is not taken any more.
//
// A step that was added before a recorded one cannot be told from a rename whose old case still exists, so
// both are reported as `unreached`; the operator knows which it is. A workflow whose code between steps traps
// takes the check down with it: run it in a process of its own.

import FoundationEssentials
import Logging

/// Why a run would not go on as it began.
public struct ReplayFinding: Sendable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// No workflow of this name here.
        case unknownWorkflow = "unknown_workflow"
        /// The workflow is here and does not run this version.
        case unknownVersion = "unknown_version"
        /// The input does not decode as the type that this code expects.
        case input
        /// A recorded result does not decode.
        case output
        /// A step with a record has no case any more.
        case gone
        /// A record that nothing asked for before the first step without one.
        case unreached
    }

    public let kind: Kind
    public let step: StepKey?
    /// What was found and what helps.
    public let message: String
}

/// Replays a run without doing anything.
public enum ReplayCheck {
    /// What would go wrong if `registry` carried on `run`; empty where it fits.
    public static func findings(
        _ run: ClaimedRun, in registry: WorkflowRegistry, logger: Logger
    ) async -> [ReplayFinding] {
        guard let versions = registry.versions(of: run.workflow) else {
            return [
                ReplayFinding(
                    kind: .unknownWorkflow, step: nil,
                    message: "this code has no workflow \(run.workflow); its live runs wait untouched")
            ]
        }
        guard let workflow = registry.workflow(run.workflow, version: run.version) else {
            return [
                ReplayFinding(
                    kind: .unknownVersion, step: nil,
                    message: "this code runs versions \(versions.lowerBound) to \(versions.upperBound) of "
                        + "\(run.workflow), not \(run.version)")
            ]
        }
        var replayed = run
        replayed.signals = []
        let session = RunSession(replayed, in: DurableEnvironment(replayingWith: logger))
        _ = await workflow.execute(session)
        let (unreadable, unvisited, seal) = session.withState { ($0.unreadable, $0.unvisited, $0.seal) }
        let unread = unreadable.map { key, why in
            ReplayFinding(
                kind: key == nil && run.steps.count == unvisited.count ? .input : .output, step: key,
                message: why)
        }
        // A record that does not decode ends the pass there, so what lies behind it was not looked at.
        guard unread.isEmpty, seal != .lost else { return unread.sorted { $0.message < $1.message } }
        // A deadline is asked for by its wait, which tells of itself.
        return unvisited.filter { !$0.isDeadline }.sorted { $0.description < $1.description }.map {
            finding($0, knowing: workflow.steps)
        }
    }

    private static func finding(_ key: StepKey, knowing steps: Set<String>) -> ReplayFinding {
        let name = key.engineMade == .forStep ? String(key.name.drop { $0 != ":" }.dropFirst()) : key.name
        if key.engineMade == .ofItself || steps.contains(name) {
            return ReplayFinding(
                kind: .unreached, step: key,
                message: "\(key) has a result, and nothing asks for it before the first step without one: "
                    + "a step was added before it, renamed, or its path is not taken any more")
        }
        return ReplayFinding(
            kind: .gone, step: key,
            message: "\(key) has a result, and this code has no step \(name): it was renamed or removed, and "
                + "under another name it would run again")
    }
}

extension StepKey {
    fileprivate enum EngineMade { case no, forStep, ofItself }

    /// Whether the engine made up the name: around a step's own name, or altogether.
    fileprivate var engineMade: EngineMade {
        if name == "now" { return .ofItself }
        guard let colon = name.firstIndex(of: ":") else { return .no }
        switch name[..<colon] {
        case "start", "undo", "cancel": return .forStep
        default: return .ofItself
        }
    }

    private static let deadlinePrefix = "deadline:"
    /// Where the deadline of a wait is recorded.
    var deadline: StepKey { StepKey(Self.deadlinePrefix + name, item: item) }
    fileprivate var isDeadline: Bool { name.hasPrefix(Self.deadlinePrefix) }
}

extension DurableEnvironment {
    fileprivate init(replayingWith logger: Logger) {
        journal = ReplayJournal()
        clock = SystemClock()
        self.logger = logger
        jitter = { 0 }
        mayAct = { true }
        inPlacePause = .zero
        isReplayOnly = true
    }
}

/// Takes what a pass says when it leaves and refuses everything that would do something.
private struct ReplayJournal: Journal {
    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict {
        switch entry {
        case .progress, .suspend, .finish, .release, .detail: return .committed
        case .step, .attempt, .intent, .child, .cancelChild: throw .leaseLost
        }
    }
}

extension RunSession {
    /// In a check, parks a branch at its first call without a record for good.
    func stopReplayCheck(at key: StepKey) async throws {
        guard environment.isReplayOnly else { return }
        try await park(
            WaitCondition(
                wakeAt: nil, signals: [], reason: WaitReason(kind: .timer, step: key.description)))
    }

    /// Remembers a record that does not decode, even if the body swallows the error.
    func noting<Output>(_ key: StepKey, _ read: () throws -> Output) throws -> Output {
        do {
            return try read()
        } catch {
            withState { $0.note(error, at: key) }
            throw error
        }
    }
}
