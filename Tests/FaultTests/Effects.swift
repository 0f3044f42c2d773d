import Foundation
import Postgres
import Testing
import VendorSandbox

// What the vendors saw. They stand outside of everything that was crashed, so they are the witnesses: one
// effect per thing that had to happen, whatever was repeated on the way there.

struct Effects: Sendable {
    let platform: Platform

    /// Nothing is missing, and nothing happened twice.
    func expectOneOfEach() async throws {
        try await expectOneChargePerOrder()
        try await expectOneSupplierOrderPerGroup()
        try await expectOneInvoicePerOrder()
        try await expectOneLetterEach()
        try await expectFullRefunds()
        try await expectBalancedLedger()
    }

    /// Whatever the shop said yes to is an order.
    func expectEveryAccepted(_ tokens: [String]) async throws {
        let placed = try await platform.books.texts(
            "select token from shop.checkout where outcome = 'placed'")

        #expect(Set(tokens).count == tokens.count)
        #expect(Set(placed).isSuperset(of: tokens), "a checkout that was accepted became no order")
    }

    /// One charge that succeeded per order, of the order's amount, and none for anything else.
    private func expectOneChargePerOrder() async throws {
        let charges = await platform.stripe.vendor.objects("charges") ?? []
        // The merchants' accounts list what arrived there as well, as payments without an intent.
        let paid = charges.filter { $0["status"].string == "succeeded" && !$0["payment_intent"].isNull }
        let intents = await platform.stripe.vendor.objects("payment_intents") ?? []
        let orders = Dictionary(
            intents.map { ($0["id"].string ?? "", $0["metadata"]["order_id"].string ?? "") }
        ) { first, _ in first }
        let charged = paid.map { orders[$0["payment_intent"].string ?? ""] ?? "no order" }
        let expected = try await platform.books.texts("select id::text from shop.orders")

        #expect(charged.sorted() == expected.sorted(), "a charge per order")
        #expect(Set(intents.compactMap { $0["metadata"]["order_id"].string }).count == intents.count)
    }

    /// One order at the supplier per supplier order of ours that it did not refuse.
    private func expectOneSupplierOrderPerGroup() async throws {
        let placed = (await platform.bigBuy.vendor.objects("orders") ?? [])
            .map { $0["internalReference"].string ?? "" }
        let expected = try await platform.books.texts(
            "select reference from shop.supplier_order where state <> 'rejected'")

        #expect(placed.sorted() == expected.sorted(), "an order at the supplier per supplier order")
    }

    /// One invoice per order, with the order's reference and total, and one storno per refunded order.
    private func expectOneInvoicePerOrder() async throws {
        let papers = await platform.smartBill.vendor.objects("invoices") ?? []
        let issued = papers.filter { ($0["total"].decimal ?? 0) > 0 }.map(Paper.init)
        let expected = try await platform.books.rows(
            """
            select i.reference, o.g_minor, o.currency, i.number from shop.invoice i
            join shop.orders o on o.tenant_id = i.tenant_id and o.id = i.order_id
            where i.kind = 'invoice'
            """
        ).map(Paper.init)
        let refunded = try await platform.books.count(
            "select count(*) from shop.orders where payment_status = 'refunded'")

        #expect(issued.sorted() == expected.sorted(), "an invoice per order")
        #expect(try await platform.books.count("select count(*) from shop.orders") == issued.count)
        #expect(papers.count - issued.count == refunded, "a storno per refunded order")
    }

    /// Every letter went out once, and there is one confirmation per order and one letter per refund.
    private func expectOneLetterEach() async throws {
        let sent = (await platform.resend.vendor.objects("emails") ?? []).map { letter in
            let recipient = letter["to"].array.first?.string ?? letter["to"].string ?? ""
            return "\(recipient): \(letter["subject"].string ?? "")"
        }
        let written = try await platform.books.texts("select recipient || ': ' || subject from shop.email")
        let confirmed = try await platform.books.texts(
            "select recipient from shop.email where starts_with(cause, 'confirmation:')")
        let toldOfRefund = try await platform.books.texts(
            "select recipient from shop.email where starts_with(cause, 'refunded:')")

        #expect(sent.sorted() == written.sorted(), "every letter once")
        let orders = try await platform.books.texts("select email from shop.orders")
        #expect(confirmed.sorted() == orders.sorted(), "a confirmation per order")
        let refunded = try await platform.books.texts(
            "select email from shop.orders where payment_status = 'refunded'")
        #expect(toldOfRefund.sorted() == refunded.sorted(), "a letter per refund")
    }

    /// A refunded order's money went back once and in full; nobody else got any.
    private func expectFullRefunds() async throws {
        let refunds = await platform.stripe.vendor.objects("refunds") ?? []
        let returned = refunds.map { refund in
            "\(refund["payment_intent"].string ?? "") \(refund["amount"].integer ?? 0)"
        }
        let expected = try await platform.books.texts(
            """
            select format('%s %s', p.payment_intent, p.amount_minor) from shop.payment p
            join shop.orders o on o.tenant_id = p.tenant_id and o.id = p.order_id
            where o.payment_status = 'refunded'
            """)

        #expect(returned.sorted() == expected.sorted(), "a full refund per refunded order")
    }

    /// Debits and credits are equal in every currency, and every order's sale was posted once.
    private func expectBalancedLedger() async throws {
        let uneven = try await platform.books.texts(
            """
            select format('%s %s', sum(amount_minor), currency) from shop.ledger_entry
            group by currency having sum(amount_minor) <> 0
            """)
        let unposted = try await platform.books.count(
            """
            select count(*) from shop.payment p where p.status = 'succeeded' and 1 <> (
                select count(*) from shop.ledger_transaction t
                where t.tenant_id = p.tenant_id and t.source_id = p.id::text and t.kind = 'captured')
            """)

        #expect(uneven.isEmpty)
        #expect(unposted == 0, "sales without their posting")
    }
}

/// An invoice as vendor and books both know it.
private struct Paper: Comparable, CustomStringConvertible {
    let description: String

    init(_ invoice: JSON) {
        let total = invoice["total"].decimal.map { "\($0)" } ?? "?"
        let text = invoice["observations"].string ?? ""
        description = "\(text) \(invoice["number"].string ?? "") \(total) \(invoice["currency"].string ?? "")"
    }

    init(_ row: Row) throws {
        let minor = try row.decode("g_minor", as: Int64.self)
        let total = Decimal(minor) / 100
        let number = try row.decode("number", as: String?.self) ?? ""
        description =
            "\(try row.decode("reference", as: String.self)) \(number) \(total) "
            + (try row.decode("currency", as: String.self))
    }

    static func < (one: Paper, other: Paper) -> Bool { one.description < other.description }
}
