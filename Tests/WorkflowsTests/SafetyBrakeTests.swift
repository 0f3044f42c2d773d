import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Postgres
import Testing
import VendorSandbox

@testable import Workflows

@Suite("Product-safety data that seems lost")
struct SafetyBrakeTests {
    private static let open =
        "select kind, subject from shop.platform_attention where resolved_at is null"

    /// Has a person in the Union who answers for it, so it stays whole without its maker's contact.
    private static let represented = "V0700822"

    private static func whole(_ world: CatalogueWorld) async throws -> [String] {
        try await world.raw.psql(
            """
            select reference from shop.catalogue_item
            where safety_missing = '{}' and reference <> '\(represented)' and is_active and family is null
            order by reference
            """
        ).split(separator: "\n").map(String.init)
    }

    /// A first pull of everything. Returns what is whole then.
    private static func fill(_ world: CatalogueWorld) async throws -> [String] {
        try await world.pull(.full)
        try await world.pull(.safety)
        return try await whole(world)
    }

    /// The question that a pull asks which lost too much.
    private static func ask(_ world: CatalogueWorld) async throws {
        try await world.raw.psql(
            """
            insert into shop.platform_attention (id, kind, subject, message, opened_at)
            values (gen_random_uuid(), 'safety_loss', 'bigbuy', 'so many were lost', now())
            """)
    }

    private static func contact(
        _ contact: String, of articles: some Sequence<String>, _ world: CatalogueWorld
    )
        async throws
    {
        for article in articles {
            try await world.turn("safety", ["sku": .string(article), "contact": .string(contact)])
        }
    }

    private static func answer(_ answer: SafetyLosses.Answer, _ world: CatalogueWorld) async throws -> Int? {
        let now = world.fleet.clock.now
        return try await world.database.platformTransaction { tx in
            try await SafetyLosses().answer(
                answer, of: "bigbuy", by: "ana@example.test (operator)", reason: "compared five answers",
                at: now, in: tx)
        }
    }

    @Test("what is lost in small parts is stopped like what is lost at once, and no part of it is saved")
    func slowly() async throws {
        try await CatalogueWorld.open { world in
            let whole = try await Self.fill(world)
            try #require(whole.count == 12)
            let id = try await world.sell(try #require(whole.last), cost: 1000, at: 1500)

            try await Self.contact("", of: whole.prefix(7), world)
            world.fleet.clock.advance(by: .seconds(2 * 86_400))
            try await world.age(days: 31)
            let few = try await world.pull(.safety)
            #expect(few.problem == nil)
            #expect(try await Self.whole(world).count == 5)
            #expect(try await world.raw.psql(Self.open) == "")

            try await Self.contact("", of: whole.suffix(5), world)
            world.fleet.clock.advance(by: .seconds(2 * 86_400))
            try await world.age(days: 31)
            let more = try await world.pull(.safety)
            #expect(more.problem?.contains("lost their product-safety data") == true)
            #expect(more.storesTold == 0)
            #expect(try await Self.whole(world) == Array(whole.suffix(5)))
            #expect(try await world.product(id).status == .published)
            #expect(try await world.raw.psql(Self.open) == "safety_loss|bigbuy")

            // Nobody has decided: the next pull saves nothing either, and asks no second time.
            world.fleet.clock.advance(by: .seconds(3_600))
            #expect(try await world.pull(.safety).problem != nil)
            #expect(try await Self.whole(world) == Array(whole.suffix(5)))
            #expect(try await world.raw.psql(Self.open) == "safety_loss|bigbuy")

            #expect(try await Self.answer(.accept, world) != nil)
            #expect(try await Self.answer(.accept, world) == nil)
            try await world.age(days: 31)
            #expect(try await world.pull(.safety).problem == nil)
            let left = try await Self.whole(world)
            #expect(left.isEmpty)
            #expect(try await world.product(id).status == .paused)
            #expect(try await world.raw.psql(Self.open) == "")
        }
    }

    @Test("an operator may keep the earlier data: it stands, and nothing is asked for a month")
    func kept() async throws {
        try await CatalogueWorld.open { world in
            let whole = try await Self.fill(world)
            try await Self.contact("", of: whole, world)
            try await world.age(days: 31)
            #expect(try await world.pull(.safety).problem != nil)
            #expect(try await Self.whole(world) == whole)
            #expect(try await world.states() == ["done", "done", "failed"])

            let kept = try await Self.answer(.keep, world)
            #expect(kept == whole.count)

            #expect(try await Self.whole(world) == whole)
            #expect(try await world.raw.psql(Self.open) == "")
            #expect(try await world.pull(.safety).read == 0)
            let decided = "select resolved_by, resolution from shop.platform_attention"
            #expect(
                try await world.raw.psql(decided) == "ana@example.test (operator)|compared five answers")
        }
    }

