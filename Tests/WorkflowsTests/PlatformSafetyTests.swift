import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox

@testable import Workflows

@Suite("Product-safety data of the platform's catalogue")
struct PlatformSafetyTests {
    private static let anyAnswer = "GET /rest/catalog/productcompliance/*"
    private static let lamp = "GET /rest/catalog/productcompliance/334497.json"

    /// Twenty-two articles less one that is sold out and one that is not offered any more. Two of them come
    /// in variations, of which nobody is asked.
    private static let asked = 20
    /// No answer, an answer that says nothing, one that says a part, and a maker outside the Union.
    private static let lacking = ["S7106391", "V0100115", "V0100116", "V0100119", "V0100120"]

    private static func quarantine(_ world: CatalogueWorld) async throws -> [String] {
        try await world.raw.psql(
            "select reference from shop.catalogue_quarantine where list = 'safety' order by reference"
        ).split(separator: "\n").map(String.init)
    }

    @Test("it is asked article by article, of what lies in stock; what lacks some says what")
    func first() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let pulled = try await world.pull(.safety)

            #expect(pulled.read == Self.asked)
            #expect(pulled.changed == 17)
            #expect(pulled.refused == Self.lacking.count)
            #expect(pulled.problem == nil && pulled.storesTold == 0)
            #expect(try await world.states() == ["done", "done"])
            #expect(try await Self.quarantine(world) == Self.lacking)
            let lamp = "safety ->> 'manufacturer', safety ->> 'country', safety_missing"
            #expect(try await world.item("V0100101", lamp) == "Demo Works SL|ES|{}")
            #expect(try await world.item("S7106391", "safety_missing") == "{responsible_person}")
            #expect(try await world.item("V0100116", "safety_missing") == "{address,contact}")
            let reader = "safety ->> 'responsible_person', safety ->> 'warnings_en'"
            #expect(
                try await world.item("V0700822", reader) == "Demo Import BV, Kade 2, 3011 Rotterdam, NL, "
                    + "safety@demo-import.test|Keep away from water.\nHot surface.")
            #expect(try await world.item("V0100117", "safety_asked_at is null") == "t")
            #expect(try await world.pull(.safety).read == 0)
        }
    }

    @Test("what may not be sold says why, and is not taken onto a shelf")
    func merchant() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            try await world.pull(.safety)

            let offers = try await world.database.transaction(for: world.tenant) {
                try await CatalogueShelf().offers(in: $0)
            }
            let taken = try await world.database.transaction(for: world.tenant) {
                try await CatalogueShelf().take(
                    ["bigbuy:V0100101": .eur(1990), "bigbuy:V0100116": .eur(4990)], in: $0)
            }
            let lamp = try await world.database.transaction(for: world.tenant) {
                try await Products().find(sku: SKU(unchecked: "V0100101"), in: $0)
            }

            func problem(_ reference: String) -> String? {
                offers.first { $0.reference.rawValue == reference }?.safetyProblem
            }
            #expect(problem("V0100101") == nil)
            #expect(problem("V0100116")?.contains("postal address") == true)
            #expect(problem("S7106391")?.contains("within the EU") == true)
            #expect(problem("V0100117")?.contains("has not told yet") == true)
            #expect(taken == 1)
            #expect(
                lamp?.safety["manufacturer"] == "Demo Works SL, Calle Mayor 1, 46001 Valencia, ES")
            #expect(lamp?.safety["contact"] == "safety@demo-works.test")
        }
    }

    @Test("gaps are asked for again after a week, what is whole after a month, and another article at once")
    func turns() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            try await world.pull(.safety)

            try await world.age(days: 8)
            #expect(try await world.pull(.safety).read == Self.lacking.count)
            try await world.raw.psql(
                "update shop.catalogue_item set ean = '1' where reference = 'V0100101'")
            try await world.pull(.prices)
            #expect(try await world.pull(.safety).read == 1)
            try await world.age(days: 31)
            #expect(try await world.pull(.safety).read == Self.asked)
        }
    }

    @Test("what is on sale follows what is told, and comes off the shelf when a part of it is gone")
    func onSale() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            #expect(try await world.pull(.safety).storesTold == 1)
            #expect(try await world.product(id).safety["contact"] == "safety@demo-works.test")

            try await world.turn("safety", ["sku": "V0100101", "contact": ""])
            try await world.age(days: 31)
            #expect(try await world.pull(.safety).storesTold == 1)
            let paused = try await world.product(id)
            #expect(paused.status == .paused)
            #expect(paused.pausedReason?.contains("e-mail or web address") == true)
            #expect(try await world.attention() == ["unsellable_product"])

            try await world.turn("safety", ["sku": "V0100101", "contact": "help@demo-works.test"])
            try await world.age(days: 8)
            #expect(try await world.pull(.safety).storesTold == 1)
            let mended = try await world.product(id)
            #expect(mended.safety["contact"] == "help@demo-works.test")
            #expect(mended.status == .paused)
            #expect(try await world.attention().isEmpty)
            #expect(try await world.pull(.safety).storesTold == 0)
        }
    }

    @Test("what a merchant wrote into a product stays, whatever the supplier tells")
    func ownWords() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100116", cost: 2210, at: 4990)
            let own = #"{"manufacturer": "Maker, Street 1", "contact": "me@shop.test"}"#
            try await world.raw.psql("update shop.product set safety = '\(own)' where id = '\(id)'")

            #expect(try await world.pull(.safety).storesTold == 0)
            #expect(try await world.product(id).status == .published)
            #expect(try await world.product(id).safety["contact"] == "me@shop.test")
        }
    }

    @Test("an answer that stays out takes nothing away that was told before")
    func silence() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            try await world.pull(.safety)
            try await world.turn("safety", ["sku": "V0100101", "known": false])
            try await world.age(days: 31)
            let pulled = try await world.pull(.safety)

            #expect(pulled.read == Self.asked && pulled.storesTold == 0)
            #expect(try await world.item("V0100101", "safety_missing") == "{}")
            #expect(try await world.product(id).status == .published)
        }
    }

    @Test(
        "BigBuy's failures are waited out",
        arguments: [
            Fault(anyAnswer, .status, status: 500, count: 2),
            Fault(anyAnswer, .status, status: 429, retryAfterSeconds: 7, count: 2),
            Fault(anyAnswer, .softError, count: 2),
            Fault(anyAnswer, .dropAfter, count: 2),
        ])
    func failures(_ fault: Fault) async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            world.bigBuy.workbench.inject(fault)
            let pulled = try await world.pull(.safety)

            #expect(pulled.read == Self.asked && pulled.problem == nil)
            #expect(try await Self.quarantine(world) == Self.lacking)
            #expect(try await world.item("V0100101", "safety_missing") == "{}")
        }
    }

    @Test("an article that BigBuy cannot answer for is set aside, and stops no other")
    func unreadable() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            world.bigBuy.workbench.inject(Fault(Self.lamp, .status, status: 500))
            let pulled = try await world.pull(.safety)

            #expect(pulled.read == Self.asked && pulled.problem == nil)
            #expect(try await Self.quarantine(world) == (Self.lacking + ["V0100101"]).sorted())
            #expect(try await world.item("V0100101", "safety_asked_at is null") == "f")
            #expect(try await world.item("V0100101", "safety_checked_at is null") == "t")
            #expect(try await world.pull(.safety).read == 0)
        }
    }

    @Test("where BigBuy answers for nothing, the pull ends with its problem and nobody loses anything")
    func outage() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            world.bigBuy.workbench.inject(Fault(Self.anyAnswer, .status, status: 500))
            let pulled = try await world.pull(.safety)

            #expect(pulled.read == 0)
            #expect(pulled.problem?.hasPrefix("20 articles were not asked of") == true)
            #expect(try await world.states() == ["done", "failed"])
            #expect(try await world.item("V0100101", "safety_asked_at is null") == "t")
        }
    }

    @Test("at the limit of one call in five seconds the pull goes on where it stood")
    func limits() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            try await world.turn("limits", ["enabled": true])
            let run = try await world.begin(.safety, upTo: .seconds(1))

            #expect(world.fleet.journal.outcome(of: run) == nil)
            let known = "select count(*) from shop.catalogue_item where safety_asked_at is not null"
            #expect(try await world.raw.psql(known) == "1")
            try await world.turn("limits", ["enabled": false])
            try await world.fleet.settle(upTo: .seconds(600))
            #expect(try world.output(of: run).read == Self.asked)
            // Every article once, and once more the one that was refused.
            let calls = world.bigBuy.workbench.calls.calls.filter { $0.path.contains("productcompliance") }
            #expect(calls.count == Self.asked + 1)
        }
    }
}

