import Durable
import Foundation

/// The rules for long steps, sagas and failures.
extension JournalConformance {
    static let authorRules: [JournalRule] = [
        JournalRule(description: "the next owner finds the last detail of each step") { journal in
            let run = try await claimed(journal)
            for (key, json) in [("feed", "1"), ("feed", "2"), ("other", "9"), ("feed", "3")] {
                let entry = JournalEntry.detail(StepKey(key, item: "a"), attempt: 1, Payload(json: json))
                try await expect(run, entry, gives: .committed, journal)
            }
            try await journal.takeOver(run.id)
            let details = try await reclaimed(run.id, journal).details
            let feed = details[StepKey("feed", item: "a")]?.text
            let other = details[StepKey("other", item: "a")]?.text
            try expect(feed == "3" && other == "9" && details.count == 2, "details \(details)")
        },
        JournalRule(description: "a failure keeps its code, words, step, owner and fingerprint") { journal in
            let run = try await claimed(journal)
            let failure = FailureRecord(
                code: "in_doubt", message: "invoice 12 of \"Ana\" is in doubt", step: "issue[12]",
                owner: "finance")
            let record = StepRecord(
                key: StepKey("issue", item: "12"), attempt: 1, result: .failure(failure),
                startedAt: Date(timeIntervalSince1970: 1_800_000_000))
            try await expect(run, .step(record, consuming: nil), gives: .committed, journal)
            try await journal.takeOver(run.id)
            let next = try await reclaimed(run.id, journal)
            try expect(next.steps.map(\.result) == [.failure(failure)], "steps \(next.steps)")
            try await expect(next, .finish(.needsAttention(failure)), gives: .committed, journal)
            let outcome = try await journal.outcome(of: run.id)
            try expect(outcome == .needsAttention(failure), "outcome \(String(describing: outcome))")
        },
        JournalRule(description: "a sleeping child wakes when its parent asks it to stop, and knows why") {
            journal in
            let (parent, child) = try await family(journal)
            let asleep = waiting(for: "s", child, journal)
            try await expect(child, .suspend(asleep), gives: .committed, journal)
            for reason in ["first", "second"] {
                let entry = JournalEntry.cancelChild(child.id, reason: reason)
                try await expect(parent, entry, gives: .committed, journal)
            }
            let next = try await reclaimed(child.id, journal)
            try expect(next.cancellation == "first", "cancellation \(next.cancellation ?? "none")")
        },
        JournalRule(description: "a child that works is told with its next step, and does not sleep unaware")
        {
            journal in
            let (parent, child) = try await family(journal)
            let stop = JournalEntry.cancelChild(child.id, reason: "stop")
            try await expect(parent, stop, gives: .committed, journal)
            let result = JournalEntry.step(step("a", "1"), consuming: nil)
            try await expect(child, result, gives: .cancelling(reason: "stop"), journal)
            let unaware = waiting(for: "s", child, journal)
            try await expect(child, .suspend(unaware), gives: .ready, journal)
            let next = try await reclaimed(child.id, journal)
            try expect(next.cancellation == "stop", "cancellation \(next.cancellation ?? "none")")
            try expect(next.steps.map(\.key) == [StepKey("a")], "the step that told it was not recorded")
            var aware = waiting(for: "s", next, journal)
            aware.cancellationSeen = true
            try await expect(next, .suspend(aware), gives: .committed, journal)
            try expect(try await journal.claim(next.id) == nil, "an undo that waits was woken again")
        },
        JournalRule(description: "nobody but its parent can ask a child to stop, and an ended one is left") {
            journal in
            let (parent, child) = try await family(journal)
            let stranger = try await claimed(journal)
            let stop = JournalEntry.cancelChild(child.id, reason: "stop")
            try await expect(stranger, stop, gives: .committed, journal)
            let result = JournalEntry.step(step("a", "1"), consuming: nil)
            try await expect(child, result, gives: .committed, journal)
            try await expect(child, .finish(.succeeded(Payload(json: "1"))), gives: .committed, journal)
            try await expect(parent, stop, gives: .committed, journal)
            let outcome = try await journal.outcome(of: child.id)
            try expect(outcome == .succeeded(Payload(json: "1")), "outcome \(String(describing: outcome))")
        },
        JournalRule(description: "a run that looks after its mail by itself is not kept awake by it") {
            journal in
            let run = try await claimed(journal)
            _ = try await journal.send("s", .null, to: run.id, once: "k")
            var paced = waiting(for: "s", run, journal)
            paced.signals = []
            paced.mailSeen = .max
            try await expect(run, .suspend(paced), gives: .committed, journal)
            _ = try await journal.send("s", .null, to: run.id, once: "l")
            try expect(try await journal.claim(run.id) == nil, "woken by its mail")
        },
        JournalRule(description: "a hand-back is clean: it changes nothing that the next owner sees") {
            journal in
            let run = try await claimed(journal)
            try await expect(run, .step(step("a", "1"), consuming: nil), gives: .committed, journal)
            try await expect(run, .intent(StepKey("b"), attempt: 1), gives: .committed, journal)
            for _ in 0..<5 {
                let owner = try await journal.claim(run.id) ?? run
                try await expect(owner, .release(.shutdown), gives: .committed, journal)
            }
            let next = try await reclaimed(run.id, journal)
            try expect(next.steps.count == 1 && next.attempts.isEmpty, "\(next.steps), \(next.attempts)")
            try expect(next.intents == [StepKey("b")], "intents \(next.intents)")
        },
    ]

    /// A parent and its child, both claimed.
    private static func family(
        _ journal: any JournalUnderTest
    ) async throws -> (parent: ClaimedRun, child: ClaimedRun) {
        let parent = try await claimed(journal)
        let start = ChildStart(
            key: StepKey("child"), workflow: "child", version: 1, input: .null, reply: "child:1")
        guard case .child(let id) = try await journal.commit(.child(start), under: parent) else {
            throw broken("no child")
        }
        return (parent, try await reclaimed(id, journal))
    }
}
