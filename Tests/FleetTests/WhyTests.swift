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
        Case("no live worker knows checkout", status: .pending) { $0.workflowHasWorker = false },
        Case("no live worker runs version 3 of checkout", status: .pending) { $0.versionHasWorker = false },
        Case(
            "queue default is paused since 2027", "by anca", "reason: vendor down",
            "workflow checkout is paused",
            status: .pending
        ) {
            $0.standing = Standing(
                pauses: [
                    Pause(subject: .queue("default"), since: now, actor: "anca", reason: "vendor down"),
                    Pause(subject: .workflow("checkout"), since: now, actor: "ion", reason: "bug"),
                ], fullCaps: [])
        },
        Case("tenant acme is paused", status: .pending) {
            $0.standing = Standing(
                pauses: [Pause(subject: .tenant("acme"), since: now, actor: "anca", reason: "unpaid")],
                fullCaps: [])
        },
        Case(
            "tenant acme has as many runs under way as it may: 2", "\(capped[0]), \(capped[1])",
            status: .pending
        ) {
            $0.standing = Standing(
                pauses: [], fullCaps: [FullCap(subject: .tenant("acme"), cap: 2, runs: capped)])
        },
        Case("workflow checkout has as many runs under way as it may", status: .pending) {
            $0.standing = Standing(
                pauses: [], fullCaps: [FullCap(subject: .workflow("checkout"), cap: 2, runs: capped)])
        },
        Case("being reconciled", status: .pending) { $0.readyFor = .seconds(4) },
        Case("being cancelled: fraud", status: .pending) { $0.cancelReason = "fraud" },
        Case("Redis does not answer", status: .pending) { $0.redisAnswers = false },
        Case("being rebuilt", status: .pending) { $0.redisIsWhole = false },
        Case("free slot", "41 ready runs", status: .pending) { $0.readyAhead = 41 },
        Case("worker is gone", status: .running),
        Case("silent past its lease", status: .running) {
            $0.worker = "host:1"
            $0.leaseUntil = now.addingTimeInterval(-1)
        },
        Case("host:1 runs it and was asked to stop", "being cancelled: fraud", status: .running) {
            $0.worker = "host:1"
            $0.leaseUntil = now.addingTimeInterval(5)
            $0.cancelReason = "fraud"
        },
        Case("host:1 runs it.", "lease until 2027", status: .running) {
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
        Case("waits for its child forward", "42 pay is running", status: .waiting) {
            $0.wait = WaitReason(kind: .child, step: "forward")
            $0.children = ["42 pay is running"]
        },
        Case("its time has come", status: .waiting) {
            $0.wait = WaitReason(kind: .timer, step: "grace")
            $0.wakeAt = now.addingTimeInterval(-1)
        },
        Case("sleeps until 2027", status: .waiting) { $0.wakeAt = now.addingTimeInterval(60) },
        deferral("rate limit, which refills at 2027", "used up", .rateLimit),
        deferral("vendor asked for a pause until 2027", "asked for a pause", .parked),
        deferral("breaker is open since 2027", "tried again at 2027", .breakerOpen),
        deferral("Redis, which keeps the rate limits, is away", "costs no attempt", .unknown),
        Case("attempt 4 comes at", "last error: 503", status: .waiting) {
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
        Case("needs a person (finance)", "cause", status: .needsAttention) {
            $0.failure = FailureRecord(code: "ambiguous", message: "charged?", step: "pay", owner: "finance")
        },
        Case("poisoned", status: .poisoned),
    ]

    static let capped = [RunID(now: now), RunID(now: now)]

    static func deferral(_ words: String, _ more: String, _ reason: LimitRefusal.Reason) -> Case {
        Case(words, more, status: .waiting) {
            let refusal = LimitRefusal(
                key: LimitKey("bigbuy:7", "orders"), reason: reason, until: now.addingTimeInterval(60))
            $0.wait = WaitReason(kind: .deferral, step: "order", error: refusal.description)
            $0.lastAttempt = FailureRecord(refusal, step: StepKey("order"))
            $0.wakeAt = refusal.until
            if reason == .breakerOpen { $0.breakerOpenSince = now }
        }
    }

    @Test("every state has its sentence and its evidence", arguments: cases)
    func sentence(_ example: Case) {
        let explanation = example.evidence.explanation
        let text = ([explanation.sentence] + explanation.evidence).joined(separator: "\n")

        for words in example.words { #expect(text.contains(words), "\(text)") }
    }

    @Test("the account of an open breaker is read from its refusal")
    func breakerAccount() {
        let refusal = LimitRefusal(key: LimitKey("bigbuy:7", "orders"), reason: .breakerOpen, until: Self.now)

        #expect(LimitRefusal.account(in: refusal.description) == "bigbuy:7")
        #expect(LimitRefusal.account(in: "the moon is open") == nil)
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
        evidence.versionHasWorker = coin()
        evidence.cancelReason = coin() ? "because" : nil
        evidence.readyFor = .seconds(coin() ? 0 : 10)
        evidence.lastAttempt =
            coin() ? FailureRecord(code: coin() ? "limits.limiter_away" : "x", message: "m") : nil
        evidence.standing = Standing(
            pauses: coin()
                ? [Pause(subject: .queue("q"), since: Self.now, actor: "a", reason: "r")] : [],
            fullCaps: coin() ? [FullCap(subject: .tenant("t"), cap: 1, runs: [])] : [])
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
