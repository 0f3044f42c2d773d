// The rules that every journal keeps, as one suite. A journal's tests call `JournalConformance.check` with a
// way to start, claim and signal runs; each rule throws `JournalRuleBroken` with its name where it does not
// hold.

import Durable
import Foundation

/// A journal with the moves around it that a suite needs.
public protocol JournalUnderTest: Sendable {
    func start(once key: String?, at instant: Date?) async throws -> RunID
    func claim(_ run: RunID) async throws -> ClaimedRun?
    func commit(_ entry: JournalEntry, under run: ClaimedRun) async throws(JournalFailure) -> CommitVerdict
    func send(_ name: String, _ payload: Payload, to run: RunID, once key: String) async throws -> Bool
    /// What happens to a run whose owner has died.
    func takeOver(_ run: RunID) async throws
    func outcome(of run: RunID) async throws -> Outcome?
    var now: Date { get }
}

public struct JournalRuleBroken: Error, CustomStringConvertible {
    public let rule: String
    public let detail: String
    public var description: String { "\(rule): \(detail)" }
}

/// One rule with its name.
public struct JournalRule: Sendable, CustomStringConvertible {
    public let description: String
    public let check: @Sendable (any JournalUnderTest) async throws -> Void
}

public enum JournalConformance {
    public static let rules: [JournalRule] = coreRules + authorRules

