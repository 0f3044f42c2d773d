import Durable
import Synchronization

/// Holds a step until the test opens it.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, hasEntered: Bool)>((false, false))

    func open() { state.withLock { $0.isOpen = true } }

    func pass() async throws {
        state.withLock { $0.hasEntered = true }
        while !state.withLock({ $0.isOpen }) { try await Task.sleep(for: .milliseconds(2)) }
    }

    func entered() async {
        while !state.withLock({ $0.hasEntered }) { await Task.yield() }
    }
}

struct Gated: Workflow {
    static let name: WorkflowName = "gated"
    enum Step: String, WorkflowStep { case gate, after }
    let gate: Gate
    let effects: Effects

    func run(_ input: Int, _ flow: Flow<Gated>) async throws -> Int {
        let first = try await flow.step(.gate) { _ in
            try await gate.pass()
            return input
        }
        return try await flow.step(.after) { attempt in
            effects.happen(attempt.key)
            return first + 1
        }
    }
}
