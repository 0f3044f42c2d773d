// The two calls to the supplier. Everything that changes something there stands in `submit`.

import BigBuy
import Commerce
import CommerceStore
import Durable
import FoundationEssentials

extension ForwardSupplierOrder {
    /// Asks what it would cost and whether it is there. From the second round on the order may have been
    /// placed before its answer was lost: then it is judged no more, because what it took of the stock, or a
    /// price that rose since, says nothing about it.
    func check(
        _ wanted: [BigBuyOrderLine], of brief: SupplierBrief, _ round: Int, at accepted: AcceptedPrice?,
        for tenant: Tenant
    ) async throws -> SupplierCheck {
        if round > 1, let known = try await lookUp(brief) {
            return SupplierCheck(answer: .recovered(known))
        }
        let request = try await request(wanted, of: brief, for: tenant)
        do throws(BigBuyFailure) {
            let quote = try await shop.bigbuy.check(request)
            if let group = quote.refused.first(where: { $0.refusal.problem != .wallet }) {
                return SupplierCheck(answer: try answer(to: quote.refused, first: group, wanted))
            }
            let asked = quote.groups.map(\.net).total(brief.snapshot.currency)
            return SupplierCheck(
                answer: quote.groups.isEmpty ? nil : objection(toPrice: asked, wanted, brief, accepted))
        } catch {
            guard case .refused(let refusal) = error.reason, refusal.problem != .passing else { throw error }
            // An empty wallet stops nothing here: the order itself waits until it is filled.
            if refusal.problem == .wallet { return SupplierCheck(answer: nil) }
            return SupplierCheck(answer: answer(to: refusal, about: refusal.skus, wanted))
        }
    }

    private func answer(
        to groups: [BigBuyRefusedGroup], first: BigBuyRefusedGroup, _ wanted: [BigBuyOrderLine]
    ) throws(BigBuyFailure) -> SupplierAnswer {
        let goods = groups.filter { $0.refusal.problem == .goods }
        guard !goods.isEmpty else { return answer(to: first.refusal, about: first.skus, wanted) }
        return answer(to: goods[0].refusal, about: goods.flatMap(\.skus), wanted)
    }

    /// The platform pays a small rise; what is above it is the merchant's to accept or to refuse, and what
    /// was accepted holds up to that price.
    private func objection(
        toPrice asked: Money, _ wanted: [BigBuyOrderLine], _ brief: SupplierBrief, _ accepted: AcceptedPrice?
    ) -> SupplierAnswer? {
        let expected = brief.expected(wanted)
        // Both are in the supplier's currency; where the rule finds no rate, the merchant decides.
        let variance = try? VarianceTolerance.standard.decide(snapshot: expected, actual: asked)
        guard variance?.mayProceed != true, accepted?.covers(asked) != true else { return nil }
        let earlier = accepted.map { ", more than the \($0.limit) that were accepted" } ?? ""
        let owed = variance?.merchantPart.map { "; \($0) of it would be yours to pay" } ?? ""
        return .held(
            SupplierHold(
                kind: .supplierPriceUp,
                reason: "the supplier asks \(asked) instead of \(expected)\(earlier)\(owed)", asked: asked))
    }

    private func answer(
        to refusal: BigBuyRefusal, about references: [SKU], _ wanted: [BigBuyOrderLine]
    ) -> SupplierAnswer {
        switch refusal.problem {
        case .goods:
            let named = wanted.map(\.sku).filter(references.contains)
            return .refused(named.isEmpty ? wanted.map(\.sku) : named)
        case .destination: return .held(SupplierHold(kind: .address, reason: "\(refusal)"))
        case .wallet, .passing, .unclear:
            return .held(SupplierHold(kind: .supplierUnknown, reason: "\(refusal)"))
        }
    }

    // MARK: - Ordering

