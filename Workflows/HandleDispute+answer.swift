// The answer to the bank, in the fields that Stripe takes as text: who bought what, where it was sent and
// with which parcel, what the shopper was told, what the shop promises about returns, and what our own
// records say happened and when.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

extension HandleDispute {
    /// At once where nothing more will be known: everything has arrived, or nothing is on its way.
    func isTimeToAnswer(
        _ seen: DisputeReading, _ subject: DisputedPayment, _ round: Int, _ flow: Flow<Self>
    ) async throws -> Bool {
        guard let due = seen.report.evidenceDueBy else { return true }
        if try await flow.now() >= due.adding(.zero - Self.margin) { return true }
        return try await flow.transaction(.weigh, for: round, on: shop.transactions) { tx in
            let units = try await SupplierOrders().units(ofOrder: subject.order, in: tx)
            return !units.contains { $0.state == .forwarded || $0.state == .shipped }
        }
    }

    /// Until somebody has to look again.
    func pause(_ seen: DisputeReading, isAnswered: Bool, _ flow: Flow<Self>) async throws -> Duration {
        guard !isAnswered, let due = seen.report.evidenceDueBy else { return shop.patience.dispute }
        let left = due.adding(.zero - Self.margin).timeIntervalSince(try await flow.now())
        return min(shop.patience.dispute, .seconds(max(left, 1)))
    }

    /// Puts the answer together, keeps it, and hands it in. What Stripe refuses asks for a person, who can
    /// still answer in Stripe's own pages.
    func answer(_ subject: DisputedPayment, _ flow: Flow<Self>) async throws {
        do {
            let events = try await recall(subject, flow)
            try await flow.write(.assemble, in: shop) { tx in
                let evidence = try await DisputeEvidence(of: subject.order, events: events, shop, in: tx)
                try await Disputes().keepEvidence(evidence.fields, of: subject.dispute.rawValue, in: tx)
            }
            try await submit(subject, flow)
            try await flow.write(.noteSubmitted, in: shop) { tx in
                try await Disputes().markSubmitted(subject.dispute.rawValue, at: shop.clock.now, in: tx)
            }
        } catch let failure as StepFailed {
            try await flow.write(.noteSubmitted, for: "refused", in: shop) { tx in
                try await Disputes().noteProblem(
                    failure.failure.message, of: subject.dispute.rawValue, in: tx)
                try await Attention().open(
                    .order(.dispute), subject: "\(subject.dispute):answer", order: subject.order,
                    message: "the answer to the bank could not be handed in; answer in Stripe's pages before "
                        + "it is due: \(failure.failure.message)", in: tx)
                try await Orders().refreshStatus(subject.order, in: tx)
            }
        }
    }

    /// What the order's run has recorded. Step results are small, so the newest of a long story are kept.
    private func recall(_ subject: DisputedPayment, _ flow: Flow<Self>) async throws -> [RunEvent] {
        guard let run = subject.run else { return [] }
        return try await flow.step(.recall, retry: .standard) { _ in
            try await shop.history.events(of: run).suffix(DisputeEvidence.eventLimit).map(\.self)
        }
    }

    private func submit(_ subject: DisputedPayment, _ flow: Flow<Self>) async throws {
        _ = try await flow.step(.submit, retry: .patient) { attempt in
            if attempt.isAmbiguous, try await shop.stripe.dispute(subject.dispute).evidenceCount > 0 {
                return Nothing()
            }
            let fields = try await shop.inStore(flow.tenant) {
                try await Disputes().evidence(of: subject.dispute.rawValue, in: $0)
            }
            try await attempt.announce()
            _ = try await shop.stripe.submitEvidence(
                fields ?? [:], for: subject.dispute, key: "cf:dispute-evidence:\(subject.dispute)")
            return Nothing()
        }
    }
}

/// What the bank is told, field by field.
struct DisputeEvidence: Sendable {
    /// Of the run's records; more would not fit the bank's form.
    static let eventLimit = 200
    /// Stripe takes 150,000 characters in all.
    private static let textLimit = 20_000

    private(set) var fields: [String: String] = [:]

    init(
        of id: OrderID, events: [RunEvent], _ shop: Shop, in tx: Transaction<OneTenant>
    ) async throws {
        let order = try await Orders().load(id, in: tx)
        let store = try await Stores().load(in: tx)
        let lines = try await Orders().lines(of: id, in: tx)
        let parcels = try await SupplierOrders().parcels(of: id, in: tx)
        let letters = try await Emails().sent(about: id, in: tx)
        let buyer = order.address
        put("customer_name", "\(buyer.firstName) \(buyer.lastName)")
        put("customer_email_address", order.email.rawValue)
        let address = [
            buyer.line, "\(buyer.postcode) \(buyer.city)", buyer.county, buyer.country.rawValue,
        ].compactMap(\.self).joined(separator: ", ")
        put("billing_address", address)
        put("shipping_address", address)
        put("product_description", lines.map { "\($0.quantity) x \($0.title)" }.joined(separator: "\n"))
        put("service_date", Self.day(order.paidAt ?? order.placedAt))
        put("shipping_carrier", Set(parcels.map(\.carrier)).sorted().joined(separator: ", "))
        put("shipping_tracking_number", parcels.map(\.trackingNumber).joined(separator: ", "))
        put("shipping_date", parcels.map(\.shippedAt).min().map(Self.day) ?? "")
        put(
            "refund_policy_disclosure",
            "The shopper may withdraw from the contract within 14 days of receiving the last parcel; the "
                + "page of every product and the order's own page say so: "
                + "\(shop.orderPage(store, order.token))")
        put("access_activity_log", events.map(Self.line).joined(separator: "\n"))
        put("uncategorized_text", Self.story(order, store, parcels, letters))
    }

    private mutating func put(_ name: String, _ text: String) {
        guard !text.isEmpty else { return }
        fields[name] = String(text.prefix(Self.textLimit))
    }

    private static func story(
        _ order: Order, _ store: Store, _ parcels: [TrackedParcel], _ letters: [Emails.Sent]
    ) -> String {
        var story = [
            "Order \(order.number) at \(store.name), placed \(stamp(order.placedAt)), \(order.total.gross)."
        ]
        if let paid = order.paidAt { story.append("Paid \(stamp(paid)).") }
        for parcel in parcels {
            let arrival = parcel.deliveredAt.map { "delivered \(stamp($0))" } ?? "not reported as delivered"
            story.append(
                "Parcel \(parcel.trackingNumber) with \(parcel.carrier): sent \(stamp(parcel.shippedAt)), "
                    + "\(arrival).")
        }
        for letter in letters {
            story.append("E-mail to the shopper \(stamp(letter.at)): \(letter.subject) (\(letter.status)).")
        }
        return story.joined(separator: "\n")
    }

    private static func line(_ event: RunEvent) -> String {
        "\(stamp(event.at)) \(event.step)" + (event.item.isEmpty ? "" : " \(event.item)")
    }

    private static func day(_ date: Date) -> String { String(stamp(date).prefix(10)) }

    private static func stamp(_ date: Date) -> String { date.formatted(.iso8601) }
}
