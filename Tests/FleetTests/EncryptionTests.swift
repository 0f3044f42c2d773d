import Durable
import Foundation
import Postgres
import Testing

@testable import Fleet

@Suite("Runs about a person")
struct EncryptionTests {
    let mandate: Mandate

    init() throws { mandate = try Mandate(actor: "dpo@shop", reason: "asked to be forgotten") }

    /// Not to be found by chance, and nothing that JSON would write otherwise.
    func marker() -> String { "Ionescu\(UUID().uuidString.replacing("-", with: ""))" }

    /// Starts a correspondence and waits until it sleeps for its reply.
    func waiting(_ fleet: FleetUnderTest, about person: String, _ subject: Subject) async throws -> RunID {
        let run = try await fleet.runs.start(Correspondence.self, person, for: "t", subject: subject).id
        try await fleet.until {
            let report = try await fleet.runs.report(run)
            if report?.status.isEnd == true { throw RunsError.ended(run, .failed, report?.failure) }
            let rows = try await fleet.pool.execute(
                "select 1 from engine.run where id = \(run.rawValue) and 'reply' = any(waiting_for)")
            return report?.status == .waiting && rows.first != nil
        }
        return run
    }

    @Test("nothing of a person can be read in any table, while the run lives and after it has ended")
    func sealed() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let person = marker()

