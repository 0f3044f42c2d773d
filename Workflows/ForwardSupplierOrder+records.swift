// What our own books say about a supplier order, before and after the supplier was asked.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials

extension ForwardSupplierOrder {
    func begin(_ id: SupplierOrderID, _ flow: Flow<Self>) async throws -> SupplierBrief {
        try await flow.transaction(.begin, on: shop.transactions) { tx in
            let planned = try await SupplierOrders().load(id, in: tx)
            let group = try await group(of: planned, in: tx)
            let units = try await SupplierOrders().units(of: id, in: tx).filter { $0.state != .canceled }
            let pieces = Dictionary(grouping: units, by: \.reference)
            try await SupplierOrders().recordRun(flow.id.rawValue, of: id, in: tx)
            let isAutomatic = planned.adapter == "bigbuy"
            if isAutomatic, planned.state == .planned {
                try await SupplierOrders().move(id, to: .checking, at: shop.clock.now, in: tx)
                try await Orders().refreshStatus(planned.order, in: tx)
            }
            return SupplierBrief(
                id: id, order: planned.order, reference: BigBuyReference(rawValue: planned.reference),
                isAutomatic: isAutomatic, isPlatformCatalogue: planned.isPlatformCatalogue,
                snapshot: planned.expectedCost,
                shipping: group.shipment?.cost ?? .zero(planned.expectedCost.currency),
                lines: pieces.sorted { $0.key < $1.key }.map {
                    BigBuyOrderLine(sku: $0.key, quantity: $0.value.count)
                },
                costs: Dictionary(group.lines.map { ($0.reference.rawValue, $0.line.wish.unitCost) }) { $1 })
        }
    }

