// From the facts of an order to its story: five steps, one thing we wait for, at most one notice. Pure, so
// that every combination of statuses can be tested. The pages put it into words; the API gives the names.

import Commerce

package struct OrderStory: Sendable, Equatable {
    package enum Step: String, CaseIterable, Comparable, Sendable {
        case received, paid, sent, shipped, delivered

        package static func < (one: Step, other: Step) -> Bool {
            (allCases.firstIndex(of: one) ?? 0) < (allCases.firstIndex(of: other) ?? 0)
        }
    }

    package enum StepState: String, Sendable {
        case done, now, next, stopped
    }

    /// What the shopper waits for.
    package enum Waiting: String, CaseIterable, Sendable {
        case preparing, payment, bank, action, forwarding, supplier, clarification, rest, parcel, nothing
    }

    /// What the shopper must be told.
    package enum Notice: String, CaseIterable, Sendable {
        case declined, expired, refused, refunded, canceled
        case partlyRefunded = "partly_refunded"
        case latePaid = "late_paid"
    }

    package enum Payable: Sendable, Equatable {
        case first, again
    }

    /// The step that is going on, or where it stopped; nil when all are done.
    package let current: Step?
    package let isStopped: Bool
    package let waiting: Waiting?
    package let notice: Notice?
    /// Whether a pay button belongs on the page.
    package let payable: Payable?
    /// True when nothing more will change by itself, so that the page need not listen.
    package var isFinal: Bool { current == nil || isStopped }

    package func state(of step: Step) -> StepState {
        guard let current else { return .done }
        if step < current { return .done }
        if step != current { return .next }
        return isStopped ? .stopped : .now
    }

    package init(_ order: OrderView) {
        switch order.state {
        case .preparing: self.init(at: .received, waiting: .preparing)
        case .refused:
            self.init(stoppedAt: .received, .refused)
        case .placed(let payment, let fulfilment, let isExpired):
            if payment.hasBeenPaid {
                self.init(paid: payment, fulfilment)
            } else {
                self.init(unpaid: payment, isExpired: isExpired, canPay: order.payment != nil)
            }
        }
    }

    /// The story as somebody who cannot pay sees it.
    package init(payment: PaymentStatus, fulfilment: FulfilmentStatus, isExpired: Bool) {
        if payment.hasBeenPaid {
            self.init(paid: payment, fulfilment)
        } else {
            self.init(unpaid: payment, isExpired: isExpired, canPay: false)
        }
    }

    private init(unpaid status: PaymentStatus, isExpired: Bool, canPay: Bool) {
        if isExpired || status == .canceled {
            self.init(stoppedAt: .paid, .expired)
            return
        }
        switch status {
        case .processing: self.init(at: .paid, waiting: .bank)
        case .requiresAction:
            self.init(at: .paid, waiting: .action, payable: canPay ? .first : nil)
        case .failed:
            self.init(at: .paid, waiting: .payment, notice: .declined, payable: canPay ? .again : nil)
        default:
            self.init(at: .paid, waiting: canPay ? .payment : .preparing, payable: canPay ? .first : nil)
        }
    }

    private init(paid status: PaymentStatus, _ fulfilment: FulfilmentStatus) {
        if status == .refunded {
            let reached: Step = fulfilment.rank >= FulfilmentStatus.shipped.rank ? .delivered : .sent
            self.init(stoppedAt: fulfilment == .canceled ? .sent : reached, .refunded)
            return
        }
        var notice: Notice?
        if status == .partiallyRefunded {
            notice = .partlyRefunded
        } else if status == .latePaid {
            notice = .latePaid
        }
        switch fulfilment {
        case .unfulfilled, .forwarding: self.init(at: .sent, waiting: .forwarding, notice: notice)
        case .onHold: self.init(at: .sent, waiting: .clarification, notice: notice)
        case .inProgress, .partiallyCanceled: self.init(at: .shipped, waiting: .supplier, notice: notice)
        case .partiallyShipped: self.init(at: .shipped, waiting: .rest, notice: notice)
        case .shipped: self.init(at: .delivered, waiting: .parcel, notice: notice)
        case .partiallyDelivered: self.init(at: .delivered, waiting: .rest, notice: notice)
        case .delivered: self.init(at: nil, waiting: .nothing, notice: notice)
        case .canceled:
            self.init(stoppedAt: .sent, notice ?? .canceled)
        }
    }

    private init(at step: Step?, waiting: Waiting, notice: Notice? = nil, payable: Payable? = nil) {
        current = step
        isStopped = false
        self.waiting = waiting
        self.notice = notice
        self.payable = payable
    }

    private init(stoppedAt step: Step, _ notice: Notice) {
        current = step
        isStopped = true
        waiting = nil
        self.notice = notice
        payable = nil
    }
}
