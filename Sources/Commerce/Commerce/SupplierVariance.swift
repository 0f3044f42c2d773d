/// What to do when a supplier charges something else than the snapshot of the paid order says.
///
/// The platform pays up to the snapshot and a tolerance, whoever the merchant is; what is above that is
/// the merchant's to accept or to refuse. The tolerance is the larger of a fixed amount and a share of
/// the snapshot.
package struct VarianceTolerance: Sendable, Hashable, Codable {
    package var fixed: Money
    package var rate: BasisPoints

    package init(fixed: Money, rate: BasisPoints) {
        self.fixed = fixed
        self.rate = rate
    }

    package static let standard = VarianceTolerance(fixed: .eur(50), rate: .percent(2))

    /// The tolerance around a snapshot of this size. The fixed amount is in euros; a supplier that
    /// charges in another currency needs the rate of the day.
    package func amount(for snapshot: Money, rates: FrozenRates) throws(CommerceError) -> Money {
        let share = snapshot.applying(rate, rounding: .halfUp)
        if fixed.currency == snapshot.currency { return max(fixed, share) }
        guard fixed.currency == rates.reference.base, snapshot.currency == rates.reference.quote else {
            throw .rateMissing(from: fixed.currency, to: snapshot.currency)
        }
        return max(rates.reference.convert(fixed, rounding: .halfUp), share)
    }

    /// Compares what the supplier charges with the snapshot, both in the supplier's currency.
    package func decide(
        snapshot: Money, actual: Money, rates: FrozenRates = .same(.eur)
    ) throws(CommerceError) -> SupplierVariance {
        _ = try actual.required(in: snapshot.currency)
        let tolerance = try amount(for: snapshot, rates: rates)
        let difference = actual - snapshot
        if !difference.isPositive { return .within(saved: -difference) }
        if difference <= tolerance { return .absorbed(difference) }
        return .overrun(absorbed: tolerance, merchant: difference - tolerance)
    }
}

package enum SupplierVariance: Sendable, Hashable {
    /// Not dearer than the snapshot.
    case within(saved: Money)
    /// Dearer, and the platform pays the difference.
    case absorbed(Money)
    /// On hold: the merchant accepts to owe its part, or the group is canceled and refunded.
    case overrun(absorbed: Money, merchant: Money)

    package var mayProceed: Bool {
        if case .overrun = self { false } else { true }
    }

    /// What the merchant owes if the price is accepted; nil where the platform pays it all.
    package var merchantPart: Money? {
        if case .overrun(_, let merchant) = self { merchant } else { nil }
    }
}
