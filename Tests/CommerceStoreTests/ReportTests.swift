import Foundation
import Postgres
import Testing

@testable import Commerce
@testable import CommerceStore

/// Reports look at all stores at once, so each test has a database of its own. Orders are of November 2026.
@Suite struct ReportTests {
    private func order(to address: Address, in shop: TestShop) async throws -> (Order, Payment) {
        let quote = try await shop.quote()
        let placed = try await shop.transaction { tx in
            let request = Checkouts.Request(
                quote: quote.id, email: EmailAddress(unchecked: "ana@example.test"), phone: "+40711111111",
                address: address, language: .english, seenTotal: quote.total.gross)
            let checkout = try await Checkouts().create(request, at: TestShop.now, in: tx).checkout
            return try await Orders().place(
                checkout, quote: try await Quotes().confirm(checkout, in: tx), run: nil, at: TestShop.now,
                in: tx)
        }
        let payment = try await shop.transaction { tx in
            let opened = try await Payments().open(
                for: placed.id, amount: placed.total.gross, fee: placed.total.withheld, in: tx)
            let intent = "pi_\(opened.id)"
            _ = try await Payments().recordIntent(intent, clientSecret: "secret", of: opened.id, in: tx)
            let paid = try await Payments().markPaid(
                intent: intent, captured: placed.total.gross, charge: "ch_\(opened.id)", stripeFee: .eur(48),
                at: TestShop.now, in: tx)
            try await Orders().refreshStatus(placed.id, in: tx)
            return paid.payment
        }
        return (placed, payment)
    }

    private func address(_ country: String, vatNumber: String? = nil) throws -> Address {
        Address(
            firstName: "Ana", lastName: "Pop", company: nil, vatNumber: vatNumber, line: "Strada 1",
            city: "Ort", county: country == "RO" ? "Cluj" : nil, postcode: "40000",
            country: try #require(CountryCode(rawValue: country)))
    }

    private func settle(_ minor: Int64, of order: Order, _ payment: Payment, in shop: TestShop) async throws {
        try await shop.transaction { tx in
            _ = try await tx.execute(
                """
                insert into shop.refund (tenant_id, id, order_id, payment_id, key, cause, currency,
                    amount_minor, fee_minor, status, settled_at)
                values (\(tx.tenantUUID), \(RefundID().rawValue), \(order.id.rawValue),
                    \(payment.id.rawValue), \("test:\(minor)"), 'goodwill', 'EUR', \(minor), 0, 'settled',
                    \(TestShop.now))
                """)
        }
    }

    private func slug(of shop: TestShop) async throws -> String {
        try await shop.transaction { try await Stores().load(in: $0).slug.rawValue }
    }

    @Test("OSS lists sales to consumers in other member states by country and rate, less what was refunded")
    func oss() async throws {
        let shop = try await TestShop.open(on: TestPlatform())
        let (german, payment) = try await order(to: address("DE"), in: shop)
        _ = try await order(to: address("DE"), in: shop)
        _ = try await order(to: address("ES"), in: shop)
        _ = try await order(to: address("RO"), in: shop)
        _ = try await order(to: address("AT", vatNumber: "ATU12345675"), in: shop)
        try await settle(500, of: german, payment, in: shop)

        let table = try await PlatformReports(shop.database).oss(year: 2026, quarter: 4, store: nil)

        let slug = try await slug(of: shop)
        let rate = try await shop.transaction {
            try await Orders().lines(of: german.id, in: $0)[0].vatRate.value
        }
        func tax(_ gross: Int) -> Int { (gross * rate * 2 + 10_000 + rate) / (2 * (10_000 + rate)) }
        #expect(table.rows.map { Array($0.prefix(3)) } == [[slug, "RO", "DE"], [slug, "RO", "ES"]])
        #expect(table.rows.map(\.last) == ["25.00", "15.00"])
        #expect(table.rows.map { $0[6] } == [tax(2500), tax(1500)].map { Money.eur(Int64($0)).decimalText })
        #expect(table.csv.hasPrefix("store,ship_from,ship_to,vat_rate,currency,taxable,vat,gross\r\n"))
        let third = try await PlatformReports(shop.database).oss(year: 2026, quarter: 3, store: nil)
        #expect(third.rows == [])
        let none = try await PlatformReports(shop.database).oss(year: 2026, quarter: 4, store: "nobody")
        #expect(none.rows == [])
        let one = try await PlatformReports(shop.database).oss(year: 2026, quarter: 4, store: slug)
        #expect(one == table)
    }

    @Test("DAC7 lists each seller with its quarters; thirty sales in a year end the exemption")
    func dac7() async throws {
        let platform = TestPlatform()
        let small = try await TestShop.open(on: platform)
        let large = try await TestShop.open(stock: 40, on: platform)
        _ = try await order(to: address("RO"), in: small)
        for _ in 0..<30 { _ = try await order(to: address("DE"), in: large) }
        try await small.transaction { tx in
            try await Identities().save(
                BusinessIdentity(
                    legalName: "=Casa SRL", country: .romania, vatNumber: nil, registration: "J12/1/2020",
                    addressLine: "Strada 1", postcode: "400001", city: "Cluj", phone: "+40711111111",
                    email: EmailAddress(unchecked: "casa@example.test")), at: TestShop.now, in: tx)
        }

        let table = try await PlatformReports(small.database).dac7(year: 2026)

        func row(_ shop: TestShop) async throws -> [String: String] {
            let slug = try await slug(of: shop)
            let found = try #require(table.rows.first { $0.contains(slug) })
            return Dictionary(zip(table.headings, found)) { first, _ in first }
        }
        let (first, second) = (try await row(small), try await row(large))
        #expect(table.rows.count == 2)
        #expect(first["seller"] == "=Casa SRL" && first["address"] == "Strada 1, 400001 Cluj")
        #expect(first["exempt"] == "yes" && first["q4_activities"] == "1")
        #expect(first["q4_consideration"] == "15.00" && first["q4_fees"] == "0.45")
        #expect(first["q1_consideration"] == "0.00" && first["q1_activities"] == "0")
        #expect(second["exempt"] == "no" && second["q4_activities"] == "30")
        #expect(second["q4_consideration"] == "450.00" && second["q4_fees"] == "13.50")
        #expect(table.csv.contains("\"'=Casa SRL\""), "a name is never a formula")
        #expect(try await PlatformReports(small.database).dac7(year: 2025).rows == [])
    }

    @Test("sales in another currency are priced by the year's last rate, and never exempt without one")
    func otherCurrency() async throws {
        let platform = TestPlatform()
        let shop = try await TestShop.open(on: platform)
        _ = try await shop.paidOrder()
        let raw = try await platform.servers().raw
        try await raw.psql(
            """
            alter table shop.orders disable trigger guard;
            update shop.orders set currency = 'RON' where tenant_id = '\(shop.tenant)';
            alter table shop.orders enable trigger guard;
            """)
        func exempt() async throws -> String? {
            let table = try await PlatformReports(shop.database).dac7(year: 2026)
            return table.headings.firstIndex(of: "exempt").map { table.rows[0][$0] }
        }

        #expect(try await exempt() == "no")
        try await raw.psql("insert into shop.fx_rate values ('EUR', 'RON', '2026-11-20', 508880000)")
        #expect(try await exempt() == "yes")
    }
}
