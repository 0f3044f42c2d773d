import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@testable import Commerce

@Suite("VAT numbers at the tax authorities")
struct VATNumberTests {
    private static let number = "ATU13585627"
    private static let stranger = "ATU12345675"

    @Test("a registered number of another state is kept as evidence, and billed by reverse charge")
    func registered() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.trade(account, as: Self.number)
            let run = try world.ask(Self.number, of: account)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.end(of: run) == .valid)
            guard
                case .checked(let number, _, let consultation?, let name)? = try await world.standing(
                    of: account)
            else {
                Issue.record("not checked")
                return
            }
            #expect(number.rawValue == Self.number && consultation.hasPrefix("WAPI"))
            #expect(name == "TRADER \(Self.number)")
            #expect(try await world.evidence(of: account) == ["\(Self.number) true TRADER \(Self.number)"])
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))

            let invoice = try #require(try await world.papers(of: account).first)
            #expect(invoice.rule == .reverseCharge)
            #expect(invoice.vat == .eur(0) && invoice.due == .eur(1900))
            #expect(try await world.imbalance() == [])
        }
    }

    @Test("a register that is away leaves VAT charged and no trace, and the next round asks again")
    func silence() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.trade(account, as: Self.number)
            try await world.pull("member_states", ["code": "AT", "error": "MS_UNAVAILABLE"])
            let run = try world.ask(Self.number, of: account)
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(try world.end(of: run) == .unavailable)
            #expect(try await world.standing(of: account) == .unchecked(VATNumber(unchecked: Self.number)))
            #expect(try await world.evidence(of: account) == [])
            #expect(try await world.attention(of: account) == [])
            try world.bill()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.papers(of: account).map(\.due) == [.eur(2299)])

            try await world.pull("member_states", ["code": "AT"])
            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.evidence(of: account).count == 1)
        }
    }

    @Test("a yes is asked for again after a month, and silence does not take it away")
    func monthly() async throws {
        try await BillingWorld.open { world in
            let (account, domestic) = (try await world.account(), try await world.account())
            try await world.trade(account, as: Self.number)
            try await world.trade(domestic, as: "RO18547290", in: "RO")
            // Without any wish of the merchant's: the number was given before anybody asked.
            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.evidence(of: account).count == 1)
            #expect(try await world.evidence(of: domestic) == [])

            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.evidence(of: account).count == 1)

            try await world.pull("member_states", ["code": "AT", "error": "TIMEOUT"])
            world.fleet.clock.advance(to: BillingWorld.night.addingTimeInterval(31 * 86_400))
            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))
            #expect(try await world.isChecked(account))

            try await world.pull("member_states", ["code": "AT"])
            try await world.pull("numbers", ["number": .string(Self.number), "registered": false])
            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await !world.isChecked(account))
            #expect(try await world.attention(of: account) == ["vat_number"])
        }
    }

    @Test("a number that is not registered is for the merchant to look at, once, until another one is")
    func refused() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.trade(account, as: Self.stranger)
            for _ in 0..<2 {
                let run = try world.ask(Self.stranger, of: account)
                try await world.fleet.settle(upTo: .seconds(3_600))
                #expect(try world.end(of: run) == .invalid)
            }
            #expect(try await world.attention(of: account) == ["vat_number"])
            guard case .refused? = try await world.standing(of: account) else {
                Issue.record("not refused")
                return
            }
            // A no is not asked about every night.
            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.evidence(of: account).count == 2)

            try await world.trade(account, as: Self.number)
            let run = try world.ask(Self.number, of: account)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.end(of: run) == .valid)
            #expect(try await world.attention(of: account) == [])
        }
    }

    @Test("who gives a refused number up and names no other is asked about it no more")
    func givenUp() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.trade(account, as: Self.stranger)
            _ = try world.ask(Self.stranger, of: account)
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.attention(of: account) == ["vat_number"])

            let now = world.fleet.clock.now
            try await world.database.transaction(for: account.home) { tx in
                try await Identities().save(
                    BusinessIdentity(
                        legalName: "Lumina", country: CountryCode(unchecked: "AT"), vatNumber: nil,
                        registration: nil, addressLine: "Ring 1", postcode: "1010", city: "Wien",
                        phone: "+43111111", email: EmailAddress(unchecked: "ana@example.test")),
                    at: now, in: tx)
            }

            #expect(try await world.attention(of: account) == [])
        }
    }

    @Test("a stored number that cannot be one is for the merchant to correct, once, and nobody is asked")
    func impossible() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.trade(account, as: "ATU1")
            for _ in 0..<2 {
                try world.recheck()
                try await world.fleet.settle(upTo: .seconds(3_600))
            }

            #expect(world.fleet.journal.runIDs.count == 2, "a check was begun")
            #expect(try await world.attention(of: account) == ["vat_number"])
            #expect(try await world.evidence(of: account) == [])

            try await world.trade(account, as: Self.number)
            try world.recheck()
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try await world.attention(of: account) == [])
            #expect(try await world.isChecked(account))
        }
    }

    @Test("an answer about a number that was changed meanwhile counts for nothing")
    func changed() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account()
            try await world.trade(account, as: Self.number)
            try await world.pull("member_states", ["code": "AT", "error": "MS_UNAVAILABLE"])
            let run = try world.ask(Self.number, of: account)
            try await world.fleet.settle(turningClock: false)
            try await world.trade(account, as: "DE136695976", in: "DE")
            try await world.pull("member_states", ["code": "AT"])
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.end(of: run) == .changed)
            #expect(try await world.evidence(of: account) == [])
            #expect(try await !world.isChecked(account))
            let late = try world.ask(Self.number, of: account)
            try await world.fleet.settle(upTo: .seconds(3_600))
            #expect(try world.end(of: late) == .changed)
        }
    }

    @Test("begun twice it is one run; two runs at once agree; another store of the account begins none")
    func twice() async throws {
        try await BillingWorld.open { world in
            let account = try await world.account(.business, stores: 2)
            try await world.trade(account, as: Self.number)
            let number = VATNumber(unchecked: Self.number)
            for store in [account.home, account.home, account.stores[1]] {
                try await world.database.transaction(for: store) { tx in
                    try await CheckVATNumber.begin(number, with: world.shop.starter, in: tx)
                }
            }
            #expect(world.fleet.journal.runIDs.count == 1)
            let other = try world.ask(Self.number, of: account)

            try await world.settleTogether()
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.end(of: other) == .valid)
            #expect(try await world.evidence(of: account).count == 2)
            #expect(try await world.isChecked(account))
        }
    }

    @Test("a number on which nothing depends is not asked about; being turned away is for an operator")
    func ends() async throws {
        try await BillingWorld.open { world in
            let (domestic, blocked) = (try await world.account(), try await world.account())
            try await world.trade(domestic, as: "RO18547290", in: "RO")
            try await world.trade(blocked, as: "DE136695976", in: "DE")
            try await world.pull("member_states", ["code": "DE", "error": "IP_BLOCKED"])
            let first = try world.ask("RO18547290", of: domestic)
            let second = try world.ask("DE136695976", of: blocked)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try world.end(of: first) == .notNeeded)
            #expect(world.vies.workbench.calls.count(of: "vat_number.consult") == 0)
            guard case .needsAttention(let failure)? = world.fleet.journal.outcome(of: second) else {
                Issue.record("\(world.fleet.journal.outcome(of: second) as Any)")
                return
            }
            #expect(failure.code == "vies.blocked")
            #expect(try await world.attention(of: blocked) == [])
        }
    }

    @Test("wherever its run is killed, the answer is kept once", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive([.after, .twice]) { crash in
            try await BillingWorld.open(seenAs: crash) { world in
                let account = try await world.account()
                try await world.trade(account, as: Self.stranger)
                let run = try world.ask(Self.stranger, of: account)
                try await world.fleet.settle(upTo: .seconds(3_600))
                return try await world.evidence(of: account) + world.attention(of: account)
                    + ["\(try world.end(of: run) as Any)"]
            }
        }
        #expect(survived > 2)
    }
}

