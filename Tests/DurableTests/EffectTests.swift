import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing

@Suite("Effects that must not happen twice")
struct EffectTests {
    let vendor = Vendor()

    /// A vendor without idempotency keys: every call has its effect, and may then lose its answer.
    final class Vendor: Sendable {
        private let state = Mutex<(effects: [String], lookUps: Int, loseAnswers: Int)>(([], 0, 0))

        var effects: [String] { state.withLock { $0.effects } }
        var lookUps: Int { state.withLock { $0.lookUps } }
        func loseAnswers(_ count: Int) { state.withLock { $0.loseAnswers = count } }

        func charge(_ reference: String) throws -> String {
            let isLost = state.withLock { state in
                state.effects.append(reference)
                state.loseAnswers -= 1
                return state.loseAnswers >= 0
            }
            if isLost { throw Trouble(.transient(), code: "timeout") }
            return reference
        }

        func find(_ reference: String) -> String? {
            state.withLock { state in
                state.lookUps += 1
                return state.effects.first { $0 == reference }
            }
        }
    }

    func charge(
        retry: RetryPolicy = .standard,
        lookUp: @Sendable @escaping (Vendor, String) throws -> LookedUp<String> = { .init($0.find($1)) },
        then next: @Sendable @escaping (Flow<Sample>) async throws -> Void = { _ in }
    ) -> Sample {
        Sample { [vendor] _, flow in
            let charge = try await flow.effect(.one, retry: retry, inDoubt: "finance") { attempt in
                try lookUp(vendor, attempt.key)
            } act: { attempt in
                try vendor.charge(attempt.key)
            } undo: { _, _ in
                _ = try vendor.charge("refund")
            }
            try await next(flow)
            return charge
        }
    }

    func outcome(of workflow: Sample, seenAs: @escaping @Sendable (any Journal) -> any Journal = { $0 })
        async throws -> Outcome?
    {
        var registry = WorkflowRegistry()
        registry.register(workflow)
        let fleet = TestFleet(registry, seenAs: seenAs)
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle()
        return fleet.journal.outcome(of: run)
    }

    @Test("the first attempt does not look, and one after a lost answer finds what it did")
    func lostAnswer() async throws {
        vendor.loseAnswers(1)

        let outcome = try await outcome(of: charge())

        guard case .succeeded = outcome else { throw Trouble(.permanent) }
        #expect(vendor.effects.count == 1)
        #expect(vendor.lookUps == 1)
    }

    @Test("killed anywhere it happens once, although the vendor knows no keys", arguments: [false, true])
    func crashes(fails: Bool) async throws {
        let survived = try await CrashRunner.survive([.before, .after, .twice]) { crash in
            let test = EffectTests()
            let outcome = try await test.outcome(
                of: test.charge(then: { flow in
                    if fails { _ = try await flow.step(.two) { _ -> Int in throw Trouble(.permanent) } }
                }), seenAs: crash)
            return ["\(test.vendor.effects.count(where: { $0 != "refund" }))", outcome?.word ?? "none"]
        }
        #expect(survived >= 9)
    }

    @Test("what cannot be looked up is put before its owner, and not repeated")
    func unknowable() async throws {
        vendor.loseAnswers(1)

        let outcome = try await outcome(
            of: charge(lookUp: { _, _ in .unknowable("the vendor has no search") }))

        guard case .needsAttention(let failure) = outcome else {
            Issue.record("the run ended as \(String(describing: outcome))")
            return
        }
        #expect(failure.owner == "finance")
        #expect(failure.code == "effect_unknowable")
        #expect(failure.message == "the vendor has no search")
        #expect(failure.step == "one")
        #expect(vendor.effects.count == 1)
    }

    @Test("giving up without an answer asks for attention, too")
    func givesUp() async throws {
        vendor.loseAnswers(10)

        let outcome = try await outcome(
            of: charge(retry: RetryPolicy(attempts: 3), lookUp: { _, _ in throw Trouble(.transient()) }))

        guard case .needsAttention(let failure) = outcome else {
            Issue.record("the run ended as \(String(describing: outcome))")
            return
        }
        #expect(failure.owner == "finance")
        #expect(failure.message.contains("not known whether"))
        #expect(vendor.effects.count == 1)
    }

    @Test("a clear refusal is a failure like any other")
    func refused() async throws {
        var registry = WorkflowRegistry()
        registry.register(
            Sample { _, flow in
                try await flow.effect(.one) { _ in
                    .absent
                } act: { _ -> String in
                    throw Trouble(.permanent, code: "declined")
                }
            })
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Sample.self, 1)

        try await fleet.settle()

        guard case .failed(let failure) = fleet.journal.outcome(of: run) else { throw Trouble(.permanent) }
        #expect(failure.code == "declined")
    }

    @Test(
        "a run cancelled while an effect is in doubt finds out, and undoes what it finds",
        arguments: [true, false])
    func cancelledInDoubt(happened: Bool) async throws {
        vendor.loseAnswers(1)
        var registry = WorkflowRegistry()
        registry.register(
            charge(
                lookUp: { vendor, key in happened ? .init(vendor.find(key)) : .absent },
                then: { flow in try await flow.sleep(for: .seconds(1)) }))
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Sample.self, 1)
        try await fleet.settle(turningClock: false)

        fleet.journal.cancel(run, reason: "changed their mind")
        try await fleet.settle()

        #expect(fleet.journal.outcome(of: run) == .cancelled(reason: "changed their mind"))
        #expect(vendor.effects.count { $0 == "refund" } == (happened ? 1 : 0))
        #expect(vendor.effects.count { $0 != "refund" } == 1)
    }

    @Test("an announced step that nobody brought to its end is named as a leftover")
    func leftover() async throws {
        var registry = WorkflowRegistry()
        registry.register(
            Sample { input, flow in
                if input == 1 {
                    _ = try await flow.step(.one, retry: RetryPolicy(attempts: 5)) { attempt -> Int in
                        try await attempt.announce()
                        throw Trouble(.transient())
                    }
                }
                return ""
            })
        let fleet = TestFleet(registry)
        let run = try fleet.journal.start(Sample.self, 1)
        let claimed = try #require(fleet.journal.claim(run))
        _ = try await fleet.journal.commit(.intent(StepKey("three"), attempt: 1), under: claimed.lease)
        fleet.journal.takeOver(run)

        try await fleet.settle()

        guard case .needsAttention(let failure) = fleet.journal.outcome(of: run) else {
            Issue.record("the run ended as \(String(describing: fleet.journal.outcome(of: run)))")
            return
        }
        #expect(failure.message.contains("three: whether its effect happened is not known"))
        #expect(!failure.message.contains("one:"))
        #expect(failure.owner == .operator)
    }
}

extension Outcome {
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .needsAttention(let failure): "needs attention: \(failure.message)"
        }
    }
}
