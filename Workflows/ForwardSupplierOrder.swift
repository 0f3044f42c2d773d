// Hands one supplier order to its supplier, so that each unit is ordered exactly once. The supplier has no
// idempotency key: after any call whose outcome is unknown our own reference is looked up first, and only the
// supplier's own "there is none" allows another try. What it refuses is canceled and left to the caller to
// refund.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials

/// Gets one supplier order accepted, or finds out what of it cannot be had.
package struct ForwardSupplierOrder: Workflow {
    package static let name: WorkflowName = "forward_supplier_order"
    /// Since the second, a check may find the order placed already, which goes on at another step.
    package static let version = 2

    package enum Step: String, WorkflowStep {
        case begin
        case check
        case hold
        case passOver = "pass_over"
        case resume
        case submitting
        case recount
        case submit
        case readOrders = "read_orders"
        case accept
        case reject
        case giveToMerchant = "give_to_merchant"
    }

    package struct Input: Codable, Sendable {
        package let supplierOrder: SupplierOrderID
        package init(supplierOrder: SupplierOrderID) { self.supplierOrder = supplierOrder }
    }

    /// What became of it.
    package struct Output: Codable, Sendable {
        /// The orders at the supplier, one per parcel it means to send.
        package var orders: [ExternalOrder] = []
        package var canceled: [UnitID] = []
        package var refundCause: RefundCause = .supplierUnavailable
        /// The merchant's own supplier: the merchant orders there, and nothing of it can be followed.
        package var isWithMerchant = false
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let brief = try await begin(input.supplierOrder, flow)
        guard brief.isAutomatic else { return try await giveToMerchant(brief, flow) }
        var wanted = brief.lines
        var accepted: AcceptedPrice?
        var round = 0
        while !wanted.isEmpty {
            round += 1
            switch try await placeOrder(&wanted, of: brief, round, at: accepted, flow) {
            case .placed(let ids):
                return try await accept(ids, wanted, of: brief, at: accepted, isRecovered: false, flow)
            case .recovered(let id):
                return try await accept([id], wanted, of: brief, at: accepted, isRecovered: true, flow)
            case .refused(let references):
                wanted.removeAll { references.contains($0.sku) }
            case .held(let hold):
                switch try await review(hold, of: brief, round, flow) {
                case .retry: break
                case .acceptPrice(let limit): accepted = AcceptedPrice(limit, instead: brief.expected(wanted))
                case .cancel: wanted = []
                }
            }
        }
        return try await reject(brief, flow)
    }

    /// One try: check, then submit what the check found good. Leaves in `wanted` what was asked for: until
    /// the supplier order is being submitted, units can be canceled.
    private func placeOrder(
        _ wanted: inout [BigBuyOrderLine], of brief: SupplierBrief, _ round: Int, at accepted: AcceptedPrice?,
        _ flow: Flow<Self>
    ) async throws -> SupplierAnswer {
        do {
            let planned = wanted
            let checked = try await flow.step(.check, for: round, retry: .patient) { _ -> SupplierCheck in
                try await check(planned, of: brief, round, at: accepted, for: flow.tenant)
            }
            if let answer = checked.answer, !answer.isRecovery { return answer }
            try await beginSubmitting(brief, round, flow)
            if let recovery = checked.answer { return recovery }
            let left = try await recount(planned, of: brief, round, flow)
            guard !left.isEmpty else { return .refused(planned.map(\.sku)) }
            wanted = left
            return try await flow.step(.submit, for: round, retry: .patient) { attempt in
                try await submit(left, of: brief, mustLookUp: round > 1, attempt, for: flow.tenant)
            }
        } catch let failure as StepFailed where failure.code.hasPrefix("bigbuy.") {
            return .held(SupplierHold(kind: .supplierUnknown, reason: failure.failure.message))
        }
    }
}

/// An order as the supplier knows it.
package struct ExternalOrder: Codable, Sendable, Hashable {
    package let id: String
    package let references: [SKU]
}

/// What the steps need of the supplier order; the recipient is read where it is used.
struct SupplierBrief: Codable, Sendable {
    let id: SupplierOrderID
    let order: OrderID
    let reference: BigBuyReference
    let isAutomatic: Bool
    let isPlatformCatalogue: Bool
    let snapshot: Money
    let shipping: Money
    let lines: [BigBuyOrderLine]
    let costs: [String: Money]

    /// What these lines were expected to cost, in the supplier's currency.
    func expected(_ lines: [BigBuyOrderLine]) -> Money {
        lines.reduce(shipping) { $0 + (costs[$1.sku.rawValue] ?? .zero(shipping.currency)) * $1.quantity }
    }

    var refundCause: RefundCause { isPlatformCatalogue ? .supplierUnavailable : .ownSupplierUnavailable }
}

struct SupplierHold: Codable, Sendable {
    let kind: AttentionKind
    let reason: String
    /// The price that is in question.
    var asked: Money?
}

/// What a person has agreed to after a price rose.
struct AcceptedPrice: Sendable {
    /// Above this the person is asked again.
    let limit: Money
    /// What of it the merchant owes at most; the platform bears the rest, as it bears every small rise.
    let merchantPart: Money

    init(_ limit: Money, instead expected: Money) {
        self.limit = limit
        // Both are in the supplier's currency; where the rule finds no rate, nobody is charged by guesswork.
        let variance = try? VarianceTolerance.standard.decide(snapshot: expected, actual: limit)
        merchantPart = variance?.merchantPart ?? .zero(limit.currency)
    }

    func covers(_ asked: Money) -> Bool { asked.currency == limit.currency && asked <= limit }

    /// What the merchant owes of what was charged in the end.
    func merchantPart(of charged: Money, instead snapshot: Money) -> Money {
        // As above; a price in another currency than the one that was accepted is not the merchant's.
        let variance = try? VarianceTolerance.standard.decide(snapshot: snapshot, actual: charged)
        guard let owed = variance?.merchantPart, owed.currency == merchantPart.currency else {
            return .zero(charged.currency)
        }
        return min(owed, merchantPart)
    }
}

/// How one try ended.
enum SupplierAnswer: Codable, Sendable {
    case placed([BigBuyOrder.ID])
    /// Found by our reference: one order of what may be a set of several warehouses.
    case recovered(BigBuyOrder.ID)
    /// These cannot be had; the others have not been ordered yet.
    case refused([SKU])
    case held(SupplierHold)

    var isRecovery: Bool { if case .recovered = self { true } else { false } }
}

/// What the supplier said before it was asked to deliver.
struct SupplierCheck: Codable, Sendable {
    /// What makes submitting needless: the order was refused, has to wait, or is there already.
    let answer: SupplierAnswer?

    /// As it stands in journals.
    private enum CodingKeys: String, CodingKey { case answer = "objection" }
}
