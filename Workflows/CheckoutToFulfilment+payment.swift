// One open payment per order. A failed attempt leaves it payable; only a cancel that Stripe confirms lets the
// order expire, because until then the shopper may still be paying. Events only say that something happened:
// amounts are read from Stripe, and compared with what was asked for, before anything is served.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Money that has arrived, as Stripe itself tells it.
struct CapturedPayment: Codable, Sendable {
    let intent: PaymentIntent.ID
    let received: Money
    let charge: StripeCharge.ID?
    let stripeFee: Money?
    let at: Date
    /// In which respects it is not the payment that was asked for.
    let discrepancies: [String]
}

enum PaymentEnd: Sendable {
    case captured(CapturedPayment)
    case neverPaid
}

extension CheckoutToFulfilment {
    // MARK: - Opening

    /// Asks Stripe for the payment. Nil when it cannot be opened; then the order is given up.
    func openPayment(of order: PlacedOrder, _ flow: Flow<Self>) async throws -> PaymentIntent.ID? {
        try await flow.progress(CheckoutProgress(.openingPayment, order: order.id))
        do {
            let intent = try await createPayment(of: order, flow)
            try await flow.progress(CheckoutProgress(.awaitingPayment, order: order.id))
            return intent
        } catch let failure as StepFailed {
            if let intent = try await notedPayment(of: order, flow) { return intent }
            try await abandon(order, after: failure, flow)
            return nil
        }
    }

    /// The step can fail after Stripe's answer was noted, and then the shopper may be paying already.
    private func notedPayment(of order: PlacedOrder, _ flow: Flow<Self>) async throws -> PaymentIntent.ID? {
        try await flow.transaction(.recallPayment, on: shop.transactions) { tx in
            try await tx.lockOrder(order.id)
            let payment = try await Payments().load(order.payment, in: tx)
            if payment.intent == nil {
                _ = try await Payments().stopAttending(order.payment, at: shop.clock.now, in: tx)
            }
            return payment.intent.map { PaymentIntent.ID(rawValue: $0) }
        }
    }

    /// The key is the order's and its version's, so a repetition finds the same payment. The answer holds a
    /// secret for the shopper's browser: it is noted with the payment here, and never enters the journal.
    private func createPayment(of order: PlacedOrder, _ flow: Flow<Self>) async throws -> PaymentIntent.ID {
        try await flow.step(.createPayment, retry: .whileShopperWaits) { attempt in
            let intent = try await askStripe(for: order, attempt)
            _ = try await shop.inStore(flow.tenant) { tx in
                let noted = try await Payments().recordIntent(
                    intent.id.rawValue, clientSecret: intent.clientSecret?.reveal(), of: order.payment, in: tx
                )
                try await Orders().refreshStatus(order.id, in: tx)
                return noted.version
            }
            return intent.id
        }
    }

    private func askStripe(for order: PlacedOrder, _ attempt: Attempt) async throws -> PaymentIntent {
        if let earlier = try await earlierPayment(of: order, attempt) { return earlier }
        try await attempt.announce()
        return try await shop.stripe.createPaymentIntent(
            order.paymentRequest, key: "cf:order:\(order.id):payment:\(order.paymentVersion)")
    }

    /// The key finds it again for a day. A worker that comes back later than that has to search.
    private func earlierPayment(of order: PlacedOrder, _ attempt: Attempt) async throws -> PaymentIntent? {
        let now = shop.clock.now
        guard attempt.isAmbiguous, now > order.placedAt.adding(StripeClient.keyLifetime) else { return nil }
        return try await shop.stripe.findPaymentIntents(
            of: order.paymentRequest.metadata,
            created: order.placedAt.addingTimeInterval(-60)..<now.addingTimeInterval(60)
        ).first
    }

    /// Nobody was given a secret to pay with, so the units are free at once.
    private func abandon(_ order: PlacedOrder, after failure: StepFailed, _ flow: Flow<Self>) async throws {
        try await flow.write(.abandon, in: shop) { tx in
            if failure.code == "stripe.account_unable" || failure.code == "stripe.forbidden" {
                try await Attention().open(
                    .order(.merchantRestricted), subject: "\(order.id)", order: order.id,
                    message: "Stripe does not let this store take payments; complete what Stripe asks for",
                    in: tx)
            }
            _ = try await Orders().expire(order.id, at: shop.clock.now, in: tx)
        }
    }

