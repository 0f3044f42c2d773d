// The workflows a process can run, by stored name. Types are erased here and nowhere else.

import FoundationEssentials

/// How one stay of a run in a worker ended.
public enum Departure: String, Sendable, CaseIterable {
    case finished
    case suspended
    /// It waited for something that had come already: it is ready again.
    case ready
    case released
    /// It is someone else's now.
    case lost
}

/// One workflow with its dependencies, ready to run any of its runs.
public struct RegisteredWorkflow: Sendable {
    public let name: WorkflowName
    public let versions: ClosedRange<Int>
    public let execute: @Sendable (RunSession) async -> Departure
    /// The stored names of its steps.
    let steps: Set<String>

    init<W: Workflow>(_ workflow: W) {
        steps = Set(W.Step.allCases.map(\.rawValue))
        name = W.name
        versions = W.supportedVersions
        execute = { await RunExecution(workflow: workflow, session: $0).run() }
    }
}

/// The workflows of a process.
public struct WorkflowRegistry: Sendable {
    private var workflows: [WorkflowName: RegisteredWorkflow] = [:]

    public init() {}

    public mutating func register<W: Workflow>(_ workflow: W) {
        precondition(workflows[W.name] == nil, "the workflow \(W.name) is registered twice")
        workflows[W.name] = RegisteredWorkflow(workflow)
    }

    public var names: [WorkflowName] { workflows.keys.sorted { $0.rawValue < $1.rawValue } }

    /// The versions that can be run, in the order of `names`.
    public var versions: [ClosedRange<Int>] { names.map { workflows[$0]?.versions ?? 1...1 } }

    /// The versions of one workflow, or nil where its name is not known.
    func versions(of name: WorkflowName) -> ClosedRange<Int>? { workflows[name]?.versions }

    /// The workflow for a run, or nil where this code does not know its name or version.
    public func workflow(_ name: WorkflowName, version: Int) -> RegisteredWorkflow? {
        guard let workflow = workflows[name], workflow.versions.contains(version) else { return nil }
        return workflow
    }
}
