import Durable
import Foundation

/// Five steps that do nothing, each with a result of 100 bytes as JSON.
struct FiveStepBench: Workflow {
    static let name: WorkflowName = "bench.five_steps"
    enum Step: String, WorkflowStep { case one, two, three, four, five }

    static let result = String(repeating: "r", count: 98)

    func run(_ input: Int, _ flow: Flow<FiveStepBench>) async throws -> Nothing {
        for step in Step.allCases {
            _ = try await flow.step(step) { _ in Self.result }
        }
        return Nothing()
    }
}

/// Ends as soon as it begins.
struct NoStepBench: Workflow {
    static let name: WorkflowName = "bench.no_steps"
    enum Step: String, WorkflowStep { case none }

    func run(_ input: Int, _ flow: Flow<NoStepBench>) async throws -> Nothing { Nothing() }
}

/// Holds its slot for a while without using the processor, as a call to a vendor does.
struct BusyBench: Workflow {
    static let name: WorkflowName = "bench.busy"
    enum Step: String, WorkflowStep { case call }

    static let call: Duration = .milliseconds(20)

    func run(_ input: Int, _ flow: Flow<BusyBench>) async throws -> Nothing {
        try await flow.step(.call) { _ in
            try await Task.sleep(for: Self.call)
            return Nothing()
        }
    }
}

/// Answers by how many nanoseconds it woke later than it should have, on the wall clock that timers go by.
struct WakeProbe: Workflow {
    static let name: WorkflowName = "bench.wake_probe"
    enum Step: String, WorkflowStep { case none }

    func run(_ dueMicroseconds: Int, _ flow: Flow<WakeProbe>) async throws -> Int {
        (Int(Date().timeIntervalSince1970 * 1_000_000) - dueMicroseconds) * 1_000
    }
}

/// Answers how long ago it was enqueued, in nanoseconds. It reads a clock between steps, which no workflow
/// with steps may do; this one has none to replay.
struct StartProbe: Workflow {
    static let name: WorkflowName = "bench.start_probe"
    enum Step: String, WorkflowStep { case none }

    func run(_ enqueuedAt: Int, _ flow: Flow<StartProbe>) async throws -> Int { Self.now - enqueuedAt }

    /// The machine's monotonic clock, the same in all its processes.
    static var now: Int { Int(DispatchTime.now().uptimeNanoseconds) }
}
