import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

@testable import Commerce

@Suite("A store's own domain")
struct DomainTests {
    private static func name() -> DomainName {
        DomainName(
            unchecked: "d\(UUID().uuidString.lowercased().replacing("-", with: "").prefix(20)).example.test")
    }

    private static func add(_ name: DomainName, _ world: WebhookWorld) async throws -> CustomDomain {
        let domain = try await world.transaction { tx in
            try await CustomDomains().add(name, platform: "cartflux.test", in: tx)
        }
        try world.fleet.journal.start(
            FollowDomain.self, FollowDomain.Input(domain: domain.id), once: "domain:\(domain.id):0",
            for: Tenant(world.tenant))
        return domain
    }

    /// The merchant sets the records.
    private static func setUp(_ domain: CustomDomain, _ world: WebhookWorld) {
        world.names.alias(domain.name.rawValue, to: "\(world.slug).cartflux.test")
        world.names.say([DomainName.proofText(domain.proof)], at: domain.name.proofName)
    }

    private static func load(_ domain: CustomDomain, _ world: WebhookWorld) async throws -> CustomDomain {
        try await world.transaction { try await CustomDomains().load(domain.id, in: $0) }
    }

    private static func holder(_ name: DomainName, _ world: WebhookWorld) async throws -> TenantID? {
        try await Tenants(world.database).tenant(ofHost: name.rawValue)
    }

    @Test(
        "a domain serves the store once its records are there, and the page says what is missing until then")
    func activation() async throws {
        try await WebhookWorld.open(plan: .business) { world in
            let domain = try await Self.add(Self.name(), world)
            world.names.point(domain.name.rawValue, at: ["198.51.100.7"])
            try await world.fleet.settle(upTo: .seconds(70))
            #expect(try await Self.load(domain, world).problem?.contains("TXT record") == true)
            world.names.say([DomainName.proofText(domain.proof)], at: domain.name.proofName)
            try await world.fleet.settle(upTo: .seconds(70))
            #expect(try await Self.load(domain, world).problem?.contains("198.51.100.7") == true)
            #expect(try await Self.holder(domain.name, world) == nil)

            Self.setUp(domain, world)
            try await world.fleet.settle(upTo: .seconds(3_600))

            #expect(try await Self.load(domain, world).state == .active)
            #expect(try await Self.load(domain, world).problem == nil)
            #expect(try await Self.holder(domain.name, world) == world.tenant)
            let place = try await Tenants(world.database).storeAndDomain(atHost: domain.name.rawValue)
            #expect(place?.domain == domain.name.rawValue)
        }
    }

    @Test("a domain that leads elsewhere is warned of, served for three days, and then no more")
    func lost() async throws {
        try await WebhookWorld.open(plan: .business) { world in
            let domain = try await Self.add(Self.name(), world)
            Self.setUp(domain, world)
            try await world.fleet.settle(upTo: .seconds(70))
            #expect(try await Self.load(domain, world).state == .active)

            world.names.point(domain.name.rawValue, at: ["198.51.100.7"])
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))
            #expect(try await world.attention() == ["domain"])
            #expect(try await Self.holder(domain.name, world) == world.tenant)
            try await world.fleet.settle(upTo: .seconds(4 * 86_400))