    @Test("what a running pull loses again while an operator accepts is not accepted with it")
    func foundMeanwhile() async throws {
        try await CatalogueWorld.open { world in
            let whole = try await Self.fill(world)
            let (waiting, again) = (whole[0], whole[1])
            try await Self.ask(world)
            try await world.raw.psql(
                """
                insert into shop.catalogue_safety_loss (supplier, reference, told, missing, found_at,
                    saved_at)
                select supplier, reference, safety, '{contact}', now(),
                    case when reference = '\(again)' then now() end
                from shop.catalogue_item where reference in ('\(waiting)', '\(again)')
                """)

            let answer = try await world.database.platformTransaction { tx in
                _ = try await tx.postgres.execute(
                    "update shop.catalogue_safety_loss set saved_at = null where reference = \(again)")
                // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
                let answer = Task { try await Self.answer(.accept, world) }
                try await Self.untilSomebodyWaits(world)
                return answer
            }

            #expect(try await answer.value == 1)
            let left = "select reference, saved_at is null from shop.catalogue_safety_loss"
            #expect(try await world.raw.psql(left) == "\(again)|t")
        }
    }

    @Test(
        "what is found while an answer waits for its articles is not answered: its article is not held",
        arguments: SafetyLosses.Answer.allCases)
    func foundWhileLocking(answer: SafetyLosses.Answer) async throws {
        try await CatalogueWorld.open { world in
            let whole = try await Self.fill(world)
            let (waiting, later) = (whole[0], whole[1])
            func lose(_ article: String) async throws {
                try await world.raw.psql(
                    """
                    insert into shop.catalogue_safety_loss (supplier, reference, told, missing, found_at)
                    select supplier, reference, safety, '{contact}', now()
                    from shop.catalogue_item where reference = '\(article)'
                    """)
            }
            try await lose(waiting)
            try await Self.ask(world)

            let answered = try await world.database.platformTransaction { tx in
                _ = try await tx.postgres.execute(
                    """
                    select from shop.catalogue_item where reference = \(waiting) for no key update
                    """)
                // Awaited below; nobody cancels it, since it ends with the lock that it waits for.
                let answered = Task { try await Self.answer(answer, world) }
                try await Self.untilSomebodyWaits(world)
                try await lose(later)
                return answered
            }

            #expect(try await answered.value == 1)
            let left = "select reference, saved_at is null from shop.catalogue_safety_loss"
            #expect(try await world.raw.psql(left) == "\(later)|t")
            #expect(try await Self.whole(world).contains(later))
        }
    }

    /// Looks a bounded number of times; a test that needs more has failed.
    private static func untilSomebodyWaits(_ world: CatalogueWorld) async throws {
        for _ in 0..<2_000 {
            let waiting = try await world.raw.psql(
                """
                select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """)
            if waiting != "0" { return }
        }
        Issue.record("nobody came to wait for the lock")
    }

    @Test("data that comes back closes the question by itself")
    func back() async throws {
        try await CatalogueWorld.open { world in
            let whole = try await Self.fill(world)
            try await Self.contact("", of: whole, world)
            try await world.age(days: 31)
            try await world.pull(.safety)
            #expect(try await world.raw.psql(Self.open) == "safety_loss|bigbuy")

            try await Self.contact("help@demo-works.test", of: whole, world)
            world.fleet.clock.advance(by: .seconds(2 * 86_400))
            let pulled = try await world.pull(.safety)

            #expect(pulled.problem == nil)
            #expect(try await Self.whole(world) == whole)
            #expect(try await world.item("V0100101", "safety ->> 'contact'") == "help@demo-works.test")
            #expect(try await world.raw.psql(Self.open) == "")
            #expect(
                try await world.raw.psql("select resolved_by from shop.platform_attention") == "pull")
        }
    }
}
