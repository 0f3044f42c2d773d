// A shopper withdraws from all or a part of an order. The declaration itself was written by the page; this
// run confirms it at once, asks for the goods, and pays back. What no supplier had been asked for needs
// nothing to come back. For the rest the law lets the merchant wait for the goods or for proof that they were
// sent: goods that are back are refunded at once, proven ones on the last day but one, and where neither
// comes the merchant is reminded and asked, because from then on only a person can judge.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Carries one withdrawal to its refund.
package struct WithdrawFromOrder: Workflow {
    package static let name: WorkflowName = "withdraw_from_order"

    package enum Step: String, WorkflowStep {
        case acknowledge, look, remind, refund, close
    }

    package struct Input: Codable, Sendable {
        package let withdrawal: WithdrawalID
        package init(withdrawal: WithdrawalID) { self.withdrawal = withdrawal }
    }

    package enum Output: String, Codable, Sendable {
        case refunded
        /// A refund was not finished and has asked for attention.
        case withPerson = "with_person"
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let brief = try await acknowledge(input.withdrawal, flow)
        var isPaidBack = true
        for part in brief.canceled {
            isPaidBack =
                try await refund(part.units, part.cause, part.occasion, of: brief, flow) && isPaidBack
        }
        if brief.expectsGoods {
            let units = try await awaitGoods(brief, flow)
            isPaidBack = try await refund(units, .withdrawal, Self.returned, of: brief, flow) && isPaidBack
        }
        guard isPaidBack, try await awaitOthers(brief, flow) else { return .withPerson }
        try await close(brief, flow)
        return .refunded
    }

    private func acknowledge(_ id: WithdrawalID, _ flow: Flow<Self>) async throws -> WithdrawalBrief {
        try await flow.transaction(.acknowledge, on: shop.transactions) { tx in
            let withdrawal = try await Withdrawals().load(id, in: tx)
            let letters = try await WithdrawalLetters(withdrawal, shop, in: tx)
            try await letters.acknowledge()
            let payments = try await Payments().all(of: withdrawal.order, in: tx)
            guard let payment = payments.first(where: { $0.status == .succeeded }) else {
                throw StoreError.notFound(.payment, "of \(withdrawal.order)")
            }
            let units = try await Withdrawals().unrefunded(of: id, in: tx)
            return WithdrawalBrief(
                id: id, order: withdrawal.order, payment: payment.id, submittedAt: withdrawal.submittedAt,
                refundDueAt: withdrawal.refundDueAt,
                canceled: try await CanceledUnits.parts(units.openCanceled, of: withdrawal.order, in: tx),
                expectsGoods: !units.expected.isEmpty)
        }
    }

    /// The units to refund once the goods are back, or have to count as sent.
    private func awaitGoods(_ brief: WithdrawalBrief, _ flow: Flow<Self>) async throws -> [UnitID] {
        let moments = brief.reminders
        var told = 0
        var round = 0
        while true {
            round += 1
            let seen = try await look(brief.id, round, flow)
            let now = try await flow.now()
            let isPromised = seen.isPromised == true
            if seen.isReceived || (seen.units.isEmpty && !isPromised) { return seen.units }
            if seen.isProven, now >= brief.payBy { return seen.units }
            while told < moments.count, moments[told] <= now {
                try await remind(brief, told, isLast: told == moments.count - 1, flow)
                told += 1
            }
            let isLate = now >= brief.refundDueAt.adding(Self.attention)
            let look = now.adding(isLate && !isPromised ? Self.longLook : Self.dailyLook)
            let next = told < moments.count ? min(moments[told], look) : look
            // A wake-up may come a rounding error before its moment, so a second lies between two looks.
            _ = try await flow.wait(.withdrawal, upTo: .seconds(max(1, next.timeIntervalSince(now))))
        }
    }

    private func look(_ id: WithdrawalID, _ round: Int, _ flow: Flow<Self>) async throws -> GoodsLook {
        try await flow.transaction(.look, for: round, on: shop.transactions) { tx in
            let withdrawal = try await Withdrawals().load(id, in: tx)
            let units = try await Withdrawals().unrefunded(of: id, in: tx)
            return GoodsLook(
                isReceived: withdrawal.receivedAt != nil, isProven: withdrawal.tracking != nil,
                units: units.openExpected, isPromised: units.openExpected != units.expected)
        }
    }

    /// What others have begun to refund is the shopper's only when it has arrived: nobody is told before, and
    /// what fails after all is refunded here.
    private func awaitOthers(_ brief: WithdrawalBrief, _ flow: Flow<Self>) async throws -> Bool {
        var round = 0
        while true {
            round += 1
            let seen = try await lookAtRefunds(brief, round, flow)
            if seen.isPaidBack { return true }
            for part in seen.open {
                let occasion = "\(part.occasion):\(round)"
                guard try await refund(part.units, part.cause, occasion, of: brief, flow) else {
                    return false
                }
            }
            if seen.open.isEmpty { _ = try await flow.wait(.withdrawal, upTo: Self.dailyLook) }
        }
    }

    private func lookAtRefunds(
        _ brief: WithdrawalBrief, _ round: Int, _ flow: Flow<Self>
    ) async throws -> RefundsLook {
        try await flow.transaction(.look, for: "refunds-\(round)", on: shop.transactions) { tx in
            let units = try await Withdrawals().unrefunded(of: brief.id, in: tx)
            return RefundsLook(
                canceled: try await CanceledUnits.parts(units.openCanceled, of: brief.order, in: tx),
                returned: units.openExpected, isPaidBack: units.isEmpty)
        }
    }

    private func remind(
        _ brief: WithdrawalBrief, _ round: Int, isLast: Bool, _ flow: Flow<Self>
    ) async throws {
        try await flow.write(.remind, for: round, in: shop) { tx in
            let withdrawal = try await Withdrawals().load(brief.id, in: tx)
            try await WithdrawalLetters(withdrawal, shop, in: tx).remind(round)
            guard isLast else { return }
            try await Attention().open(
                .withdrawal, subject: "\(brief.id)", order: brief.order,
                message:
                    "a shopper withdrew and is to be refunded by tomorrow; neither the goods nor proof of "
                    + "sending are here: mark them as received, or ask the shopper", in: tx)
        }
    }

    /// False where a refund could not be finished: it has asked for attention, and the others go on.
    private func refund(
        _ units: [UnitID], _ cause: RefundCause, _ occasion: String, of brief: WithdrawalBrief,
        _ flow: Flow<Self>
    ) async throws -> Bool {
        guard !units.isEmpty else { return true }
        do {
            let refund = try await flow.child(
                .refund, for: occasion, RefundOrder.self,
                RefundOrder.Input(order: brief.order, payment: brief.payment, cause: cause, units: units))
            return refund.end != .failed
        } catch let failure as StepFailed where failure.code == RefundUnfinished.code {
            return false
        }
    }

    private func close(_ brief: WithdrawalBrief, _ flow: Flow<Self>) async throws {
        try await flow.write(.close, in: shop) { tx in
            try await Withdrawals().markRefunded(brief.id, at: shop.clock.now, in: tx)
            try await Attention().resolve(.withdrawal, subject: "\(brief.id)", by: "workflow", in: tx)
            try await WithdrawalLetters(
                Withdrawals().load(brief.id, in: tx), shop, in: tx
            ).tellRefunded()
        }
    }

    /// Between looks: the word that the goods are here may be lost with the process that was to send it, and
    /// somebody else's refund says none.
    private static let dailyLook: Duration = .seconds(86_400)
    /// The same at one that nobody has said anything about for long.
    private static let longLook: Duration = .seconds(30 * 86_400)
    /// How long after its day a refund is still expected every day.
    private static let attention: Duration = .seconds(60 * 86_400)
    /// What is refunded once the goods are back.
    fileprivate static let returned = "returned"
}