@Suite("Product-safety data, killed at every write")
struct PlatformSafetyCrashTests {
    // How much a pull changed is not compared: what was kept before the worker died has nothing left to
    // change when it is asked for again.
    @Test("the same data and the same shelf whatever is killed", .timeLimit(.minutes(20)))
    func everySide() async throws {
        let survived = try await CrashRunner.survive { crash in
            let trigger = Trigger()
            return try await CatalogueWorld.open(seenAs: trigger.arm(crash)) { world in
                try await world.know([
                    "V0100101": 334497, "V0100102": 334498, "V0100103": 334499, "V0100104": 334500,
                    "V0100105": 334501, "V0100106": 334502, "V0100107": 334503, "V0100108": 334504,
                    "V0100109": 334505, "V0100115": 334511, "V0100116": 334512, "V0700822": 334509,
                ])
                let whole = try await world.sell("V0100101", cost: 1000, at: 1500)
                let lacking = try await world.sell("V0100116", cost: 2210, at: 4990)
                trigger.pull()
                let pulled = try await world.pull(.safety)
                let told = "select reference, safety, safety_missing from shop.catalogue_item order by 1"
                let aside = "select list, reference, reason from shop.catalogue_quarantine order by 2"
                return [
                    "\(pulled.read) \(pulled.refused) \(pulled.problem ?? "no problem")",
                    try await world.raw.psql(told), try await world.raw.psql(aside),
                    "\(try await world.product(whole).safety.sorted { $0.key < $1.key })",
                    "\(try await world.product(lacking).pausedReason ?? "on sale")",
                    "\(try await world.attention())", "\(try await world.states())",
                ]
            }
        }
        #expect(survived > 15)
    }
}
