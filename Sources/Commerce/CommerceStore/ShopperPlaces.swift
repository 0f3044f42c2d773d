internal import Commerce
internal import Foundation
internal import Postgres

// Where a store's data about a shopper stand, statement by statement. What is kept: numbers, amounts, dates
// and the country of delivery, which books and the reports to tax offices need, whether a VAT number was
// given, which decides about the tax, and the invoice's own document (`KeptByLaw`). What vendors keep in
// their own systems they erase at the merchant's or the shopper's word; it is out of reach here.

enum ShopperPlaces {
    struct Place {
        /// The table, as counts and copies name it.
        let name: String
        let rows: Query

        init(_ name: String, _ rows: Query) {
            self.name = name
            self.rows = rows
        }
    }

    /// Events of one copy. The newest tell the same as those before.
    private static let copiedEvents = 500

    // MARK: - The copy

    static func copied(_ person: EmailAddress, _ found: ShopperTraces, _ tenant: UUID) -> [Place] {
        copiedOrders(found, tenant) + [
            Place(
                "checkouts",
                """
                select created_at, email, phone, address, locale, seen_total_minor, currency, outcome
                from shop.checkout where tenant_id = \(tenant) and id = any(\(found.checkouts))
                order by created_at
                """),
            Place(
                "letters",
                """
                select created_at, sent_at, status, recipient, subject, plain as text from shop.email
                where tenant_id = \(tenant) and id = any(\(found.letters)) order by created_at
                """),
            Place(
                "withdrawals",
                """
                select o.number as order, w.name, w.email, w.submitted_at, w.tracking, w.sent_at,
                    w.received_at, w.refunded_at
                from shop.withdrawal w
                join shop.orders o on o.tenant_id = w.tenant_id and o.id = w.order_id
                where w.tenant_id = \(tenant) and (w.order_id = any(\(found.orders))
                    or lower(w.email) = \(person.canonical)) order by w.submitted_at
                """),
            Place(
                "addresses_not_written_to",
                """
                select address, reason, since from shop.email_suppression
                where tenant_id = \(tenant) and address = \(person.canonical)
                """),
            Place(
                "reports_of_vendors",
                """
                select source, kind, received_at, payload from shop.webhook_inbox
                where resolved_tenant = \(tenant) and subject = any(\(found.vendorIDs))
                order by received_at desc limit \(copiedEvents)
                """),
        ]
    }

    private static func copiedOrders(_ found: ShopperTraces, _ tenant: UUID) -> [Place] {
        [
            Place(
                "orders",
                """
                select o.number, o.placed_at, o.paid_at, o.closed_at, o.email, o.phone, o.address, o.locale,
                    o.currency, o.g_minor as total_minor, o.payment_status, o.fulfilment_status,
                    (select jsonb_agg(jsonb_build_object('title', l.title, 'sku', l.sku,
                        'quantity', l.quantity, 'unit_price_minor', l.unit_price_minor) order by l.position)
                        from shop.order_line l where l.tenant_id = o.tenant_id and l.order_id = o.id) as lines
                from shop.orders o where o.tenant_id = \(tenant) and o.id = any(\(found.orders))
                order by o.number
                """),
            Place(
                "payments",
                """
                select o.number as order, p.payment_intent, p.status, p.amount_minor, p.currency, p.paid_at
                from shop.payment p join shop.orders o on o.tenant_id = p.tenant_id and o.id = p.order_id
                where p.tenant_id = \(tenant) and p.order_id = any(\(found.orders)) order by p.created_at
                """),
            Place(
                "refunds",
                """
                select o.number as order, r.cause, r.status, r.amount_minor, r.currency, r.created_at,
                    r.settled_at
                from shop.refund r join shop.orders o on o.tenant_id = r.tenant_id and o.id = r.order_id
                where r.tenant_id = \(tenant) and r.order_id = any(\(found.orders)) order by r.created_at
                """),
            Place(
                "parcels",
                """
                select o.number as order, p.carrier, p.tracking_number, p.tracking_url, p.status,
                    p.shipped_at, p.delivered_at
                from shop.parcel p
                join shop.supplier_order s on s.tenant_id = p.tenant_id and s.id = p.supplier_order_id
                join shop.orders o on o.tenant_id = s.tenant_id and o.id = s.order_id
                where p.tenant_id = \(tenant) and s.order_id = any(\(found.orders)) order by p.shipped_at
                """),
            Place(
                "invoices",
                """
                select o.number as order, i.kind, i.series, i.number, i.issued_at, i.url
                from shop.invoice i join shop.orders o on o.tenant_id = i.tenant_id and o.id = i.order_id
                where i.tenant_id = \(tenant) and i.order_id = any(\(found.orders)) order by i.created_at
                """),
            Place(
                "disputes",
                """
                select d.reason, d.stripe_status as status, d.amount_minor, d.currency, d.opened_at,
                    d.closed_at, d.evidence
                from shop.dispute d
                where d.tenant_id = \(tenant) and d.payment_id = any(\(found.payments)) order by d.opened_at
                """),
            Place(
                "claims",
                """
                select o.number as order, k.problem, k.wish, k.description, k.reported_at, k.remedy,
                    k.remedy_reason, k.tracking, k.settlement, k.settled_at
                from shop.order_claim k join shop.orders o on o.tenant_id = k.tenant_id and o.id = k.order_id
                where k.tenant_id = \(tenant) and k.order_id = any(\(found.orders)) order by k.reported_at
                """),
            Place(
                "questions",
                """
                select kind, message, opened_at, resolved_at from shop.attention_item
                where tenant_id = \(tenant) and order_id = any(\(found.orders)) order by opened_at
                """),
        ]
    }