        try await fleet.working([fleet.correspondence]) {
            let run = try await waiting(fleet, about: person, "customer-1")
            #expect(try await fleet.tables(holding: person) == [])
            #expect(try await fleet.tables(holding: "customer-1") == ["subject_key"])
            try await fleet.runs.send(Correspondence.reply, "from \(person)", to: run, once: "r")
            #expect(try await fleet.tables(holding: person) == [])
            let output = try await fleet.runs.result(of: run, as: Correspondence.self, upTo: .seconds(20))

            #expect(output.hasPrefix("\(person), High Street: photograph of \(person)"))
            #expect(output.hasSuffix("from \(person)"))
            let complaint = try await fleet.runs.start(
                Complaint.self, person, for: "t", subject: "customer-1")
            let end = try await fleet.runs.end(of: complaint.id, upTo: .seconds(20))
            #expect(end.failure?.message == "\(person) does not exist")
            #expect(try await fleet.tables(holding: person) == [])
        }
    }

    @Test("without a subject the same run can be read, so that the search above can be trusted")
    func plain() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let person = marker()

        try await fleet.working([fleet.correspondence]) {
            let run = try await fleet.runs.start(Correspondence.self, person, for: "t").id
            try await fleet.until {
                try await Set(fleet.tables(holding: person)).isSuperset(of: [
                    "attempt", "run", "run_history", "step", "step_detail",
                ])
            }
            try await fleet.runs.send(Correspondence.reply, "from \(person)", to: run, once: "r")
            #expect(try await fleet.tables(holding: person).contains("signal"))
            _ = try await fleet.runs.result(of: run, as: Correspondence.self, upTo: .seconds(20))
        }
    }

    @Test("an operator with the master key reads what was recorded")
    func shown() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let person = marker()

        try await fleet.working([fleet.correspondence]) {
            let run = try await waiting(fleet, about: person, "customer-1")

            let report = try #require(try await fleet.runs.report(run))
            #expect(report.progress == Payload(json: "\"writing to \(person)\""))
            let detail = try #require(try await fleet.runs.detail(run))
            #expect(detail.input == Payload(json: "\"\(person)\""))
            let outputs = detail.steps.map(\.output.text)
            #expect(outputs.contains("\"\(person), High Street\""))
            #expect(outputs.contains { $0.contains("\(person) refused") })
            #expect(
                detail.steps.flatMap(\.failures).contains { $0.failure.message == "no answer for \(person)" })
            #expect(detail.steps.contains { $0.output.text == "\"booked \(person)\"" })
        }
    }

    @Test(
        "an erased person's runs end, ended ones say erased, and the erasure is in the audit without a name")
    func erased() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let person = marker()

        try await fleet.working([fleet.correspondence]) {
            let old = try await waiting(fleet, about: person, "customer-2")
            try await fleet.runs.send(Correspondence.reply, person, to: old, once: "r")
            _ = try await fleet.runs.result(of: old, as: Correspondence.self, upTo: .seconds(20))
            let live = try await waiting(fleet, about: person, "customer-2")
            let other = try await waiting(fleet, about: person, "customer-3")

            let erasure = try #require(
                try await Subjects(fleet.runs).erase("customer-2", of: "t", by: mandate))

            #expect(erasure.liveRuns == [live])
            let end = try await fleet.runs.end(of: live, upTo: .seconds(20))
            #expect(end.status == .failed && end.failure?.code == "subject_erased" && end.isErased)
            let detail = try #require(try await fleet.runs.detail(old))
            #expect(detail.input == Payload(json: "\"erased\""))
            #expect(detail.output == Payload(json: "\"erased\""))
            #expect(detail.steps.allSatisfy { $0.output.text.contains("erased") })
            #expect(try await fleet.runs.why(old) != nil)
            await #expect(throws: RunsError.self) {
                try await fleet.runs.result(of: old, as: Correspondence.self, upTo: .seconds(1))
            }
            #expect(try await fleet.runs.report(other)?.status.isEnd == false)
            #expect(try await fleet.tables(holding: "customer-2") == [])
            let audited = try await fleet.pool.execute(
                "select count(*) from engine.audit where verb = 'storage.erase' and actor = \(mandate.actor)")
            #expect(try audited.first?.decode(0, as: Int.self) == 1)
            let again = try await Subjects(fleet.runs).erase("customer-2", of: "t", by: mandate)
            #expect(again == nil)
        }
    }

    @Test("a worker that has the run in hand when its person is erased records nothing more")
    func erasedUnderWay() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let gate = Gate()
        let effects = Effects()
        var registry = WorkflowRegistry()
        registry.register(Gated(gate: gate, effects: effects))

        try await fleet.working([registry]) {
            let run = try await fleet.runs.start(Gated.self, 1, for: "t", subject: "customer-4").id
            await gate.entered()
            let erasure = try await Subjects(fleet.runs).erase("customer-4", of: "t", by: mandate)
            gate.open()

            #expect(erasure?.liveRuns == [run])
            let end = try await fleet.runs.end(of: run, upTo: .seconds(20))
            #expect(end.failure?.code == "subject_erased")
            let steps = try await fleet.pool.execute(
                "select count(*) from engine.step where run = \(run.rawValue)")
            #expect(try steps.first?.decode(0, as: Int.self) == 0)
            #expect(effects.calls == 0)
        }
    }

    @Test(
        "what was changed or moved after it had been sealed is refused, and a person is asked to look",
        arguments: ["flip", "other step", "other run", "plain"])
    func tampered(_ how: String) async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let person = marker()

        try await fleet.working([fleet.correspondence]) {
            let run = try await waiting(fleet, about: person, "customer-5")
            let other = try await waiting(fleet, about: person, "customer-5")
            let change: Query =
                switch how {
                case "flip":
                    """
                    update engine.step set output = jsonb_build_object('sealed',
                        translate(output ->> 'sealed', 'abcdef', 'bcdefa'))
                    where run = \(run.rawValue) and name = 'address'
                    """
                case "other step":
                    """
                    update engine.step set output = (select output from engine.step
                        where run = \(run.rawValue) and name = 'book')
                    where run = \(run.rawValue) and name = 'address'
                    """
                case "other run":
                    """
                    update engine.run set input = (select input from engine.run where id = \(other.rawValue))
                    where id = \(run.rawValue)
                    """
                default:
                    """
                    update engine.step set output = '"forged"' where run = \(run.rawValue)
                        and name = 'address'
                    """
                }
            _ = try await fleet.pool.execute(change)
            try await fleet.runs.send(Correspondence.reply, "go", to: run, once: "r")

            let end = try await fleet.runs.end(of: run, upTo: .seconds(20))
            #expect(end.status == .needsAttention && end.failure?.code == "sealed_unreadable")
            let detail = try #require(try await fleet.runs.detail(run))
            #expect("\(detail)".contains("unreadable"))
        }
    }

    @Test("a new master key takes over from the old one without a stop")
    func rotation() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let person = marker()
        let run = try await fleet.working([fleet.correspondence]) {
            try await waiting(fleet, about: person, "customer-6")
        }
        let both = fleet.with(Keys.both)
        let second = fleet.with(Keys.second)

        let changed = try await Subjects(both.runs).rotate()

        #expect(changed == 1)
        #expect(try await Subjects(both.runs).rotate() == 0)
        try await second.working([second.correspondence]) {
            try await second.runs.send(Correspondence.reply, "new key", to: run, once: "r")
            let output = try await second.runs.result(of: run, as: Correspondence.self, upTo: .seconds(20))
            #expect(output.hasSuffix("new key"))
        }
    }

    @Test("a worker without the right master key leaves the run untouched to those who have it")
    func foreignKey() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        let stranger = fleet.with(Keys.second)
        let nobody = fleet.with(nil)

        try await fleet.working([]) {
            let run = try await fleet.runs.start(Waiting.self, 1, for: "t", subject: "customer-7").id
            for other in [stranger, nobody] {
                try await other.working([other.correspondence]) {
                    let known = try await other.runs.start(Waiting.self, 0, for: "t")
                    _ = try await other.runs.result(of: known.id, as: Waiting.self, upTo: .seconds(20))
                    #expect(try await other.runs.report(run)?.status == .pending)
                }
            }
            await #expect(throws: RunsError.self) {
                _ = try await nobody.runs.start(Waiting.self, 1, for: "t", subject: "customer-7")
            }
        }
        try await fleet.working([fleet.correspondence]) {
            let run = try await fleet.pool.execute("select id from engine.run").first?.decode(
                0, as: UUID.self)
            let id = RunID(rawValue: try #require(run))
            #expect(try await fleet.runs.result(of: id, as: Waiting.self, upTo: .seconds(20)) == -1)
        }
    }

    @Test("a run started in a transaction is bound to its person there, and by nobody else later")
    func inTransaction() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)

        let run = try await fleet.pool.withTransaction { tx in
            try await fleet.runs.start(FiveSteps.self, 1, for: "t", subject: "customer-8", in: tx)
        }
        let plain = try await fleet.pool.withTransaction { tx in
            try await fleet.runs.start(FiveSteps.self, 1, for: "t", in: tx)
        }
        let row = try await fleet.pool.execute(
            "select subject_key, input ->> 'sealed' from engine.run where id = \(run.id.rawValue)"
        ).first
        let key = try #require(try row?.decode(0, as: UUID?.self))

        #expect(try row?.decode(1, as: String?.self) != nil)
        await #expect(throws: PostgresError.self) {
            _ = try await fleet.pool.execute("select engine.bind_subject(\(plain.id.rawValue), \(key))")
        }
    }

    @Test(
        "a cancelled run about a person, and the answer of one whose workers die, stay readable to its parent"
    )
    func engineWords() throws {
        let cipher = try cipher()
        let run = RunID()
        let end = ChildEnd(
            run: RunID(), outcome: .failed(FailureRecord(code: "poisoned", message: "workers died")))
        let signal = DeliveredSignal(
            id: SignalID(rawValue: 1), name: "child:x:", payload: Payload(json: JSONB(encoded: end).bytes))
        let input = cipher.seal(Payload(json: "1"), at: SealedPlace(run: run, role: .input))
        var claimed = ClaimedRun(
            id: run, epoch: 1, tenant: "t", workflow: "w", version: 1, input: input, startedAt: Date())
        claimed.signals = [signal]

        let open = try cipher.opened(claimed, keysOfSignals: [:])

        #expect(open.signals == [signal] && open.input == Payload(json: "1"))
        claimed.signals = [
            DeliveredSignal(id: SignalID(rawValue: 2), name: "reply", payload: Payload(json: "\"forged\""))
        ]
        #expect(throws: SubjectProblem.self) { try cipher.opened(claimed, keysOfSignals: [:]) }
    }

    func cipher() throws -> SubjectCipher {
        let id = UUID()
        let shelf = SealedSubject(
            id: id, sealed: Keys.first.seal(.init(size: .bits256), id: id, tenant: "t"))
        return try shelf.cipher(Keys.first, tenant: "t")
    }

    @Test("keys are kept for a short while, and not many of them")
    func shelf() throws {
        let cipher = try cipher()
        var shelf = KeyShelf(limit: 3, life: .seconds(30))
        func place(_ number: Int) -> KeyShelf.Place { .init(tenant: "t", subject: "s\(number)") }

        shelf.keep(cipher, at: place(0), now: .zero)
        #expect(shelf.cipher(at: place(0), now: .seconds(29)) != nil)
        #expect(shelf.cipher(at: place(0), now: .seconds(30)) == nil)
        for number in 1...20 { shelf.keep(cipher, at: place(number), now: .seconds(40)) }
        #expect(shelf.count <= 3)
        shelf.drop(place(20))
        #expect(shelf.cipher(at: place(20), now: .seconds(41)) == nil)
    }

    @Test(
        "master keys that cannot be are refused without showing them",
        arguments: ["", "nameless", "a:short", "a b:AAAA", "a:\(secret),a:\(secret)"])
    func masterKeys(_ text: String) {
        let problem = #expect(throws: MasterKeyProblem.self) { try MasterKeys(text) }
        #expect(problem.map { !"\($0)".contains(Self.secret) } ?? false)
    }

    static let secret = Data(repeating: 3, count: 32).base64EncodedString()
}

extension FleetUnderTest {
    /// The same servers and queue for a process with other master keys.
    func with(_ keys: MasterKeys?) -> FleetUnderTest { FleetUnderTest(self, keys) }

    private init(_ other: FleetUnderTest, _ keys: MasterKeys?) {
        var configuration = other.configuration
        configuration.masterKeys = keys
        self.configuration = configuration
        pool = other.pool
        redis = other.redis
        logger = other.logger
        seat = other.seat
        runs = Runs(configuration, redis: redis, pool: pool, logger: logger)
    }
}