    // MARK: - Waiting

    /// Waits until the money is there, or can no longer come.
    func awaitPayment(
        _ intent: PaymentIntent.ID, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> PaymentEnd {
        let deadline = order.placedAt.adding(shop.patience.payment)
        var round = 0
        while true {
            let left = deadline.timeIntervalSince(try await flow.now())
            guard left > 0, let news = try await flow.wait(.payment, upTo: .seconds(left)) else {
                return try await stopPayment(intent, of: order, flow)
            }
            round += 1
            guard news.intent == intent else { continue }
            if let attempt = news.attempt {
                try await note(attempt, news, round, of: order, flow)
            } else if let end = try await readPayment(intent, "\(round)", of: order, flow) {
                return end
            }
        }
    }

    private func note(
        _ attempt: Payment.Status, _ news: PaymentSignal, _ round: Int, of order: PlacedOrder,
        _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.noteAttempt, for: round, in: shop) { tx in
            try await Payments().recordStatus(attempt, ofIntent: news.intent.rawValue, at: news.at, in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
        }
        let stage: CheckoutProgress.Stage = attempt == .failed ? .attemptFailed : .awaitingPayment
        try await flow.progress(CheckoutProgress(stage, order: order.id))
    }

    /// The time is over. Cancels the payment and believes only Stripe's word about what became of it.
    private func stopPayment(
        _ intent: PaymentIntent.ID, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> PaymentEnd {
        try await flow.progress(CheckoutProgress(.cancelingPayment, order: order.id))
        var round = 0
        while true {
            round += 1
            let answer = try await flow.step(.cancelPayment, for: round, retry: .patient) { _ in
                CancelAnswer(try await shop.stripe.cancelPaymentIntent(intent))
            }
            switch answer {
            case .canceled, .succeeded:
                if let end = try await readPayment(intent, "cancel-\(round)", of: order, flow) { return end }
            case .processing: break
            }
            _ = try await flow.wait(.payment, upTo: shop.patience.bank)
        }
    }

    /// A payment after the confirmed cancel: nil when, as it should be, none comes.
    func latePayment(
        _ intent: PaymentIntent.ID, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> CapturedPayment? {
        let deadline = try await flow.now().adding(shop.patience.latePayment)
        var round = 0
        while true {
            let left = deadline.timeIntervalSince(try await flow.now())
            guard left > 0, let news = try await flow.wait(.payment, upTo: .seconds(left)) else {
                return try await lastLook(intent, of: order, flow)
            }
            round += 1
            guard news.kind == .succeeded, news.intent == intent else { continue }
            let end = try await readPayment(intent, "late-\(round)", of: order, flow)
            if case .captured(let payment) = end { return payment }
        }
    }

    /// News that came while the wait was ending is in the payment's row; what comes from now on asks for a
    /// person.
    private func lastLook(
        _ intent: PaymentIntent.ID, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> CapturedPayment? {
        let hasNews = try await flow.transaction(.stopAttending, on: shop.transactions) { tx in
            try await Payments().stopAttending(order.payment, at: shop.clock.now, in: tx)
        }
        guard hasNews else { return nil }
        let end = try await readPayment(intent, "last", of: order, flow)
        guard case .captured(let payment) = end else { return nil }
        return payment
    }

    // MARK: - Reading

    /// Reads the payment at Stripe. Nil while it may still go either way.
    private func readPayment(
        _ intent: PaymentIntent.ID, _ occasion: String, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws -> PaymentEnd? {
        let reading = try await flow.step(.readPayment, for: occasion, retry: .patient) { _ in
            try await read(intent, of: order)
        }
        switch reading {
        case .captured(let payment): return .captured(payment)
        case .open: return nil
        case .canceled:
            try await expire(intent, occasion, of: order, flow)
            return .neverPaid
        }
    }

    private func read(_ id: PaymentIntent.ID, of order: PlacedOrder) async throws -> PaymentReading {
        let intent = try await shop.stripe.paymentIntent(id)
        switch intent.status {
        case .canceled: return .canceled
        case .succeeded: break
        default: return .open
        }
        var discrepancies = intent.discrepancies(from: order.paymentRequest, isLive: shop.isLive)
        if intent.amountReceived != order.amount {
            discrepancies.append("\(intent.amountReceived) received instead of \(order.amount)")
        }
        let charge: StripeCharge? =
            if let id = intent.latestCharge { try await shop.stripe.charge(id) } else { nil }
        return .captured(
            CapturedPayment(
                intent: id, received: intent.amountReceived, charge: intent.latestCharge,
                stripeFee: charge?.balance?.fee, at: shop.clock.now, discrepancies: discrepancies))
    }

    private func expire(
        _ intent: PaymentIntent.ID, _ occasion: String, of order: PlacedOrder, _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.expire, for: occasion, in: shop) { tx in
            let now = shop.clock.now
            try await Payments().recordStatus(.canceled, ofIntent: intent.rawValue, at: now, in: tx)
            _ = try await Orders().expire(order.id, at: now, in: tx)
        }
    }

    // MARK: - Taking the money

    /// Records the payment and what it means in the books. False when it is not the payment that was asked
    /// for: then a person decides, and nothing is served.
    func accept(_ payment: CapturedPayment, of order: PlacedOrder, _ flow: Flow<Self>) async throws -> Bool {
        guard payment.discrepancies.isEmpty else {
            try await setAside(payment, of: order, flow)
            return false
        }
        try await flow.write(.recordPayment, in: shop) { tx in
            let sold = try await Orders().load(order.id, in: tx)
            let (paid, isFirst) = try await Payments().markPaid(
                intent: payment.intent.rawValue, captured: payment.received, charge: payment.charge?.rawValue,
                stripeFee: payment.stripeFee, at: payment.at, in: tx)
            if isFirst { try await post(paid, of: sold, at: payment.at, in: tx) }
            // An event that came twice may have been taken for one that nobody waits for.
            try await Attention().resolve(
                .order(.unmatchedPayment), subject: payment.intent.rawValue, by: "workflow", in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
        }
        return true
    }

    private func post(_ paid: Payment, of order: Order, at now: Date, in tx: Transaction<OneTenant>)
        async throws
    {
        var suppliers: [SupplierID: Money] = [:]
        for group in try await Quotes().load(order.quote, in: tx).supplierGroups {
            suppliers[group.key.supplier, default: .zero(order.currency)] += group.supplier
        }
        try await Ledger().post(
            .paymentCaptured(
                paid.id, order: order.id, store: tx.tenant, sale: order.total, suppliers: suppliers, at: now),
            in: tx)
        if let fee = paid.stripeFee, fee.isPositive {
            try await Ledger().post(.stripeFee(fee, of: paid.id, order: order.id, at: now), in: tx)
        }
    }

    private func setAside(_ payment: CapturedPayment, of order: PlacedOrder, _ flow: Flow<Self>) async throws
    {
        try await flow.write(.hold, in: shop) { tx in
            try await Ledger().post(
                .unmatchedPayment(payment.intent.rawValue, amount: payment.received, at: payment.at), in: tx)
            try await Attention().open(
                .order(.unmatchedPayment), subject: payment.intent.rawValue, order: order.id,
                message: "the payment is not the one that was asked for: "
                    + payment.discrepancies.joined(separator: "; "), in: tx)
            try await Orders().refreshStatus(order.id, in: tx)
        }
    }
}

private enum CancelAnswer: String, Codable, Sendable {
    case canceled, succeeded, processing

    init(_ outcome: CancelOutcome) {
        switch outcome {
        case .canceled: self = .canceled
        case .alreadySucceeded: self = .succeeded
        case .stillProcessing: self = .processing
        }
    }
}

private enum PaymentReading: Codable, Sendable {
    case captured(CapturedPayment)
    case open, canceled
}

extension RetryPolicy {
    /// Stripe forgets a key after a day; the shopper has gone long before.
    fileprivate static let whileShopperWaits = RetryPolicy(
        attempts: nil, within: .seconds(1_800), base: .milliseconds(300), cap: .seconds(30))
}
