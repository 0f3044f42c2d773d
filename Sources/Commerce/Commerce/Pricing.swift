/// What is withheld from a sale: a plan's terms at the rates of one moment.
///
/// Each component is rounded once per order, half up. The plan's amounts are in euros; in a store that
/// sells in another currency they are converted inside the same rounding, so there is never a rounding of
/// a rounding.
package struct Pricing: Hashable, Sendable, Codable {
    package let terms: PlanTerms
    package let rates: FrozenRates

    package init(terms: PlanTerms, rates: FrozenRates) {
        self.terms = terms
        self.rates = rates
    }

    package var currency: Currency { rates.storeCurrency }

    /// G, S, M, C, P, W and N of a sale.
    /// - Parameters:
    ///   - supplier: S, already in the store's currency.
    ///   - markedUpUnits: units from the platform's catalogue; a merchant's own supplier counts none.
    package func breakdown(gross: Money, supplier: Money, markedUpUnits: Int) -> MarginBreakdown {
        MarginBreakdown(
            gross: gross, supplier: supplier, markup: markup(units: markedUpUnits),
            commission: gross.applying(terms.commission, rounding: .halfUp),
            processing: processing(gross: gross))
    }

    /// One unit sold alone and without shipping: for the price editor, and for the guard at publish and
    /// add-to-cart.
    package func preview(
        price: Money, unitCost: Money, isPlatformCatalogue: Bool
    ) throws(CommerceError) -> MarginBreakdown {
        breakdown(
            gross: try price.required(in: currency), supplier: try rates.storeCost(unitCost),
            markedUpUnits: isPlatformCatalogue ? 1 : 0)
    }

    /// M for so many units.
    package func markup(units: Int) -> Money {
        converted(terms.markupPerUnit * units)
    }

    /// P for a payment: nothing unless the merchant bears it.
    package func processing(gross: Money) -> Money {
        guard terms.processingFeeBearer == .merchant else { return .zero(currency) }
        let fixed = terms.processing.fixed
        guard fixed.currency != currency else {
            let whole = Int128(BasisPoints.one.value)
            let exact =
                Int128(gross.minorUnits) * Int128(terms.processing.rate.value) + Int128(fixed.minorUnits)
                * whole
            return Money(fitting: Rounding.halfUp.quotient(exact, over: whole), currency: currency)
        }
        // Both parts over one denominator, so that their sum is rounded once.
        let rate = rates.reference
        precondition(
            fixed.currency == rate.base, "the plan's amounts need the reference rate of their currency")
        let whole = Int128(BasisPoints.one.value)
        let denominator = whole * Int128(ExchangeRate.scale) * powerOfTen(rate.base.minorDigits)
        let share = Int128(gross.minorUnits) * Int128(terms.processing.rate.value) * (denominator / whole)
        let fixedPart =
            Int128(fixed.minorUnits) * Int128(rate.scaled) * powerOfTen(rate.quote.minorDigits) * whole
        return Money(
            fitting: Rounding.halfUp.quotient(share + fixedPart, over: denominator), currency: currency)
    }

    /// The lowest price at which one unit, sold alone and without shipping, leaves nothing below zero;
    /// nil when the rates take the whole price.
    ///
    /// Found by exact search and not by a formula: C and P are rounded apart, so N does not rise evenly
    /// with the price and a formula is off by a cent in places. The search starts at a price that is
    /// certainly too low and takes few steps.
    package func lowestPrice(unitCost: Money, isPlatformCatalogue: Bool) throws(CommerceError) -> Money? {
        let supplier = try rates.storeCost(unitCost)
        let units = isPlatformCatalogue ? 1 : 0
        let bearsProcessing = terms.processingFeeBearer == .merchant
        let taken = terms.commission.value + (bearsProcessing ? terms.processing.rate.value : 0)
        guard taken < BasisPoints.one.value else { return nil }

        // Two roundings can favour the merchant by half a minor unit each, hence the one that is taken off.
        let atNothing = processing(gross: .zero(currency))
        let fixed = supplier + markup(units: units) + atNothing
        let left = Int128(BasisPoints.one.value - taken)
        let floor = Int128(max(0, fixed.minorUnits - 2)) * Int128(BasisPoints.one.value) / left
        var price = Money(fitting: floor, currency: currency)
        while breakdown(gross: price, supplier: supplier, markedUpUnits: units).margin.isNegative {
            price.minorUnits += 1
        }
        return price
    }

    private func converted(_ amount: Money) -> Money {
        if amount.currency == currency { return amount }
        precondition(
            amount.currency == rates.reference.base,
            "the plan's amounts need the reference rate of their currency")
        return rates.reference.convert(amount, rounding: .halfUp)
    }
}
