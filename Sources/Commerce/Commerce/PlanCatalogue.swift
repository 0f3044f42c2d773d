/// The table of plans, and the limits it sets.
package struct PlanCatalogue: Hashable, Sendable, Codable {
    /// From the cheapest to the dearest.
    package let plans: [Plan]

    package init(_ plans: [Plan]) {
        self.plans = plans.sorted { $0.monthlyPrice < $1.monthlyPrice }
    }

    package static let standard = PlanCatalogue([.free, .pro, .business])

    package func plan(_ id: PlanID) throws(CommerceError) -> Plan {
        guard let plan = plans.first(where: { $0.id == id }) else { throw .unknownPlan(id) }
        return plan
    }

    /// Refuses what the plan does not allow, and names the cheapest plan that does.
    package func check(_ wish: PlanWish, on id: PlanID) throws(CommerceError) {
        let plan = try plan(id)
        guard !plan.allows(wish) else { return }
        throw .planLimit(
            PlanLimit(wish: wish, plan: plan.title, allowedBy: plans.first { $0.allows(wish) }?.title))
    }
}

/// Something a merchant wants that not every plan allows.
package enum PlanWish: Hashable, Sendable, Codable {
    /// One more store, beside those that are owned already.
    case anotherStore(owned: Int)
    case ownSupplier
    case customDomain
}

/// A limit that was met.
package struct PlanLimit: Hashable, Sendable, CustomStringConvertible {
    package let wish: PlanWish
    /// The merchant's plan.
    package let plan: String
    /// The cheapest plan that allows it, if any does.
    package let allowedBy: String?

    package var description: String {
        let refusal =
            switch wish {
            case .anotherStore(let owned):
                "the \(plan) plan does not allow more than \(owned) store\(owned == 1 ? "" : "s")"
            case .ownSupplier: "the \(plan) plan does not include your own suppliers"
            case .customDomain: "the \(plan) plan does not include a custom domain"
            }
        return refusal + (allowedBy.map { "; the \($0) plan does" } ?? "; no plan does")
    }
}

extension Plan {
    package func allows(_ wish: PlanWish) -> Bool {
        switch wish {
        case .anotherStore(let owned): storeLimit.map { owned < $0 } ?? true
        case .ownSupplier: allowsOwnSuppliers
        case .customDomain: allowsCustomDomain
        }
    }
}