    private static let coreRules: [JournalRule] = [
        JournalRule(description: "a key starts one run") { journal in
            let key = "\(UUID())"
            let first = try await journal.start(once: key, at: nil)
            try expect(
                try await journal.start(once: key, at: nil) == first, "the second start made another run")
        },
        JournalRule(description: "a ready run has one owner") { journal in
            let run = try await journal.start(once: nil, at: nil)
            try expect(try await journal.claim(run) != nil, "not claimable")
            try expect(try await journal.claim(run) == nil, "claimed twice")
        },
        JournalRule(description: "a delayed run is not ready before its time") { journal in
            let run = try await journal.start(once: nil, at: journal.now.addingTimeInterval(3_600))
            try expect(try await journal.claim(run) == nil, "claimed early")
        },
        JournalRule(description: "a recorded step is returned, not replaced") { journal in
            let run = try await claimed(journal)
            try await expect(run, .step(step("a", "1"), consuming: nil), gives: .committed, journal)
            let again = try await journal.commit(.step(step("a", "2"), consuming: nil), under: run)
            guard case .alreadyRecorded(let record) = again, record.result == .output(Payload(json: "1"))
            else {
                throw broken("got \(again)")
            }
        },
        JournalRule(description: "the next owner sees steps, attempts and intents") { journal in
            let run = try await claimed(journal)
            try await expect(run, .step(step("a", "1"), consuming: nil), gives: .committed, journal)
            let failure = FailureRecord(code: "x", message: "y")
            let attempt = AttemptRecord(
                key: StepKey("b", item: "7"), number: 1, counts: true, failure: failure,
                startedAt: journal.now,
                nextAt: journal.now)
            try await expect(run, .attempt(attempt), gives: .committed, journal)
            try await expect(run, .intent(StepKey("c"), attempt: 1), gives: .committed, journal)
            try await journal.takeOver(run.id)
            let next = try await reclaimed(run.id, journal)
            try expect(next.steps.map(\.key) == [StepKey("a")], "steps \(next.steps)")
            try expect(next.attempts.map(\.failure) == [failure], "attempts \(next.attempts)")
            try expect(next.intents == [StepKey("c")], "intents \(next.intents)")
            try expect(next.epoch > run.epoch, "the epoch did not rise")
        },
        JournalRule(description: "nothing of a former owner lands") { journal in
            let old = try await claimed(journal)
            try await journal.takeOver(old.id)
            _ = try await reclaimed(old.id, journal)
            for entry in everyEntry(journal) {
                try await expect(old, entry, gives: .fenced, journal)
            }
            try expect(try await journal.outcome(of: old.id) == nil, "the run was ended by a former owner")
        },
        JournalRule(description: "an ended run takes nothing more") { journal in
            let run = try await claimed(journal)
            try await expect(run, .finish(.succeeded(Payload(json: "1"))), gives: .committed, journal)
            try await expect(run, .step(step("late", "1"), consuming: nil), gives: .fenced, journal)
            try expect(try await journal.claim(run.id) == nil, "an ended run was claimed")
            let outcome = try await journal.outcome(of: run.id)
            try expect(outcome == .succeeded(Payload(json: "1")), "outcome \(String(describing: outcome))")
            try expect(
                try await !journal.send("s", .null, to: run.id, once: "k"), "an ended run took a signal")
        },
        JournalRule(description: "a signal wakes the run that waits for it, once") { journal in
            let run = try await claimed(journal)
            try await expect(run, .suspend(waiting(for: "pay", run, journal)), gives: .committed, journal)
            try expect(try await journal.claim(run.id) == nil, "claimed without a reason")
            try expect(try await journal.send("pay", Payload(json: "5"), to: run.id, once: "k"), "not taken")
            try expect(
                try await !journal.send("pay", Payload(json: "6"), to: run.id, once: "k"), "taken twice")
            let next = try await reclaimed(run.id, journal)
            try expect(next.signals.map(\.payload) == [Payload(json: "5")], "signals \(next.signals)")
            let taken = JournalEntry.step(step("wait", "5"), consuming: next.signals[0].id)
            try await expect(next, taken, gives: .committed, journal)
            try await journal.takeOver(run.id)
            try expect(try await reclaimed(run.id, journal).signals.isEmpty, "a taken signal came again")
        },
        JournalRule(description: "a signal that nobody waits for stays in the mailbox") { journal in
            let run = try await claimed(journal)
            try await expect(run, .suspend(waiting(for: "pay", run, journal)), gives: .committed, journal)
            _ = try await journal.send("other", .null, to: run.id, once: "k")
            try expect(try await journal.claim(run.id) == nil, "woken by a signal it does not wait for")
        },
        JournalRule(description: "a signal between the last look and sleep keeps the run awake") { journal in
            let run = try await claimed(journal)
            _ = try await journal.send("pay", Payload(json: "5"), to: run.id, once: "k")
            try await expect(run, .suspend(waiting(for: "pay", run, journal)), gives: .ready, journal)
            try expect(try await reclaimed(run.id, journal).signals.count == 1, "the signal is lost")
        },
        JournalRule(description: "a run wakes when as much mail has come as it asked for") { journal in
            let run = try await claimed(journal)
            var wait = waiting(for: "none", run, journal)
            (wait.mailSeen, wait.wakeMail) = (.max, run.mailSeen + 3)
            _ = try await journal.send("a", .null, to: run.id, once: "1")
            try await expect(run, .suspend(wait), gives: .committed, journal)
            _ = try await journal.send("b", .null, to: run.id, once: "2")
            try expect(try await journal.claim(run.id) == nil, "woken before there was enough mail")
            _ = try await journal.send("c", .null, to: run.id, once: "3")
            let next = try await reclaimed(run.id, journal)
            try expect(next.signals.count == 3, "signals \(next.signals)")
            (wait.mailSeen, wait.wakeMail) = (.max, next.mailSeen + 1)
            _ = try await journal.send("d", .null, to: run.id, once: "4")
            try await expect(next, .suspend(wait), gives: .ready, journal)
        },
        JournalRule(description: "a deadline is recorded with the wait") { journal in
            let run = try await claimed(journal)
            var suspension = waiting(for: "pay", run, journal)
            suspension.deadlines = [step("deadline", "99")]
            suspension.wakeAt = journal.now.addingTimeInterval(-1)
            try await expect(run, .suspend(suspension), gives: .committed, journal)
            try expect(
                try await reclaimed(run.id, journal).steps.map(\.key) == [StepKey("deadline")], "no deadline")
        },
        JournalRule(description: "a child starts once and its end reaches the parent") { journal in
            let parent = try await claimed(journal)
            let start = ChildStart(
                key: StepKey("child"), workflow: "child", version: 1, input: .null, reply: "child:1")
            guard case .child(let id) = try await journal.commit(.child(start), under: parent) else {
                throw broken("no child")
            }
            try await expect(parent, .child(start), gives: .child(id), journal)
            try await expect(
                parent, .suspend(waiting(for: "child:1", parent, journal)), gives: .committed, journal)
            let child = try await reclaimed(id, journal)
            try await expect(child, .finish(.succeeded(Payload(json: "7"))), gives: .committed, journal)
            let signals = try await reclaimed(parent.id, journal).signals
            let end = try signals.first?.payload.decode(ChildEnd.self, .signal)
            try expect(signals.count == 1 && end?.output == "7", "signals \(signals)")
        },
        JournalRule(description: "a run that is handed back is ready again, under a higher epoch") {
            journal in
            let run = try await claimed(journal)
            try await expect(run, .release(.shutdown), gives: .committed, journal)
            try await expect(run, .step(step("late", "1"), consuming: nil), gives: .fenced, journal)
            try expect(try await reclaimed(run.id, journal).epoch > run.epoch, "the epoch did not rise")
        },
    ]

