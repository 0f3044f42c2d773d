// An order's statuses as a merchant reads them: an icon and a word, never a colour alone.

import Commerce
import CommerceStore
import WebSupport

struct StatusTag: Sendable {
    let icon: String
    let words: String
    let tone: String

    init(_ icon: String, _ words: String, _ tone: String = "") {
        self.icon = icon
        self.words = words
        self.tone = tone
    }

    var html: HTML {
        "<span class=\"tag \(tone)\"><span aria-hidden=\"true\">\(icon)</span> \(words)</span>"
    }
}

extension OrderStatus {
    /// Payment, fulfilment where it has begun or is owed, and what waits for a person.
    var tags: HTML {
        var tags = [payment.tag]
        if payment.hasBeenPaid { tags.append(fulfilment.tag) }
        if isDisputed { tags.append(StatusTag("⚑", "disputed", "bad")) }
        if attention != .none, attention != .dispute || !isDisputed { tags.append(attention.tag) }
        return "<span class=\"tags\">\(tags.map(\.html))</span>"
    }
}

extension PaymentStatus {
    var tag: StatusTag {
        switch self {
        case .awaitingPayment: StatusTag("○", "not paid")
        case .requiresAction: StatusTag("◔", "shopper confirms")
        case .processing: StatusTag("◔", "bank decides")
        case .paid: StatusTag("✓", "paid", "good")
        case .partiallyRefunded: StatusTag("↩", "partly refunded", "warn")
        case .refunded: StatusTag("↩", "refunded", "warn")
        case .failed: StatusTag("✕", "payment failed", "bad")
        case .canceled: StatusTag("■", "not paid in time")
        case .latePaid: StatusTag("✓", "paid late", "warn")
        }
    }
}

extension FulfilmentStatus {
    var tag: StatusTag {
        switch self {
        case .unfulfilled: StatusTag("○", "to forward")
        case .forwarding: StatusTag("▶", "being forwarded")
        case .onHold: StatusTag("!", "on hold", "warn")
        case .inProgress: StatusTag("▶", "at the supplier")
        case .partiallyShipped: StatusTag("▷", "partly shipped")
        case .shipped: StatusTag("▷", "shipped")
        case .partiallyDelivered: StatusTag("◑", "partly delivered")
        case .delivered: StatusTag("✓", "delivered", "good")
        case .partiallyCanceled: StatusTag("◐", "partly canceled", "warn")
        case .canceled: StatusTag("■", "canceled")
        }
    }
}

extension AttentionKind {
    var tag: StatusTag {
        switch self {
        case .none: StatusTag("✓", "nothing to do")
        case .supplierOutOfStock: StatusTag("!", "supplier is out of stock", "warn")
        case .supplierPriceUp: StatusTag("!", "supplier wants more", "warn")
        case .supplierUnknown: StatusTag("!", "supplier unclear", "warn")
        case .address: StatusTag("!", "address refused", "warn")
        case .invoice: StatusTag("!", "invoice needs you", "warn")
        case .dispute: StatusTag("⚑", "disputed", "bad")
        case .refundFailed: StatusTag("!", "refund failed", "bad")
        case .unmatchedPayment: StatusTag("!", "payment does not match", "bad")
        case .merchantRestricted: StatusTag("!", "account restricted", "bad")
        }
    }
}

extension SupplierOrderState {
    var tag: StatusTag {
        switch self {
        case .planned: StatusTag("○", "to forward")
        case .checking: StatusTag("▶", "being checked")
        case .onHold: StatusTag("!", "on hold", "warn")
        case .submitting: StatusTag("▶", "being ordered")
        case .unknown: StatusTag("?", "supplier has not answered", "warn")
        case .submitted: StatusTag("▶", "ordered")
        case .accepted: StatusTag("▶", "accepted")
        case .shipped: StatusTag("▷", "shipped")
        case .delivered: StatusTag("✓", "delivered", "good")
        case .cancelRequested: StatusTag("◐", "being canceled", "warn")
        case .canceled: StatusTag("■", "canceled")
        case .partiallyCanceled: StatusTag("◐", "partly canceled", "warn")
        case .rejected: StatusTag("■", "cannot be delivered", "warn")
        }
    }
}

extension InvoiceStatus {
    var tag: StatusTag {
        switch self {
        case .notDue: StatusTag("○", "no invoice due")
        case .pending: StatusTag("◔", "invoice being made")
        case .issued: StatusTag("✓", "invoiced", "good")
        case .retrying: StatusTag("◔", "invoice delayed", "warn")
        case .manual: StatusTag("!", "invoice needs you", "warn")
        case .storno: StatusTag("↩", "invoice reversed")
        }
    }
}

extension RefundCause {
    var words: String {
        switch self {
        case .supplierUnavailable, .ownSupplierUnavailable: "could not be delivered"
        case .withdrawal: "withdrawal or return"
        case .goodwill: "goodwill"
        case .platformError: "our mistake"
        case .duplicatePayment: "paid twice"
        case .latePaymentNotServed: "paid too late"
        case .madeOutside: "made in Stripe"
        }
    }
}

extension Refund.Status {
    var tag: StatusTag {
        switch self {
        case .reserved: StatusTag("◔", "being made")
        case .sent: StatusTag("▶", "on its way")
        case .settled: StatusTag("✓", "refunded", "good")
        case .failed: StatusTag("✕", "failed", "bad")
        }
    }
}

extension Money {
    /// As the merchants' pages write it.
    var text: String { MoneyText.text(self, in: .english) }

    /// With its sign, for what moves an account.
    var change: String { isPositive ? "+\(text)" : text }
}

extension UserID {
    /// As the audit names a person.
    var actor: String { "user:\(self)" }
}
