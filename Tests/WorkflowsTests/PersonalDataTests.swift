import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Synchronization
import Testing
import VendorSandbox
import Workflows

@Suite("Personal data")
struct PersonalDataTests {
    static let shopper = EmailAddress(unchecked: "ana@example.test")

    @Test("an erasure waits for the order's end, tells why, and then leaves nothing that names the shopper")
    func erasure() async throws {
        try await World.open { world in
            let run = try await world.paidCheckout()
            let order = try #require(try await world.order(of: run))
            let letters = world.count("email.create")

            let (request, erasure) = try await world.ask(.erasure)
            try await world.settle()
            let waiting = try await world.load(request)
            #expect(waiting.status == .waiting && waiting.holds.contains(.orderOpen))
            #expect(world.count("email.create") == letters + 1)
            try await world.deliverParcels()
            try await world.fleet.settle(upTo: .seconds(40 * 86_400))

            #expect(try world.result(of: erasure) == .erased)
            let done = try await world.load(request)
            #expect(done.status == .done && done.holds == [] && (done.counts["orders"] ?? 0) == 1)
            let left = try await world.transaction { try await Orders().load(order.id, in: $0) }
            #expect(left.address.lastName.isEmpty && left.phone.isEmpty && left.total == order.total)
            #expect(!left.email.rawValue.contains("ana"))
            let last = try #require(await world.resend.vendor.objects("emails")?.last)
            #expect(last["to"].array.first?.string == Self.shopper.rawValue)
            #expect(last["subject"].string == "Your data have been erased")
            try await world.transaction { tx in
                #expect(try await !ShopperData(Self.shopper, in: tx).isKnown)
                _ = try await Orders().refreshStatus(order.id, in: tx)
            }
        }
    }

    @Test("what is never settled is refused after three months, with the reason")
    func refused() async throws {
        try await World.open { world in
            let order = try await world.placedOrder()
            let (request, erasure) = try await world.ask(.erasure)

            try await world.fleet.settle(upTo: .seconds(100 * 86_400))

            #expect(try world.result(of: erasure) == .refused)
            let answer = try await world.load(request)
            #expect(answer.status == .refused && answer.holds == [.orderOpen])
            let left = try await world.transaction { try await Orders().load(order, in: $0) }
            #expect(left.email == Self.shopper)
        }
    }

    @Test("a copy is made once, opens for a week, and the runs about it hold nothing of it")
    func export() async throws {
        try await World.open { world in
            _ = try await world.placedOrder()
            let (request, run) = try await world.ask(.export)
            try await world.fleet.settle(upTo: .seconds(60))

            let copy = try #require(try await world.copy(of: request))
            #expect(copy.contains("Strada Lunga 1") && copy.contains("+40711111111"))
            #expect(try await world.load(request).status == .ready)
            let records = world.fleet.journal.steps(of: run).map { record -> String in
                if case .output(let payload) = record.result { payload.text } else { "\(record.result)" }
            }
            #expect(!records.isEmpty && !records.joined().contains("Strada"))
            #expect(!records.joined().contains("ana@"))
            try await world.fleet.settle(upTo: .seconds(8 * 86_400))

            #expect(try await world.copy(of: request) == nil)
            #expect(try await world.load(request).status == .lapsed)
        }
    }

    @Test("a copy that the shopper asked for is announced by a letter whose link opens it")
    func announced() async throws {
        try await World.open { world in
            _ = try await world.placedOrder()
            let (_, _) = try await world.ask(.export, by: .person)
            try await world.fleet.settle(upTo: .seconds(60))

            let letter = try #require(await world.resend.vendor.objects("emails")?.last?["text"].string)
            let start = try #require(letter.firstRange(of: "/personal-data/copy?token="))
            let text = String(letter[start.upperBound...].prefix { !$0.isWhitespace })
            let token = try #require(SecretToken(presented: text))
            let copy = try await world.transaction { tx in
                try await PersonalDataDocuments(World.credentials()).find(
                    token, at: world.fleet.clock.now, in: tx)
            }
            #expect(copy?.contains("Strada Lunga 1") == true)
        }
    }

