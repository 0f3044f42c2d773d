import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

@Suite struct ShoppingTests {
    @Test("a product's name is text, however it is written")
    func hostileTitle() async throws {
        let shop = try await WebShop.open(title: "<img src=x onerror=alert(1)> \"O'Neil\" & Söhne")
        let shopper = try await shop.shopper()

        for path in ["/", "/p/product-1", "/cart", "/checkout"] {
            let page = try await shop.get(path, cookie: shopper.cookie)
            #expect(page.status == 200, "\(path)")
            #expect(!page.body.contains("<img src=x"), "\(path)")
            #expect(page.body.contains("&lt;img src=x onerror=alert(1)&gt;"), "\(path)")
        }
    }

    @Test("a product is found by its name and by its SKU, and a page exists in four languages")
    func addresses() async throws {
        let shop = try await WebShop.open()

        #expect(try await shop.get("/p/SKU-1").status == 200)
        #expect(try await shop.get("/p/none").status == 404)
        for (language, word) in [
            ("ro", "Adaugă în coș"), ("en", "Add to basket"), ("de", "In den Warenkorb"),
            ("es", "Añadir a la cesta"),
        ] {
            let page = try await shop.get("/\(language)/p/product-1")
            #expect(page.body.contains("<html lang=\"\(language)\">"))
            #expect(page.body.contains(word))
        }
        #expect(try await shop.get("/").body.contains("<html lang=\"en\">"))
        #expect(try await shop.get("/fr/p/product-1").status == 404)
    }

    @Test("a form without its token changes nothing", arguments: ["", "wrong.token"])
    func crossSiteToken(token: String) async throws {
        let shop = try await WebShop.open()
        let visitor = try await shop.visit()

        let answer = try await shop.post(
            "/cart", ["product": "\(shop.products[0])", "quantity": "1", "form_token": token],
            cookie: visitor.cookie)

        #expect(answer.status == 403)
        #expect(answer.body.contains("Please send the form again"))
        #expect(try await shop.get("/cart", cookie: visitor.cookie).body.contains("Your basket is empty"))
    }

