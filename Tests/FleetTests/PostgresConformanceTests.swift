import Durable
import DurableTesting
import Foundation
import Postgres
import Testing

@testable import Fleet

/// The Postgres journal behind the shared suite: one writer, no dispatcher.
struct PostgresUnderTest: JournalUnderTest {
    let fleet: FleetUnderTest
    let writer: JournalWriter
    let worker: WorkerIdentity

    init(_ fleet: FleetUnderTest) {
        self.fleet = fleet
        var registry = WorkflowRegistry()
        registry.register(Named<Sample>())
        registry.register(Named<Child>())
        worker = WorkerIdentity(queue: fleet.configuration.queue, slots: 1, registry: registry)
        writer = JournalWriter(
            fleet.configuration.database, worker: worker, lease: nil, logger: fleet.logger, onReady: { _ in })
    }

    var now: Date { Date() }

    func start(once key: String?, at instant: Date?) async throws -> RunID {
        try await writer.start(
            RunStart(
                id: RunID(), tenant: "t", workflow: Named<Sample>.name, version: 1,
                queue: fleet.configuration.queue, priority: 0, input: .null, key: key, notBefore: instant,
                parent: nil, reply: nil, trace: nil)
        ).get().id
    }

    func claim(_ run: RunID) async throws -> ClaimedRun? {
        // The statement forgives its own worker, whose answer may have got lost; a second worker must get
        // nothing.
        let owner = try await fleet.pool.execute(
            "select 1 from engine.run where id = \(run.rawValue) and status = 'running'")
        guard owner.first == nil else { return nil }
        return try await writer.claim([run]).get().first?.run
    }

    func commit(_ entry: JournalEntry, under run: ClaimedRun) async throws(JournalFailure) -> CommitVerdict {
        let rows = try? await fleet.pool.execute(
            "select parent, reply from engine.run where id = \(run.id.rawValue) and parent is not null")
        let reply = rows?.first.flatMap { row -> ReplyAddress? in
            guard let parent = try? row.decode(0, as: UUID.self),
                let signal = try? row.decode(1, as: String.self)
            else { return nil }
            return ReplyAddress(parent: RunID(rawValue: parent), signal: signal)
        }
        let events = RunEvents(redis: fleet.redis, logger: fleet.logger)
        let journal = RunJournal(
            writer: writer, events: events, owned: OwnedRun(run: run, reply: reply),
            queue: fleet.configuration.queue)
        return try await journal.commit(entry, under: run.lease)
    }

    func send(_ name: String, _ payload: Payload, to run: RunID, once key: String) async throws -> Bool {
        try await fleet.runs.send(Signal<Int?>(name), Int(payload.text), to: run, once: key)
    }

    func takeOver(_ run: RunID) async throws {
        _ = try await fleet.pool.execute(
            """
            update engine.run set status = 'pending', epoch = epoch + 1, worker = null
            where id = \(run.rawValue) and status = 'running'
            """)
    }

    func outcome(of run: RunID) async throws -> Outcome? {
        guard let report = try await fleet.runs.report(run), report.status.isEnd else { return nil }
        switch (report.status, report.output, report.failure) {
        case (.succeeded, let output?, _): return .succeeded(output)
        case (.failed, _, let failure?): return .failed(failure)
        case (.needsAttention, _, let failure?): return .needsAttention(failure)
        default: return nil
        }
    }
}

enum Sample {}
enum Child {}

struct Named<Kind>: Workflow {
    static var name: WorkflowName { Kind.self == Child.self ? "child" : "conformance" }
    enum Step: String, WorkflowStep { case one }
    func run(_ input: Nothing, _ flow: Flow<Named<Kind>>) async throws -> Nothing { input }
}

@Suite("The journal in Postgres keeps the rules")
struct PostgresConformanceTests {
    @Test(arguments: JournalConformance.rules)
    func rule(_ rule: JournalRule) async throws {
        let journal = PostgresUnderTest(try await .shared())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            try await rule.check(journal)
            journal.writer.stop()
            try await group.waitForAll()
        }
    }

    /// A number that JSON allows and `numeric` cannot hold.
    private static let refused = Payload(json: "1e200000")

    /// Every kind of entry that carries a payload of the author's.
    private static let carriers: [(name: String, entry: JournalEntry)] = [
        (
            "step",
            .step(
                StepRecord(
                    key: StepKey("one"), attempt: 1, result: .output(refused), startedAt: Date()),
                consuming: nil)
        ),
        ("progress", .progress(refused)),
        ("detail", .detail(StepKey("one"), attempt: 1, refused)),
        ("finish", .finish(.succeeded(refused))),
        (
            "child",
            .child(
                ChildStart(
                    key: StepKey("one"), workflow: Named<Child>.name, version: 1, input: refused, reply: "r"))
        ),
    ]

    @Test(
        "a payload that Postgres refuses fails its own entry, never the batch it travelled in",
        arguments: carriers.map(\.name))
    func refusedPayload(kind: String) async throws {
        let bad = try #require(Self.carriers.first { $0.name == kind }).entry
        let journal = PostgresUnderTest(try await .shared())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await journal.writer.run() }
            var runs: [ClaimedRun] = []
            for _ in 0..<20 {
                let run = try await journal.claim(try await journal.start(once: nil, at: nil))
                runs.append(try #require(run))
            }

            let verdicts = await Self.commitTogether(bad, at: 7, among: runs, journal)

            for place in 0..<20 where place != 7 { #expect(verdicts[place] == .success(.committed)) }
            guard case .failure(.refused) = verdicts[7] else {
                Issue.record("the bad payload was not refused: \(String(describing: verdicts[7]))")
                return
            }
            // The run itself is none the worse.
            let next = JournalEntry.finish(.succeeded(.null))
            #expect(try await journal.commit(next, under: runs[7]) == .committed)
            journal.writer.stop()
            try await group.waitForAll()
        }
    }

    private static func commitTogether(
        _ bad: JournalEntry, at badPlace: Int, among runs: [ClaimedRun], _ journal: PostgresUnderTest
    ) async -> [Int: Result<CommitVerdict, JournalFailure>] {
        await withTaskGroup(of: (Int, Result<CommitVerdict, JournalFailure>).self) { group in
            for (place, run) in runs.enumerated() {
                let record = StepRecord(
                    key: StepKey("one"), attempt: 1, result: .output(Payload(json: "\(place)")),
                    startedAt: Date())
                group.addTask {
                    let entry = place == badPlace ? bad : JournalEntry.step(record, consuming: nil)
                    do throws(JournalFailure) {
                        return (place, .success(try await journal.commit(entry, under: run)))
                    } catch {
                        return (place, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}