    // MARK: - The erasure

    static func erased(_ person: EmailAddress, _ found: ShopperTraces, _ tenant: UUID) -> [Place] {
        erasedOrders(found, tenant) + erasedNotes(found, tenant) + [
            // A letter that still waits has nobody to go to; one to the merchant about the shopper loses its
            // words and keeps its way.
            Place(
                "email",
                """
                update shop.email set subject = '', html = '', plain = '', problem = null,
                    recipient = case when lower(recipient) = \(person.canonical) then \(nobody)
                        else recipient end,
                    status = case when status in ('queued', 'sending') then 'suppressed' else status end
                where tenant_id = \(tenant) and id = any(\(found.letters))
                """),
            // That a proof was sent stays, and its number leads to the sender.
            Place(
                "withdrawal",
                """
                update shop.withdrawal set name = '', email = \(nobody),
                    tracking = case when tracking is not null then 'erased' end
                where tenant_id = \(tenant) and email <> \(nobody)
                    and (order_id = any(\(found.orders)) or lower(email) = \(person.canonical))
                """),
            Place(
                "email_suppression",
                """
                delete from shop.email_suppression
                where tenant_id = \(tenant) and address = \(person.canonical)
                """),
        ]
    }

    private static func erasedOrders(_ found: ShopperTraces, _ tenant: UUID) -> [Place] {
        [
            Place(
                "orders",
                "update shop.orders set " + nameless
                    + " where tenant_id = \(tenant) and id = any(\(found.orders))"),
            Place(
                "checkout",
                "update shop.checkout set " + nameless
                    + " where tenant_id = \(tenant) and id = any(\(found.checkouts))"),
            Place("cart", "delete from shop.cart where tenant_id = \(tenant) and id = any(\(found.carts))"),
            Place(
                "dispute",
                """
                update shop.dispute set evidence = null, evidence_problem = null
                where tenant_id = \(tenant) and payment_id = any(\(found.payments))
                    and (evidence is not null or evidence_problem is not null)
                """),
            // What was wrong stays; what people wrote about it may name the shopper.
            Place(
                "order_claim",
                """
                update shop.order_claim set description = '', remedy_reason = '', answer_note = '',
                    tracking = case when tracking is not null then 'erased' end
                where tenant_id = \(tenant) and order_id = any(\(found.orders))
                    and (description <> '' or remedy_reason <> '' or answer_note <> ''
                        or tracking <> 'erased')
                """),
            // A carrier tells the whole address to whoever knows the number.
            Place(
                "parcel",
                """
                update shop.parcel p set tracking_number = 'erased-' || p.id, tracking_url = null
                from shop.supplier_order s
                where p.tenant_id = \(tenant) and s.tenant_id = p.tenant_id and s.id = p.supplier_order_id
                    and s.order_id = any(\(found.orders))
                """),
        ]
    }

