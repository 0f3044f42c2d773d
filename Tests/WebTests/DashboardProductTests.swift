import Commerce
import CommerceStore
import Foundation
import Testing

/// What a store sells and at which price, over HTTP.
@Suite("A merchant's products")
struct DashboardProductTests {
    @Test("the list shows what is kept before and after VAT, and finds what is asked for")
    func list() async throws {
        let shelf = try await DashboardShelf.open(title: "A <script>lamp</script>")
        let path = "\(shelf.root)/products"

        let all = try await shelf.merchant.get(path)
        #expect(all.status == 200)
        #expect(all.body.contains("A &lt;script&gt;lamp&lt;/script&gt;"))
        #expect(!all.body.contains("<script>lamp"))
        // 15.00 less 0.45 of commission and 10.00; VAT is 2.60, of which 0.08 was in the commission.
        #expect(all.body.contains("<strong>€4.55</strong>") && all.body.contains("€2.03"))
        #expect(all.body.contains("no safety data") && all.body.contains("SKU-2"))
        let found = try await shelf.merchant.get("\(path)?q=thing%202")
        #expect(found.body.contains("SKU-2") && !found.body.contains("SKU-1"))
        // A wildcard is a letter like any other.
        #expect(try await shelf.merchant.get("\(path)?q=%25").body.contains("No product is like that"))
        for (filter, count) in [
            ("published", 2), ("paused", 0), ("unsafe", 2), ("losing", 0), ("out-of-stock", 0), ("draft", 0),
        ] {
            let page = try await shelf.merchant.get("\(path)?show=\(filter)").body
            #expect(page.components(separatedBy: "SKU-").count - 1 == count, "\(filter)")
        }
        try await shelf.inStore {
            try await Products().recordCost(.eur(2000), of: shelf.shop.products[1], in: $0)
        }
        let losing = try await shelf.merchant.get("\(path)?show=losing")
        #expect(losing.body.contains("SKU-2") && !losing.body.contains("SKU-1"))
        #expect(losing.body.contains("loses €5.45"))
    }

    @Test("a price is looked at without being saved, and a reduction names the thirty days before")
    func check() async throws {
        let shelf = try await DashboardShelf.open()

        let checked = try await shelf.post(shelf.product, ["price": "12,00"])

        #expect(checked.status == 200)
        #expect(checked.body.contains("value=\"12,00\"") && checked.body.contains("€1.64"))
        #expect(checked.body.contains("The lowest price that passes is €10.31."))
        #expect(checked.body.contains("thirty days before it, €15.00."))
        #expect(try await shelf.stored().price == .eur(1500))
    }

    @Test(
        "a price that is none, or that loses money, is not saved and stays as it was typed",
        arguments: [("a lot", "must be a price"), ("-3", "must be a price"), ("10.30", "is 10.31 EUR")])
    func refused(price: String, reason: String) async throws {
        let shelf = try await DashboardShelf.open()

        let answer = try await shelf.post(shelf.product, ["act": "save", "price": price])

        #expect(answer.status == 422)
        #expect(answer.body.contains("value=\"\(price)\"") && answer.body.contains("id=\"price-error\""))
        #expect(answer.body.contains(reason))
        #expect(try await shelf.stored().price == .eur(1500))
    }

    @Test("a price that passes is saved, and the lowest one is")
    func saved() async throws {
        let shelf = try await DashboardShelf.open()

        let answer = try await shelf.post(shelf.product, ["act": "save", "price": "10.31"])

        #expect(answer.status == 303 && answer.headers["location"] == shelf.product)
        #expect(try await shelf.stored().price == .eur(1031))
        let page = try await shelf.merchant.get(shelf.product)
        #expect(page.body.contains("€10.31") && page.body.contains("€15.00"))
    }

