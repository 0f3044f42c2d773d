import Durable
import Foundation
import Testing

@testable import Fleet

@Suite("Why a run stands where it stands")
struct WhyTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let words: [String]
        let evidence: RunEvidence

        init(_ words: String..., status: RunStatus, _ change: (inout RunEvidence) -> Void = { _ in }) {
            var evidence = RunEvidence(
                status: status, workflow: "checkout", version: 3, queue: "default", now: WhyTests.now)
            change(&evidence)
            self.words = words
            self.evidence = evidence
            description = words.joined(separator: " / ")
        }
    }

    static let cases: [Case] = [
        Case("no live worker takes queue default", status: .pending) { $0.queueHasWorker = false },
        Case("no live worker knows checkout version 3", status: .pending) { $0.workflowHasWorker = false },
        Case("Redis does not answer", status: .pending) { $0.redisAnswers = false },
        Case("being rebuilt", status: .pending) { $0.redisIsWhole = false },
        Case("free slot", "41 ready runs", status: .pending) { $0.readyAhead = 41 },
        Case("worker is gone", status: .running),
        Case("silent past its lease", status: .running) {
            $0.worker = "host:1"
            $0.leaseUntil = now.addingTimeInterval(-1)
        },
        Case("host:1 runs it.", status: .running) {
            $0.worker = "host:1"
            $0.leaseUntil = now.addingTimeInterval(5)
        },
        Case("draining", status: .running) {
            $0.worker = "host:1"
            $0.leaseUntil = now.addingTimeInterval(5)
            $0.isDraining = true
        },
        Case("sleeps in grace until 2027", status: .waiting) {
            $0.wait = WaitReason(kind: .timer, step: "grace")
            $0.wakeAt = now.addingTimeInterval(60)
        },
        Case("waits for the signal payment until", status: .waiting) {
            $0.wait = WaitReason(kind: .signal, step: "payment")
            $0.waitingFor = ["payment"]
            $0.wakeAt = now.addingTimeInterval(60)
        },
        Case("waits for its child forward", status: .waiting) {
            $0.wait = WaitReason(kind: .child, step: "forward")
        },
        Case("attempt 4 comes at", status: .waiting) {
            $0.wait = WaitReason(kind: .retry, step: "refund", attempt: 4, error: "503")
            $0.wakeAt = now.addingTimeInterval(60)
        },
        Case("put off by its other side", status: .waiting) {
            $0.wait = WaitReason(kind: .deferral, step: "invoice", error: "blocked")
        },
        Case("succeeded", status: .succeeded),
        Case("failed in step refund", "no_card", status: .failed) {
            $0.failure = FailureRecord(code: "no_card", message: "declined", step: "refund")
        },
        Case("cancelled", status: .cancelled),
        Case("needs a person", status: .needsAttention),
        Case("poisoned", status: .poisoned),
    ]

    @Test("every state has its sentence", arguments: cases)
    func sentence(_ example: Case) {
        let text = example.evidence.explanation.sentence

        for words in example.words { #expect(text.contains(words)) }
    }

    @Test("random states never answer unknown", arguments: (0..<200).map { UInt64($0) })
    func random(seed: UInt64) {
        var random = Seeded(state: seed)
        func coin() -> Bool { random.next() % 2 == 0 }
        var evidence = RunEvidence(
            status: RunStatus.allCases.randomElement(using: &random) ?? .pending, workflow: "w", version: 1,
            queue: "q", now: Self.now)
        evidence.queueHasWorker = coin()
        evidence.workflowHasWorker = coin()
        evidence.redisAnswers = coin()
        evidence.redisIsWhole = coin()
        evidence.worker = coin() ? "host:1" : nil
        evidence.leaseUntil = coin() ? Self.now.addingTimeInterval(coin() ? 1 : -1) : nil
        evidence.wakeAt = coin() ? Self.now.addingTimeInterval(coin() ? 1 : -1) : nil
        let kinds: [WaitReason.Kind] = [.timer, .signal, .child, .retry, .deferral]
        evidence.wait =
            coin() ? kinds.randomElement(using: &random).map { WaitReason(kind: $0, step: "s") } : nil

        let text = evidence.explanation.sentence

        #expect(!text.lowercased().contains("unknown"), "seed \(seed)")
        #expect(text.hasSuffix(".") && text.count > 8, "seed \(seed): \(text)")
    }

    struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 16
        }
    }
}
