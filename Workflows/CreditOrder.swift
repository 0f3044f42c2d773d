// What the merchant gives back, on paper: a storno where one refund takes back the whole order, otherwise an
// invoice with negative lines for the part. One per refund. It follows the invoice, which may still be on its
// way when the refund is done, and holds up nothing: the refund starts this run together with its books and
// goes on.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import SmartBill

/// Issues the credit of one refund, once.
package struct CreditOrder: Workflow {
    package static let name: WorkflowName = "smartbill_credit"

    package enum Step: String, WorkflowStep {
        case open
        case prepare
        case issue
        case callNext = "call_next"
        case keepDocument = "keep_document"
        case askPerson = "ask_person"
    }

    package struct Input: Codable, Sendable {
        package let refund: RefundID
        package init(refund: RefundID) { self.refund = refund }
    }

    package enum Output: String, Codable, Sendable {
        /// The merchant invoices elsewhere.
        case notOurs = "not_ours"
        /// The order was never invoiced and will not be.
        case nothingToCredit = "nothing_to_credit"
        case issued
        case withPerson = "with_person"
    }

    /// About three weeks of looking for the invoice.
    private static let looks = 100
    private static let longestPause: Duration = .seconds(6 * 3_600)

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        for round in 1...Self.looks {
            switch try await open(input.refund, round, flow) {
            case .notOurs: return .notOurs
            case .nothingToCredit: return .nothingToCredit
            case .credit(let credit): return try await issue(credit, flow)
            case .notYet:
                let pause = min(.seconds(60) * (1 << min(round - 1, 10)), Self.longestPause)
                try await flow.sleep(for: pause, as: "invoice")
            }
        }
        try await leave(input.refund, flow)
        return .withPerson
    }

    private func open(_ refund: RefundID, _ round: Int, _ flow: Flow<Self>) async throws -> Opening {
        try await flow.transaction(.open, for: round == 1 ? "" : "\(round)", on: shop.transactions) { tx in
            let store = try await Stores().load(in: tx)
            guard let company = store.smartBillTaxID, store.smartBillSeries != nil else { return .notOurs }
            let refund = try await Refunds().load(refund, in: tx)
            let invoice = try await Invoices().find(.invoice, for: refund.order, in: tx)
            guard let invoice, let series = invoice.series, let number = invoice.number else {
                // What was never handed on to a supplier is not invoiced.
                let isDue = try await !SupplierOrders().all(of: refund.order, in: tx).isEmpty
                return invoice != nil || isDue ? .notYet : .nothingToCredit
            }
            let amount = refund.breakdown.amount
            guard amount.isPositive, try await !isCredited(refund, in: tx) else { return .nothingToCredit }
            let sold = try await Orders().load(refund.order, in: tx)
            let isWhole = amount == sold.total.gross
            // SmartBill's own storno repeats what the invoice says, and with it the invoice's reference.
            let credit = try await Invoices().open(
                isWhole ? .storno : .credit(refund.id), for: refund.order,
                reference: isWhole ? invoice.reference : nil, in: tx)
            let brief = InvoiceBrief(
                id: credit.id, order: refund.order, reference: credit.reference, company: company,
                series: series, total: -amount)
            return .credit(
                Credit(
                    brief: brief, refund: refund.id, isWhole: isWhole,
                    original: SmartBillDocument(series: series, number: number)))
        }
    }

    /// A refund that repeats a failed one has its paper from then, be it of a part or of the whole.
    private func isCredited(_ refund: Refund, in tx: Transaction<OneTenant>) async throws -> Bool {
        guard let first = refund.replaces else { return false }
        let sold = try await Orders().load(refund.order, in: tx)
        let isWhole = refund.breakdown.amount == sold.total.gross
        return try await Invoices().find(isWhole ? .storno : .credit(first), for: refund.order, in: tx) != nil
    }

    private func issue(_ credit: Credit, _ flow: Flow<Self>) async throws -> Output {
        let desk = InvoiceDesk(shop: shop, tenant: flow.tenant)
        let document: SmartBillDocument
        do {
            let taxes = try await flow.step(.prepare, retry: .patient) { _ in
                try await desk.open(credit.brief).taxes()
            }
            document = try await desk.issueInTurn(credit.brief, as: .issue, calling: .callNext, flow) {
                if credit.isWhole { return .storno(of: credit.original, on: try desk.today()) }
                return .invoice(
                    try await shop.inStore(desk.tenant) { try await desk.credit(credit, taxes, in: $0) })
            }
        } catch let failure as StepFailed {
            try await askPerson(credit, about: failure, flow)
            return .withPerson
        }
        do {
            try await desk.keep(document, of: credit.brief, as: .keepDocument, flow)
        } catch let failure as StepFailed {
            try await askPerson(credit, about: failure, flow)
        }
        return .issued
    }

    private func askPerson(_ credit: Credit, about failure: StepFailed, _ flow: Flow<Self>) async throws {
        let next = try await flow.transaction(.askPerson, on: shop.transactions) { tx in
            try await InvoiceDesk.askPerson(
                about: credit.brief, flow.id, problem: failure.failure.message, in: tx)
        }
        try await InvoiceDesk(shop: shop, tenant: flow.tenant).call(
            next.call, to: credit.brief.place, as: .callNext, flow)
    }

    /// The invoice does not come.
    private func leave(_ refund: RefundID, _ flow: Flow<Self>) async throws {
        try await flow.write(.askPerson, for: "no_invoice", in: shop) { tx in
            let refund = try await Refunds().load(refund, in: tx)
            try await Attention().open(
                .order(.invoice), subject: "\(refund.id)", order: refund.order,
                message: "\(refund.breakdown.amount) was refunded and the order's invoice is still missing; "
                    + "invoice and credit it by hand", in: tx)
            try await Orders().refreshStatus(refund.order, in: tx)
        }
    }
}

/// What a refund is credited with.
struct Credit: Codable, Sendable {
    let brief: InvoiceBrief
    let refund: RefundID
    let isWhole: Bool
    let original: SmartBillDocument
}

private enum Opening: Codable, Sendable {
    case notOurs, nothingToCredit, notYet
    case credit(Credit)
}
