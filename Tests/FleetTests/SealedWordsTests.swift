import Durable
import Foundation
import Postgres
import Redis
import Testing

@testable import Fleet

@Suite("Words about a person: who is shown them, and which starts seal them")
struct SealedWordsTests {
    private let person = "Ionescu\(UUID().uuidString.replacing("-", with: ""))"

    /// A run that waits after an error, and one that ended in one; both errors name the person.
    private func errors(_ fleet: FleetUnderTest) async throws -> (waiting: RunID, ended: RunID) {
        let waiting = try await fleet.runs.start(Reminder.self, person, for: "t", subject: "customer-1").id
        let ended = try await fleet.runs.start(Complaint.self, person, for: "t", subject: "customer-1").id
        try await fleet.until { try await fleet.runs.report(waiting)?.status == .waiting }
        try await fleet.until { try await fleet.runs.report(ended)?.status == .failed }
        return (waiting, ended)
    }

    @Test("a list names no person and shows no cipher, but says by which code a run failed")
    func list() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        try await fleet.working([fleet.correspondence]) {
            let runs = try await errors(fleet)

            let lines = try await fleet.runs.list(RunFilter())

            let words = "\(lines)"
            #expect(!words.contains(person) && words.contains("sealed: look"))
            #expect(!words.contains(/sealed:[^ ]/))
            #expect(lines.first { $0.id == runs.ended }?.failure?.code == "refused")
            #expect(
                lines.first { $0.id == runs.waiting }?.waitReason?.error == "sealed: look at the run itself")
        }
    }

    @Test("why tells those who have the key, and says to others that it is sealed or erased")
    func why() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        try await fleet.working([fleet.correspondence]) {
            let runs = try await errors(fleet)
            let without = fleet.with(nil)

            for run in [runs.waiting, runs.ended] {
                let told = try #require(try await fleet.runs.why(run))
                let untold = try #require(try await without.runs.why(run))
                #expect("\(told)".contains(person))
                #expect("\(untold)".contains("sealed: no master key here") && !"\(untold)".contains(person))
            }
            let mandate = try Mandate(actor: "dpo@shop", reason: "asked to be forgotten")
            _ = try await Subjects(fleet.runs).erase("customer-1", of: "t", by: mandate)
            let erased = try #require(try await fleet.runs.why(runs.ended))
            #expect("\(erased)".contains("erased") && !"\(erased)".contains(person))
        }
    }

    @Test("single and debounced starts seal their input, and a later call's takes the place of the first")
    func starts() async throws {
        let fleet = try await FleetUnderTest.shared(masterKeys: Keys.first)
        try await fleet.working([fleet.correspondence]) {
            let single = try await fleet.runs.startSingle(
                Complaint.self, person, key: "k", for: "t", subject: "customer-1")
            func debounced(_ name: String, _ subject: Subject) async throws -> DebouncedStart {
                try await fleet.runs.startDebounced(
                    Complaint.self, name, key: "k", for: "t", quiet: .seconds(3),
                    longest: .seconds(60), subject: subject)
            }
            let first = try await debounced("somebody else", "customer-2")
            let second = try await debounced(person, "customer-1")
            #expect(try await fleet.tables(holding: person) == [])
            #expect(try await fleet.tables(holding: "somebody else") == [])

            #expect(second.id == first.id && !second.isNew)
            for run in [single.id, second.id] {
                let end = try await fleet.runs.end(of: run, upTo: .seconds(20))
                #expect(end.failure?.message == "\(person) does not exist")
            }
        }
    }

    @Test("erasing a person covers what lies in the burst buffer")
    func burst() async throws {
        try await BurstTests.with(masterKeys: Keys.first) { fleet in
            let run = try await fleet.runs.startBurst(
                Complaint.self, person, for: "t", subject: "customer-1")
            let entries = try await fleet.redis.send(
                RedisCommand("LRANGE", "cf:{burst:burst}:list", "0", "-1"))
            let mandate = try Mandate(actor: "dpo@shop", reason: "asked to be forgotten")

            _ = try await Subjects(fleet.runs).erase("customer-1", of: "t", by: mandate)
            #expect(try await fleet.runs.burst.drain() == 1)

            #expect(entries.strings?.count == 1 && "\(entries)".contains(person) == false)
            try await fleet.working([fleet.correspondence]) {
                let end = try await fleet.runs.end(of: run, upTo: .seconds(20))
                #expect(end.failure?.code == "subject_erased" && end.isErased)
            }
        }
    }
}