            #expect(try await Self.load(domain, world).state == .expired)
            #expect(try await Self.holder(domain.name, world) == nil)
        }
    }

    @Test("a domain that comes back in time is served without a break")
    func recovered() async throws {
        try await WebhookWorld.open(plan: .business) { world in
            let domain = try await Self.add(Self.name(), world)
            Self.setUp(domain, world)
            try await world.fleet.settle(upTo: .seconds(70))
            world.names.forget(domain.name.proofName)
            try await world.fleet.settle(upTo: .seconds(86_500))
            #expect(try await Self.load(domain, world).failingSince != nil)

            Self.setUp(domain, world)
            try await world.fleet.settle(upTo: .seconds(10 * 86_400))

            #expect(try await Self.load(domain, world).state == .active)
            #expect(try await Self.load(domain, world).failingSince == nil)
            #expect(try await world.attention().isEmpty)
        }
    }

    @Test("a DNS that cannot be asked says nothing about a domain")
    func outage() async throws {
        try await WebhookWorld.open(plan: .business) { world in
            let domain = try await Self.add(Self.name(), world)
            Self.setUp(domain, world)
            try await world.fleet.settle(upTo: .seconds(70))
            world.names.answer(.withFailure)
            try await world.fleet.settle(upTo: .seconds(6 * 86_400))

            #expect(try await Self.load(domain, world).state == .active)
            #expect(try await world.attention().isEmpty)
        }
    }

    @Test("a domain that is never set up is given up after two weeks, and can be tried again")
    func neglected() async throws {
        try await WebhookWorld.open(plan: .business) { world in
            let domain = try await Self.add(Self.name(), world)
            try await world.fleet.settle(upTo: .seconds(20 * 86_400))
            #expect(try await Self.load(domain, world).state == .expired)

            let again = try await Self.add(domain.name, world)
            Self.setUp(again, world)
            try await world.fleet.settle(upTo: .seconds(70))

            #expect(again.id != domain.id)
            #expect(try await Self.load(again, world).state == .active)
        }
    }

    @Test("a domain ends with its removal and with the plan that has it")
    func endings() async throws {
        try await WebhookWorld.open(plan: .business) { world in
            let first = try await Self.add(Self.name(), world)
            Self.setUp(first, world)
            try await world.fleet.settle(upTo: .seconds(70))
            try await world.transaction { try await CustomDomains().close(first.id, as: .removed, in: $0) }
            #expect(try await Self.holder(first.name, world) == nil)
            let second = try await Self.add(Self.name(), world)
            Self.setUp(second, world)
            try await world.fleet.settle(upTo: .seconds(70))
            #expect(try await Self.holder(second.name, world) == world.tenant)

            try await world.transaction { tx in
                _ = try await tx.postgres.execute(
                    "update shop.store set plan = 'free' where tenant_id = \(world.tenant.rawValue)")
            }
            try await world.fleet.settle(upTo: .seconds(2 * 86_400))

            #expect(try await Self.load(second, world).state == .expired)
            #expect(try await Self.load(second, world).problem?.contains("the Business plan does") == true)
            #expect(try await Self.holder(second.name, world) == nil)
            #expect(try await Self.holder(first.name, world) == nil)
        }
    }

    @Test("a domain leads to one store: the first that proves it, and a mere wish keeps nobody from it")
    func contested() async throws {
        try await WebhookWorld.open(plan: .business) { squatter in
            try await WebhookWorld.open(plan: .business) { owner in
                let name = Self.name()
                let wish = try await Self.add(name, squatter)
                try await squatter.fleet.settle(upTo: .seconds(70))
                let domain = try await Self.add(name, owner)
                Self.setUp(domain, owner)
                try await owner.fleet.settle(upTo: .seconds(70))
                // Even with all records in the squatter's own DNS, the name is another store's now.
                Self.setUp(wish, squatter)
                try await squatter.fleet.settle(upTo: .seconds(3_600))

                #expect(try await Self.holder(name, owner) == owner.tenant)
                #expect(try await Self.load(wish, squatter).state == .pending)
                #expect(try await Self.load(wish, squatter).problem?.contains("another store") == true)
                await #expect(throws: StoreError.self) { try await Self.load(domain, squatter) }
            }
        }
    }

    @Test("plan, platform and a second domain are refused by name")
    func refusals() async throws {
        _ = try await WebhookWorld.open(plan: .pro) { world in
            await #expect(throws: CommerceError.self) { try await Self.add(Self.name(), world) }
        }
        try await WebhookWorld.open(plan: .business) { world in
            await #expect(throws: DomainRefusal.ours) {
                try await Self.add(DomainName(unchecked: "mine.cartflux.test"), world)
            }
            let first = try await Self.add(Self.name(), world)
            await #expect(throws: DomainRefusal.oneAlready(first.name)) {
                try await Self.add(Self.name(), world)
            }
            try await WebhookWorld.open(plan: .business) { other in
                Self.setUp(first, world)
                try await world.fleet.settle(upTo: .seconds(70))
                await #expect(throws: DomainRefusal.taken) { try await Self.add(first.name, other) }
            }
        }
    }

    @Test("killed at every write, the domain ends as it should", .timeLimit(.minutes(20)))
    func crashes() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await WebhookWorld.open(plan: .business, seenAs: crash) { world in
                let domain = try await Self.add(Self.name(), world)
                try await world.fleet.settle(upTo: .seconds(70))
                Self.setUp(domain, world)
                try await world.fleet.settle(upTo: .seconds(90))
                let active = try await Self.load(domain, world).state
                let holds = try await Self.holder(domain.name, world) == world.tenant
                return ["\(active)", "\(holds)"]
            }
        }
        #expect(survived > 10)
    }
}
