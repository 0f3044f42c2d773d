// The invoice as SmartBill wants it: what was sold, at the rates that the account defines, to whom.

import Commerce
import CommerceStore
import Durable
import Foundation
import SmartBill

extension InvoiceDesk {
    func invoice(
        _ brief: InvoiceBrief, _ taxes: [SmartBillTax], in tx: Transaction<OneTenant>
    ) async throws -> SmartBillInvoice {
        let order = try await Orders().load(brief.order, in: tx)
        var lines: [SmartBillInvoice.TaxedLine] = []
        for line in try await Orders().lines(of: brief.order, in: tx) {
            let tax = try tax(line.vatRate, taxes)
            lines.append(
                SmartBillInvoice.TaxedLine(
                    .item(
                        name: line.title, code: line.sku.rawValue, quantity: line.quantity,
                        price: line.line.wish.unitPrice, isService: false), tax: tax))
            if line.line.discount.isPositive {
                lines.append(
                    SmartBillInvoice.TaxedLine(
                        .discount(name: "Discount", lines: 1, value: line.line.discount), tax: tax))
            }
        }
        if order.shipping.isPositive, let tax = lines.first?.tax {
            lines.append(Self.shipping(order.shipping, tax))
        } else if order.shipping.isPositive {
            lines.append(Self.shipping(order.shipping, nil))
        }
        return SmartBillInvoice(
            series: brief.series, buyer: try buyer(order), currency: order.currency, lines: lines,
            payment: SmartBillInvoice.Payment(value: order.total.gross),
            issueDate: try today(),
            mentions: "Comanda \(order.number), \(brief.reference)", observations: brief.reference)
    }

    /// The part of an order that a refund takes back, line by line, VAT included.
    func credit(
        _ credit: Credit, _ taxes: [SmartBillTax], in tx: Transaction<OneTenant>
    ) async throws -> SmartBillInvoice {
        let order = try await Orders().load(credit.brief.order, in: tx)
        let parts = try await Refunds().creditParts(of: credit.refund, in: tx)
        let lines = try parts.map { part in
            SmartBillInvoice.TaxedLine(
                .item(
                    name: part.title ?? "Transport", code: part.sku?.rawValue, quantity: -1,
                    price: part.amount, isService: part.sku == nil),
                tax: try tax(part.vatRate, taxes))
        }
        return SmartBillInvoice(
            series: credit.brief.series, buyer: try buyer(order), currency: order.currency, lines: lines,
            payment: nil, issueDate: try today(),
            mentions: "Retur la factura \(credit.original), comanda \(order.number), "
                + credit.brief.reference,
            observations: credit.brief.reference)
    }

    private static func shipping(_ price: Money, _ tax: SmartBillTax?) -> SmartBillInvoice.TaxedLine {
        SmartBillInvoice.TaxedLine(
            .item(name: "Transport", code: nil, quantity: 1, price: price, isService: true), tax: tax)
    }

    /// A company that defines no rates is not registered for VAT.
    private func tax(_ rate: BasisPoints, _ taxes: [SmartBillTax]) throws -> SmartBillTax? {
        guard !taxes.isEmpty else { return nil }
        guard let tax = taxes.first(where: { $0.percentage == rate.percentText }) else {
            throw InvoiceProblem.taxMissing(percent: rate.percentText)
        }
        return tax
    }

    private func buyer(_ order: Order) throws -> SmartBillBuyer {
        let address = order.address
        let country = Locale(identifier: "en").localizedString(forRegionCode: address.country.rawValue)
        return SmartBillBuyer(
            name: address.company ?? address.fullName,
            vatCode: address.vatNumber ?? SmartBillBuyer.consumerCode,
            isTaxPayer: address.vatNumber != nil, address: address.line, city: address.city,
            county: address.county ?? "", country: country ?? address.country.rawValue, email: order.email)
    }

    /// The day in Romania.
    func today() throws -> SmartBillDate {
        guard let zone = TimeZone(identifier: "Europe/Bucharest") else { throw TimeZoneMissing() }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let day = calendar.dateComponents([.year, .month, .day], from: shop.clock.now)
        guard let year = day.year, let month = day.month, let date = day.day else { throw TimeZoneMissing() }
        return SmartBillDate(year: year, month: month, day: date)
    }
}

private struct TimeZoneMissing: Classified, CustomStringConvertible {
    var code: String { "invoice.time_zone_missing" }
    var disposition: Disposition { .permanent }
    var description: String { "the time zone Europe/Bucharest is not installed; install the time zone data" }
}
