import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

/// Where a store's goods come from, over HTTP.
@Suite("A merchant's suppliers")
struct DashboardSupplierTests {
    private static let form = [
        "name": "Fabrica <i>Verde</i>", "currency": "EUR", "parcel": "4,90",
        "address": "https://supplier.example/feed.csv?key=1", "login": "ana:hidden-word", "hours": "6",
        "removal": "20", "format": "csv", "delimiter": "semicolon", "decimal": "comma", "language": "ro",
        "map-sku": "cod", "map-name": "denumire", "map-cost": "pret", "map-stock": "stoc",
    ]

    /// A supplier with a feed, and its page.
    private func added(
        _ shelf: DashboardShelf, _ change: [String: String] = [:]
    ) async throws -> (id: SupplierID, path: String, feed: Feed) {
        let answer = try await shelf.post(
            "\(shelf.root)/suppliers/new", Self.form.merging(change) { $1 })
        guard answer.status == 303, let location = answer.headers["location"] else {
            throw RawHTTPError(message: "not added: \(answer.status) \(answer.body)")
        }
        let path = String(location.prefix { $0 != "?" })
        let id = try SupplierID(parsing: String(path.split(separator: "/").last ?? ""))
        let feed = try await shelf.inStore { try await FeedBook().find(of: id, in: $0) }
        return (id, path, try #require(feed))
    }

    @Test("a supplier of one's own begins with a dry run, and its login is never shown again")
    func adding() async throws {
        let shelf = try await DashboardShelf.open()

        let (id, path, feed) = try await added(shelf)

        #expect(feed.interval == .seconds(6 * 3_600) && !feed.isActive)
        #expect(
            shelf.merchant.running.readings.wishes(of: feed.id)
                == [SupplierDesk.Wish(feed: feed.id, mode: .dryRun)])
        let page = try await shelf.merchant.get(path)
        #expect(page.body.contains("Fabrica &lt;i&gt;Verde&lt;/i&gt;") && !page.body.contains("<i>Verde"))
        #expect(page.body.contains("value=\"cod\"") && page.body.contains("value=\"4.90\""))
        #expect(page.body.contains("value=\"semicolon\" selected"))
        #expect(!page.body.contains("hidden-word"))
        let login = try await shelf.inStore {
            try await WebPlatform.credentials.load(kind: "feed:\(id)", in: $0)
        }
        #expect(login == "ana:hidden-word")
        let list = try await shelf.merchant.get("\(shelf.root)/suppliers").body
        #expect(list.contains("Fabrica &lt;i&gt;") && list.contains("your own"))
    }

    @Test("what cannot work is refused at its field, and everything that was typed stays")
    func refused() async throws {
        let shelf = try await DashboardShelf.open()

        for (field, value) in [
            ("name", ""), ("parcel", "a lot"), ("login", "no colon"), ("removal", "101"),
            ("map-sku", ""), ("map-cost", "a/b/c/d/e/f/g/h/i"), ("format", "pdf"),
        ] {
            let typed = Self.form.merging([field: value]) { $1 }
            let answer = try await shelf.post("\(shelf.root)/suppliers/new", typed)
            #expect(answer.status == 422, "\(field) \(value)")
            #expect(answer.body.contains("id=\"\(field)-error\""), "\(field) \(value)")
            #expect(answer.body.contains("value=\"denumire\""), "\(field) \(value)")
            #expect(!answer.body.contains("hidden-word") && !answer.body.contains("no colon"))
        }
        let xml = Self.form.merging(["format": "xml", "record": ""]) { $1 }
        let answer = try await shelf.post("\(shelf.root)/suppliers/new", xml)
        #expect(answer.status == 422 && answer.body.contains("id=\"record-error\""))
    }

    @Test(
        "a feed is asked for at public hosts only",
        arguments: [
            "http://127.0.0.1:5432/", "http://10.0.0.1/feed", "https://localhost/feed", "http://[::1]/feed",
            "http://2130706433/feed", "ftp://supplier.example/feed", "file:///etc/passwd",
            "https://ana:word@supplier.example/feed", "https://metadata.internal/", "",
        ])
    func privateHosts(address: String) async throws {
        let shelf = try await DashboardShelf.open()

        let answer = try await shelf.post(
            "\(shelf.root)/suppliers/new", Self.form.merging(["address": address]) { $1 })

        #expect(answer.status == 422 && answer.body.contains("id=\"address-error\""))
        let own = try await shelf.inStore { try await FeedBook().all(in: $0).count }
        #expect(own == 0)
    }

