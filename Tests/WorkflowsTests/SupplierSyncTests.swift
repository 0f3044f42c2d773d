import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import SupplierFeeds
import Testing
import VendorSandbox

@testable import Workflows

@Suite("Supplier sync")
struct SupplierSyncTests {
    private func rows(_ count: Int, price: String = "10.00") -> [String] {
        (1...count).map { "S-\($0),Thing \($0),\(price),\($0 % 7)" }
    }

    @Test("a feed is taken in page by page, and an unchanged one costs no writing")
    func pages() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(2_500))
            let first = try await world.sync()
            #expect(first.state == .done)
            #expect(first.counts.read == 2_500)
            #expect(first.counts.added == 2_500)
            #expect(try await world.item("S-2500")?.cost == .eur(1000))

            // The host says by its tag that nothing has changed; then the same bytes come under another.
            #expect(try await world.sync().state == .unchanged)
            await world.publish(rows(2_500))
            let again = try await world.sync()
            #expect(again.counts.unchanged == 2_500)
            #expect(again.counts.added + again.counts.changed + again.counts.removed == 0)
        }
    }

    @Test("changes, additions and removals are counted and kept")
    func changes() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(30))
            try await world.sync()
            await world.publish(["S-1,Thing 1,12.00,5"] + rows(29).dropFirst() + ["S-99,New,3.00,1"])
            let sync = try await world.sync()

            #expect(sync.counts.added == 1)
            #expect(sync.counts.changed == 1)
            #expect(sync.counts.unchanged == 28)
            #expect(sync.counts.removed == 1)
            #expect(try await world.item("S-1")?.cost == .eur(1200))
            #expect(try await world.item("S-30")?.isActive == false)
        }
    }

    @Test("bad rows are set aside by number, field and reason; their articles stay as they were")
    func quarantine() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(20))
            try await world.sync()
            var feed = rows(20)
            feed[4] = "S-5,Thing 5,-1.00,3"
            feed[7] = "=cmd(),Thing,1.00,3"
            feed.append("S-2,Twin,9.00,1")
            feed.append(feed[2])
            await world.publish(feed)
            let sync = try await world.sync()

            #expect(sync.state == .done)
            #expect(sync.counts.refused == 4)
            let problems = try await world.transaction {
                try await SupplierSyncs().quarantined(by: sync.sync, in: $0)
            }
            #expect(problems.map(\.row) == [6, 9, 22, 23])
            #expect(problems.map(\.field) == ["cost", "sku", "sku", "sku"])
            #expect(problems[2].reason.contains("row 3 already"))
            #expect(try await world.item("S-5")?.cost == .eur(1000))
            #expect(try await world.item("S-5")?.isActive == true)
            #expect(try await world.attention() == ["supplier_feed"])
        }
    }

    @Test("a dry run shows what would change and changes nothing")
    func dryRun() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(20))
            try await world.sync()
            await world.publish(["S-1,Thing 1,12.00,5"] + rows(19).dropFirst() + ["S-99,New,3.00,1"])
            let dry = try await world.sync(.dryRun)

            #expect(dry.counts.added == 1)
            #expect(dry.counts.changed == 1)
            #expect(dry.counts.removed == 1)
            let changes = try await world.transaction {
                try await SupplierItems().changes(found: dry.sync, in: $0)
            }
            #expect(
                changes.map { "\($0.kind) \($0.reference)" } == ["changed S-1", "removed S-20", "added S-99"])
            #expect(changes[0].before?.cost == .eur(1000))
            #expect(changes[0].after?.cost == .eur(1200))
            #expect(try await world.item("S-1")?.cost == .eur(1000))
            #expect(try await world.item("S-99") == nil)
            #expect(try await world.sync().counts.changed == 1)
        }
    }

    @Test("a feed that has lost most of its articles takes none off until somebody says so")
    func breaker() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(100))
            try await world.sync()
            await world.publish(rows(40))
            let stopped = try await world.sync()

            #expect(stopped.state == .stopped)
            #expect(try await world.item("S-100")?.isActive == true)
            let forced = try await world.sync(isForced: true)
            #expect(forced.state == .done)
            #expect(forced.counts.removed == 60)
            #expect(try await world.item("S-100")?.isActive == false)
        }
    }

    @Test(
        "a feed that cannot be read changes nothing and tells the merchant",
        arguments: [
            "<!DOCTYPE x [<!ENTITY a 'b'>]><l><p/></l>", "", "\u{1}\u{2}", "sku,sku\nA,B\n",
        ])
    func unreadable(_ text: String) async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(20))
            try await world.sync()
            await world.host.publish(Array(text.utf8), at: "/feed.csv")
            let sync = try await world.sync()

            #expect(sync.state == .failed || sync.counts.added + sync.counts.removed == 0)
            #expect(sync.problem != nil || sync.counts.refused > 0)
            #expect(try await world.item("S-20")?.isActive == true)
            #expect(try await world.attention() == ["supplier_feed"])
        }
    }

    @Test("the host's failures are waited out, its refusals are said")
    func host() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(5))
            world.inject(Fault("GET /feed.csv", .status, status: 503, count: 2))
            #expect(try await world.sync().counts.added == 5)
            await world.host.lock("user:secret")
            let refused = try await world.sync(isForced: true)
            #expect(refused.state == .failed)
            #expect(refused.problem?.contains("the credentials are not accepted") == true)
        }
    }

    @Test("own suppliers need the plan that has them")
    func plan() async throws {
        try await FeedWorld.open(plan: "free") { world in
            await world.publish(rows(5))
            await #expect(throws: FeedWorld.Unfinished.self) { try await world.sync() }
        }
    }

    @Test(
        "a price rise is met as the merchant chose",
        arguments: [
            (PriceRisePolicy.notify, Product.Status.published, 1500, "supplier_cost"),
            (.follow, .published, 1800, "supplier_cost"),
            (.pause, .paused, 1500, "unsellable_product"),
        ])
    func priceRise(_ policy: PriceRisePolicy, _ status: Product.Status, _ price: Int64, _ topic: String)
        async throws
    {
        try await FeedWorld.open(policy: policy) { world in
            await world.publish(rows(20))
            try await world.sync()
            let id = try await world.sell("S-1", cost: 1000, at: 1500)
            await world.publish(["S-1,Thing 1,12.00,5"] + rows(20).dropFirst())
            try await world.sync()

            let product = try await world.product(id)
            #expect(product.cost == .eur(1200))
            #expect(product.status == status)
            #expect(product.price == .eur(price))
            #expect(try await world.attention().contains(topic))
        }
    }

    @Test("whatever the merchant chose, nothing stays on sale at a loss", arguments: PriceRisePolicy.allCases)
    func guarded(_ policy: PriceRisePolicy) async throws {
        try await FeedWorld.open(policy: policy) { world in
            await world.publish(rows(20))
            try await world.sync()
            let id = try await world.sell("S-1", cost: 1000, at: 1050)
            await world.publish(["S-1,Thing 1,18.00,5"] + rows(20).dropFirst())
            try await world.sync()

            let product = try await world.product(id)
            #expect(product.status == (policy == .follow ? .published : .paused))
            if policy == .follow { #expect(product.price == .eur(1890)) }
        }
    }

    @Test("what the supplier stops offering leaves the shelf and its stock is nothing")
    func gone() async throws {
        try await FeedWorld.open { world in
            await world.publish(rows(20))
            try await world.sync()
            let id = try await world.sell("S-20", cost: 1000, at: 1500)
            #expect(try await world.product(id).available == 6)
            await world.publish(Array(rows(19)))
            try await world.sync()

            #expect(try await world.product(id).status == .paused)
            #expect(try await world.product(id).available == 0)
        }
    }

    @Test("a supplier with an API of its own is read by its pages, sizes becoming articles")
    func matterhorn() async throws {
        try await FeedWorld.open(adapter: "matterhorn", path: "/B2BAPI") { world in
            await world.host.sell(
                (1...450).map { number in
                    [
                        "id": .string("\(number)"), "name": .string("Dress \(number)"), "active": "Y",
                        "prices": ["EUR": "12.50"], "brand": "M", "images": ["https://img.example/1.jpg"],
                        "variants": [
                            ["variant_uid": .string("\(number)-S"), "name": "S", "stock": "3"],
                            ["variant_uid": .string("\(number)-M"), "name": "M", "stock": "0"],
                        ],
                    ]
                })
            let sync = try await world.sync()

            #expect(sync.problem == nil)
            #expect(sync.counts.added == 900)
            let item = try await world.item("450-S")
            #expect(item?.family == "450")
            #expect(item?.attributes["size"] == "S")
            #expect(item?.cost == .eur(1250))
        }
    }
}

@Suite("Supplier sync, killed at every write")
struct SupplierSyncCrashTests {
    @Test("the same articles, marks and quarantine whatever is killed", .timeLimit(.minutes(20)))
    func everySide() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await FeedWorld.open(policy: .follow, seenAs: crash) { world in
                let rows = (1...2_100).map { "S-\($0),Thing \($0),10.00,3" }
                await world.publish(Array(rows.prefix(5)))
                try await world.sync()
                let id = try await world.sell("S-1", cost: 1000, at: 1500)
                await world.publish(["S-1,Thing 1,12.00,3", "S-2,Thing 2,-1,3"] + rows.dropFirst(2))
                let sync = try await world.sync()
                let product = try await world.product(id)
                let problems = try await world.transaction {
                    try await SupplierSyncs().quarantined(by: sync.sync, in: $0)
                }
                return [
                    "\(sync.state) \(sync.counts)", "\(product.price) \(product.cost)",
                    "\(problems.map(\.row))", "\(try await world.item("S-2100") as Any)",
                ]
            }
        }
        #expect(survived > 20)
    }
}