    /// Orders, unless an order with our reference is there already.
    func submit(
        _ wanted: [BigBuyOrderLine], of brief: SupplierBrief, mustLookUp: Bool, _ attempt: Attempt,
        for tenant: Tenant
    ) async throws -> SupplierAnswer {
        if attempt.isAmbiguous || mustLookUp, let known = try await lookUp(brief) { return .recovered(known) }
        let request = try await request(wanted, of: brief, for: tenant)
        try await attempt.announce()
        do {
            return try await answer(to: shop.bigbuy.create(request), wanted, of: brief, for: tenant)
        } catch let failure as BigBuyFailure {
            if failure.mayHaveHappened { try await noteUnknown(brief, failure, for: tenant) }
            guard case .refused(let refusal) = failure.reason, refusal.problem != .passing else {
                throw failure
            }
            if refusal.problem == .wallet { throw try await emptyWallet(brief, refusal, for: tenant) }
            return answer(to: refusal, about: refusal.skus, wanted)
        }
    }

    private func answer(
        to placement: BigBuyPlacement, _ wanted: [BigBuyOrderLine], of brief: SupplierBrief,
        for tenant: Tenant
    ) async throws -> SupplierAnswer {
        switch placement {
        case .complete(let placed): return .placed(placed.map(\.id))
        // Our reference is used up now, so what was refused of it cannot be ordered again: it is canceled.
        case .partial(let placed, _): return .placed(placed.map(\.id))
        case .alreadyPlaced(let id?): return .recovered(id)
        case .alreadyPlaced(nil):
            guard let known = try await lookUp(brief) else {
                throw SupplierContradiction(reference: brief.reference)
            }
            return .recovered(known)
        case .refused(let groups):
            if let wallet = groups.first(where: { $0.refusal.problem == .wallet }) {
                throw try await emptyWallet(brief, wallet.refusal, for: tenant)
            }
            guard let first = groups.first else { throw SupplierContradiction(reference: brief.reference) }
            return try answer(to: groups, first: first, wanted)
        }
    }

    private func lookUp(_ brief: SupplierBrief) async throws -> BigBuyOrder.ID? {
        try await shop.bigbuy.order(withReference: brief.reference)?.id
    }

    private func noteUnknown(_ brief: SupplierBrief, _ failure: BigBuyFailure, for tenant: Tenant)
        async throws
    {
        try await shop.inStore(tenant) { tx in
            let now = try await SupplierOrders().load(brief.id, in: tx).state
            guard now == .submitting else { return }
            try await SupplierOrders().move(
                brief.id, to: .unknown, problem: failure.description, at: shop.clock.now, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
        }
    }

    private func emptyWallet(
        _ brief: SupplierBrief, _ refusal: BigBuyRefusal, for tenant: Tenant
    ) async throws -> SupplierWalletEmpty {
        try await shop.inStore(tenant) { tx in
            try await Attention().open(
                .order(.supplierUnknown), subject: "\(brief.id)", order: brief.order,
                message: "the order waits for the platform's account at the supplier: \(refusal)", in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
        }
        return SupplierWalletEmpty(until: shop.clock.now.addingTimeInterval(900), refusal: refusal)
    }

    private func request(
        _ wanted: [BigBuyOrderLine], of brief: SupplierBrief, for tenant: Tenant
    ) async throws -> BigBuyOrderRequest {
        try await shop.inStore(tenant) { tx in
            let order = try await Orders().load(brief.order, in: tx)
            let store = try await Stores().load(in: tx)
            return BigBuyOrderRequest(
                reference: brief.reference, language: order.language,
                recipient: shop.recipient(order.address, phone: order.phone, of: store), lines: wanted)
        }
    }
}

/// Nothing is wrong with the order: it comes up again when the wallet may have been filled.
struct SupplierWalletEmpty: Classified, CustomStringConvertible {
    let until: Date
    let refusal: BigBuyRefusal
    var code: String { refusal.code }
    var disposition: Disposition { .deferred(until: until) }
    var description: String { "\(refusal)" }
}

/// The supplier says that an order exists and cannot show it, or refuses without a word.
struct SupplierContradiction: Classified, CustomStringConvertible {
    let reference: BigBuyReference
    var code: String { "bigbuy.contradiction" }
    var disposition: Disposition { .transient(retryAfter: .seconds(60)) }
    var description: String { "the supplier contradicts itself about \(reference); it is asked again" }
}
