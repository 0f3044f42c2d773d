import CommerceStore
import Foundation
import TestServers
import Testing
import WebSupport

@testable import Commerce

/// Plan, platform invoices and statements at the merchants' pages, over HTTP.
@Suite("The pages about plan and billing")
struct DashboardBillingTests {
    private static let month = BillingMonth(year: 2026, month: 10)

    private func raw() async throws -> TestDatabase { try await WebPlatform.shared.running().raw }

    /// Orders at 15.00 that cost 10.00, one unit each, paid in the calendar month before this one.
    private func sell(_ count: Int, in store: TenantID) async throws {
        let amounts = "1500, 0, 0, 1500, 1000, 100, 75, 0, 1175, 325"
        let columns =
            "goods_minor, discount_minor, shipping_minor, g_minor, s_minor, m_minor, c_minor, "
            + "p_minor, w_minor, n_minor"
        try await raw().psql(
            """
            begin; set local session_replication_role = replica;
            create temp table sold on commit drop as
                select gen_random_uuid() as id, n, (date_trunc('month', now() at time zone 'Europe/Bucharest')
                    - interval '10 days') at time zone 'Europe/Bucharest' as at
                from generate_series(1, \(count)) n;
            insert into shop.quote (tenant_id, id, plan, currency, country, locale, discount_bp,
                terms_currency, unit_markup_minor, commission_bp, processing_bearer, processing_bp,
                processing_fixed_minor, fx_base, fx_scaled, \(columns), created_at, expires_at)
            select '\(store)', id, 'free', 'EUR', 'RO', 'en', 0, 'EUR', 100, 500, 'platform', 150, 25, 'EUR',
                100000000, \(amounts), at, at from sold;
            insert into shop.orders (tenant_id, id, number, token, checkout_id, quote_id, plan, currency,
                locale, email, phone, address, \(columns), payment_status, placed_at, paid_at)
            select '\(store)', id, n, id, id, id, 'free', 'EUR', 'en', 'x@example.test', '', '{}', \(amounts),
                'paid', at, at from sold;
            insert into shop.order_line (tenant_id, id, order_id, position, product_id, supplier_id,
                platform_catalogue, supplier_reference, warehouse, stock_pool, sku, title, quantity,
                unit_price_minor, discount_minor, vat_bp, unit_cost_minor, cost_currency, g_minor, s_minor,
                m_minor, c_minor, p_minor)
            select '\(store)', id, id, 1, id, id, true, 'R', 'main', 'p', 'S', 'T', 1, 1500, 0, 2100, 1000,
                'EUR', 1500, 1000, 100, 75, 0 from sold;
            commit;
            """)
    }