    // MARK: Pieces

    static func claimed(_ journal: any JournalUnderTest) async throws -> ClaimedRun {
        try await reclaimed(try await journal.start(once: nil, at: nil), journal)
    }

    static func reclaimed(_ id: RunID, _ journal: any JournalUnderTest) async throws -> ClaimedRun {
        guard let run = try await journal.claim(id) else { throw broken("run \(id) is not claimable") }
        return run
    }

    static func step(_ name: String, _ json: String) -> StepRecord {
        StepRecord(
            key: StepKey(name), attempt: 1, result: .output(Payload(json: json)),
            startedAt: Date(timeIntervalSince1970: 1_800_000_000))
    }

    static func waiting(
        for signal: String, _ run: ClaimedRun, _ journal: any JournalUnderTest
    ) -> Suspension {
        Suspension(
            wakeAt: nil, signals: [signal], deadlines: [], mailSeen: run.mailSeen,
            reason: WaitReason(kind: .signal, step: signal))
    }

    static func everyEntry(_ journal: any JournalUnderTest) -> [JournalEntry] {
        let failure = FailureRecord(code: "x", message: "y")
        return [
            .step(step("zombie", "1"), consuming: nil),
            .attempt(
                AttemptRecord(
                    key: StepKey("zombie"), number: 1, counts: true, failure: failure, startedAt: journal.now,
                    nextAt: journal.now)),
            .intent(StepKey("zombie"), attempt: 1), .progress(.null),
            .detail(StepKey("zombie"), attempt: 1, .null), .cancelChild(RunID(), reason: "zombie"),
            .suspend(
                Suspension(
                    wakeAt: nil, signals: [], deadlines: [], mailSeen: 0,
                    reason: WaitReason(kind: .timer, step: "zombie"))),
            .finish(.failed(failure)), .release(.shutdown),
        ]
    }

    static func expect(
        _ run: ClaimedRun, _ entry: JournalEntry, gives expected: CommitVerdict,
        _ journal: any JournalUnderTest
    ) async throws {
        let verdict = try await journal.commit(entry, under: run)
        try expect(verdict == expected, "\(entry) gave \(verdict), not \(expected)")
    }

    static func expect(_ holds: Bool, _ detail: @autoclosure () -> String) throws {
        if !holds { throw broken(detail()) }
    }

    static func broken(_ detail: String) -> JournalRuleBroken {
        JournalRuleBroken(rule: "journal rule broken", detail: detail)
    }
}
