import Durable
import DurableTesting
import Foundation
import Testing

@Suite("Bounds")
struct BoundsTests {
    func failure(_ body: @escaping @Sendable (Int, Flow<Sample>) async throws -> String) async throws
        -> FailureRecord?
    {
        var registry = WorkflowRegistry()
        registry.register(Sample(body: body))
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle()
        guard case .failed(let failure) = fleet.journal.outcome(of: run) else { return nil }
        return failure
    }

    @Test("an oversized step result is a clear permanent error that names the limit")
    func oversized() async throws {
        let failure = try await failure { _, flow in
            try await flow.step(.one) { _ in String(repeating: "x", count: 300_000) }
        }

        #expect(failure?.code == "payload_too_large")
        #expect(failure?.message.contains("262144") == true)
        #expect(failure?.step == "one")
    }

    @Test(
        "payloads that Postgres would refuse are refused first",
        arguments: [
            ("a\u{0}b", "payload_contains_nul"),
            (String(repeating: "[", count: 300), nil),
        ] as [(String, String?)])
    func hostile(text: String, code: String?) async throws {
        let failure = try await failure { _, flow in try await flow.step(.one) { _ in text } }

        #expect(failure?.code == code)
    }

    @Test("a bottomless nesting is refused")
    func deep() {
        let deep = Payload(json: String(repeating: "[", count: 300) + String(repeating: "]", count: 300))
        #expect(throws: PayloadError.tooDeep(.step)) { try deep.check(.step) }
        #expect(throws: Never.self) { try Payload(json: #"{"a":"[[[\\u0000"}"#).check(.step) }
    }

    @Test("an oversized input is refused before anything is written")
    func input() throws {
        let journal = InMemoryJournal(clock: ManualClock())
        struct Wide: Workflow {
            static let name: WorkflowName = "wide"
            enum Step: String, WorkflowStep { case one }
            func run(_ input: String, _ flow: Flow<Wide>) async throws -> Nothing { Nothing() }
        }

        #expect(throws: PayloadError.self) {
            try journal.start(Wide.self, String(repeating: "x", count: 1 << 20))
        }
        #expect(journal.runIDs.isEmpty)
    }

    @Test("two live calls with one identity trap")
    func twins() async throws {
        await #expect(processExitsWith: .failure) {
            var registry = WorkflowRegistry()
            registry.register(
                Sample { _, flow in
                    async let one = flow.step(.one) { _ in
                        try await Task.sleep(for: .seconds(1))
                        return 1
                    }
                    async let two = flow.step(.one) { _ in
                        try await Task.sleep(for: .seconds(1))
                        return 2
                    }
                    return try await "\(one + two)"
                })
            let fleet = TestFleet(registry)
            try fleet.journal.start(Sample.self, 1)
            try await fleet.settle()
        }
    }

    @Test("pauses grow to the cap and never go below zero")
    func backoff() {
        let policy = RetryPolicy(attempts: nil, base: .milliseconds(100), factor: 3, cap: .seconds(5))
        var last = Duration.zero
        for failures in 1...40 {
            let ceiling = policy.ceiling(after: failures)
            #expect(ceiling >= last && ceiling <= .seconds(5))
            #expect(policy.pause(after: failures, fraction: 0) == .zero)
            last = ceiling
        }
        #expect(last == .seconds(5))
    }
}
