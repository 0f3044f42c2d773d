import Commerce
import CommerceStore
import Foundation
import Testing
import WebSupport

/// Giving money back, over HTTP. The order is of 15.00 and 4.99 of carriage on Pro, at a cost of 10.00 from
/// the merchant's own supplier: the commission is 0.60 and 9.39 are kept.
@Suite("A merchant's refunds")
struct DashboardRefundTests {
    private func agreed(_ page: Answer, reason: String = "broken") throws -> [String: String] {
        [
            "all": "1", "cause": "goodwill", "reason": reason, "key": try #require(page.field("key")),
            "seen_shopper": try #require(page.field("seen_shopper")),
            "seen_account": try #require(page.field("seen_account")),
        ]
    }

    @Test("the preview says who pays what, and one agreement starts one refund")
    func whole() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)

        let form = try await made.merchant.get("\(made.page)/refund")
        #expect(form.status == 200 && !form.body.contains("Who pays what"))
        let preview = try await made.merchant.get("\(made.page)/refund?all=1&cause=goodwill")
        #expect(preview.body.contains("<dt>The shopper gets</dt><dd>€19.99</dd>"))
        #expect(preview.body.contains("<dt>Commission, back to you</dt><dd>+€0.60</dd>"))
        #expect(preview.body.contains("<dt>Your account moves by</dt><dd>−€19.39</dd>"))
        #expect(preview.body.contains("<dd class=\"kept loss\">−€10.00</dd>"))
        let fields = try agreed(preview)
        for _ in 1...2 {
            let started = try await made.merchant.post("\(made.page)/refund", fields)
            #expect(started.headers["location"] == "\(made.page)?told=refund")
        }

        let started = made.told.refunds(of: made.bought.order)
        #expect(started.count == 1)
        #expect(started.first?.units == nil && started.first?.cause == .goodwill)
        #expect(try await made.acts() == ["order.refund_asked"])
    }

    @Test("single pieces are refunded by their line")
    func pieces() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let line = "line:\(made.bought.line)"

        let preview = try await made.merchant.get("\(made.page)/refund?\(line)=1&cause=withdrawal")
        #expect(preview.body.contains("name=\"\(line)\" value=\"1\""))
        var fields = try agreed(preview)
        fields["all"] = nil
        (fields[line], fields["cause"]) = ("1", "withdrawal")
        #expect(try await made.merchant.post("\(made.page)/refund", fields).status == 303)

        let started = try #require(made.told.refunds(of: made.bought.order).first)
        #expect(started.units?.count == 1 && started.cause == .withdrawal)
    }

    @Test("without a reason nothing starts, and what was chosen stays")
    func reason() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let preview = try await made.merchant.get("\(made.page)/refund?all=1&cause=withdrawal")
        var fields = try agreed(preview, reason: "")
        fields["cause"] = "withdrawal"

        let refused = try await made.merchant.post("\(made.page)/refund", fields)

        #expect(refused.status == 422 && refused.body.contains("id=\"reason-error\""))
        #expect(refused.body.contains("value=\"withdrawal\" selected"))
        #expect(refused.body.contains("name=\"all\" value=\"1\" checked"))
        #expect(made.told.refunds(of: made.bought.order).isEmpty)
    }

    @Test("figures that are not those of now start nothing and are shown anew")
    func changed() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let preview = try await made.merchant.get("\(made.page)/refund?all=1&cause=goodwill")
        var fields = try agreed(preview)
        fields["seen_account"] = "-1"

        let refused = try await made.merchant.post("\(made.page)/refund", fields)

        #expect(refused.status == 409 && refused.body.contains("Nothing was refunded."))
        #expect(refused.body.contains("−€19.39"))
        #expect(made.told.refunds(of: made.bought.order).isEmpty)
        #expect(try await made.acts().isEmpty)
    }

    @Test(
        "nothing chosen, more than there is, and causes at the platform's cost start nothing",
        arguments: ["cause=goodwill", "all=1&cause=platform_error", "line=9&cause=goodwill"])
    func notThese(choice: String) async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let query = choice.replacing("line=", with: "line:\(made.bought.line)=")

        let page = try await made.merchant.get("\(made.page)/refund?\(query)")
        #expect(page.status == 200 && page.field("seen_shopper") == nil)
        var fields = PercentCoding.query(query)
        fields.merge(["key": "\(UUID())", "reason": "r", "seen_shopper": "1", "seen_account": "-1"]) { $1 }
        let posted = try await made.merchant.post("\(made.page)/refund", fields)

        #expect(posted.status == 422 || posted.status == 409)
        #expect(made.told.refunds(of: made.bought.order).isEmpty)
    }

    @Test("what went back already is counted, also where the bank sent it back")
    func earlier() async throws {
        let made = try await MerchantOrder.made(upTo: .delivered)
        let order = made.bought.order
        let payment = try await made.inStore { tx in
            try #require(try await Payments().all(of: order, in: tx).first?.id)
        }
        let refund = try await made.inStore { tx in
            let all = try await Refunds().reserveAll(
                of: order, paidBy: payment, cause: .goodwill, key: "first", in: tx)
            return try #require(all)
        }

        let nothing = try await made.inStore {
            try await Refunds().preview(nil, of: order, cause: .goodwill, in: $0)
        }
        #expect(nothing == nil)
        let page = try await made.merchant.get(made.page)
        #expect(page.body.contains("<dd class=\"kept loss\">−€10.00</dd>"))
        #expect(!page.body.contains("href=\"\(made.page)/refund\""))

        // Stripe had made it, the bank did not take it: it is owed again, and
        // costs the merchant nothing more.
        try await made.inStore { tx in
            try await Refunds().markSent(refund.id, stripeRefund: "re_\(refund.id)", in: tx)
            try await Refunds().fail(refund.id, problem: "the bank sent it back", in: tx)
        }
        let again = try #require(
            try await made.inStore { try await Refunds().preview(nil, of: order, cause: .goodwill, in: $0) })
        #expect(again.again == .eur(1999) && again.fresh == nil)
        #expect(again.merchantChange == .eur(0) && again.keptAfterwards == .eur(-1000))
    }
}
