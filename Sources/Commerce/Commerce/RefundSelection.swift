/// What a refund takes from one line of an order: so many of its units, after those that were refunded
/// before.
///
/// A line's money is given back on the running total of its units: three units at 22.41 in all are 7.47
/// each, three at 10.00 are 3.33, 3.34 and 3.33, and whatever the order, all of them are the line.
package struct LineRefund: Sendable, Hashable {
    /// The line's share of the order.
    package let share: MarginBreakdown
    package let quantity: Int
    package let isPlatformCatalogue: Bool
    /// Units of the line refunded before.
    package let refundedBefore: Int
    /// Units to refund now.
    package let units: Int

    /// Refuses more units than are left.
    package init(
        share: MarginBreakdown, quantity: Int, isPlatformCatalogue: Bool, refundedBefore: Int, units: Int
    ) throws(CommerceError) {
        guard (1...max(1, quantity - refundedBefore)).contains(units), units + refundedBefore <= quantity
        else {
            throw .refundExceedsUnits(asked: units, left: quantity - refundedBefore)
        }
        self.share = share
        self.quantity = quantity
        self.isPlatformCatalogue = isPlatformCatalogue
        self.refundedBefore = refundedBefore
        self.units = units
    }

    var amount: Money { share.gross.share(ofPieces: units, after: refundedBefore, outOf: quantity) }

    var supplierCost: Money { share.supplier.share(ofPieces: units, after: refundedBefore, outOf: quantity) }
}

extension RefundRequest {
    /// A refund of units, and of the shipping of the parcels that are refunded with them.
    ///
    /// Throws when there is nothing to refund.
    package init(
        cause: RefundCause, lines: [LineRefund], shipments: [MarginBreakdown] = [],
        credit: SupplierCredit? = nil
    ) throws(CommerceError) {
        guard let currency = lines.first?.share.currency ?? shipments.first?.currency else {
            throw .emptyQuote
        }
        self.init(
            cause: cause,
            amount: (lines.map(\.amount) + shipments.map(\.gross)).total(currency),
            supplierCost: (lines.map(\.supplierCost) + shipments.map(\.supplier)).total(currency),
            markedUpUnits: lines.reduce(0) { $0 + ($1.isPlatformCatalogue ? $1.units : 0) }, credit: credit)
    }
}
