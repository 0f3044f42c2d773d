import Commerce
import Foundation
import Postgres
import Testing

@testable import CommerceStore

// Every repository is asked with another store's identifiers. It must see nothing and change nothing;
// afterwards the other store's rows are compared with what they were.

@Suite struct IsolationTests {
    private struct Victim {
        let shop: TestShop
        let cart: Cart
        let checkout: Checkout
        let order: Order
        let payment: Payment
        let supplierOrder: SupplierOrder
        let invoice: InvoiceID
        let mail: Emails.Message
        let refund: Refund
    }

    private func victim() async throws -> Victim {
        let shop = try await TestShop.open()
        let quote = try await shop.quote(2)
        let checkout = try await shop.checkout(quote)
        let paid = try await shop.paidOrder()
        return try await shop.transaction { tx in
            let cart = try await Carts().open(token: "victim", language: .english, country: .romania, in: tx)
            try await Carts().add(1, of: shop.products[0], to: cart.id, in: tx)
            let refund = try await Refunds().reserve(
                Refunds.Draft(
                    order: paid.order.id, payment: paid.payment.id, key: "victim",
                    breakdown: RefundBreakdown(
                        cause: .goodwill, amount: .eur(10), commission: .eur(0), markup: .eur(0),
                        supplier: .eur(0),
                        processing: .eur(0), markedUpUnits: 0)), in: tx)
            let mail = try await Emails().queue(
                Emails.Draft(
                    cause: "victim", order: paid.order.id, sender: "a@b.test", recipient: "c@d.test",
                    language: .english,
                    subject: "s", html: "h", plain: "p"), in: tx)
            return Victim(
                shop: shop, cart: cart, checkout: checkout, order: paid.order, payment: paid.payment,
                supplierOrder: try await SupplierOrders().plan(paid.order.id, in: tx)[0],
                invoice: try await Invoices().open(.invoice, for: paid.order.id, in: tx).id, mail: mail,
                refund: refund)
        }
    }

    /// A digest of every row of a store, over all tenant tables.
    private func fingerprint(_ tenant: TenantID) async throws -> String {
        let servers = try await TestPlatform.shared.servers()
        return try await servers.raw.psql(
            """
            with tables as materialized (
                select relname from pg_class where relnamespace = 'shop'::regnamespace and relkind = 'r'
                    and exists (
                        select from pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id')
            )
            select string_agg(relname || ':' || md5(query_to_xml(format(
                'select * from shop.%I t where tenant_id = %L order by t::text', relname, '\(tenant)'),
                true, false, '')::text), ' ' order by relname) from tables
            """)
    }

    @Test("with another store's identifiers every repository sees nothing and changes nothing")
    func foreignIdentifiers() async throws {
        let victim = try await victim()
        let thief = try await TestShop.open()
        let before = try await fingerprint(victim.shop.tenant)

        for (name, attempt) in attempts(on: victim) {
            do {
                let seen = try await thief.transaction { try await attempt($0) }
                #expect(seen == false, "\(name) saw something")
            } catch is StoreError {
                // A typed refusal is as good as nothing.
            } catch is PostgresError {
                // So is a foreign key that does not lead across stores.
            }
        }

        #expect(try await fingerprint(victim.shop.tenant) == before)
    }

    private typealias Attempt = @Sendable (Transaction<OneTenant>) async throws -> Bool

    /// Each returns whether it saw or did anything.
    private func attempts(on victim: Victim) -> [(String, Attempt)] {
        catalogueAttempts(on: victim) + orderAttempts(on: victim) + moneyAttempts(on: victim)
            + fulfilmentAttempts(on: victim) + paperAttempts(on: victim)
    }

    private func catalogueAttempts(on victim: Victim) -> [(String, Attempt)] {
        let product = victim.shop.products[0]
        let cart = victim.cart
        return [
            (
                "products.load",
                {
                    _ = try await Products().load(product, in: $0); return true
                }
            ),
            ("products.lock", { try await !Products().lock([product], in: $0).isEmpty }),
            (
                "products.recordCost",
                {
                    try await Products().recordCost(.eur(1), of: product, in: $0); return false
                }
            ),
            (
                "products.pause",
                {
                    try await Products().pause(product, reason: "x", in: $0); return false
                }
            ),
            (
                "products.publish",
                {
                    try await Products().publish(product, in: $0); return false
                }
            ),
            ("carts.find", { try await Carts().find(token: "victim", in: $0) != nil }),
            (
                "carts.add",
                {
                    try await Carts().add(1, of: product, to: cart.id, in: $0); return true
                }
            ),
            (
                "carts.remove",
                {
                    try await Carts().remove(product, from: cart.id, in: $0); return false
                }
            ),
            (
                "carts.empty",
                {
                    try await Carts().empty(cart.id, in: $0); return false
                }
            ),
        ]
    }

