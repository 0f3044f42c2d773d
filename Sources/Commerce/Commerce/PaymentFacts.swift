import FoundationEssentials

/// What is known about the payment of one order, gathered from webhooks and from our own records.
///
/// Webhooks come twice, late and in any order, so facts are kept in a form in which that cannot matter:
/// flags that are only ever set, amounts that only grow, and the attempt with the latest time of its own.
/// Taking in the same events in any order, any number of times, gives the same facts. The status is
/// derived from them.
///
/// The facts concern the payment that serves the order. A second payment of the same order (two tabs) is not
/// among them: it is refunded in full on its own.
package struct PaymentFacts: Sendable, Hashable, Codable {
    package private(set) var attempt: PaymentAttempt?
    package private(set) var captured: Money?
    package private(set) var isCanceled = false
    package private(set) var isExpired = false
    package private(set) var refunds: [RefundID: RefundFact] = [:]
    package private(set) var disputes: [String: DisputeFact] = [:]

    package init() {}

    package mutating func take(_ event: PaymentEvent) {
        switch event {
        case .attempted(let news):
            attempt = max(attempt ?? news, news)
        case .succeeded(let amount):
            captured = max(captured ?? amount, amount)
        case .canceled:
            isCanceled = true
        case .expired:
            isExpired = true
        case .refundSettled(let id, let amount, let failed):
            var fact = refunds[id] ?? RefundFact(amount: amount)
            fact.settled = true
            fact.replaces = [fact.replaces, failed].compactMap { $0 }.min()
            refunds[id] = fact
        case .refundFailed(let id, let amount, let failed):
            var fact = refunds[id] ?? RefundFact(amount: amount)
            fact.failed = true
            fact.replaces = [fact.replaces, failed].compactMap { $0 }.min()
            refunds[id] = fact
        case .disputeOpened(let id):
            disputes[id] = disputes[id] ?? .open
        case .disputeClosed(let id, let won):
            let outcome: DisputeFact = won ? .won : .lost
            disputes[id] = max(disputes[id] ?? outcome, outcome)
        }
    }

    /// What is with the shopper again: settled and not failed later.
    package var refunded: Money? {
        guard let captured else { return nil }
        return refunds.values.filter { $0.settled && !$0.failed }.map(\.amount).total(captured.currency)
    }

    /// A dispute is going on, or was lost.
    package var isDisputed: Bool { disputes.values.contains { $0 != .won } }

    package var status: PaymentStatus {
        guard let captured else {
            if isCanceled || isExpired { return .canceled }
            return attempt?.outcome.status ?? .awaitingPayment
        }
        let reached = highestRefund(captured.currency)
        if reached.isPositive { return reached >= captured ? .refunded : .partiallyRefunded }
        return isExpired ? .latePaid : .paid
    }

    /// The most that was ever refunded, counting a refund that failed after it had settled and all those that
    /// repeated it as one. It only grows, so the status cannot fall back; the failure itself is an attention
    /// item.
    private func highestRefund(_ currency: Currency) -> Money {
        var reached: [RefundID: Money] = [:]
        for (id, fact) in refunds where fact.settled {
            let first = fact.replaces ?? id
            reached[first] = max(reached[first] ?? fact.amount, fact.amount)
        }
        return reached.values.map(\.self).total(currency)
    }
}

/// Something that happened to a payment.
package enum PaymentEvent: Sendable, Hashable {
    /// An attempt to pay reached a state, at the vendor's time.
    case attempted(PaymentAttempt)
    case succeeded(Money)
    /// The vendor confirmed that it can no longer be paid.
    case canceled
    /// We gave the order up, after the cancel was confirmed.
    case expired
    /// `replacing` names the refund that this one repeats: the first of all those that failed before it.
    case refundSettled(RefundID, Money, replacing: RefundID?)
    case refundFailed(RefundID, Money, replacing: RefundID?)
    case disputeOpened(String)
    case disputeClosed(String, won: Bool)
}

/// A state of an unfinished payment and when the vendor says it began. The later one counts.
package struct PaymentAttempt: Sendable, Hashable, Codable, Comparable {
    package enum Outcome: String, Sendable, Hashable, Codable, CaseIterable {
        case requiresAction = "requires_action"
        case processing
        case failed

        var status: PaymentStatus {
            switch self {
            case .requiresAction: .requiresAction
            case .processing: .processing
            case .failed: .failed
            }
        }

        /// The vendor's clock has whole seconds; within one, the state further on wins.
        fileprivate var order: Int {
            switch self {
            case .requiresAction: 0
            case .processing: 1
            case .failed: 2
            }
        }
    }

    package let outcome: Outcome
    package let at: Date

    package init(_ outcome: Outcome, at: Date) {
        self.outcome = outcome
        self.at = at
    }

    package static func < (left: PaymentAttempt, right: PaymentAttempt) -> Bool {
        (left.at, left.outcome.order) < (right.at, right.outcome.order)
    }
}

/// What is known about one refund.
package struct RefundFact: Sendable, Hashable, Codable {
    package let amount: Money
    package var settled = false
    package var failed = false
    package var replaces: RefundID?

    package init(amount: Money) {
        self.amount = amount
    }
}

/// What is known about one dispute; the later state counts, and a loss is final.
package enum DisputeFact: Int, Sendable, Hashable, Codable, Comparable {
    case open
    case won
    case lost

    package static func < (left: DisputeFact, right: DisputeFact) -> Bool { left.rawValue < right.rawValue }
}