    /// Words of vendors and of people, which may say anything.
    private static func erasedNotes(_ found: ShopperTraces, _ tenant: UUID) -> [Place] {
        let tables = ["refund", "invoice", "supplier_order", "unit"]
        let problems = tables.map { table in
            Place(
                table,
                """
                update shop.\(raw: table) set problem = null
                where tenant_id = \(tenant) and order_id = any(\(found.orders)) and problem is not null
                """)
        }
        return problems + [
            Place(
                "payment",
                """
                update shop.payment set client_secret = null
                where tenant_id = \(tenant) and id = any(\(found.payments)) and client_secret is not null
                """),
            Place(
                "attention_item",
                """
                update shop.attention_item
                set message = 'erased with the shopper''s data', resolution = null
                where tenant_id = \(tenant) and order_id = any(\(found.orders))
                """),
        ]
    }

    /// Stands where the address of an erased person stood.
    static let nobody = "erased@erased.invalid"

    /// The name of the field tells with which code it was written: the address's own.
    private static var nameless: Query {
        """
        email = \(nobody), phone = '', address = jsonb_strip_nulls(jsonb_build_object('firstName', '',
            'lastName', '', 'line', '', 'city', '', 'postcode', '', 'country', address -> 'country',
            'vatNumber', case when coalesce(address ->> 'vatNumber', '') <> '' then 'erased' end))
        """
    }

    // MARK: - What holds it up

    static func holds(
        _ found: ShopperTraces, _ tenant: UUID, _ now: Date
    ) -> [(PersonalDataHold, Query)] {
        openWork(found, tenant, now) + openPapers(found, tenant, now)
    }

    private static func openWork(
        _ found: ShopperTraces, _ tenant: UUID, _ now: Date
    ) -> [(PersonalDataHold, Query)] {
        let hourAgo = now.addingTimeInterval(-3_600)
        let weekAgo = now.addingTimeInterval(-8 * 86_400)
        return [
            (
                .checkoutOpen,
                """
                select from shop.checkout k where k.tenant_id = \(tenant) and k.id = any(\(found.checkouts))
                    and k.outcome is null and k.created_at > \(hourAgo) and not exists (
                        select from shop.orders o where o.tenant_id = k.tenant_id and o.checkout_id = k.id)
                limit 1
                """
            ),
            (
                .orderOpen,
                """
                select from shop.orders o where o.tenant_id = \(tenant) and o.id = any(\(found.orders))
                    and o.closed_at is null and o.expired_at is null
                    and (o.payment_status not in ('refunded', 'canceled') or exists (
                        select from shop.supplier_order s
                        where s.tenant_id = o.tenant_id and s.order_id = o.id
                            and s.state not in ('planned', 'delivered', 'canceled', 'rejected')))
                limit 1
                """
            ),
            (
                .paymentLate,
                """
                select from shop.orders o where o.tenant_id = \(tenant) and o.id = any(\(found.orders))
                    and o.expired_at > \(weekAgo) and o.paid_at is null limit 1
                """
            ),
            (
                .refundOpen,
                """
                select from shop.orders o where o.tenant_id = \(tenant) and o.id = any(\(found.orders))
                    and exists (select from shop.refund r where r.tenant_id = o.tenant_id
                        and r.order_id = o.id and r.status in ('reserved', 'sent')) limit 1
                """
            ),
        ]
    }

    private static func openPapers(
        _ found: ShopperTraces, _ tenant: UUID, _ now: Date
    ) -> [(PersonalDataHold, Query)] {
        let monthAgo = now.addingTimeInterval(-30 * 86_400)
        return [
            (
                .disputeOpen,
                """
                select from shop.dispute where tenant_id = \(tenant)
                    and payment_id = any(\(found.payments)) and state = 'open' limit 1
                """
            ),
            (
                .returnOpen,
                """
                select from shop.withdrawal where tenant_id = \(tenant) and order_id = any(\(found.orders))
                    and refunded_at is null
                union all select from shop.order_claim
                where tenant_id = \(tenant) and order_id = any(\(found.orders)) and settled_at is null
                limit 1
                """
            ),
            (
                .invoicePending,
                """
                select from shop.invoice where tenant_id = \(tenant) and order_id = any(\(found.orders))
                    and status in ('pending', 'retrying', 'manual') limit 1
                """
            ),
            (
                .newsPending,
                """
                select from shop.webhook_inbox where subject = any(\(found.vendorIDs))
                    and state in ('received', 'unmatched') and received_at > \(monthAgo) limit 1
                """
            ),
        ]
    }
}
