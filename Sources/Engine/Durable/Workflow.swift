// What an author writes. A workflow is a struct whose dependencies are stored properties; its steps are cases
// of a nested enum whose raw values are stored. Between flow calls there is only pure code: the function is
// run again from the top after every wait and every crash, and the recorded steps answer at once.

/// A durable function: typed input, typed steps, typed output.
public protocol Workflow: Sendable {
    associatedtype Input: Codable & Sendable
    associatedtype Output: Codable & Sendable
    associatedtype Step: WorkflowStep
    /// What pages show while it runs; see `Flow.progress`.
    associatedtype Progress: Codable & Sendable = Nothing

    /// The stored name. Never change it while runs of it are alive.
    static var name: WorkflowName { get }
    /// The version that new runs start with. A run keeps its own for life.
    static var version: Int { get }
    /// The versions this code can still run; a run of another version is handed back untouched.
    static var supportedVersions: ClosedRange<Int> { get }

    func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output
}

extension Workflow {
    public static var version: Int { 1 }
    public static var supportedVersions: ClosedRange<Int> { 1...version }
}

/// The steps of one workflow: an enum of strings. A raw value is stored with each result, so it is forever.
public protocol WorkflowStep: RawRepresentable, Hashable, CaseIterable, Sendable where RawValue == String {}

/// The input, output or progress of a workflow that has none.
public struct Nothing: Codable, Sendable, Hashable {
    public init() {}
}
