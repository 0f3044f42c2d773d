package import Commerce
internal import Postgres

// What a price would mean before anybody pays it, and setting it. A price that loses money is not saved and
// a product that would lose money, or lacks what the law wants beside it, is not published: the answer names
// why, and the lowest price that passes.
//
// There is no "was" price to type in. The only price that a reduction may be announced against is the lowest
// of the thirty days before it, and that follows from the prices that were really asked.

/// The terms that a store's prices are judged by.
package struct PriceTerms: Sendable {
    package let store: Store
    package let pricing: Pricing
    package let rule: PriceRule
    /// VAT inside the platform's fees; nil where they are billed under the reverse charge.
    let feesRate: BasisPoints?
    /// Who has not said who they are is taken for registered: the margin shown is the smaller one.
    package let isRegistered: Bool
}

/// What a price leaves.
package struct PriceAnswer: Sendable, Equatable {
    package let sale: MarginBreakdown
    /// What is left once the tax office has had its share.
    package let taxed: TaxedMargin
    package let lowest: Money?
    package let refusal: SaleRefusal?
    /// What the store's rule would ask.
    package let byRule: Money?

    package var price: Money { sale.gross }

    /// Why the price is refused, and the lowest one that is not.
    package var reason: String? {
        refusal.map { refusal in
            let way = lowest.map { "the lowest price that passes is \($0)" } ?? "no price passes on this plan"
            return "\(refusal.merchantReason); \(way)"
        }
    }
}

/// Why a product stays off the shelf.
package enum ShelfRefusal: Error, Sendable, Equatable {
    case price(String)
    /// The facts that are missing, by the names of `Product.safety`.
    case safety([String])

    package var reason: String {
        switch self {
        case .price(let reason): reason
        case .safety(let missing):
            "the product-safety data lacks: \(missing.joined(separator: ", ")); without it goods may not be "
                + "offered in the Union"
        }
    }
}

package struct ProductPrices: Sendable {
    /// The platform bills from here.
    private static let home = CountryCode.romania

    package init() {}

    package func terms(in tx: Transaction<OneTenant>) async throws -> PriceTerms {
        let store = try await Stores().load(in: tx)
        let identity = try await Identities().load(in: tx)
        let vat = try PlatformVAT(
            seller: Self.home, buyer: identity?.country ?? store.country,
            hasCheckedNumber: identity?.vatNumber != nil)
        return PriceTerms(
            store: store, pricing: try await Stores().pricing(of: store, at: nil, in: tx),
            rule: try await PriceRules().rule(of: store, in: tx),
            feesRate: vat.rule == .domestic ? vat.rate : nil,
            isRegistered: identity == nil || identity?.vatNumber != nil)
    }

    /// Saves a price, and answers with what it leaves; one that is refused is not saved.
    package func set(
        _ price: Money, of id: ProductID, in tx: Transaction<OneTenant>
    ) async throws -> PriceAnswer {
        let product = try await hold(id, in: tx)
        let answer = try product.answer(price, try await terms(in: tx))
        if answer.refusal == nil { try await Products().setPrice(price, of: id, in: tx) }
        return answer
    }

    /// Puts a product on the shelf, or says why it stays off.
    package func publish(_ id: ProductID, in tx: Transaction<OneTenant>) async throws -> ShelfRefusal? {
        let product = try await hold(id, in: tx)
        let missing = product.missingSafety
        guard missing.isEmpty else { return .safety(missing) }
        let answer = try product.answer(product.price, try await terms(in: tx))
        if let reason = answer.reason { return .price(reason) }
        try await Products().publish(id, in: tx)
        // One is of its price, the other of what the law wants to be told.
        for subject in ["\(id)", "safety:\(id)"] {
            try await Attention().resolve(.unsellableProduct, subject: subject, by: "merchant", in: tx)
        }
        return nil
    }

    /// Writes down who made the goods and who answers for them. What is empty is forgotten; what else is
    /// known of their safety stays.
    package func setSafety(
        _ facts: [String: String], of id: ProductID, in tx: Transaction<OneTenant>
    ) async throws {
        let empty = facts.filter(\.value.isEmpty).map(\.key)
        let known = JSONText.object(facts.filter { !$0.value.isEmpty })
        try await tx.execute(
            """
            update shop.product set safety = (safety || \(known)) - \(empty)::text[]
            where tenant_id = \(tx.tenantUUID) and id = \(id.rawValue)
            """)
    }

    /// The product, held still: of two who change it one waits for the other.
    private func hold(_ id: ProductID, in tx: Transaction<OneTenant>) async throws -> Product {
        guard let product = try await Products().lock([id], for: .changing, in: tx).first else {
            throw StoreError.notFound(.product, "\(id)")
        }
        return product
    }
}

extension Product {
    /// What it would leave at this price, sold alone at this moment's cost.
    package func answer(_ price: Money, _ terms: PriceTerms) throws -> PriceAnswer {
        let pricing = terms.pricing
        let sale = try pricing.preview(
            price: price, unitCost: cost, isPlatformCatalogue: isPlatformCatalogue)
        // A price of a few cents may leave something, and no card processor takes it.
        let smallest = ChargeLimits.stripe.minimum(in: pricing.currency) ?? .zero(pricing.currency)
        let lowest = try pricing.lowestPrice(unitCost: cost, isPlatformCatalogue: isPlatformCatalogue)
        return PriceAnswer(
            sale: sale,
            taxed: TaxedMargin(
                sale, rate: vatRate, feesRate: terms.feesRate, isRegistered: terms.isRegistered),
            lowest: lowest.map { max($0, smallest) }, refusal: SaleDecision(sale).refusal,
            byRule: try terms.rule.price(
                unitCost: cost, isPlatformCatalogue: isPlatformCatalogue, pricing: pricing))
    }
}
