import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox

@testable import Workflows

@Suite("Platform catalogue")
struct PlatformCatalogueTests {
    private static let stockList = "GET /rest/catalog/productsstockbyhandlingdays.json"

    @Test("the first pull fills the catalogue: articles, words, pictures, stock and branches")
    func first() async throws {
        try await CatalogueWorld.open { world in
            let pulled = try await world.pull(.full)

            // Twenty-two articles in the lists of articles, stock and pictures, and in four languages; six
            // variations in three lists; three groups, and six attributes in four languages.
            #expect(pulled.read == 22 * 7 + 6 * 3 + 3 + 6 * 4)
            #expect(pulled.changed == 22 * 6 + 6 * 2 + 3 + 6 * 4)
            #expect(pulled.refused == 0 && pulled.removed == 0 && pulled.storesTold == 0)
            #expect(pulled.problem == nil)
            #expect(try await world.states() == ["done"])
            let lamp = "source_id, cost_minor, currency, recommended_minor, category, is_active"
            #expect(try await world.item("V0100101", lamp) == "334497|1000|EUR|2000|19657|t")
            #expect(try await world.item("V0100118", "is_active") == "f")
            #expect(try await world.item("V0100101", "titles ->> 'ro'") == "Lampă de birou LED")
            #expect(try await world.item("V0100101", "titles ->> 'de'") == "LED-Schreibtischlampe")
            #expect(try await world.item("V0100101", "titles ->> 'es'") == "Lámpara LED de escritorio")
            // The supplier's markup and script have gone.
            #expect(try await world.item("V0100101", "descriptions ->> 'en'") == "LED desk lamp")
            let cover = "https://cdnbigbuy.com/images/V0100101_00.jpg"
            #expect(try await world.item("V0100101", "images ->> 0") == cover)
            #expect(try await world.item("V0100101", "jsonb_array_length(images)") == "2")
            #expect(try await world.stock("V0100101") == "40")
            // Ten pieces in each of two warehouses.
            #expect(try await world.stock("V0100115") == "20")
            let branches = "select string_agg(names ->> 'en', ',' order by reference) "
            #expect(
                try await world.raw.psql(branches + "from shop.catalogue_category") == "Lighting,Home,Leisure"
            )
        }
    }

    @Test("a second pull of the same lists writes nothing and tells nobody")
    func unchanged() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            _ = try await world.sell("V0100101", cost: 1000, at: 1500)
            let before = try await world.shelves(withTimes: true)
            let again = try await world.pull(.full)

            #expect(again.read == 199)
            #expect(again.changed + again.refused + again.removed + again.storesTold == 0)
            #expect(try await world.shelves(withTimes: true) == before)
        }
    }

    @Test(
        "a price rise arrives with the prices and is met as the merchant chose",
        arguments: [
            (PriceRisePolicy.notify, Product.Status.published, 1500, "supplier_cost"),
            (.follow, .published, 1800, "supplier_cost"),
            (.pause, .paused, 1500, "unsellable_product"),
        ])
    func priceRise(_ policy: PriceRisePolicy, _ status: Product.Status, _ price: Int64, _ topic: String)
        async throws
    {
        try await CatalogueWorld.open(policy: policy) { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            try await world.turn("products", ["sku": "V0100101", "price": 12])
            try await world.turn("stock", ["sku": "V0100101", "quantity": 3])
            let pulled = try await world.pull(.prices)

            #expect(pulled.read == 28)
            #expect(pulled.changed == 1)
            #expect(pulled.storesTold == 1)
            #expect(try await world.item("V0100101", "cost_minor") == "1200")
            #expect(try await world.stock("V0100101") == "40")
            let product = try await world.product(id)
            #expect(product.cost == .eur(1200))
            #expect(product.status == status)
            #expect(product.price == .eur(price))
            #expect(try await world.attention().contains(topic))
            #expect(try await world.pull(.prices).storesTold == 0)
        }
    }

    @Test("a change of stock arrives with the stock, and the prices stay")
    func stock() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            #expect(try await world.product(id).available == 40)
            try await world.turn("stock", ["sku": "V0100101", "quantity": 3])
            try await world.turn("products", ["sku": "V0100101", "price": 12])
            let pulled = try await world.pull(.stock)

            #expect(pulled.read == 28)
            #expect(pulled.changed == 0 && pulled.storesTold == 0)
            #expect(try await world.product(id).available == 3)
            #expect(try await world.product(id).cost == .eur(1000))
            #expect(try await world.item("V0100101", "cost_minor") == "1000")
        }
    }

    @Test("an article that is new arrives whole; one that is listed no more leaves the shelves")
    func comingAndGoing() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            try await world.turn(
                "products",
                [
                    "sku": "V0999001", "price": 4, "quantity": 7, "name": "A kite", "taxonomy": 19659,
                ])
            try await world.turn("products", ["sku": "V0100101", "listed": false])
            world.fleet.clock.advance(by: .seconds(86_400))
            let pulled = try await world.pull(.full)

            // The article itself, its pictures, and its words in four languages.
            #expect(pulled.changed == 6)
            // A list that shifts while it is read leaves articles out once; the second time it is believed.
            #expect(pulled.removed == 0 && pulled.storesTold == 0)
            #expect(try await world.product(id).status == .published)
            world.fleet.clock.advance(by: .seconds(86_400))
            let again = try await world.pull(.full)
            #expect(again.removed == 1)
            #expect(again.storesTold == 1)
            #expect(again.problem == nil)
            #expect(try await world.item("V0999001", "titles ->> 'de'") == "A kite")
            #expect(try await world.item("V0999001", "category") == "19659")
            #expect(try await world.stock("V0999001") == "7")
            #expect(try await world.item("V0100101", "is_active") == "f")
            #expect(try await world.product(id).status == .paused)
        }
    }

    @Test("a pull of prices leaves the marks of the full pull alone, on articles that changed and on others")
    func pricesBetween() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let marks = "select count(distinct seen_by), min(seen_by::text) from shop.catalogue_item"
            let before = try await world.raw.psql(marks)
            try await world.turn("products", ["sku": "V0100101", "price": 12])
            try await world.turn(
                "products",
                ["sku": "V0999001", "price": 4, "quantity": 7, "name": "A kite", "taxonomy": 19659])

            #expect(try await world.pull(.prices).changed == 2)

            #expect(try await world.raw.psql(marks) == before)
        }
    }

    @Test("lists that have lost a fifth of the catalogue take nothing off")
    func breaker() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            let id = try await world.sell("V0100101", cost: 1000, at: 1500)
            for number in 101...106 {
                try await world.turn("products", ["sku": .string("V0100\(number)"), "listed": false])
            }
            let pulled = try await world.pull(.full)

            #expect(pulled.removed == 0 && pulled.storesTold == 0)
            #expect(pulled.problem?.contains("leave out 6 of 27 articles") == true)
            #expect(try await world.states() == ["done", "failed"])
            #expect(try await world.item("V0100101", "is_active") == "t")
            #expect(try await world.product(id).status == .published)
        }
    }

    @Test("an article without a price is set aside, and its page is kept")
    func quarantine() async throws {
        try await CatalogueWorld.open { world in
            try await world.pull(.full)
            try await world.turn("products", ["sku": "V0100101", "price": 0])
            try await world.turn("products", ["sku": "V0100111", "price": 11])
            let pulled = try await world.pull(.prices)

            #expect(pulled.read == 27)
            #expect(pulled.refused == 1)
            #expect(pulled.changed == 1)
            let aside =
                "select list, reference, reason like '%wholesalePrice%' from shop.catalogue_quarantine"
            #expect(try await world.raw.psql(aside) == "products|334497|t")
            #expect(try await world.item("V0100101", "cost_minor") == "1000")
            #expect(try await world.item("V0100111", "cost_minor") == "1100")
        }
    }

    @Test(
        "BigBuy's failures are waited out",
        arguments: [
            Fault(stockList, .status, status: 500, count: 2),
            Fault(stockList, .status, status: 429, retryAfterSeconds: 7, count: 2),
            Fault(stockList, .softError, count: 2),
            Fault(stockList, .dropAfter, count: 2),
        ])
    func failures(_ fault: Fault) async throws {
        try await CatalogueWorld.open { world in
            world.bigBuy.workbench.inject(fault)
            let pulled = try await world.pull(.stock)

            #expect(pulled.read == 28)
            #expect(try await world.stock("V0100101") == "40")
        }
    }

    @Test("a key that BigBuy refuses ends the pull at once")
    func refusedCall() async throws {
        try await CatalogueWorld.open { world in
            world.bigBuy.workbench.inject(
                Fault("GET /rest/catalog/taxonomies.json", .status, status: 403, count: 1))

            await #expect(throws: CatalogueWorld.Unfinished.self) { try await world.pull(.stock) }
        }
    }

    @Test("where the hour's calls are used up, the pull waits until they come back")
    func limits() async throws {
        try await CatalogueWorld.open { world in
            try await world.turn("limits", ["enabled": true])
            // Three branches at one call each and list: the fourth pull meets the limit of ten at its second.
            for _ in 0..<3 { try await world.pull(.stock) }
            try await world.turn("stock", ["sku": "V0100101", "quantity": 3])
            try await world.turn("stock", ["sku": "V0100104", "quantity": 5])
            let run = try await world.begin(.stock)

            #expect(world.fleet.journal.outcome(of: run) == nil)
            #expect(try await world.stock("V0100101") == "3")
            #expect(try await world.stock("V0100104") == "60")
            await world.bigBuy.advanceClock(seconds: 3_700)
            try await world.fleet.settle(upTo: .seconds(3_700))
            #expect(try world.output(of: run).read == 28)
            #expect(try await world.stock("V0100104") == "5")
        }
    }
}

@Suite("Platform catalogue, killed at every write")
struct PlatformCatalogueCrashTests {
    // How much a pull changed is not compared: a page that was stored before the worker died has nothing left
    // to change when it is pulled again.
    @Test("the same catalogue, stock and shelves whatever is killed", .timeLimit(.minutes(20)))
    func everySide() async throws {
        let survived = try await CrashRunner.survive { crash in
            try await CatalogueWorld.open(seenAs: crash) { world in
                let id = try await world.sell("V0100101", cost: 1000, at: 1500)
                try await world.turn("products", ["sku": "V0100101", "price": 12])
                try await world.turn("products", ["sku": "V0100111", "price": 0])
                let pulled = try await world.pull(.full)
                let product = try await world.product(id)
                let aside = "select list, reference from shop.catalogue_quarantine"
                return [
                    "\(pulled.read) \(pulled.refused) \(pulled.problem ?? "no problem")",
                    try await world.shelves(), "\(product.price) \(product.cost) \(product.available)",
                    "\(try await world.attention())", "\(try await world.states())",
                    try await world.raw.psql(aside),
                ]
            }
        }
        #expect(survived > 50)
    }
}
