import CommerceStore
import Foundation
import Testing
import WebSupport

@testable import Commerce

/// What was done in a store, its settings, and its own invoices, over HTTP.
@Suite("Audit, settings and invoices of a store")
struct DashboardAuditTests {
    private func raw(_ sql: String) async throws {
        try await WebPlatform.shared.running().raw.psql(sql)
    }

    @Test("the owner reads who did what, with filters, page by page")
    func audit() async throws {
        let (owner, other) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let (store, root) = try await owner.openStore()
        let audit = "/stores/\(store)/audit"
        _ = try await owner.post("\(root)/theme", ["preset": "harbour"])
        try await owner.running.database.transaction(for: store) { tx in
            try await Audit().record(
                actor: "user:\(UserID())", action: "order.cancel", target: "<script>1</script>",
                reason: "<i>why</i>", in: tx)
        }

        let page = try await owner.get(audit)
        #expect(page.status == 200 && page.body.contains("<code>settings.save</code>"))
        #expect(page.body.contains("&lt;script&gt;1") && page.body.contains("&lt;i&gt;why&lt;/i&gt;"))
        #expect(page.body.contains("somebody who has left the team"))
        let settings = try await owner.get("\(audit)?area=settings")
        #expect(settings.body.contains("settings.save") && !settings.body.contains("order.cancel"))
        #expect(try await owner.get("\(audit)?area=nothing").body.contains("Nothing fits this filter"))
        #expect(try await owner.get("\(audit)?who=\(UserID())").body.contains("Nothing fits this filter"))
        #expect(try await owner.get("\(audit)?from=2027-01-01").body.contains("Nothing fits this filter"))
        let wrong = try await owner.get("\(audit)?from=2026-11-31")
        #expect(wrong.status == 422 && wrong.body.contains("id=\"from-error\""))

        try await other.join(store, as: .staff)
        #expect(try await other.get(audit).status == 403)
        #expect(try await Merchant.signedUp().get(audit).status == 404)
    }

    @Test("older pages follow without a gap and without anything twice")
    func pages() async throws {
        let owner = try await Merchant.signedUp()
        let (store, _) = try await owner.openStore()
        let audit = "/stores/\(store)/audit?area=bulk"
        try await raw(
            """
            insert into shop.audit (tenant_id, id, at, actor, action, target)
            select '\(store)', gen_random_uuid(), now() - n % 7 * interval '1 second', 'program', 'bulk.step',
                'step ' || n || '.' from generate_series(1, 120) n
            """)
        var seen: [Int] = []
        var next: String? = audit
        while let here = next {
            let body = try await owner.get(here).body
            seen += (1...120).filter { body.contains(">step \($0).<") }
            next = body.firstRange(of: "rel=\"next\" href=\"").map { start in
                let link = body[start.upperBound...].prefix { $0 != "\"" }
                return "/stores/\(store)/audit" + link.replacing("&amp;", with: "&")
            }
        }

        #expect(seen.count == 120 && Set(seen).count == 120)
    }

    @Test("what the wizard asked is changed after publishing, and leads back to the settings")
    func settings() async throws {
        let (owner, viewer) = (try await Merchant.signedUp(), try await Merchant.signedUp())
        let (store, wizard) = try await owner.openStore()
        let settings = "/stores/\(store)/settings"
        try await owner.running.database.transaction(for: store) { tx in
            _ = try await Stores().publish(in: tx)
            try await Onboardings().markPublished(at: Date(), in: tx)
        }

        #expect(try await owner.get(settings).body.contains("\(wizard)/theme"))
        let saved = try await owner.post("\(wizard)/theme", ["preset": "harbour"])
        #expect(saved.status == 303 && saved.headers["location"] == settings)
        let policies = [
            "shipping": "5.99", "days_from": "1", "days_to": "3", "withdrawal": "30", "return_cost": "store",
        ]
        #expect(try await owner.post("\(wizard)/policies", policies).headers["location"] == settings)
        #expect(try await owner.get("\(wizard)/policies").body.contains("value=\"5.99\""))

        let name = "Casa <Nouă>"
        let wish = ["name": name, "main": "de", "language:de": "1", "language:ro": "1"]
        #expect(try await owner.post(settings, wish).status == 303)
        let row = try await owner.running.database.transaction(for: store) { try await Stores().load(in: $0) }
        #expect(row.languages == [.german, .romanian] && row.name == name)
        #expect(try await owner.get(settings).body.contains("value=\"Casa &lt;Nouă&gt;\""))
        let wrong = try await owner.post(settings, ["name": "x", "main": "es", "language:de": "1"])
        #expect(wrong.status == 422 && wrong.body.contains("id=\"name-error\""))
        #expect(wrong.body.contains("id=\"main-error\"") && wrong.body.contains("value=\"es\" selected"))

        try await viewer.join(store, as: .viewer)
        #expect(try await viewer.get(settings).status == 403)
        #expect(try await viewer.post(settings, wish).status == 403)
        #expect(try await Merchant.signedUp().get(settings).status == 404)
    }

    @Test("invoices are shown with their state and PDF; one that needs a person is tried again once")
    func invoices() async throws {
        let order = try await MerchantOrder.made(as: .staff)
        let merchant = order.merchant
        let root = "\(order.root)/invoices"
        #expect(try await merchant.get(root).body.contains("No order has been invoiced yet"))
        let id = try await order.inStore { tx in
            let invoice = try await Invoices().open(.invoice, for: order.bought.order, in: tx)
            try await Invoices().markWaiting(invoice.id, .manual, problem: "<b>no series</b>", in: tx)
            return invoice.id
        }

        let manual = try await merchant.get("\(root)?view=manual")
        #expect(manual.body.contains("&lt;b&gt;no series&lt;/b&gt;") && manual.body.contains("Try again"))
        #expect(try await merchant.get("\(root)?view=issued").body.contains("There is none in this view"))
        #expect(try await merchant.post("\(root)/\(id)/retry", [:]).status == 303)
        #expect(merchant.running.desks.retries(of: id) == 1)
        #expect(try await merchant.get("\(root)/\(id)/pdf").status == 404)
        try await order.inStore { tx in
            try await Invoices().markIssued(
                id, series: "CFX", number: "0023", url: nil, at: Date(timeIntervalSince1970: 1_795_000_000),
                in: tx)
            try await Invoices().storeDocument(Data("%PDF-1.4 page".utf8), of: id, in: tx)
        }
        #expect(try await merchant.get(root).body.contains("CFX 0023"))
        let pdf = try await merchant.get("\(root)/\(id)/pdf")
        #expect(pdf.headers["content-type"] == "application/pdf" && pdf.body == "%PDF-1.4 page")
        #expect(try await merchant.post("\(root)/\(id)/retry", [:]).status == 409)

        let viewer = try await Merchant.signedUp()
        try await viewer.join(order.store, as: .viewer)
        #expect(try await viewer.get("\(root)/\(id)/pdf").status == 200)
        #expect(try await viewer.post("\(root)/\(id)/retry", [:]).status == 403)
        let stranger = try await Merchant.signedUp()
        let (own, _) = try await stranger.openStore()
        for path in [root, "\(root)/\(id)/pdf", "/stores/\(own)/invoices/\(id)/pdf"] {
            #expect(try await stranger.get(path).status == 404, "\(path)")
        }
        #expect(try await stranger.post("/stores/\(own)/invoices/\(id)/retry", [:]).status == 404)
    }
}