    @Test("the contents give the price per litre, and what cannot be read stays as it was typed")
    func contents() async throws {
        let shelf = try await DashboardShelf.open()

        let answer = try await shelf.post(shelf.product, ["act": "content", "content": "0,75 l"])
        #expect(answer.status == 303 && answer.headers["location"] == shelf.product)
        let page = try await shelf.merchant.get(shelf.product).body
        #expect(page.contains("value=\"750 ml\"") && page.contains("€20.00 / l"))

        let wrong = try await shelf.post(shelf.product, ["act": "content", "content": "a <b>lot"])
        #expect(wrong.status == 422 && wrong.body.contains("id=\"content-error\""))
        #expect(wrong.body.contains("value=\"a &lt;b&gt;lot\""))
        #expect(try await shelf.stored().content?.description == "750 ml")

        #expect(try await shelf.post(shelf.product, ["act": "content", "content": ""]).status == 303)
        #expect(try await shelf.stored().content == nil)
    }

    @Test("the script asks for the same box, without the page around it")
    func fragment() async throws {
        let shelf = try await DashboardShelf.open()

        let box = try await shelf.merchant.get("\(shelf.product)/margin?price=15.00")
        #expect(box.status == 200)
        #expect(box.body.contains("You keep") && box.body.contains("€4.55"))
        #expect(!box.body.contains("<html"))
        #expect(try await shelf.merchant.get("\(shelf.product)/margin?price=9").body.contains("You lose"))
        #expect(try await shelf.merchant.get("\(shelf.product)/margin?price=x").body.contains("Type a price"))
        let page = try await shelf.merchant.get(shelf.product).body
        #expect(page.contains("data-fragment=\"\(shelf.product)/margin\""))
        let script = try #require(page.firstRange(of: "src=\"/assets/price."))
        let path = page[script.lowerBound...].dropFirst(5).prefix { $0 != "\"" }
        #expect(try await shelf.merchant.get(String(path)).status == 200)
    }

    @Test("a product is paused, and goes back on the shelf when it is complete and loses nothing")
    func shelving() async throws {
        let shelf = try await DashboardShelf.open()

        #expect(try await shelf.post(shelf.product, ["act": "pause"]).status == 303)
        #expect(try await shelf.stored().pausedReason == "you paused it")
        let unsafe = try await shelf.post(shelf.product, ["act": "publish"])
        #expect(unsafe.status == 422 && unsafe.body.contains("lacks: manufacturer, contact"))
        let facts = ["manufacturer": "Works <b>, Calle 1", "contact": "s@works.test"]
        #expect(
            try await shelf.post(shelf.product, facts.merging(["act": "safety"]) { $1 }).status == 303)
        #expect(try await shelf.merchant.get(shelf.product).body.contains("Works &lt;b&gt;, Calle 1"))
        try await shelf.inStore {
            try await Products().recordCost(.eur(1600), of: shelf.shop.products[0], in: $0)
        }
        let losing = try await shelf.post(shelf.product, ["act": "publish"])
        #expect(losing.status == 422 && losing.body.contains("would lose 1.45 EUR"))
        #expect(losing.body.contains("the lowest price that passes is"))
        #expect(try await shelf.stored().status == .paused)

        #expect(try await shelf.post(shelf.product, ["act": "save", "price": "20.00"]).status == 303)
        #expect(try await shelf.post(shelf.product, ["act": "publish"]).status == 303)

        #expect(try await shelf.stored().status == .published)
    }

    @Test("safety data that is too long stays as it was typed")
    func longFacts() async throws {
        let shelf = try await DashboardShelf.open()
        let long = String(repeating: "x", count: 401)

        let answer = try await shelf.post(shelf.product, ["act": "safety", "contact": long])

        #expect(answer.status == 422 && answer.body.contains("id=\"contact-error\""))
        #expect(answer.body.contains(long))
        #expect(try await shelf.stored().safety["contact"] == nil)
    }

    @Test("a viewer looks and checks, and changes nothing")
    func viewer() async throws {
        let shelf = try await DashboardShelf.open(as: .viewer)

        #expect(try await shelf.merchant.get("\(shelf.root)/products").status == 200)
        #expect(try await shelf.merchant.get(shelf.product).status == 200)
        #expect(try await shelf.post(shelf.product, ["price": "12.00"]).status == 200)
        for act in ["save", "pause", "publish", "safety"] {
            let form = ["act": act, "price": "12.00"]
            #expect(try await shelf.post(shelf.product, form).status == 403, "\(act)")
        }
        #expect(try await shelf.post("\(shelf.root)/price-rule", ["act": "remove"]).status == 403)
        #expect(try await shelf.post("\(shelf.root)/catalogue", [:]).status == 403)
        let stored = try await shelf.stored()
        #expect(stored.price == .eur(1500) && stored.status == .published)
    }

    @Test("another merchant's store, and another store's product, are not there")
    func others() async throws {
        let shelf = try await DashboardShelf.open()
        let other = try await DashboardShelf.open()

        for path in ["products", "catalogue", "price-rule", "products/\(shelf.shop.products[0])"] {
            #expect(try await other.merchant.get("\(shelf.root)/\(path)").status == 404, "\(path)")
        }
        let foreign = "\(other.root)/products/\(shelf.shop.products[0])"
        #expect(try await other.merchant.get(foreign).status == 404)
        #expect(try await other.merchant.get("\(foreign)/margin?price=15").status == 404)
        for act in ["save", "pause", "publish", "safety"] {
            let form = ["act": act, "price": "12.00"]
            #expect(try await other.post(foreign, form).status == 404, "\(act)")
            #expect(try await other.post(shelf.product, form).status == 404, "\(act)")
        }
        #expect(try await other.merchant.get("\(other.root)/products/nonsense").status == 404)
        #expect(try await shelf.stored().price == .eur(1500))
    }
}

