package import Commerce
internal import Foundation
internal import Postgres

// A refund as the merchant's paper shows it: which lines it takes back, and how much of each. The parts add
// up to the refund exactly; what is not goods is carriage.

extension Refunds {
    /// One line of a credit. Without a SKU it is the carriage.
    package struct CreditPart: Sendable, Equatable {
        package let title: String?
        package let sku: SKU?
        package let amount: Money
        package let vatRate: BasisPoints
    }

    /// The lines of a refund's credit; those of the whole order where the refund names no units.
    package func creditParts(
        of id: RefundID, in tx: Transaction<OneTenant>
    ) async throws -> [CreditPart] {
        let refund = try await load(id, in: tx)
        let counts = try await unitsByLine(of: id, in: tx)
        let lines = try await Orders().lines(of: refund.order, in: tx)
        let touched = lines.compactMap { line -> (line: OrderLine, goods: Money)? in
            let count = counts.isEmpty ? line.quantity : counts[line.id] ?? 0
            guard count > 0 else { return nil }
            let paid = line.line.goods - line.line.discount
            return (line, paid.share(ofPieces: count, after: 0, outOf: line.quantity))
        }
        let amount = refund.breakdown.amount
        let goods = touched.map(\.goods).total(amount.currency)
        let order = try await Orders().load(refund.order, in: tx)
        let carriage = min(max(amount - goods, .zero(amount.currency)), order.shipping)
        let parts = (amount - carriage).split(by: touched.map(\.goods))
        var credit = zip(touched, parts).map { touched, part in
            CreditPart(
                title: touched.line.title, sku: touched.line.sku, amount: part,
                vatRate: touched.line.vatRate)
        }
        if carriage.isPositive, let rate = lines.first?.vatRate {
            credit.append(CreditPart(title: nil, sku: nil, amount: carriage, vatRate: rate))
        }
        return credit.filter { $0.amount.isPositive }
    }

    private func unitsByLine(
        of id: RefundID, in tx: Transaction<OneTenant>
    ) async throws -> [OrderLineID: Int] {
        let rows = try await tx.execute(
            """
            select u.line_id, count(*) as pieces from shop.refund_unit r
            join shop.unit u on u.tenant_id = r.tenant_id and u.id = r.unit_id
            where r.tenant_id = \(tx.tenantUUID) and r.refund_id = \(id.rawValue) group by u.line_id
            """
        ).rows
        return Dictionary(
            uniqueKeysWithValues: try rows.map { (try $0.id("line_id"), try $0.int("pieces")) })
    }
}
