/// What a wish for another plan means.
package enum PlanMove: Hashable, Sendable, Codable {
    /// The account has it already; a change that is on its way to another plan is withdrawn.
    case stay
    /// At once; what it costs for the rest of the month, net of VAT.
    case upgrade(charge: Money, daysLeft: Int, daysInMonth: Int)
    /// When the month ends.
    case downgrade

    package init(
        from current: Plan, to wanted: Plan, daysLeft: Int, daysInMonth: Int
    ) throws(CommerceError) {
        _ = try wanted.monthlyPrice.required(in: current.monthlyPrice.currency)
        if current.id == wanted.id {
            self = .stay
        } else if wanted.monthlyPrice > current.monthlyPrice {
            self = .upgrade(
                charge: current.upgradeCharge(to: wanted, daysLeft: daysLeft, daysInMonth: daysInMonth),
                daysLeft: daysLeft, daysInMonth: daysInMonth)
        } else {
            self = .downgrade
        }
    }
}

/// The days after an invoice on which its payment is asked for again, and the day on which that ends.
package enum Dunning {
    package static let days = [0, 3, 7, 14]
    package static let lastDay = 21
}