/// Taking more onto the shelf, and the rule that suggests prices.
@Suite("A merchant's catalogue")
struct DashboardCatalogueTests {
    @Test("what is taken is on the shelf, and a price that loses money takes nothing")
    func taking() async throws {
        let merchant = try await Merchant.signedUp()
        let root = "/stores/\(try await merchant.openStore().store)"
        let wish = ["take:bigbuy:LAMP": "1", "price:bigbuy:LAMP": "15.00"]

        let shelf = try await merchant.get("\(root)/catalogue?q=lamp")
        #expect(shelf.body.contains("you keep") && !shelf.body.contains("VASE"))
        #expect(try await merchant.get("\(root)/catalogue?q=vase").body.contains("no product-safety data"))
        #expect(try await merchant.post("\(root)/catalogue", [:]).status == 422)
        for price in ["a lot", "11.57"] {
            let typed = wish.merging(["price:bigbuy:LAMP": price]) { $1 }
            let answer = try await merchant.post("\(root)/catalogue", typed)
            #expect(answer.status == 422 && answer.body.contains("value=\"\(price)\""), "\(price)")
        }
        #expect(try await merchant.get("\(root)/products").body.contains("Your store sells nothing yet"))

        let taken = try await merchant.post("\(root)/catalogue", wish)

        #expect(taken.status == 303 && taken.headers["location"] == "\(root)/products")
        // On Free, 15.00 leaves 3.25.
        #expect(try await merchant.get("\(root)/products").body.contains("<strong>€3.25</strong>"))
        #expect(try await merchant.get("\(root)/catalogue?q=lamp").body.contains("in your store"))
    }

    @Test("a store's own rule suggests its prices; one that cannot work stays as it was typed")
    func rule() async throws {
        let merchant = try await Merchant.signedUp()
        let root = "/stores/\(try await merchant.openStore().store)"
        let path = "\(root)/price-rule"
        let rule = ["act": "save", "multiplier": "200", "fixed": "0", "margin": "10", "ending": "99"]

        #expect(try await merchant.get(path).body.contains("The standard rule"))
        for bad in [
            ["multiplier": "many"], ["multiplier": "1001"], ["fixed": "-1"], ["margin": "81"],
            ["ending": "13"],
        ] {
            let answer = try await merchant.post(path, rule.merging(bad) { $1 })
            #expect(answer.status == 422, "\(bad)")
            #expect(answer.body.contains("id=\"\(bad.keys.first ?? "")-error\""), "\(bad)")
        }
        #expect(try await merchant.post(path, rule).status == 303)

        #expect(try await merchant.get(path).body.contains("value=\"200\""))
        // Twice 10.00 is 20.00, and up to the next .99.
        #expect(try await merchant.get("\(root)/catalogue?q=lamp").body.contains("value=\"20.99\""))
        #expect(try await merchant.post(path, ["act": "remove"]).status == 303)
        #expect(try await merchant.get(path).body.contains("The standard rule"))
    }
}