    @Test("a token of another session, no session, and another site's form are refused")
    func crossSite() async throws {
        let shop = try await WebShop.open()
        let visitor = try await shop.visit()
        let other = try await shop.visit()
        let fields = ["product": "\(shop.products[0])", "quantity": "1", "form_token": visitor.token]

        #expect(try await shop.post("/cart", fields, cookie: other.cookie).status == 403)
        #expect(try await shop.post("/cart", fields, cookie: nil).status == 403)
        for headers in [["Origin": "https://evil.test"], ["Origin": "null"]] {
            #expect(
                try await shop.post("/cart", fields, cookie: visitor.cookie, headers: headers).status == 403)
        }
    }

    @Test(
        "quantities that make no sense are told, not guessed",
        arguments: ["0", "-1", "1000000", "1.5", "", "x"])
    func quantities(text: String) async throws {
        let shop = try await WebShop.open()
        let visitor = try await shop.visit()

        let answer = try await shop.post(
            "/cart", ["product": "\(shop.products[0])", "quantity": text, "form_token": visitor.token],
            cookie: visitor.cookie)

        #expect(answer.status == 422)
        #expect(answer.body.contains("You can order 1 to 99"))
    }

    @Test("the basket says what changed since something was put into it")
    func drift() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper(quantity: 2)
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Products().setPrice(.eur(1700), of: shop.products[0], in: tx)
        }

        let page = try await shop.get("/cart", cookie: shopper.cookie)

        #expect(page.body.contains("The price of A thing changed from €15.00 to €17.00."))
        #expect(page.body.contains("€38.99"))
    }

    @Test("buying takes one form, and the status page is found by its secret alone")
    func buying() async throws {
        let shop = try await WebShop.open()
        let order = try await shop.buy()

        let page = try await shop.get(order.path)

        #expect(page.status == 200)
        #expect(page.body.contains("Received"))
        #expect(page.body.contains("We are checking prices and stock"))
        #expect(page.body.contains("noindex"))
        #expect(page.headers["x-robots-tag"]?.contains("noindex") == true)
        #expect(page.body.contains("Ana"))
        #expect(!page.body.contains("ana@example.test"))
        #expect(!page.body.contains("Strada"))
        #expect(try await shop.get("/o/AAAAAAAAAAAAAAAAAAAAAA").status == 404)
        let other = try await WebShop.open()
        #expect(try await other.get(order.path).status == 404)
        #expect(try await shop.get("/cart", cookie: order.cookie).body.contains("Your basket is empty"))
    }

    @Test("pressing the button twice, at once or later, makes one checkout and one run")
    func doubleSubmit() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper()
        let form = shop.checkoutForm(try await shop.get("/checkout", cookie: shopper.cookie))

        async let first = shop.post("/checkout", form, cookie: shopper.cookie)
        async let second = shop.post("/checkout", form, cookie: shopper.cookie)
        let answers = try await [first, second, shop.post("/checkout", form, cookie: shopper.cookie)]

        #expect(answers.map(\.status) == [303, 303, 303])
        #expect(Set(answers.map { $0.headers["location"] }).count == 1)
        let quote = try QuoteID(parsing: form["quote"] ?? "")
        let checkout = try await shop.running.desk.checkout(of: quote, for: try await shop.site())
        #expect(shop.running.world.startCount(of: try #require(checkout).id) == 1)
    }

    @Test("an expired quote is not charged: the new total is shown and asked about")
    func expiredQuote() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper()
        let page = try await shop.get("/checkout", cookie: shopper.cookie)
        let id = try #require(shopper.cookie.split(separator: "=").last?.split(separator: ".").first)
        let old = try await shop.running.desk.quote(
            cart: "session:\(id.lowercased())", for: try await shop.site(),
            at: Date().addingTimeInterval(-3600))
        var form = shop.checkoutForm(page)
        form["quote"] = "\(old.id)"
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Products().setPrice(.eur(1600), of: shop.products[0], in: tx)
        }

        let answer = try await shop.post("/checkout", form, cookie: shopper.cookie)

        #expect(answer.status == 409)
        #expect(answer.body.contains("The prices had to be checked again"))
        #expect(answer.body.contains("€20.99"))
        #expect(answer.body.contains("value=\"Cluj-Napoca\""))
        let again = try await shop.post("/checkout", shop.checkoutForm(answer), cookie: shopper.cookie)
        #expect(again.status == 303)
    }

    @Test("a total other than the quote's is shown, never silently charged")
    func changedTotal() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper()
        var form = shop.checkoutForm(try await shop.get("/checkout", cookie: shopper.cookie))
        form["seen_total"] = "100"

        let answer = try await shop.post("/checkout", form, cookie: shopper.cookie)

        #expect(answer.status == 409)
        #expect(answer.body.contains("It was €1.00 and is now €19.99"))
    }

    @Test("another currency is a named problem")
    func currency() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper()
        var form = shop.checkoutForm(try await shop.get("/checkout", cookie: shopper.cookie))
        form["seen_currency"] = "RON"

        #expect(try await shop.post("/checkout", form, cookie: shopper.cookie).status == 422)
        let api = try await shop.api("POST", "/carts", #"{"currency": "RON", "lines": []}"#)
        #expect(api.status == 422)
        #expect(api.problemType == "urn:cartflux:problem:currency-mismatch")
    }

    @Test("everything wrong with the form is said at once, and nothing typed is lost")
    func incompleteForm() async throws {
        let shop = try await WebShop.open()
        let shopper = try await shop.shopper()
        var form = shop.checkoutForm(try await shop.get("/checkout", cookie: shopper.cookie))
        form["email"] = "nobody"
        form["postcode"] = "1"
        form["lastName"] = ""

        let answer = try await shop.post("/checkout", form, cookie: shopper.cookie)

        #expect(answer.status == 422)
        #expect(answer.body.contains("<a href=\"#email\">"))
        #expect(answer.body.contains("This does not look like an e-mail address."))
        #expect(answer.body.contains("This postcode does not fit the country."))
        #expect(answer.body.contains("aria-describedby=\"lastName-error\""))
        #expect(answer.body.contains("value=\"nobody\""))
        #expect(answer.body.contains("value=\"Strada Lungă 1\""))
    }

    @Test("a sale that would lose money reads as temporarily unavailable, and the product leaves the shelf")
    func guardRefuses() async throws {
        let shop = try await WebShop.open(price: 1100)
        let shopper = try await shop.shopper()
        try await shop.running.database.transaction(for: shop.tenant) { tx in
            try await Products().recordCost(.eur(5000), of: shop.products[0], in: tx)
        }

        let answer = try await shop.get("/checkout", cookie: shopper.cookie)

        #expect(answer.status == 409)
        #expect(answer.body.contains("An item is temporarily unavailable"))
        #expect(!answer.body.contains("50.00"))
        #expect(try await shop.get("/p/product-1").body.contains("Temporarily unavailable"))
    }

    @Test("the status page is told when something changed, as it changes")
    func liveProgress() async throws {
        let shop = try await WebShop.open()
        let order = try await shop.buy()
        let (seen, source) = AsyncStream<Int>.makeStream()

        async let stream = RawHTTP.send(
            "GET", "\(order.path)/events", port: shop.running.port, host: shop.host,
            until: { text in
                let count = text.ranges(of: "event: progress").count
                source.yield(count)
                return count == 2
            })
        for await count in seen where count == 1 { break }
        try await shop.placeOrder(at: order.path)

        let answer = try await stream
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "text/event-stream")
        let fragment = try await shop.get("\(order.path)?fragment=1")
        #expect(!fragment.body.contains("<html"))
        #expect(fragment.body.contains("<ol class=\"steps\">"))
    }

    @Test("looking at an order changes nothing, whatever the address claims about the payment")
    func returning() async throws {
        let shop = try await WebShop.open()
        let order = try await shop.buy()
        let before = try await shop.get("\(order.path)?fragment=1").body

        _ = try await shop.get("\(order.path)?payment_intent=pi_1&redirect_status=succeeded")

        #expect(try await shop.get("\(order.path)?fragment=1").body == before)
    }
}

extension WebShop {
    /// What the run would do first: the order of the checkout behind this status page.
    @discardableResult
    func placeOrder(at path: String) async throws -> Order {
        let token = try #require(
            path.split(separator: "/").last.flatMap { StatusToken(rawValue: String($0)) })
        return try await running.database.transaction(for: tenant) { tx in
            let checkout = try #require(try await Checkouts().find(token: token, in: tx))
            let quote = try await Quotes().confirm(checkout, in: tx)
            return try await Orders().place(checkout, quote: quote, run: UUID(), at: Date(), in: tx)
        }
    }

    func site() async throws -> StoreSite {
        let store = try await Tenants(running.database).store(atHost: host)
        return try #require(store.flatMap { StoreSite($0) })
    }
}
