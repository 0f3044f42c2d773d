internal import Commerce
internal import Foundation
internal import Postgres

// How a quote lies in its three tables, written and read back without loss.

struct QuoteWriting {
    let quote: Quote
    let cart: Cart
    /// The products of the quote's lines, in the same order.
    let lines: [Product]
    let tenant: UUID

    var queries: [Query] {
        [header] + zip(quote.lines, lines).enumerated().map { line($0.offset, $0.element.0, $0.element.1) }
            + quote.shipments.enumerated().map { shipment($0.offset, $0.element) }
    }

    private var header: Query {
        let terms = quote.pricing.terms
        let rate = quote.pricing.rates.reference
        let total = quote.total
        return """
            insert into shop.quote (tenant_id, id, cart_id, plan, currency, country, locale, coupon_code,
                discount_bp,
                terms_currency, unit_markup_minor, commission_bp, processing_bearer, processing_bp,
                processing_fixed_minor, fx_base, fx_scaled, goods_minor, discount_minor, shipping_minor,
                g_minor, s_minor, m_minor, c_minor, p_minor, w_minor, n_minor, created_at, expires_at)
            values (\(tenant), \(quote.id.rawValue), \(cart.id.rawValue), \(quote.plan.rawValue),
                \(quote.currency.rawValue), \(cart.country.rawValue), \(cart.language.rawValue),
                    \(cart.couponCode),
                \(quote.discount.value), \(terms.markupPerUnit.currency.rawValue),
                    \(terms.markupPerUnit.minorUnits),
                \(terms.commission.value), \(terms.processingFeeBearer.rawValue),
                    \(terms.processing.rate.value),
                \(terms.processing.fixed.minorUnits), \(rate.base.rawValue), \(rate.scaled),
                    \(quote.goods.minorUnits),
                \(quote.discountTotal.minorUnits), \(quote.shipping.minorUnits), \(total.gross.minorUnits),
                \(total.supplier.minorUnits), \(total.markup.minorUnits), \(total.commission.minorUnits),
                \(total.processing.minorUnits), \(total.withheld.minorUnits), \(total.margin.minorUnits),
                \(quote.createdAt), \(quote.expiresAt))
            """
    }

    private func line(_ position: Int, _ line: QuoteLine, _ product: Product) -> Query {
        """
        insert into shop.quote_line (tenant_id, quote_id, position, product_id, supplier_id,
            platform_catalogue,
            supplier_reference, warehouse, stock_pool, sku, title, quantity, unit_price_minor, discount_minor,
                vat_bp,
            unit_cost_minor, cost_currency, g_minor, s_minor, m_minor, c_minor, p_minor)
        values (\(tenant), \(quote.id.rawValue), \(position), \(product.id.rawValue),
            \(product.supplier.rawValue),
            \(line.wish.isPlatformCatalogue), \(product.supplierReference.rawValue),
                \(product.warehouse.rawValue),
            \(product.stockPool), \(product.sku.rawValue), \(product.title(in: cart.language)),
            \(line.wish.quantity.rawValue), \(line.wish.unitPrice.minorUnits), \(line.discount.minorUnits),
            \(product.vatRate.value), \(line.wish.unitCost.minorUnits),
                \(line.wish.unitCost.currency.rawValue),
            \(line.share.gross.minorUnits), \(line.share.supplier.minorUnits),
                \(line.share.markup.minorUnits),
            \(line.share.commission.minorUnits), \(line.share.processing.minorUnits))
        """
    }

    private func shipment(_ position: Int, _ shipment: QuoteShipment) -> Query {
        let expected = quote.supplierGroups.first { $0.key == shipment.group }?.snapshotCost ?? shipment.cost
        return """
            insert into shop.quote_shipment (tenant_id, quote_id, position, supplier_id, warehouse,
                shipping_cost_minor, expected_cost_minor, cost_currency, g_minor, s_minor, m_minor, c_minor,
                    p_minor)
            values (\(tenant), \(quote.id.rawValue), \(position), \(shipment.group.supplier.rawValue),
                \(shipment.group.warehouse.rawValue), \(shipment.cost.minorUnits), \(expected.minorUnits),
                \(shipment.cost.currency.rawValue), \(shipment.share.gross.minorUnits),
                \(shipment.share.supplier.minorUnits), \(shipment.share.markup.minorUnits),
                \(shipment.share.commission.minorUnits), \(shipment.share.processing.minorUnits))
            """
    }
}

extension Quote {
    init(row: Row, lines: ResultSet, shipments: ResultSet) throws {
        let currency = try row.currency()
        self.init(
            id: try row.id("id"), plan: try row.raw("plan"), pricing: try Pricing(quote: row),
            discount: try row.basisPoints("discount_bp"), createdAt: try row.decode("created_at"),
            expiresAt: try row.decode("expires_at"),
            lines: try lines.rows.map { try QuoteLine(row: $0, currency) },
            shipments: try shipments.rows.map { try QuoteShipment(row: $0, currency) })
    }
}

extension Pricing {
    fileprivate init(quote row: Row) throws {
        let terms = try row.currency("terms_currency")
        self.init(
            terms: PlanTerms(
                markupPerUnit: try row.money("unit_markup_minor", terms),
                commission: try row.basisPoints("commission_bp"),
                processingFeeBearer: try row.raw("processing_bearer"),
                processing: ProcessingSchedule(
                    rate: try row.basisPoints("processing_bp"),
                    fixed: try row.money("processing_fixed_minor", terms))),
            rates: FrozenRates(
                reference: ExchangeRate(
                    base: try row.currency("fx_base"), quote: try row.currency(),
                    scaled: try row.decode("fx_scaled", as: Int64.self))))
    }
}

extension MarginBreakdown {
    /// From the columns `g_minor` to `p_minor`.
    init(row: Row, _ currency: Currency) throws {
        self.init(
            gross: try row.money("g_minor", currency), supplier: try row.money("s_minor", currency),
            markup: try row.money("m_minor", currency), commission: try row.money("c_minor", currency),
            processing: try row.money("p_minor", currency))
    }
}

extension QuoteLine {
    /// The same columns lie in `quote_line` and in `order_line`.
    init(row: Row, _ currency: Currency) throws {
        self.init(
            wish: DraftLine(
                product: try row.id("product_id"), quantity: try Quantity(row.int("quantity")),
                unitPrice: try row.money("unit_price_minor", currency),
                unitCost: try row.money("unit_cost_minor", in: "cost_currency"),
                group: SupplierGroupKey(
                    supplier: try row.id("supplier_id"), warehouse: try row.raw("warehouse")),
                isPlatformCatalogue: try row.decode("platform_catalogue")),
            discount: try row.money("discount_minor", currency),
            share: try MarginBreakdown(row: row, currency))
    }
}

extension QuoteShipment {
    fileprivate init(row: Row, _ currency: Currency) throws {
        self.init(
            group: SupplierGroupKey(supplier: try row.id("supplier_id"), warehouse: try row.raw("warehouse")),
            cost: try row.money("shipping_cost_minor", in: "cost_currency"),
            share: try MarginBreakdown(row: row, currency))
    }
}
