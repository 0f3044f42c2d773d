import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

@testable import Dashboard

/// A merchant's orders, over HTTP.
@Suite("A merchant's orders")
struct DashboardOrderTests {
    @Test("the list shows an order in its views, and finds it by number, address and payment")
    func list() async throws {
        let made = try await MerchantOrder.made()
        let list = "\(made.root)/orders"
        let link = "href=\"\(made.page)\""
        let intent = try await made.inStore { tx in
            try #require(try await Payments().all(of: made.bought.order, in: tx).first?.intent)
        }

        let all = try await made.merchant.get(list)
        #expect(all.status == 200)
        #expect(all.body.contains(link) && all.body.contains("ana@example.test"))
        #expect(all.body.contains("<span aria-hidden=\"true\">✓</span> paid"))
        #expect(try await made.merchant.get("\(list)?view=to-forward").body.contains(link))
        for view in ["needs-action", "in-transit", "delivered", "refunded", "disputed"] {
            let page = try await made.merchant.get("\(list)?view=\(view)")
            #expect(page.status == 200 && !page.body.contains(link), "\(view)")
        }
        for wanted in ["\(made.number.rawValue)", "%23\(made.number.rawValue)", "ANA%40example.test", intent]
        {
            #expect(try await made.merchant.get("\(list)?q=\(wanted)").body.contains(link), "\(wanted)")
        }
        let nothing = try await made.merchant.get("\(list)?q=%3Cscript%3Ealert(1)%3C/script%3E")
        #expect(nothing.status == 200 && !nothing.body.contains("<script>alert"))
        #expect(nothing.body.contains("&lt;script&gt;alert(1)"))
    }

    @Test("pages follow one another without a gap or a repetition")
    func pages() async throws {
        let made = try await MerchantOrder.made()
        _ = try await made.shop.placeOrder(at: made.shop.buy().path)
        _ = try await made.shop.placeOrder(at: made.shop.buy().path)

        let (whole, pages) = try await made.inStore { tx in
            let whole = try await StoreOrders().page(.all, in: tx).map(\.id)
            var pages: [OrderID] = []
            while let next = try await StoreOrders().page(.all, before: pages.last, limit: 1, in: tx).first {
                pages.append(next.id)
            }
            return (whole, pages)
        }

        #expect(whole.count == 3 && pages == whole)
    }

    @Test("another store's ids open nothing, and a stranger sees none of it")
    func otherStore() async throws {
        let made = try await MerchantOrder.made()
        let stranger = try await Merchant.signedUp()
        let own = try await stranger.openStore().store

        for path in ["", "/orders", "/orders/\(made.number.rawValue)", "/customers"] {
            #expect(try await stranger.get(made.root + path).status == 404, "\(path)")
        }
        for act in ["refund", "hold", "confirmation", "cancel", "address"] {
            let posted = try await stranger.post(
                "\(made.page)/\(act)",
                [
                    "key": "\(UUID())", "act": "retry", "item": "\(UUID())", "reason": "mine",
                    "all": "1", "cause": "goodwill", "seen_shopper": "1", "seen_account": "1",
                ])
            #expect(posted.status == 404, "\(act)")
        }
        #expect(try await stranger.get("\(made.page)/refund").status == 404)
        #expect(try await stranger.get("/stores/\(own)/orders/\(made.number.rawValue)").status == 404)
        #expect(made.told.refunds(of: made.bought.order).isEmpty)
    }

    @Test("who may only read sees the order and no form, and posting one is refused")
    func viewer() async throws {
        let made = try await MerchantOrder.made(as: .viewer)

        let page = try await made.merchant.get(made.page)
        #expect(page.status == 200 && page.body.contains("You keep"))
        #expect(!page.body.contains("action=\"\(made.page)"))
        #expect(try await made.merchant.get("\(made.page)/refund").status == 403)
        for act in ["refund", "hold", "confirmation", "cancel", "address"] {
            let posted = try await made.merchant.post(
                "\(made.page)/\(act)",
                ["key": "\(UUID())", "act": "retry", "item": "\(UUID())", "reason": "why not"])
            #expect(posted.status == 403, "\(act)")
        }
        #expect(try await made.acts().isEmpty)
    }