    /// From here on nothing of it can be canceled or sent elsewhere. The lock makes it take turns with those
    /// who do.
    func beginSubmitting(_ brief: SupplierBrief, _ round: Int, _ flow: Flow<Self>) async throws {
        try await flow.write(.submitting, for: round, in: shop) { tx in
            try await tx.lockOrder(brief.order)
            try await SupplierOrders().move(brief.id, to: .submitting, at: shop.clock.now, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
        }
    }

    /// What was canceled since it was counted is not asked for.
    func recount(
        _ planned: [BigBuyOrderLine], of brief: SupplierBrief, _ round: Int, _ flow: Flow<Self>
    ) async throws -> [BigBuyOrderLine] {
        try await flow.transaction(.recount, for: round, on: shop.transactions) { tx in
            let left = try await SupplierOrders().units(of: brief.id, in: tx).filter { $0.state != .canceled }
            return planned.compactMap { line in
                let count = left.count { $0.reference == line.sku }
                return count == 0 ? nil : BigBuyOrderLine(sku: line.sku, quantity: count)
            }
        }
    }

    /// Waits for a person, without limit: nothing is lost meanwhile.
    func review(
        _ hold: SupplierHold, of brief: SupplierBrief, _ round: some CustomStringConvertible & Sendable,
        _ flow: Flow<Self>
    ) async throws -> SupplierReview.Answer {
        let question = try await flow.transaction(.hold, for: round, on: shop.transactions) { tx in
            // Who cancels its last piece answers a hold that is open; where there is none yet, it needs none.
            try await tx.lockOrder(brief.order)
            let units = try await SupplierOrders().units(of: brief.id, in: tx)
            guard units.contains(where: { $0.state != .canceled }) else {
                return SupplierQuestion(item: nil, isIdle: true)
            }
            let state = try await SupplierOrders().load(brief.id, in: tx).state
            if state == .checking {
                try await SupplierOrders().move(
                    brief.id, to: .onHold, problem: hold.reason, at: shop.clock.now, in: tx)
            }
            // Every hold has an item of its own, so that an answer to an earlier one is none to this.
            try await settleAttention(brief, in: tx)
            let item = try await Attention().ask(
                .order(hold.kind), subject: "\(brief.id)", order: brief.order, message: hold.reason,
                asked: hold.asked, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
            return SupplierQuestion(item: item)
        }
        if question.isIdle == true { return .cancel }
        let answer = try await answer(to: question, of: brief, round, flow)
        try await flow.write(.resume, for: round, in: shop) { tx in
            let state = try await SupplierOrders().load(brief.id, in: tx).state
            if state == .onHold, answer != .cancel {
                try await SupplierOrders().move(brief.id, to: .checking, at: shop.clock.now, in: tx)
            }
            try await settleAttention(brief, in: tx)
        }
        return answer
    }

    /// The first answer to this very question. Others came too late for theirs: they are noted and dropped.
    private func answer(
        to question: SupplierQuestion, of brief: SupplierBrief,
        _ round: some CustomStringConvertible & Sendable, _ flow: Flow<Self>
    ) async throws -> SupplierReview.Answer {
        var passed = 0
        while true {
            let review = try await flow.wait(.supplierReview)
            // A hold that an earlier version opened does not know its item. It takes what comes, as that
            // version did: the run may be past it, and must find the same way again.
            guard let item = question.item else { return review?.answer ?? .retry }
            if let review, review.hold == item { return review.answer }
            passed += 1
            let word = review?.word.rawValue ?? "nothing"
            try await flow.write(.passOver, for: "\(round):\(passed)", in: shop) { tx in
                try await Audit().record(
                    actor: "workflow", action: "order.hold_answer_dropped", target: "order:\(brief.order)",
                    reason: "\(word) was no answer to the question that is open", in: tx)
            }
        }
    }

    /// Takes what the supplier has of it as accepted, and cancels the rest. A recovered order may be one of a
    /// set, of which the supplier shows no other: what it lacks may be on its way and is not canceled.
    func accept(
        _ ids: [BigBuyOrder.ID], _ wanted: [BigBuyOrderLine], of brief: SupplierBrief,
        at price: AcceptedPrice?, isRecovered: Bool, _ flow: Flow<Self>
    ) async throws -> Output {
        guard let receipt = try await receipt(for: ids, of: brief, flow) else {
            return try await reject(brief, flow)
        }
        let orders = receipt.orders
        let canceled = try await flow.transaction(.accept, on: shop.transactions) { tx in
            try await tx.lockOrder(brief.order)
            let asked = wanted.map(\.sku)
            let found = asked.filter { sku in orders.contains { $0.references.contains(sku) } }
            let accepted = isRecovered ? asked : found
            let supplierOrders = SupplierOrders()
            let now = shop.clock.now
            try await supplierOrders.move(brief.id, to: .submitted, at: now, in: tx)
            try await supplierOrders.recordExternal(
                orders.map(\.id), actualCost: receipt.cost, of: brief.id, in: tx)
            try await supplierOrders.move(brief.id, to: .accepted, at: now, in: tx)
            try await supplierOrders.moveUnits(of: brief.id, references: accepted, to: .forwarded, in: tx)
            let canceled = try await cancelRest(of: brief, except: accepted, in: tx)
            if !canceled.isEmpty {
                try await supplierOrders.move(brief.id, to: .partiallyCanceled, at: now, in: tx)
            }
            try await Reservations().settle(
                supplierOrders.load(brief.id, in: tx), accepted: accepted, in: tx)
            try await post(receipt, accepted: found, at: price, of: brief, at: now, in: tx)
            try await settleAttention(brief, in: tx)
            let unseen = accepted.filter { !found.contains($0) }
            if !unseen.isEmpty { try await askAbout(unseen, of: brief, in: tx) }
            return canceled
        }
        return Output(orders: orders, canceled: canceled, refundCause: brief.refundCause)
    }

    /// Nothing of it can be had: all its units are canceled, for the caller to refund.
    func reject(_ brief: SupplierBrief, _ flow: Flow<Self>) async throws -> Output {
        let canceled = try await flow.transaction(.reject, on: shop.transactions) { tx in
            try await tx.lockOrder(brief.order)
            let state = try await SupplierOrders().load(brief.id, in: tx).state
            // Who was asked and may have the order cannot be left without having answered.
            if state == .unknown {
                try await SupplierOrders().move(brief.id, to: .submitting, at: shop.clock.now, in: tx)
            }
            try await SupplierOrders().move(
                brief.id, to: .rejected, problem: "the supplier cannot deliver", at: shop.clock.now, in: tx)
            let canceled = try await cancelRest(of: brief, except: [], in: tx)
            try await Reservations().settle(
                SupplierOrders().load(brief.id, in: tx), accepted: [], in: tx)
            try await settleAttention(brief, in: tx)
            return canceled
        }
        return Output(canceled: canceled, refundCause: brief.refundCause)
    }

    /// Nobody is asked to order what was canceled meanwhile.
    func giveToMerchant(_ brief: SupplierBrief, _ flow: Flow<Self>) async throws -> Output {
        let handover = try await flow.transaction(.giveToMerchant, on: shop.transactions) { tx in
            try await tx.lockOrder(brief.order)
            let units = try await SupplierOrders().units(of: brief.id, in: tx)
            guard units.contains(where: { $0.state != .canceled }) else {
                try await SupplierOrders().move(brief.id, to: .canceled, at: shop.clock.now, in: tx)
                try await Reservations().settle(
                    SupplierOrders().load(brief.id, in: tx), accepted: [], in: tx)
                try await Orders().refreshStatus(brief.order, in: tx)
                return SupplierHandover(isIdle: true)
            }
            try await Attention().open(
                .order(.supplierUnknown), subject: "\(brief.id)", order: brief.order,
                message:
                    "this supplier has no link to the shop; order there with reference \(brief.reference)",
                in: tx)
            try await Reservations().settle(
                SupplierOrders().load(brief.id, in: tx), accepted: brief.lines.map(\.sku), in: tx)
            try await SupplierOrders().markGivenToMerchant(brief.id, at: shop.clock.now, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
            return SupplierHandover()
        }
        return Output(refundCause: brief.refundCause, isWithMerchant: handover.isIdle != true)
    }

    // MARK: - Parts

    /// What was ordered is there whether it can be read or not, so a person is asked as in any other hold.
    /// That our own key is refused is no order's fault: then the run stops for an operator, who can try all
    /// of them again at once. Nil where the person has seen at the supplier that there is none.
    private func receipt(
        for ids: [BigBuyOrder.ID], of brief: SupplierBrief, _ flow: Flow<Self>
    ) async throws -> SupplierReceipt? {
        var look = 1
        while true {
            do {
                return try await flow.step(
                    .readOrders, for: look == 1 ? "" : "\(look)", retry: .patient
                ) { _ in try await read(ids) }
            } catch let failure as StepFailed where failure.code != BigBuyFailure.keyRefused {
                let hold = SupplierHold(
                    kind: .supplierUnknown,
                    reason: "the supplier has the order and does not show it: \(failure.failure.message)")
                if try await review(hold, of: brief, "read-\(look)", flow) == .cancel { return nil }
                look += 1
            }
        }
    }

    private func read(_ ids: [BigBuyOrder.ID]) async throws -> SupplierReceipt {
        var orders: [ExternalOrder] = []
        var costs: [Money] = []
        for id in ids {
            let order = try await shop.bigbuy.order(id)
            orders.append(ExternalOrder(id: id.rawValue, references: order.lines.map(\.sku)))
            costs.append(order.totalPaidNet)
        }
        return SupplierReceipt(orders: orders, cost: costs.total(costs.first?.currency ?? .eur))
    }

    private func cancelRest(
        of brief: SupplierBrief, except accepted: [SKU], in tx: Transaction<OneTenant>
    ) async throws -> [UnitID] {
        let refused = brief.lines.map(\.sku).filter { !accepted.contains($0) }
        guard !refused.isEmpty else { return [] }
        return try await SupplierOrders().moveUnits(
            of: brief.id, references: refused, to: .canceled, problem: "the supplier cannot deliver", in: tx)
    }

    private func askAbout(
        _ unseen: [SKU], of brief: SupplierBrief, in tx: Transaction<OneTenant>
    ) async throws {
        let names = unseen.map(\.rawValue).joined(separator: ", ")
        try await Attention().open(
            .order(.supplierUnknown), subject: "\(brief.id)", order: brief.order,
            message: "the order found under \(brief.reference) lacks \(names); look at the supplier for "
                + "further orders of this reference, and follow or refund these by hand", in: tx)
        try await Orders().refreshStatus(brief.order, in: tx)
    }

    private func settleAttention(_ brief: SupplierBrief, in tx: Transaction<OneTenant>) async throws {
        for kind in [AttentionKind.supplierUnknown, .supplierPriceUp, .address] {
            try await Attention().resolve(.order(kind), subject: "\(brief.id)", by: "workflow", in: tx)
        }
        try await Orders().refreshStatus(brief.order, in: tx)
    }

    /// What was withheld for the accepted part pays for it; a small difference is the platform's, and what
    /// was accepted above that the merchant's.
    private func post(
        _ receipt: SupplierReceipt, accepted: [SKU], at price: AcceptedPrice?, of brief: SupplierBrief,
        at now: Date, in tx: Transaction<OneTenant>
    ) async throws {
        let planned = try await SupplierOrders().load(brief.id, in: tx)
        let group = try await group(of: planned, in: tx)
        let lines = group.lines.filter { accepted.contains($0.reference) }
        guard !lines.isEmpty, receipt.cost.currency == planned.expectedCost.currency else { return }
        // What was canceled before the supplier was asked has its refund for itself.
        let taken = try await SupplierOrders().units(of: brief.id, in: tx).filter { $0.state != .canceled }
        let counted = lines.map { line in (line.line, taken.count { $0.line == line.id }) }
        let shares =
            counted.map { line, count in
                line.share.supplier.share(
                    ofPieces: count, after: line.wish.quantity.rawValue - count,
                    outOf: line.wish.quantity.rawValue)
            } + (group.shipment.map { [$0.share.supplier] } ?? [])
        let expected = counted.map { $0.wish.unitCost * $1 } + [brief.shipping]
        let snapshot = expected.total(receipt.cost.currency)
        let bill = SupplierBill(
            supplier: planned.supplier, withheld: shares.total(lines[0].line.share.currency),
            snapshot: snapshot, charged: receipt.cost,
            merchantPart: price?.merchantPart(of: receipt.cost, instead: snapshot))
        try await Ledger().post(
            .supplierOrderPaid(brief.id, order: brief.order, store: tx.tenant, bill, at: now), in: tx)
    }

    private func group(
        of planned: SupplierOrder, in tx: Transaction<OneTenant>
    ) async throws -> (lines: [(reference: SKU, line: QuoteLine, id: OrderLineID)], shipment: QuoteShipment?)
    {
        let key = SupplierGroupKey(supplier: planned.supplier, warehouse: planned.warehouse)
        let lines = try await Orders().lines(of: planned.order, in: tx).filter { $0.line.wish.group == key }
        let order = try await Orders().load(planned.order, in: tx)
        let quote = try await Quotes().load(order.quote, in: tx)
        return (
            lines.map { ($0.supplierReference, $0.line, $0.id) }, quote.shipments.first { $0.group == key }
        )
    }
}

/// The question that a hold puts to a person. Without its item in runs of an earlier version.
private struct SupplierQuestion: Codable, Sendable {
    let item: AttentionItemID?
    /// Everything of the supplier order is canceled: there is nothing to ask.
    var isIdle: Bool?
}

/// What became of a supplier order that the merchant places. Empty in journals of an earlier version.
private struct SupplierHandover: Codable, Sendable {
    /// Everything of it is canceled: there is nothing to order.
    var isIdle: Bool?
}

/// What the supplier says it was asked for and was paid.
private struct SupplierReceipt: Codable, Sendable {
    let orders: [ExternalOrder]
    let cost: Money
}