    /// The golden invoice of the rule book: 22.99 is due of it.
    private func invoice(_ merchant: Merchant, _ home: TenantID) async throws -> PlatformInvoice {
        try await merchant.running.database.transaction(for: home) { tx in
            let account = try await BillingAccounts().lock(in: tx)
            let seller = try await BillingAccounts().seller(in: tx)
            let vat = try PlatformVAT(
                seller: seller.country, buyer: account.country, hasCheckedNumber: false)
            let statement = PlatformStatement(
                markups: .eur(350), commissions: .eur(547), processing: .eur(0), subscription: .eur(1900),
                vat: vat.rate)
            let draft = try #require(
                PlatformInvoiceDraft.invoice(statement, plan: "Pro <b>", month: Self.month, vat: vat))
            let issued = try await PlatformInvoices().issue(
                draft, to: account, from: seller, id: PlatformInvoiceID(), at: Date(), in: tx)
            PlatformInvoices().keep(
                "<!doctype html><title>As issued</title>", of: issued.id, in: tx)
            try await Collections().open(issued.id, run: UUID(), in: tx)
            return issued
        }
    }

    @Test("without a store nothing is billed, and without signing in nothing is shown")
    func strangers() async throws {
        let merchant = try await Merchant.signedUp()
        let visitor = try await Merchant.visitor()

        #expect(try await merchant.get("/billing").body.contains("Nothing is billed before you have a store"))
        #expect(try await visitor.get("/billing").headers["location"] == "/sign-in?next=%2Fbilling")
        #expect(try await merchant.get("/billing/change?plan=pro").status == 404)
    }

    @Test("the page says who owes the VAT, once it depends on the account's number")
    func number() async throws {
        let merchant = try await Merchant.signedUp()
        let (home, root) = try await merchant.openStore()
        let number = VATNumber(unchecked: "DE136695976")
        func answer(_ isValid: Bool) async throws -> String {
            try await merchant.running.database.transaction(for: home) { tx in
                _ = try await BillingAccounts().lock(in: tx)
                _ = try await BillingAccounts().refreshIdentity(in: tx)
                try await VATChecks().keep(
                    VATChecks.Answer(
                        number: number, isValid: isValid, consultation: "WAPI<1>", name: "Casa & Co",
                        address: nil),
                    askedBy: UUID(), at: Date(), in: tx)
            }
            return try await merchant.get("/billing").body
        }

        #expect(try await !merchant.get("/billing").body.contains("VAT number"))
        let saved = try await merchant.post(
            "\(root)/business",
            [
                "legal_name": "Casa GmbH", "country": "DE", "vat_number": number.rawValue,
                "address_line": "Ring 1", "postcode": "10115", "city": "Berlin", "phone": "+49301111111",
                "email": "hello@casa.test",
            ])
        #expect(saved.status == 303)

        #expect(try await merchant.get("/billing").body.contains("not checked with the tax authorities yet"))
        let checked = try await answer(true)
        #expect(checked.contains("consultation number WAPI&lt;1&gt;") && checked.contains("reverse charge"))
        #expect(checked.contains("registered for Casa &amp; Co"))
        let refused = try await answer(false)
        #expect(refused.contains("not registered for trade within the Union"))
        #expect(refused.contains("href=\"\(root)/business\""))
    }

    @Test("plans are compared with what the account sold last month")
    func comparison() async throws {
        let merchant = try await Merchant.signedUp()
        let (store, _) = try await merchant.openStore()
        #expect(try await merchant.get("/billing").body.contains("so there is nothing to compare yet"))

        try await sell(30, in: store)
        let page = try await merchant.get("/billing")

        // 30 x 3.25; 30 x 4.05 - 19.00; 30 x 4.85 - 49.00.
        for kept in ["€97.50", "€102.50", "€96.50"] { #expect(page.body.contains(kept), "\(kept)") }
        #expect(page.body.contains("On Pro you would have kept <span class=\"price\">€5.00</span> more"))
        #expect(page.body.contains("1 of 1"))
    }

    @Test("a larger plan is looked at with its price by days, asked for once, and leads to the card")
    func upgrade() async throws {
        let merchant = try await Merchant.signedUp()
        let (home, _) = try await merchant.openStore()
        let desks = merchant.running.desks

        let preview = try await merchant.get("/billing/change?plan=pro")
        #expect(preview.body.contains("From Free to Pro") && preview.body.contains("For the rest of"))
        let wish = ["plan": "pro", "once": try #require(preview.field("once"))]
        let asked = try await merchant.post("/billing/change", wish)
        let again = try await merchant.post("/billing/change", wish)

        let location = try #require(asked.headers["location"])
        #expect(asked.status == 303 && again.headers["location"] == location)
        #expect(desks.wishes(of: home).map(\.plan) == [.pro])
        #expect(try await merchant.get(location).body.contains("The change is under way"))
        let run = try #require(UUID(uuidString: String(location.suffix(36))))
        desks.say(.needsCard(page: "https://stripe.test/checkout/1"), of: run)
        #expect(try await merchant.get(location).body.contains("href=\"https://stripe.test/checkout/1\""))
        desks.say(.refused(reason: "<i>no</i>"), of: run)
        #expect(try await merchant.get(location).body.contains("&lt;i&gt;no&lt;/i&gt;"))

        let other = try await Merchant.signedUp()
        _ = try await other.openStore()
        #expect(try await !other.get(location).body.contains("did not accept the change"))
        #expect(try await merchant.post("/billing/change", ["plan": "gold", "once": "x"]).status == 404)
        #expect(try await merchant.post("/billing/change", ["plan": "pro", "once": "x"]).status == 422)
    }

    @Test("a smaller plan says which stores pause, waits for the month's end, and can be taken back")
    func downgrade() async throws {
        let merchant = try await Merchant.signedUp()
        let (home, _) = try await merchant.openStore()
        try await merchant.running.database.transaction(for: home) { tx in
            _ = try await BillingAccounts().lock(in: tx)
            try await AccountPlans().upgrade(to: .pro, at: Date(), because: .merchant, in: tx)
        }
        let second = Merchant.store(Merchant.slug()).merging(["name": "Second <store>"]) { $1 }
        #expect(try await merchant.post("/stores/new", second).status == 303)

        let preview = try await merchant.get("/billing/change?plan=free")
        #expect(preview.body.contains("<strong>Second &lt;store&gt;</strong> pauses"))
        #expect(!preview.body.contains("<strong>Casa Verde</strong> pauses"))
        try await merchant.running.database.transaction(for: home) { tx in
            _ = try await AccountPlans().schedule(
                .free, at: Date(), because: .merchant, id: PlanChangeID(), in: tx)
        }
        let waiting = try await merchant.get("/billing")

        #expect(waiting.body.contains("Free begins on") && waiting.body.contains("Keep Pro"))
        let back = ["plan": "pro", "once": try #require(waiting.field("once"))]
        #expect(try await merchant.post("/billing/change", back).status == 303)
        #expect(merchant.running.desks.wishes(of: home).map(\.plan) == [.pro])
    }

    @Test("an invoice shows its lines and the way to pay it, and belongs to its account alone")
    func invoices() async throws {
        let merchant = try await Merchant.signedUp()
        let (home, _) = try await merchant.openStore()
        let invoice = try await invoice(merchant, home)
        let address = "/billing/invoices/\(invoice.id)"

        let page = try await merchant.get(address)
        #expect(page.body.contains("€22.99") && page.body.contains("Pro &lt;b&gt; plan"))
        #expect(page.body.contains("made with the first attempt"))
        #expect(try await merchant.post("\(address)/pay", [:]).headers["location"] == address)
        try await merchant.running.database.transaction(for: home) { tx in
            try await Collections().note(stripeInvoice: "in_\(invoice.id)", of: invoice.id, in: tx)
            _ = try await Collections().noteFailure("<b>declined</b>", of: invoice.id, in: tx)
        }
        let unpaid = try await merchant.get("/billing")
        #expect(unpaid.body.contains("is not paid") && unpaid.body.contains("&lt;b&gt;declined&lt;/b&gt;"))
        let pay = try await merchant.post("\(address)/pay", [:])
        #expect(pay.body.contains("href=\"\(ToldDesks.paymentPage)/in_\(invoice.id)\""))
        let document = try await merchant.get("\(address)/document")
        #expect(document.status == 200 && document.body.contains("As issued"))

        let other = try await Merchant.signedUp()
        _ = try await other.openStore()
        for path in [address, "\(address)/document"] { #expect(try await other.get(path).status == 404) }
        #expect(try await other.post("\(address)/pay", [:]).status == 404)
        #expect(try await merchant.get("/billing/invoices/nonsense").status == 404)

        try await merchant.running.database.transaction(for: home) { tx in
            _ = try await Collections().markPaid(invoice.id, at: Date(), in: tx)
        }
        #expect(try await merchant.get(address).body.contains("Paid on"))
        #expect(try await merchant.post("\(address)/pay", [:]).headers["location"] == address)
    }

    @Test("a statement is read on a page and as a file that no spreadsheet takes for a formula")
    func statements() async throws {
        let merchant = try await Merchant.signedUp()
        let wish = Merchant.store(Merchant.slug()).merging(["name": "=cmd|<x>"]) { $1 }
        let opened = try await merchant.post("/stores/new", wish)
        let home = try TenantID(
            parsing: String(try #require(opened.headers["location"]).split(separator: "/")[1]))
        try await merchant.running.database.transaction(for: home) { tx in
            _ = try await BillingAccounts().lock(in: tx)
        }
        try await raw().psql(
            """
            insert into shop.platform_month (month, starts_at, ends_at, posted_until, closed_at)
            values ('2026-10-01', shop.month_start('2026-10-01'), shop.month_start('2026-11-01'), now(),
                now())
            on conflict do nothing;
            insert into shop.platform_statement (tenant_id, month, plan, currency, subscription_minor,
                markup_minor, commission_minor, processing_minor, credit_markup_minor,
                credit_commission_minor, credit_processing_minor, supplier_minor)
            values ('\(home)', '2026-10-01', 'free', 'EUR', 0, 350, 547, 0, 0, -20, 0, 4780);
            insert into shop.platform_statement_line (tenant_id, month, store_id, currency, is_credit, orders,
                markup_minor, commission_minor, processing_minor, supplier_minor, rate_scaled)
            values ('\(home)', '2026-10-01', '\(home)', 'EUR', false, 4, 350, 547, 0, 4780, 100000000);
            insert into shop.platform_overrun (tenant_id, month, store_id, transaction_id, store_name,
                order_number, currency, amount_minor)
            values ('\(home)', '2026-10-01', '\(home)', gen_random_uuid(), '=cmd|<x>', 1007, 'EUR', 123);
            """)
        let address = "/billing/statements/\(Self.month)"

        #expect(try await merchant.get("/billing").body.contains("href=\"\(address)\""))
        let page = try await merchant.get(address)
        #expect(page.body.contains("=cmd|&lt;x&gt;") && page.body.contains("€5.47"))
        #expect(page.body.contains("#1007") && page.body.contains("€1.23"))
        let file = try await merchant.get("\(address)/csv")
        #expect(file.headers["content-type"] == "text/csv; charset=utf-8")
        #expect(file.body.contains("2026-10,\"'=cmd|<x>\",EUR,sales,4,3.50,5.47,0.00,47.80"))
        let difference = "supplier price differences accepted,1,0.00,0.00,0.00,0.00,1.23,0.00,0.00,1.23"
        #expect(file.body.contains("2026-10,\"'=cmd|<x>\",EUR,\(difference)\r\n"))

        let other = try await Merchant.signedUp()
        _ = try await other.openStore()
        for path in [address, "\(address)/csv", "/billing/statements/2026-13"] {
            #expect(try await other.get(path).status == 404, "\(path)")
        }
    }
}
