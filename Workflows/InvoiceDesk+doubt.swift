// What stands in for the idempotency key: the numbers that were taken since a call went out without an
// answer, compared with what was asked for.

import Commerce
import CommerceStore
import Durable
import Foundation
import SmartBill

extension InvoiceDesk {
    /// Finds out what an earlier call has done, and writes it down. Returns the document that it made, or nil
    /// where it made none or nobody can tell; the latter is an error where it is `brief`'s own call.
    func settle(
        _ doubt: Invoices.Doubt, _ brief: InvoiceBrief, _ turn: Invoices.Turn, _ client: SmartBillClient
    ) async throws -> SmartBillDocument? {
        let wanted = try await shop.inStore(tenant) { try await Invoices().load(doubt.invoice, in: $0) }
        let found: SmartBillDocument?
        do {
            found = try await find(wanted, doubt, in: brief.series, client)
        } catch let problem as InvoiceProblem where problem.isForPerson {
            try await leaveToPerson(wanted, doubt, problem, turn)
            if doubt.invoice == brief.id { throw problem }
            return nil
        }
        if found == nil {
            // The vendor may still be at work on a call that we have given up.
            let certain = doubt.since.adding(Self.settleTime)
            guard certain <= shop.clock.now else { throw InvoiceProblem.outcomeOpen(until: certain) }
        }
        try await shop.inStore(tenant) { tx in
            if let found {
                try await Invoices().markIssued(
                    wanted.id, series: found.series, number: found.number, url: nil, at: shop.clock.now,
                    in: tx)
                try await Orders().refreshStatus(wanted.order, in: tx)
            }
            try await Invoices().settleDoubt(about: wanted.id, under: turn, in: tx)
        }
        return found
    }

    private func leaveToPerson(
        _ wanted: Invoices.Invoice, _ doubt: Invoices.Doubt, _ problem: InvoiceProblem, _ turn: Invoices.Turn
    ) async throws {
        try await shop.inStore(tenant) { tx in
            try await Invoices().leaveInDoubt(
                wanted.id, from: doubt.from, problem: problem.description, in: tx)
            try await Attention().open(
                .order(.invoice), subject: "\(wanted.id)", order: wanted.order,
                message: "the invoice needs you: \(problem)", in: tx)
            try await Orders().refreshStatus(wanted.order, in: tx)
            try await Invoices().settleDoubt(about: wanted.id, under: turn, in: tx)
        }
    }

    /// The document that an earlier call left, or nil when it has left none so far.
    private func find(
        _ wanted: Invoices.Invoice, _ doubt: Invoices.Doubt, in series: String, _ client: SmartBillClient
    ) async throws -> SmartBillDocument? {
        if let number = wanted.number {
            return SmartBillDocument(series: wanted.series ?? series, number: number)
        }
        let next = try await nextNumber(of: series, client)
        guard next > doubt.from else { return nil }
        let others = try await shop.inStore(tenant) { try await Invoices().numbers(in: series, in: $0) }
        var likely: [SmartBillDocument] = []
        var isUnseen = false
        for number in doubt.from..<next where !others.contains(where: { Int($0) == number }) {
            guard let (document, total) = try await look(number, series, doubt.total, others, client) else {
                isUnseen = true
                continue
            }
            guard total == doubt.total else { continue }
            let text = String(decoding: try await client.pdf(of: document), as: UTF8.self)
            if text.contains(wanted.reference) { return document }
            // A page that names another of our references is another order's.
            if !text.contains(Invoices.referencePrefix) { likely.append(document) }
        }
        // What was taken and cannot be seen may be this order's.
        if likely.isEmpty, !isUnseen { return nil }
        guard !isUnseen, likely.count == 1, next == doubt.from + 1 else {
            throw InvoiceProblem.needsReconciliation(series: series, from: doubt.from, to: next)
        }
        return likely[0]
    }

    /// Numbers are names with leading zeros, of which the series tells only the value: they are written as
    /// the known ones are, or with four digits.
    private func look(
        _ number: Int, _ series: String, _ expected: Money, _ others: Set<String>, _ client: SmartBillClient
    ) async throws -> (document: SmartBillDocument, total: Money)? {
        let widths = Set(others.map(\.count)).union([4, 1])
        for width in widths.sorted(by: >) {
            let plain = "\(number)"
            let padded = String(repeating: "0", count: max(0, width - plain.count)) + plain
            let document = SmartBillDocument(series: series, number: padded)
            do {
                let status = try await client.paymentStatus(of: document, in: expected.currency)
                return (document, status.total)
            } catch {
                guard case .refused(.documentUnknown, _) = error.reason else { throw error }
            }
        }
        return nil
    }
}