    @Test("history that was sealed under the shopper's key is forgotten once the rows are gone")
    func sealedHistory() async throws {
        let history = WatchedHistory()
        try await World.open(sealedHistory: history) { world in
            _ = try await world.lapsedOrder()
            let (_, run) = try await world.ask(.erasure)
            try await world.fleet.settle(upTo: .seconds(60))

            let person = try PersonSubject(Self.shopper, in: world.tenant, World.credentials())
            #expect(history.forgotten == ["\(Tenant(world.tenant)) \(person.name)"])
            #expect(try world.result(of: run) == .erased)
        }
    }

    @Test(
        "an erasure has the same effects wherever the worker is killed, and the last letter goes out once",
        .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive { crash in
            let history = WatchedHistory()
            return try await World.open(seenAs: crash, sealedHistory: history) { world in
                let order = try await world.lapsedOrder()
                let (request, run) = try await world.ask(.erasure)
                try await world.fleet.settle(upTo: .seconds(3_600))
                let left = try await world.transaction { try await Orders().load(order, in: $0) }
                return [
                    "\(try world.result(of: run) as Any)", "\(try await world.load(request).status)",
                    "letters: \(world.count("email.create"))", "\(Set(history.forgotten).count)",
                    left.email.rawValue, left.phone,
                ]
            }
        }
        #expect(survived >= 8)
    }

    @Test("a copy is the same wherever the worker is killed", .timeLimit(.minutes(20)))
    func exportCrashes() async throws {
        _ = try await CrashRunner.survive { crash in
            try await World.open(seenAs: crash) { world in
                _ = try await world.placedOrder()
                let (request, _) = try await world.ask(.export, by: .person)
                try await world.fleet.settle(upTo: .seconds(60))
                let copy = try await world.copy(of: request)
                try await world.fleet.settle(upTo: .seconds(9 * 86_400))
                return [
                    "\(copy?.contains("Strada Lunga 1") as Any)", "letters: \(world.count("email.create"))",
                    "\(try await world.load(request).status)",
                ]
            }
        }
    }
}

/// Notes whose history was to be forgotten.
final class WatchedHistory: SealedHistory {
    private let names = Mutex<[String]>([])

    var forgotten: [String] { names.withLock { $0 } }

    func forget(_ person: PersonSubject, of tenant: Tenant) async throws {
        names.withLock { $0.append("\(tenant) \(person.name)") }
    }
}

extension World {
    /// As the whole store's.
    static func credentials() throws -> Credentials {
        try Credentials.ofTests
    }

    /// Asks about the shopper of all test orders; answers with the run that is started by it.
    func ask(
        _ kind: PersonalDataKind, by asker: PersonalDataAsker = .merchant
    ) async throws -> (PersonalDataRequestID, RunID) {
        let known = Set(fleet.journal.runIDs)
        let requests = PersonalDataRequests(try Self.credentials())
        let draft = PersonalDataRequests.Draft(
            kind, of: PersonalDataTests.shopper, askedBy: asker, actor: "user:1", language: .english)
        let id = try await transaction { tx in
            let (request, isFirst) = try await requests.open(draft, at: fleet.clock.now, in: tx)
            if isFirst { try await PersonalDataStarter(starter).start(request, in: tx) }
            return request.id
        }
        let run = try #require(fleet.journal.runIDs.first { !known.contains($0) })
        return (id, run)
    }

    func load(_ request: PersonalDataRequestID) async throws -> PersonalDataRequest {
        let requests = PersonalDataRequests(try Self.credentials())
        return try await transaction { try await requests.load(request, in: $0) }
    }

    func copy(of request: PersonalDataRequestID) async throws -> String? {
        let documents = PersonalDataDocuments(try Self.credentials())
        return try await transaction {
            try await documents.find(request, at: fleet.clock.now, in: $0)
        }
    }

    func result(of run: RunID) throws -> ErasePersonalData.Output? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(ErasePersonalData.Output.self, .output)
    }

    /// An order that nobody paid and that nothing more can happen to.
    func lapsedOrder() async throws -> OrderID {
        let order = try await placedOrder()
        try await transaction { tx in
            let past = fleet.clock.now.addingTimeInterval(-9 * 86_400)
            _ = try await Orders().expire(order, at: past, in: tx)
        }
        return order
    }
}
