import Durable
import Foundation
import Synchronization

/// What a sample workflow did outside, in order.
final class Outside: Sendable {
    private struct Calls {
        var all: [String] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

        mutating func takeSatisfied() -> [CheckedContinuation<Void, Never>] {
            let satisfied = watchers.filter { $0.count <= all.count }
            watchers.removeAll { $0.count <= all.count }
            return satisfied.map(\.continuation)
        }
    }

    private let calls = Mutex(Calls())
    private let effects = Mutex<[String: String]>([:])

    func call(_ what: String) {
        let satisfied = calls.withLock { calls in
            calls.all.append(what)
            return calls.takeSatisfied()
        }
        for watcher in satisfied { watcher.resume() }
    }

    /// Returns as soon as there were at least `count` calls.
    func calls(atLeast count: Int) async {
        await withCheckedContinuation { continuation in
            let satisfied = calls.withLock { calls in
                calls.watchers.append((count, continuation))
                return calls.takeSatisfied()
            }
            for watcher in satisfied { watcher.resume() }
        }
    }

    /// An idempotent vendor: the first call with a key has the effect.
    func effect(_ what: String, key: String) {
        call(what)
        effects.withLock { $0[key] = $0[key] ?? what }
    }

    var all: [String] { calls.withLock { $0.all } }
    var distinct: [String] { effects.withLock { $0.values.sorted() } }
    func count(_ what: String) -> Int { all.count { $0 == what } }
}

struct Trouble: Classified, Equatable {
    let disposition: Disposition
    let code: String
    init(_ disposition: Disposition, code: String = "trouble") {
        self.disposition = disposition
        self.code = code
    }
}

/// A workflow made of a closure, so that each test shows its own body.
struct Sample: Workflow {
    static let name: WorkflowName = "sample"
    static let version = 2
    enum Step: String, WorkflowStep { case one, two, three, four, item, nested }
    let body: @Sendable (Int, Flow<Sample>) async throws -> String

    func run(_ input: Int, _ flow: Flow<Sample>) async throws -> String { try await body(input, flow) }
}

struct Doubling: Workflow {
    static let name: WorkflowName = "doubling"
    enum Step: String, WorkflowStep { case double }
    let outside: Outside

    func run(_ input: Int, _ flow: Flow<Doubling>) async throws -> Int {
        try await flow.sleep(for: .seconds(60))
        return try await flow.step(.double) { attempt in
            if input < 0 { throw Trouble(.permanent, code: "negative") }
            outside.effect("double \(input)", key: attempt.key)
            return input * 2
        }
    }
}

extension Signal where Payload == Int {
    static let paid: Signal<Int> = "paid"
}