    @Test("what shoppers and suppliers can write is shown as text")
    func hostileText() async throws {
        let made = try await MerchantOrder.made(title: "<script>alert(1)</script>")
        _ = try await made.hold(.supplierUnknown, "the supplier says <img src=x onerror=alert(2)>")

        let page = try await made.merchant.get(made.page)

        #expect(page.status == 200)
        #expect(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(page.body.contains("&lt;img src=x onerror=alert(2)&gt;"))
        #expect(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"))
    }

    @Test("the money box says where 15.00 goes, to the cent")
    func moneyBox() {
        let sale = MarginBreakdown(
            gross: .eur(1500), supplier: .eur(1000), markup: .eur(50), commission: .eur(45),
            processing: .eur(48))

        let box = MoneyBox(sale, commission: .percent(3), isPaid: true).html.markup

        for (words, amount) in [
            ("Customer paid", "€15.00"), ("Supplier", "−€10.00"), ("Catalogue fee", "−€0.50"),
            ("Commission 3%", "−€0.45"), ("Card processing", "−€0.48"),
        ] {
            #expect(box.contains("<dt>\(words)</dt><dd>\(amount)</dd>"), "\(words)")
        }
        #expect(box.contains("<dt class=\"kept\">You keep</dt><dd class=\"kept\">€3.57</dd>"))
        let refunded = MoneyBox(
            sale, commission: .percent(3), isPaid: true, refunded: .eur(1500), refundChange: .eur(-1455))
        #expect(refunded.html.markup.contains("<dd class=\"kept loss\">−€10.98</dd>"))
        #expect(refunded.html.markup.contains("<dt>Of our fee, back to you</dt><dd>€0.45</dd>"))
        let dearer = MoneyBox(sale, commission: .percent(3), isPaid: true, overrun: .eur(150)).html.markup
        #expect(dearer.contains("€1.50") && dearer.contains("href=\"/billing\""))
        #expect(dearer.contains("<dd class=\"kept\">€3.57</dd>"), "it is no part of the sale")
    }

