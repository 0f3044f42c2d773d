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

    /// What is wrong with a value, and the code that says so.
    static let faults: [(value: String, code: String)] = [
        (String(repeating: "x", count: 1 << 21), "payload_too_large"), ("a\u{0}b", "payload_contains_nul"),
    ]

    @Test("every payload over its bound is refused by name, and fails its own step alone", arguments: 0..<2)
    func everyRole(fault: Int) async throws {
        let (value, code) = Self.faults[fault]
        let codes = Outside()
        var registry = WorkflowRegistry()
        registry.register(Telling(value: value, codes: codes))
        let fleet = TestFleet(registry)
        #expect(throws: PayloadError.self) { try fleet.journal.start(Telling.self, value) }
        let run = try fleet.journal.start(Telling.self, "")
        #expect(throws: PayloadError.self) {
            try fleet.journal.send(Signal<String>("s"), value, to: run, once: "k")
        }

        try await fleet.settle()

        #expect(
            codes.all == ["step: \(code)", "progress: \(code)", "detail: \(code)", "child: \(code)"])
        guard case .failed(let failure) = fleet.journal.outcome(of: run) else { throw Trouble(.permanent) }
        #expect(failure.code == code)
        #expect(failure.message.contains("output"))
    }

    @Test(
        "every role's limit is a number in its message",
        arguments: [
            (PayloadRole.input, 1 << 20), (.output, 1 << 20), (.step, 262_144), (.signal, 262_144),
            (.progress, 16_384), (.detail, 16_384),
        ])
    func limits(role: PayloadRole, limit: Int) {
        let fits = Payload(json: [UInt8](repeating: UInt8(ascii: "1"), count: limit))
        let over = Payload(json: fits.bytes + [UInt8(ascii: "1")])

        #expect(throws: Never.self) { try fits.check(role) }
        #expect(throws: PayloadError.tooLarge(role, bytes: limit + 1)) { try over.check(role) }
        #expect(PayloadError.tooLarge(role, bytes: limit + 1).description.contains("\(limit)"))
        #expect(PayloadError.tooDeep(role).description.contains("\(Payload.depthLimit)"))
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

/// Tries to keep a value in every place that can hold one, and goes on.
private struct Telling: Workflow {
    static let name: WorkflowName = "telling"
    enum Step: String, WorkflowStep { case one, two, three }
    typealias Progress = String
    let value: String
    let codes: Outside

    func run(_ input: String, _ flow: Flow<Telling>) async throws -> String {
        await tell("step") { try await flow.step(.one) { [value] _ in value } }
        await tell("progress") { try await flow.progress(value) }
        await tell("detail") {
            try await flow.step(.two) { [value] attempt in
                try await attempt.heartbeat(value)
                return 1
            }
        }
        await tell("child") { try await flow.child(.three, Telling.self, value) }
        return value
    }

    private func tell(_ place: String, _ body: () async throws -> some Sendable) async {
        do { _ = try await body() } catch {
            codes.call("\(place): \((error as? any Classified)?.code ?? "\(error)")")
        }
    }
}
