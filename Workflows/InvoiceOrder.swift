// The merchant's invoice, in the merchant's own SmartBill account. SmartBill has neither idempotency keys nor
// a look-up by our reference, and numbers of a series follow each other: so the next number is read and kept
// before issuing, one run of ours at a time uses a series, and after an unknown outcome the numbers that were
// taken since are compared with the order. What cannot be told apart is left to a person; an invoice is never
// issued on a guess.

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
        let document: SmartBillDocument
        do {
            let plan = try await flow.step(.prepare, retry: .patient) { _ in
                try await prepare(brief, for: flow.tenant)
            }
            document = try await flow.step(.issue, retry: .patient) { attempt in
                try await issue(brief, plan, attempt, for: flow.tenant)
            }
        } catch let failure as StepFailed {
            try await askPerson(brief, about: failure, flow)
            return .withPerson
        }
        try await keep(document, of: brief, flow)
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

    /// The PDF is the shopper's copy, and is kept as long as the law asks. Without it the invoice stands all
    /// the same.
    private func keep(_ document: SmartBillDocument, of brief: InvoiceBrief, _ flow: Flow<Self>) async throws
    {
        do {
            _ = try await flow.step(.keepDocument, retry: .patientForDays) { _ in
                let client = try await client(of: brief, for: flow.tenant)
                let pdf = try await client.pdf(of: document)
                try await shop.inStore(flow.tenant) { tx in
                    try await Invoices().storeDocument(Data(pdf), of: brief.id, in: tx)
                }
                return pdf.count
            }
        } catch let failure as StepFailed {
            try await askPerson(brief, about: failure, flow)
        }
    }

    private func askPerson(_ brief: InvoiceBrief, about failure: StepFailed, _ flow: Flow<Self>) async throws
    {
        try await flow.write(.askPerson, in: shop) { tx in
            try await Invoices().markWaiting(brief.id, .manual, problem: failure.failure.message, in: tx)
            try await Attention().open(
                .order(.invoice), subject: "\(brief.id)", order: brief.order,
                message: "the invoice needs you: \(failure.failure.message)", in: tx)
            try await Orders().refreshStatus(brief.order, in: tx)
        }
    }

    /// The merchant's account, opened with what the merchant gave us.
    func client(of brief: InvoiceBrief, for tenant: Tenant) async throws -> SmartBillClient {
        let login = try await shop.inStore(tenant) {
            try await shop.credentials.load(kind: "smartbill", in: $0)
        }
        guard let login else { throw InvoiceProblem.noCredentials }
        return shop.openSmartBill(login, brief.company)
    }
}

struct InvoiceBrief: Codable, Sendable {
    let id: InvoiceID
    let order: OrderID
    let reference: String
    let company: String
    let series: String
    let total: Money
}

/// What is known before the vendor is asked to issue.
struct InvoicePlan: Codable, Sendable {
    let nextNumber: Int
    let taxes: [SmartBillTax]
}

enum InvoiceProblem: Classified, CustomStringConvertible {
    case noCredentials
    case seriesMissing(String)
    case taxMissing(percent: String)
    /// Another run of ours is issuing in the series.
    case seriesBusy(until: Date)
    /// Numbers were taken since, and which is ours cannot be told.
    case needsReconciliation(series: String, from: Int, to: Int)

    var disposition: Disposition {
        if case .seriesBusy(let until) = self { .deferred(until: until) } else { .permanent }
    }

    var code: String {
        switch self {
        case .noCredentials: "invoice.no_credentials"
        case .seriesMissing: "invoice.series_missing"
        case .taxMissing: "invoice.tax_missing"
        case .seriesBusy: "invoice.series_busy"
        case .needsReconciliation: "invoice.needs_reconciliation"
        }
    }

    var description: String {
        switch self {
        case .noCredentials: "no access to SmartBill is stored; connect the account again"
        case .seriesMissing(let name): "SmartBill has no invoice series \(name); create it or choose another"
        case .taxMissing(let percent):
            "the SmartBill account defines no VAT rate of \(percent) %; add it there"
        case .seriesBusy: "another invoice of the series is being issued"
        case .needsReconciliation(let series, let from, let to):
            "an answer was lost and series \(series) went from \(from) to \(to); "
                + "find this order's invoice in SmartBill"
        }
    }
}

extension RetryPolicy {
    fileprivate static let patientForDays = RetryPolicy(
        attempts: nil, within: .seconds(3 * 86_400), base: .seconds(1), cap: .seconds(1_800))
}
