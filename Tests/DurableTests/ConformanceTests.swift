import Durable
import DurableTesting
import Foundation
import Testing

struct InMemoryUnderTest: JournalUnderTest {
    let clock = ManualClock()
    let journal: InMemoryJournal

    init() { journal = InMemoryJournal(clock: clock) }

    var now: Date { clock.now }
    func start(once key: String?, at instant: Date?) async throws -> RunID {
        try journal.start(Doubling.self, 1, once: key, at: instant)
    }
    func claim(_ run: RunID) async throws -> ClaimedRun? { journal.claim(run) }
    func commit(_ entry: JournalEntry, under run: ClaimedRun) async throws(JournalFailure) -> CommitVerdict {
        try await journal.commit(entry, under: run.lease)
    }
    func send(_ name: String, _ payload: Payload, to run: RunID, once key: String) async throws -> Bool {
        try journal.send(Signal<JSONText>(name), JSONText(payload), to: run, once: key)
    }
    func takeOver(_ run: RunID) async throws { journal.takeOver(run) }
    func outcome(of run: RunID) async throws -> Outcome? { journal.outcome(of: run) }
}

/// Encodes as the JSON number or null that it holds.
struct JSONText: Codable, Sendable {
    let number: Int?
    init(_ payload: Payload) { number = Int(payload.text) }
    init(from decoder: any Decoder) throws { number = try decoder.singleValueContainer().decode(Int?.self) }
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

@Suite("The journal in memory keeps the rules")
struct ConformanceTests {
    @Test(arguments: JournalConformance.rules)
    func rule(_ rule: JournalRule) async throws {
        try await rule.check(InMemoryUnderTest())
    }
}
