// The merchant's invoice, in the merchant's own SmartBill account. How one comes to exist only once there,
// without idempotency keys, is told in `InvoiceDesk.swift`. A run that must wait for others of its series
// sleeps until the one before it calls; a timer stands behind the call.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import SmartBill

/// Issues the invoice of a paid order, once.
package struct InvoiceOrder: Workflow {
    package static let name: WorkflowName = "smartbill_invoice"

    package enum Step: String, WorkflowStep {
        case open
        case prepare
        case issue
        case callNext = "call_next"
        case keepDocument = "keep_document"
        case askPerson = "ask_person"
    }

    package struct Input: Codable, Sendable {
        package let order: OrderID
        package init(order: OrderID) { self.order = order }
    }

    package enum Output: String, Codable, Sendable {
        /// The merchant invoices elsewhere.
        case notOurs = "not_ours"
        case issued
        case withPerson = "with_person"
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        guard let brief = try await open(input.order, flow) else { return .notOurs }
        let desk = InvoiceDesk(shop: shop, tenant: flow.tenant)
        let document: SmartBillDocument
        do {
            let plan = try await flow.step(.prepare, retry: .patient) { _ in
                InvoicePlan(taxes: try await desk.open(brief).taxes())
            }
            document = try await desk.issueInTurn(
                brief, as: .issue, calling: .callNext, since: plan.nextNumber, flow
            ) {
                try await shop.inStore(desk.tenant) {
                    .invoice(try await desk.invoice(brief, plan.taxes, in: $0))
                }
            }
        } catch let failure as StepFailed {
            try await askPerson(brief, about: failure, flow)
            return .withPerson
        }
        do {
            try await desk.keep(document, of: brief, as: .keepDocument, flow)
        } catch let failure as StepFailed {
            // Without its page the invoice stands all the same.
            try await askPerson(brief, about: failure, flow)
        }
        return .issued
    }

    private func open(_ order: OrderID, _ flow: Flow<Self>) async throws -> InvoiceBrief? {
        try await flow.transaction(.open, on: shop.transactions) { tx in
            let store = try await Stores().load(in: tx)
            guard let company = store.smartBillTaxID, let series = store.smartBillSeries else { return nil }
            let invoice = try await Invoices().open(.invoice, for: order, in: tx)
            let sold = try await Orders().load(order, in: tx)
            try await Orders().refreshStatus(order, in: tx)
            return InvoiceBrief(
                id: invoice.id, order: order, reference: invoice.reference, company: company, series: series,
                total: sold.total.gross)
        }
    }

    private func askPerson(_ brief: InvoiceBrief, about failure: StepFailed, _ flow: Flow<Self>) async throws
    {
        let next = try await flow.transaction(.askPerson, on: shop.transactions) { tx in
            try await InvoiceDesk.askPerson(about: brief, flow.id, problem: failure.failure.message, in: tx)
        }
        try await InvoiceDesk(shop: shop, tenant: flow.tenant).call(
            next.call, to: brief.place, as: .callNext, flow)
    }
}

struct InvoiceBrief: Codable, Sendable {
    let id: InvoiceID
    let order: OrderID
    let reference: String
    let company: String
    let series: String
    let total: Money

    var place: Invoices.Series { Invoices.Series(company: company, name: series) }
}

/// What is known before the vendor is asked to issue.
struct InvoicePlan: Codable, Sendable {
    /// Only runs that began when the number was read here have it; it is read under the turn.
    let nextNumber: Int?
    let taxes: [SmartBillTax]

    init(taxes: [SmartBillTax]) {
        nextNumber = nil
        self.taxes = taxes
    }
}

enum InvoiceProblem: Classified, CustomStringConvertible {
    case noCredentials
    case seriesMissing(String)
    case taxMissing(percent: String)
    /// The series passed on to another run before anything was asked.
    case turnLost(at: Date)
    /// The vendor has silenced the account.
    case accountRests(until: Date)
    /// Nothing of an earlier call is to be seen, and it may still have its effect.
    case outcomeOpen(until: Date)
    /// Numbers were taken since, and which is ours cannot be told.
    case needsReconciliation(series: String, from: Int, to: Int)

    var disposition: Disposition {
        switch self {
        case .turnLost(let until), .accountRests(let until), .outcomeOpen(let until): .deferred(until: until)
        case .noCredentials, .seriesMissing, .taxMissing, .needsReconciliation: .permanent
        }
    }

    /// Only somebody who looks at the account can tell.
    var isForPerson: Bool { if case .needsReconciliation = self { true } else { false } }

    var code: String {
        switch self {
        case .noCredentials: "invoice.no_credentials"
        case .seriesMissing: "invoice.series_missing"
        case .taxMissing: "invoice.tax_missing"
        case .turnLost: "invoice.turn_lost"
        case .accountRests: "invoice.account_rests"
        case .outcomeOpen: "invoice.outcome_open"
        case .needsReconciliation: "invoice.needs_reconciliation"
        }
    }

    var description: String {
        switch self {
        case .noCredentials: "no access to SmartBill is stored; connect the account again"
        case .seriesMissing(let name): "SmartBill has no invoice series \(name); create it or choose another"
        case .taxMissing(let percent):
            "the SmartBill account defines no VAT rate of \(percent) %; add it there"
        case .turnLost: "another run has taken the series over; this one queues up again"
        case .accountRests: "SmartBill has silenced the account for too many calls"
        case .outcomeOpen: "an answer was lost; what it did will be certain in a moment"
        case .needsReconciliation(let series, let from, let to):
            "an answer was lost and series \(series) went from \(from) to \(to); "
                + "find this order's invoice in SmartBill"
        }
    }
}