private struct WithdrawalBrief: Codable, Sendable {
    let id: WithdrawalID
    let order: OrderID
    let payment: PaymentID
    let submittedAt: Date
    let refundDueAt: Date
    let canceled: [CanceledUnits]
    let expectsGoods: Bool

    /// A day for the refund itself.
    var payBy: Date { refundDueAt.addingTimeInterval(-86_400) }

    /// When the merchant is written to; at the last of them also asked.
    var reminders: [Date] {
        [submittedAt.addingTimeInterval(5 * 86_400), submittedAt.addingTimeInterval(10 * 86_400), payBy]
    }
}

private struct GoodsLook: Codable, Sendable {
    let isReceived: Bool
    let isProven: Bool
    /// What nobody refunds.
    let units: [UnitID]
    /// Somebody refunds others of them. Nothing in journals of before the two were told apart.
    let isPromised: Bool?
}

/// Which refunds of others have arrived, and what they left.
private struct RefundsLook: Codable, Sendable {
    let canceled: [CanceledUnits]
    let returned: [UnitID]
    let isPaidBack: Bool

    var open: [(occasion: String, units: [UnitID], cause: RefundCause)] {
        var parts = canceled.map { (occasion: $0.occasion, units: $0.units, cause: $0.cause) }
        if !returned.isEmpty {
            parts.append((occasion: WithdrawFromOrder.returned, units: returned, cause: .withdrawal))
        }
        return parts
    }
}

/// Units that were canceled before a supplier was asked, and what their refund gives back: nothing was bought
/// for them, so it is what a supplier's own refusal gives back.
package struct CanceledUnits: Codable, Sendable {
    package let units: [UnitID]
    package let cause: RefundCause

    var occasion: String { "canceled:\(cause.rawValue)" }

    /// Starts the refunds of units that the merchant has canceled, in the transaction that cancels them.
    package static func refund(
        _ units: [UnitID], of order: OrderID, by starter: some RunStarter, in tx: Transaction<OneTenant>
    ) async throws {
        let payments = try await Payments().all(of: order, in: tx)
        guard let payment = payments.first(where: { $0.status == .succeeded }) else { return }
        for part in try await parts(units, of: order, in: tx) {
            guard let first = part.units.min() else { continue }
            // A unit is canceled once, so the first one names the refund.
            try await starter.start(
                RefundOrder.self,
                RefundOrder.Input(order: order, payment: payment.id, cause: part.cause, units: part.units),
                once: "canceled:\(first)", with: tx)
        }
    }

    /// One part per cause.
    package static func parts(
        _ units: [UnitID], of order: OrderID, in tx: Transaction<OneTenant>
    ) async throws -> [CanceledUnits] {
        guard !units.isEmpty else { return [] }
        let shared = Set(
            try await Orders().lines(of: order, in: tx).filter(\.line.wish.isPlatformCatalogue).map(\.id))
        let sold = try await SupplierOrders().units(ofOrder: order, in: tx).filter { units.contains($0.id) }
        let parts = Dictionary(grouping: sold) { shared.contains($0.line) }
        return parts.sorted { $0.key && !$1.key }.map { isShared, units in
            CanceledUnits(
                units: units.map(\.id), cause: isShared ? .supplierUnavailable : .ownSupplierUnavailable)
        }
    }
}

extension Signal where Payload == Nothing {
    /// Something about a withdrawal has changed: look at its row.
    package static var withdrawal: Signal<Nothing> { "withdrawal" }
}