    @Test("a plan without suppliers of one's own says which plan has them")
    func plan() async throws {
        let merchant = try await Merchant.signedUp()
        let root = "/stores/\(try await merchant.openStore().store)/suppliers"

        #expect(try await merchant.get(root).body.contains("the Pro plan does"))
        let answer = try await merchant.post("\(root)/new", Self.form)

        #expect(answer.status == 422 && answer.body.contains("the Pro plan does"))
        #expect(answer.body.contains("value=\"denumire\""))
    }

    @Test("a reading is asked for once per press, and a feed comes round by itself when that is wanted")
    func reading() async throws {
        let shelf = try await DashboardShelf.open()
        let (_, path, feed) = try await added(shelf)
        let press = ["act": "sync", "press": UUID().uuidString]

        for _ in 1...2 { #expect(try await shelf.post(path, press).status == 303) }
        #expect(try await shelf.post(path, ["act": "on"]).status == 303)

        let wishes = shelf.merchant.running.readings.wishes(of: feed.id)
        #expect(wishes.count(where: { $0.mode == .apply && !$0.isForced }) == 1)
        let active = try await shelf.inStore { try await FeedBook().load(feed.id, in: $0).isActive }
        #expect(active)
        // Saving the feed anew leaves that as it is.
        #expect(try await shelf.post(path, Self.form.merging(["act": "save"]) { $1 }).status == 303)
        #expect(try await shelf.inStore { try await FeedBook().load(feed.id, in: $0).isActive })
        #expect(try await shelf.post(path, ["act": "policy", "policy": "follow"]).status == 303)
        #expect(try await shelf.merchant.get(path).body.contains("value=\"follow\" selected"))
        #expect(try await shelf.post(path, ["act": "policy", "policy": "guess"]).status == 422)
    }

    @Test("a login stays with its host: whoever names another host names the login again")
    func movedFeed() async throws {
        let shelf = try await DashboardShelf.open()
        let (id, path, feed) = try await added(shelf)
        func save(_ address: String) async throws -> Bool {
            let form = Self.form.merging(["act": "save", "login": "", "address": address]) { $1 }
            #expect(try await shelf.post(path, form).status == 303)
            return try await shelf.inStore { tx in
                let kind = try await FeedBook().load(feed.id, in: tx).credentialKind
                let login = try await WebPlatform.credentials.load(kind: "feed:\(id)", in: tx)
                return kind != nil && login != nil
            }
        }

        #expect(try await save("https://supplier.example/other.csv"))
        #expect(try await !save("https://elsewhere.example/other.csv"))
    }

    @Test("a dry run shows what would change, and each row that was set aside with field and reason")
    func dryRun() async throws {
        let shelf = try await DashboardShelf.open()
        let (_, path, feed) = try await added(shelf)
        let sync = try await read(feed, .dryRun, shelf)

        let page = try await shelf.merchant.get("\(path)/readings/\(sync)")

        #expect(page.status == 200)
        #expect(page.body.contains("CANA-1") && page.body.contains("would be added"))
        #expect(page.body.contains("<td>7</td><td>cost</td>") && page.body.contains("it is negative"))
        #expect(page.body.contains("&lt;b&gt;-3") && !page.body.contains("<b>-3"))
        #expect(try await shelf.merchant.get(path).body.contains("dry run"))
        let other = "\(shelf.root)/suppliers/\(shelf.shop.products[0])/readings/\(sync)"
        #expect(try await shelf.merchant.get(other).status == 404)
    }

    @Test("an article without safety data becomes a draft, one with it goes on the shelf")
    func articles() async throws {
        let shelf = try await DashboardShelf.open()
        let (id, path, feed) = try await added(shelf)
        _ = try await read(feed, .apply, shelf)
        let wish = [
            "take:\(id):CANA-1": "1", "price:\(id):CANA-1": "9.90", "take:\(id):VASE-1": "1",
            "price:\(id):VASE-1": "19.90",
        ]

        let shown = try await shelf.merchant.get("\(path)/articles?q=cana")
        #expect(shown.body.contains("Becomes a draft") && !shown.body.contains("VASE-1"))
        let losing = wish.merging(["price:\(id):CANA-1": "4.00"]) { $1 }
        let refused = try await shelf.post("\(path)/articles", losing)
        #expect(refused.status == 422 && refused.body.contains("would lose"))
        #expect(try await shelf.post("\(path)/articles", wish).status == 303)

        let states = try await shelf.inStore { tx in
            [
                try await Products().find(sku: SKU(unchecked: "CANA-1"), in: tx)?.status,
                try await Products().find(sku: SKU(unchecked: "VASE-1"), in: tx)?.status,
            ]
        }
        #expect(states == [.draft, .published])
        #expect(try await contents(shelf) == [nil, "750 ml"], "as the feed told it")
        try await shelf.inStore { tx in
            let product = try #require(try await Products().find(sku: SKU(unchecked: "CANA-1"), in: tx))
            try await Products().setContent(
                ContentQuantity(millionths: 300_000, unit: .litre), of: product.id, in: tx)
        }
        _ = try await read(feed, .apply, shelf, vase: "2 l")
        #expect(try await contents(shelf) == ["300 ml", "2 l"], "silence leaves what the merchant wrote")
        // The platform's markup is for the platform's catalogue: 19.90 less 0.60 and 10.00.
        #expect(try await shelf.merchant.get("\(shelf.root)/products").body.contains("€9.30"))
    }

    private func contents(_ shelf: DashboardShelf) async throws -> [String?] {
        try await shelf.inStore { tx in
            var found: [String?] = []
            for sku in ["CANA-1", "VASE-1"] {
                found.append(
                    try await Products().find(sku: SKU(unchecked: sku), in: tx)?.content?.description)
            }
            return found
        }
    }

    /// What a run would have written down of the feed.
    private func read(
        _ feed: Feed, _ mode: SyncMode, _ shelf: DashboardShelf, vase content: String = "750 ml"
    ) async throws -> SupplierSyncID {
        let safety = ProductSafety(
            manufacturer: "Works SL", address: "Calle 1", contact: "s@works.test")
        let items = [
            SupplierItem(
                reference: SKU(unchecked: "CANA-1"), titles: [.romanian: "Cana <b>"], cost: .eur(500),
                stock: 3),
            SupplierItem(
                reference: SKU(unchecked: "VASE-1"), titles: [.romanian: "Vas"], cost: .eur(1000), stock: 4,
                content: try ContentQuantity.read(content), safety: safety),
        ].enumerated().map { place, item in
            FeedItem(
                row: place + 2, item: item,
                fingerprint: Fingerprint(bytes: Array(repeating: UInt8(place + 1), count: 16)))
        }
        let problem = RowProblem(
            row: 7, field: "cost", reference: "BAD-1", reason: "it is negative", found: "<b>-3")
        return try await shelf.inStore { tx in
            let sync = try await SupplierSyncs().open(feed, mode, run: UUID(), at: Date(), in: tx)
            let counts = try await SupplierItems().store(items, refused: [problem], in: sync, tx)
            try await SupplierSyncs().advance(sync, by: counts, in: tx)
            try await SupplierSyncs().close(sync, as: .done, at: Date(), in: tx)
            return sync.id
        }
    }

    @Test("a viewer looks, and strangers find nothing")
    func roles() async throws {
        let shelf = try await DashboardShelf.open()
        let (_, path, feed) = try await added(shelf)
        let (viewer, stranger) = (try await Merchant.signedUp(), try await DashboardShelf.open())
        try await viewer.join(shelf.shop.tenant, as: .viewer)
        let before = shelf.merchant.running.readings.wishes(of: feed.id).count

        #expect(try await viewer.get(path).status == 200)
        #expect(try await viewer.get("\(shelf.root)/suppliers/new").status == 403)
        let foreign = path.replacing(shelf.root, with: stranger.root)
        for act in ["sync", "dry-run", "force", "on", "off", "save", "policy"] {
            let form = Self.form.merging(["act": act, "policy": "follow"]) { $1 }
            #expect(try await viewer.post(path, form).status == 403, "\(act)")
            #expect(try await stranger.post(path, form).status == 404, "\(act)")
            #expect(try await stranger.post(foreign, form).status == 404, "\(act)")
        }
        for page in ["", "/articles"] {
            #expect(try await stranger.merchant.get(path + page).status == 404, "\(page)")
            #expect(try await stranger.merchant.get(foreign + page).status == 404, "\(page)")
        }
        #expect(try await viewer.post("\(path)/articles", ["take:x:Y": "1"]).status == 403)
        #expect(shelf.merchant.running.readings.wishes(of: feed.id).count == before)
    }
}