    @Test("a supplier's question is answered once, however often a button is pressed")
    func hold() async throws {
        let made = try await MerchantOrder.made()
        let run = try await made.hold(.supplierUnknown, "nobody knows what the supplier means")

        let page = try await made.merchant.get(made.page)
        #expect(page.body.contains("nobody knows what the supplier means"))
        #expect(page.body.contains("value=\"cancel\"") && page.body.contains("value=\"retry\""))
        #expect(!page.body.contains("accept_price"), "no price is in question")
        let item = try #require(page.field("item"))
        var fields = ["item": item, "key": try #require(page.field("key")), "act": "cancel"]
        let bare = try await made.merchant.post("\(made.page)/hold", fields)
        #expect(bare.status == 422 && bare.body.contains("id=\"reason-\(item)-error\""))
        #expect(made.told.answers(to: run).isEmpty)

        fields["reason-\(item)"] = "too dear"
        for _ in 1...2 {
            let answered = try await made.merchant.post("\(made.page)/hold", fields)
            #expect(answered.headers["location"] == "\(made.page)?told=hold")
        }

        let told = made.told.answers(to: run)
        #expect(told.count == 2, "the second press wakes the run again, if the first word was lost")
        #expect(Set(told.map(\.answer)) == [SupplierReview(.cancel, to: try AttentionItemID(parsing: item))])
        #expect(Set(told.map(\.answer.once)) == ["answer:\(item)"])
        #expect(try await made.acts() == ["order.hold_cancel"])
        #expect(try await made.merchant.get(made.page).body.contains("too dear"))
    }

    @Test("a merchant accepts the price that was shown, and no other")
    func acceptedPrice() async throws {
        let made = try await MerchantOrder.made()
        let run = try await made.hold(
            .supplierPriceUp, "the supplier asks 12.00 EUR instead of 10.00 EUR", asked: .eur(1_200))
        let page = try await made.merchant.get(made.page)
        #expect(page.body.contains("the supplier asks 12.00 EUR instead of 10.00 EUR"))
        #expect(page.body.contains("value=\"accept_price\"") && page.body.contains("€12.00"))
        let item = try #require(page.field("item"))

        let answered = try await made.merchant.post(
            "\(made.page)/hold",
            ["item": item, "key": try #require(page.field("key")), "act": "accept_price", "limit": "99999"])

        #expect(answered.headers["location"] == "\(made.page)?told=hold")
        let named = try AttentionItemID(parsing: item)
        let accepted = SupplierReview(.acceptPrice(upTo: .eur(1_200)), to: named)
        #expect(made.told.answers(to: run).map(\.answer) == [accepted])
        #expect(try await made.acts() == ["order.hold_accept_price"])
        let list = try await made.merchant.get("\(made.root)/orders?view=needs-action")
        #expect(list.body.contains("supplier wants more"))
    }

    @Test("an answer that nobody waits for is not passed on")
    func staleAnswer() async throws {
        let made = try await MerchantOrder.made()
        let run = try await made.hold(.supplierUnknown, "unclear")
        let page = try await made.merchant.get(made.page)
        let fields = ["item": page.field("item") ?? "", "key": page.field("key") ?? "", "act": "retry"]
        try await made.inStore { tx in
            let group = try #require(try await SupplierOrders().all(of: made.bought.order, in: tx).first)
            try await Attention().resolve(
                .order(.supplierUnknown), subject: "\(group.id)", by: "workflow", in: tx)
        }

        let answered = try await made.merchant.post("\(made.page)/hold", fields)

        #expect(answered.headers["location"] == "\(made.page)?told=stale")
        #expect(made.told.answers(to: run).isEmpty)
        #expect(try await made.merchant.get("\(made.page)?told=stale").body.contains("Nobody waits"))
    }

    @Test("the confirmation is sent again, once per press and a few times at most")
    func confirmation() async throws {
        let made = try await MerchantOrder.made()
        let key = "\(UUID())"

        for _ in 1...2 {
            let sent = try await made.merchant.post("\(made.page)/confirmation", ["key": key])
            #expect(sent.headers["location"] == "\(made.page)?told=confirmation")
        }
        for _ in 2...OrdersDesk.confirmationLimit {
            _ = try await made.merchant.post("\(made.page)/confirmation", ["key": "\(UUID())"])
        }
        let more = try await made.merchant.post("\(made.page)/confirmation", ["key": "\(UUID())"])

        #expect(more.headers["location"] == "\(made.page)?told=enough")
        let count = try await made.inStore {
            try await Emails().count(about: made.bought.order, causedBy: "confirmation-again:", in: $0)
        }
        #expect(count == OrdersDesk.confirmationLimit)
        #expect(try await made.acts().count == OrdersDesk.confirmationLimit)
    }

    @Test("an address is corrected until the supplier is asked; a wrong one is kept and pointed at")
    func address() async throws {
        let made = try await MerchantOrder.made()
        var fields = [
            "firstName": "Ana", "lastName": "Pop", "line": "Strada <Nouă> 2", "city": "Cluj-Napoca",
            "county": "Cluj", "postcode": "1",
        ]

        let wrong = try await made.merchant.post("\(made.page)/address", fields)
        #expect(wrong.status == 422 && wrong.body.contains("id=\"postcode-error\""))
        #expect(wrong.body.contains("value=\"Strada &lt;Nouă&gt; 2\""))
        (fields["line"], fields["postcode"]) = ("Strada Nouă 2", "400002")
        #expect(try await made.merchant.post("\(made.page)/address", fields).status == 303)

        #expect(try await made.merchant.get(made.page).body.contains("Strada Nouă 2"))
        #expect(try await made.acts() == ["order.address_corrected"])
        try await made.shop.move(made.bought.order, to: [.submitting])
        #expect(try await made.merchant.post("\(made.page)/address", fields).status == 409)
        let after = try await made.merchant.get(made.page)
        #expect(!after.body.contains("action=\"\(made.page)/address\""))
    }

    @Test("pieces are canceled until the supplier is asked, with a reason, and never twice")
    func cancel() async throws {
        let made = try await MerchantOrder.made()
        var fields = ["line:\(made.bought.line)": "0", "reason": "the shopper <asked>"]

        let none = try await made.merchant.post("\(made.page)/cancel", fields)
        #expect(none.status == 422 && none.body.contains("Choose at least one unit."))
        #expect(none.body.contains("value=\"the shopper &lt;asked&gt;\""))
        fields["line:\(made.bought.line)"] = "1"
        #expect(try await made.merchant.post("\(made.page)/cancel", fields).status == 303)
        #expect(try await made.merchant.post("\(made.page)/cancel", fields).status == 409)

        let page = try await made.merchant.get(made.page)
        #expect(page.body.contains("1 canceled") && page.body.contains("the shopper &lt;asked&gt;"))
        #expect(try await made.acts() == ["order.canceled_units"])
    }
}