extension BillingWorld {
    /// What the merchant has given as the trader behind the account's home store.
    func trade(_ account: TestAccount, as number: String, in country: String = "AT") async throws {
        try await raw.psql(
            """
            insert into shop.business_identity (tenant_id, legal_name, country, vat_number, address_line,
                postcode, city, phone, email)
            values ('\(account.home)', 'Lumina GmbH', '\(country)', '\(number)', 'Ring 1', '1010', 'Wien',
                '+43111111', 'ana@example.test')
            on conflict (tenant_id) do update set country = excluded.country, vat_number = excluded.vat_number
            """)
    }

    func ask(_ number: String, of account: TestAccount) throws -> RunID {
        try fleet.journal.start(
            CheckVATNumber.self, .init(number: VATNumber(unchecked: number)), once: UUID().uuidString,
            for: Tenant(account.home))
    }

    /// As every night.
    func recheck() throws {
        _ = try fleet.journal.start(
            RecheckVATNumbers.self, .init(due: fleet.clock.now), once: UUID().uuidString, for: .none)
    }

    func end(of run: RunID) throws -> CheckVATNumber.Output? {
        guard case .succeeded(let payload)? = fleet.journal.outcome(of: run) else { return nil }
        return try payload.decode(CheckVATNumber.Output.self, .output)
    }

    func standing(of account: TestAccount) async throws -> VATChecks.Standing? {
        try await database.transaction(for: account.home) { try await VATChecks().standing(in: $0) }
    }

    func isChecked(_ account: TestAccount) async throws -> Bool {
        try await database.transaction(for: account.home) {
            try await BillingAccounts().load(in: $0).hasCheckedNumber
        }
    }

    /// One line per answer that was kept.
    func evidence(of account: TestAccount) async throws -> [String] {
        try await raw.psql(
            """
            select concat_ws(' ', vat_number, is_valid::text, registered_name) from shop.vat_check
            where tenant_id = '\(account.home)' order by asked_at
            """
        ).split(separator: "\n").map(String.init)
    }

    func pull(_ lever: String, _ body: JSON) async throws {
        let answer = try await SandboxCaller.send(
            "POST", "\(vies.baseURL)/_sandbox/\(lever)", headers: ["Content-Type": "application/json"],
            body: body.bytes)
        #expect(answer.status < 300, "\(lever): \(answer.text)")
    }
}