    private func orderAttempts(on victim: Victim) -> [(String, Attempt)] {
        let quote = victim.checkout.quote
        let order = victim.order
        let checkout = victim.checkout
        let cart = victim.cart
        return [
            (
                "quotes.load",
                {
                    _ = try await Quotes().load(quote, in: $0); return true
                }
            ),
            (
                "quotes.freeze",
                {
                    _ = try await Quotes().freeze(cart.id, at: TestShop.now, in: $0); return true
                }
            ),
            (
                "checkouts.load",
                {
                    _ = try await Checkouts().load(checkout.id, in: $0); return true
                }
            ),
            ("checkouts.token", { try await Checkouts().find(token: checkout.token, in: $0) != nil }),
            (
                "orders.load",
                {
                    _ = try await Orders().load(order.id, in: $0); return true
                }
            ),
            ("orders.token", { try await Orders().find(token: order.token, in: $0) != nil }),
            ("orders.lines", { try await !Orders().lines(of: order.id, in: $0).isEmpty }),
            (
                "orders.expire",
                {
                    _ = try await Orders().expire(order.id, at: TestShop.now, in: $0); return true
                }
            ),
            (
                "orders.close",
                {
                    try await Orders().close(order.id, at: TestShop.now, in: $0); return false
                }
            ),
            ("orders.recent", { try await !Orders().recent(in: $0).isEmpty }),
            (
                "reservations.release",
                {
                    try await Reservations().release(order.id, in: $0); return false
                }
            ),
        ]
    }

    private func moneyAttempts(on victim: Victim) -> [(String, Attempt)] {
        let order = victim.order
        let payment = victim.payment
        let refund = victim.refund
        let intent = payment.intent ?? ""
        let now = TestShop.now
        return [
            (
                "payments.open",
                {
                    _ = try await Payments().open(for: order.id, amount: .eur(1), fee: .eur(0), in: $0);
                    return true
                }
            ),
            (
                "payments.load",
                {
                    _ = try await Payments().load(payment.id, in: $0); return true
                }
            ),
            ("payments.find", { try await Payments().find(intent: intent, in: $0) != nil }),
            (
                "payments.status",
                {
                    _ = try await Payments().recordStatus(.canceled, ofIntent: intent, at: now, in: $0);
                    return true
                }
            ),
            (
                "refunds.reserve",
                {
                    _ = try await Refunds().reserve(
                        Refunds.Draft(
                            order: order.id, payment: payment.id, key: "k", breakdown: refund.breakdown),
                        in: $0)
                    return true
                }
            ),
            (
                "refunds.load",
                {
                    _ = try await Refunds().load(refund.id, in: $0); return true
                }
            ),
            ("refunds.settle", { try await Refunds().settle(refund.id, in: $0) }),
            (
                "refunds.fail",
                {
                    try await Refunds().fail(refund.id, problem: "x", in: $0); return true
                }
            ),
            ("ledger.entries", { try await !Ledger().entries(of: order.id, in: $0).isEmpty }),
            (
                "ledger.post",
                {
                    try await Ledger().post(
                        LedgerTransaction(
                            LedgerSource(.payment, payment.id, .captured), at: now, order: order.id,
                            [Posting(.stripePlatform, .eur(1)), Posting(.clearing(.bank), .eur(-1))]), in: $0)
                }
            ),
        ]
    }

    private func fulfilmentAttempts(on victim: Victim) -> [(String, Attempt)] {
        let order = victim.order
        let supplierOrder = victim.supplierOrder
        let now = TestShop.now
        return [
            (
                "supplierOrders.plan",
                {
                    _ = try await SupplierOrders().plan(order.id, in: $0); return true
                }
            ),
            (
                "supplierOrders.load",
                {
                    _ = try await SupplierOrders().load(supplierOrder.id, in: $0); return true
                }
            ),
            (
                "supplierOrders.move",
                {
                    try await SupplierOrders().move(supplierOrder.id, to: .checking, at: now, in: $0)
                    return true
                }
            ),
            (
                "supplierOrders.moveUnits",
                {
                    try await !SupplierOrders().moveUnits(of: supplierOrder.id, to: .canceled, in: $0).isEmpty
                }
            ),
            (
                "supplierOrders.recordParcel",
                {
                    try await SupplierOrders().recordParcel(
                        carrier: "gls", trackingNumber: "1", url: nil, delivered: nil, shipped: now,
                        of: supplierOrder.id, in: $0)
                    return true
                }
            ),
        ]
    }

    private func paperAttempts(on victim: Victim) -> [(String, Attempt)] {
        let order = victim.order
        let invoice = victim.invoice
        let mail = victim.mail
        let now = TestShop.now
        return [
            (
                "invoices.open",
                {
                    _ = try await Invoices().open(.invoice, for: order.id, in: $0); return true
                }
            ),
            (
                "invoices.markIssued",
                {
                    try await Invoices().markIssued(
                        invoice, series: "A", number: "1", url: nil, at: now, in: $0)
                    return false
                }
            ),
            (
                "invoices.storeDocument",
                {
                    try await Invoices().storeDocument(Data([1]), of: invoice, in: $0)
                    return true
                }
            ),
            ("emails.claim", { try await Emails().claim(mail.id, in: $0) != nil }),
            (
                "emails.load",
                {
                    _ = try await Emails().load(mail.id, in: $0); return true
                }
            ),
            (
                "attention.open",
                {
                    try await Attention().open(
                        .order(.invoice), subject: "x", order: order.id, message: "m", in: $0)
                    return true
                }
            ),
        ]
    }
}
