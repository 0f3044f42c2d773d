// What a month would have left a merchant on another plan: the orders as they were sold, with each plan's own
// terms and the rates that were frozen for them, through the same arithmetic as a quote. What a plan would
// not have let through (a sale below zero, goods of an own supplier) is counted and not added.

package struct PlanComparison: Sendable, Equatable {
    /// Orders of one store that were alike.
    package struct Sale: Hashable, Sendable {
        package let gross: Money
        /// S, in the store's currency.
        package let supplier: Money
        /// Units of the platform's catalogue, in each order.
        package let catalogueUnits: Int
        package let hasOwnGoods: Bool
        /// From the plans' currency to the store's, as it was frozen.
        package let reference: ExchangeRate
        package let orders: Int

        package init(
            gross: Money, supplier: Money, catalogueUnits: Int, hasOwnGoods: Bool, reference: ExchangeRate,
            orders: Int
        ) {
            self.gross = gross
            self.supplier = supplier
            self.catalogueUnits = catalogueUnits
            self.hasOwnGoods = hasOwnGoods
            self.reference = reference
            self.orders = orders
        }
    }

    /// A month on one plan, in the plan's currency.
    package struct Outcome: Sendable, Equatable {
        package let plan: PlanID
        /// N of all orders.
        package let margin: Money
        /// The plan's price, net of VAT.
        package let subscription: Money
        /// Orders that the plan would have refused.
        package let refused: Int

        package var kept: Money { margin - subscription }
    }

    package let sales: [Sale]

    package init(_ sales: [Sale]) {
        self.sales = sales
    }

    package var orders: Int { sales.reduce(0) { $0 + $1.orders } }

    package func outcome(on plan: Plan) -> Outcome {
        let currency = plan.monthlyPrice.currency
        var byRate: [ExchangeRate: Money] = [:]
        var refused = 0
        for sale in sales {
            let pricing = Pricing(terms: plan.terms, rates: FrozenRates(reference: sale.reference))
            let margin = pricing.breakdown(
                gross: sale.gross, supplier: sale.supplier, markedUpUnits: sale.catalogueUnits
            ).margin
            if margin.isNegative || sale.hasOwnGoods && !plan.allowsOwnSuppliers {
                refused += sale.orders
            } else {
                byRate[sale.reference, default: .zero(margin.currency)] += margin * sale.orders
            }
        }
        // One rounding per rate and not per order: the sum is what is compared.
        let margin = byRate.map { rate, sum in rate.invert(sum, to: currency) }.total(currency)
        return Outcome(plan: plan.id, margin: margin, subscription: plan.monthlyPrice, refused: refused)
    }
}

extension ExchangeRate {
    /// An amount in `quote` in the other currency, half up; one that is in it already stays what it is.
    fileprivate func invert(_ amount: Money, to currency: Currency) -> Money {
        guard amount.currency != currency else { return amount }
        precondition(amount.currency == quote && currency == base, "the rate is between other currencies")
        let numerator = Int128(amount.minorUnits) * Int128(Self.scale) * powerOfTen(base.minorDigits)
        let denominator = Int128(scaled) * powerOfTen(quote.minorDigits)
        return Money(
            fitting: Rounding.halfUp.quotient(numerator, over: denominator), currency: base)
    }
}
