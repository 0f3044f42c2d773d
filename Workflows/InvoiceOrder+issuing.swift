// The calls to SmartBill, and the comparison that stands in for the idempotency key it does not have.

import Commerce
import CommerceStore
import Durable
import Foundation
import SmartBill

extension InvoiceOrder {
    func prepare(_ brief: InvoiceBrief, for tenant: Tenant) async throws -> InvoicePlan {
        let client = try await client(of: brief, for: tenant)
        return InvoicePlan(
            nextNumber: try await nextNumber(of: brief.series, client), taxes: try await client.taxes())
    }

    /// Issues, or finds what an earlier attempt has issued. The series is ours alone until our own books hold
    /// the number, so that no other run can meet a number of which it is not known whose it is.
    func issue(
        _ brief: InvoiceBrief, _ plan: InvoicePlan, _ attempt: Attempt, for tenant: Tenant
    ) async throws -> SmartBillDocument {
        let client = try await client(of: brief, for: tenant)
        do {
            return try await shop.inStore(tenant) { tx in
                guard try await Invoices().takeTurn(in: brief.series, in: tx) else {
                    throw InvoiceProblem.seriesBusy(
                        until: shop.clock.now.addingTimeInterval(turnPause(brief.id)))
                }
                if let known = try await Invoices().find(.invoice, for: brief.order, in: tx),
                    let number = known.number
                {
                    return SmartBillDocument(series: known.series ?? brief.series, number: number)
                }
                let document =
                    if attempt.isAmbiguous,
                        let found = try await findIssued(brief, since: plan, client, in: tx)
                    {
                        found
                    } else {
                        try await issueAnew(brief, plan, attempt, client, in: tx)
                    }
                try await Invoices().markIssued(
                    brief.id, series: document.series, number: document.number, url: nil, at: shop.clock.now,
                    in: tx)
                try await Orders().refreshStatus(brief.order, in: tx)
                return document
            }
        } catch let failure as SmartBillFailure {
            try await noteWaiting(brief, failure, for: tenant)
            throw failure
        }
    }

    private func issueAnew(
        _ brief: InvoiceBrief, _ plan: InvoicePlan, _ attempt: Attempt, _ client: SmartBillClient,
        in tx: Transaction<OneTenant>
    ) async throws -> SmartBillDocument {
        let invoice = try await draft(brief, plan, in: tx)
        try await attempt.announce()
        guard let document = try await client.issue(invoice).document else {
            throw InvoiceProblem.needsReconciliation(
                series: brief.series, from: plan.nextNumber, to: plan.nextNumber + 1)
        }
        return document
    }

    // MARK: - After an unknown outcome

    /// The invoice that an earlier attempt left, or nil when it surely left none.
    private func findIssued(
        _ brief: InvoiceBrief, since plan: InvoicePlan, _ client: SmartBillClient,
        in tx: Transaction<OneTenant>
    ) async throws -> SmartBillDocument? {
        let next = try await nextNumber(of: brief.series, client)
        guard next > plan.nextNumber else { return nil }
        let others = try await Invoices().numbers(in: brief.series, in: tx)
        var likely: [SmartBillDocument] = []
        var isUnseen = false
        for number in plan.nextNumber..<next where !others.contains(where: { Int($0) == number }) {
            guard let (document, total) = try await find(number, brief, others, client) else {
                isUnseen = true
                continue
            }
            guard total == brief.total else { continue }
            let text = String(decoding: try await client.pdf(of: document), as: UTF8.self)
            if text.contains(brief.reference) { return document }
            // A page that names another of our references is another order's.
            if !text.contains("CFX-") { likely.append(document) }
        }
        // What was taken and cannot be seen may be this order's.
        if likely.isEmpty, !isUnseen { return nil }
        guard !isUnseen, likely.count == 1, next == plan.nextNumber + 1 else {
            throw InvoiceProblem.needsReconciliation(series: brief.series, from: plan.nextNumber, to: next)
        }
        return likely[0]
    }

    /// Numbers are names with leading zeros, of which the series tells only the value: they are written as
    /// the known ones are, or with four digits.
    private func find(
        _ number: Int, _ brief: InvoiceBrief, _ others: Set<String>, _ client: SmartBillClient
    ) async throws -> (document: SmartBillDocument, total: Money)? {
        let widths = Set(others.map(\.count)).union([4, 1])
        for width in widths.sorted(by: >) {
            let plain = "\(number)"
            let padded = String(repeating: "0", count: max(0, width - plain.count)) + plain
            let document = SmartBillDocument(series: brief.series, number: padded)
            do {
                let status = try await client.paymentStatus(of: document, in: brief.total.currency)
                return (document, status.total)
            } catch {
                guard case .refused(.documentUnknown, _) = error.reason else { throw error }
            }
        }
        return nil
    }

    private func nextNumber(of series: String, _ client: SmartBillClient) async throws -> Int {
        guard let found = try await client.series(.invoice).first(where: { $0.name == series }) else {
            throw InvoiceProblem.seriesMissing(series)
        }
        return found.nextNumber
    }

    private func noteWaiting(_ brief: InvoiceBrief, _ failure: SmartBillFailure, for tenant: Tenant)
        async throws
    {
        try await shop.inStore(tenant) { tx in
            try await Invoices().markWaiting(brief.id, .retrying, problem: failure.description, in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
        }
    }

    /// Between half a second and two, different for every invoice, so that those who wait do not come
    /// together.
    private func turnPause(_ id: InvoiceID) -> TimeInterval {
        0.5 + Double(id.rawValue.uuid.15) / 170
    }

    // MARK: - The document

    private func draft(
        _ brief: InvoiceBrief, _ plan: InvoicePlan, in tx: Transaction<OneTenant>
    ) async throws -> SmartBillInvoice {
        let order = try await Orders().load(brief.order, in: tx)
        var lines: [SmartBillInvoice.TaxedLine] = []
        for line in try await Orders().lines(of: brief.order, in: tx) {
            let tax = try tax(line.vatRate, plan)
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
            issueDate: try Self.today(shop.clock.now),
            mentions: "Comanda \(order.number), \(brief.reference)", observations: brief.reference)
    }

    private static func shipping(_ price: Money, _ tax: SmartBillTax?) -> SmartBillInvoice.TaxedLine {
        SmartBillInvoice.TaxedLine(
            .item(name: "Transport", code: nil, quantity: 1, price: price, isService: true), tax: tax)
    }

    /// A company that defines no rates is not registered for VAT.
    private func tax(_ rate: BasisPoints, _ plan: InvoicePlan) throws -> SmartBillTax? {
        guard !plan.taxes.isEmpty else { return nil }
        guard let tax = plan.taxes.first(where: { $0.percentage == rate.percentText }) else {
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
    private static func today(_ now: Date) throws -> SmartBillDate {
        guard let zone = TimeZone(identifier: "Europe/Bucharest") else { throw TimeZoneMissing() }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let day = calendar.dateComponents([.year, .month, .day], from: now)
        guard let year = day.year, let month = day.month, let date = day.day else { throw TimeZoneMissing() }
        return SmartBillDate(year: year, month: month, day: date)
    }
}

private struct TimeZoneMissing: Classified, CustomStringConvertible {
    var code: String { "invoice.time_zone_missing" }
    var disposition: Disposition { .permanent }
    var description: String { "the time zone Europe/Bucharest is not installed; install the time zone data" }
}
