// One account, one month. Everything the law cares about happens in one transaction: the number, the invoice,
// its lines and document, the credit note, the books, the affiliate's share. Where other stores of the
// account have accepted suppliers' higher prices, their debts are moved afterwards, in one transaction for
// each store's books; `clearing:billing` holds what is on the way. What follows may take three weeks: asking
// for the amount due on days 0, 3, 7 and 14, and on day 21 the end of the plan. Stripe holds the card and
// makes the payment; how much is owed and when it is asked for is decided here, so Stripe's own invoice is
// never advanced by Stripe.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Stripe

/// Issues an account's invoice for a month and collects it.
package struct BillAccount: Workflow {
    package static let name: WorkflowName = "bill_account"
    /// Since the second, accepted prices are on the invoice: who does not know them must not issue it.
    package static let version = 2

    package enum Step: String, WorkflowStep {
        case issue
        case moveDebts = "move_debts"
        case announce
        case look
        case draft
        case noteDraft = "note_draft"
        case addItem = "add_item"
        case finalize
        case pay
        case notePaid = "note_paid"
        case noteFailure = "note_failure"
        case readInvoice = "read_invoice"
        case giveUp = "give_up"
        case cancelSubscription = "cancel_subscription"
    }

    package struct Input: Codable, Sendable {
        package let month: BillingMonth
        package init(month: BillingMonth) { self.month = month }
    }

    package enum Output: String, Codable, Sendable {
        case nothingToBill = "nothing_to_bill"
        /// Another run has billed this month.
        case billedBefore = "billed_before"
        /// Everything was withheld at checkout.
        case settled
        case paid
        /// Nobody paid within three weeks; the account is on the free plan.
        case downgraded
    }

    /// How long a bank's debit may take beyond the last day.
    private static let weeksAtBank = 2

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        let run = flow.id
        let ids = PaperIDs(
            invoice: PlatformInvoiceID(rawValue: flow.uuid("invoice")),
            creditNote: PlatformInvoiceID(rawValue: flow.uuid("credit_note")))
        let issued = try await flow.transaction(.issue, on: shop.transactions) { tx in
            try await BillingDesk(shop: shop, tx: tx).issue(input.month, as: ids, by: run)
        }
        return try await finish(issued, input.month, flow)
    }

    private func finish(
        _ issued: Issued, _ month: BillingMonth, _ flow: Flow<Self>
    ) async throws -> Output {
        switch issued {
        case .nothing: return .nothingToBill
        case .before: return .billedBefore
        case .settled:
            try await announce(month, flow)
            return .settled
        case .owed(let claim):
            try await announce(month, flow)
            return try await collect(claim, flow)
        case .moving(let debts, let rest):
            try await move(debts, month, flow)
            return try await finish(rest, month, flow)
        }
    }

    /// One store's books after the other; the home's come first, since it is asked for all of it.
    private func move(_ debts: [StoreDebt], _ month: BillingMonth, _ flow: Flow<Self>) async throws {
        let home = flow.tenant
        let others = debts.map { Tenant($0.store) }.filter { $0 != home }
        for store in [home] + others {
            _ = try await flow.step(.moveDebts, for: store, retry: .patient) { _ in
                try await shop.inStore(store) { tx in
                    try await BillingDesk(shop: shop, tx: tx).move(
                        debts, of: month, to: TenantID(parsing: home.rawValue))
                    return Nothing()
                }
            }
        }
    }

    private func announce(_ month: BillingMonth, _ flow: Flow<Self>) async throws {
        try await flow.write(.announce, in: shop) { tx in
            try await BillingDesk(shop: shop, tx: tx).announce(month)
        }
    }

    private func collect(_ claim: Claim, _ flow: Flow<Self>) async throws -> Output {
        var last = PayOutcome.declined("")
        for (round, day) in Dunning.days.enumerated() {
            if day > 0, try await isPaid(claim, byDay: day, flow) { return .paid }
            last = try await ask(claim, round, flow)
            if case .paid = last { return .paid }
        }
        if try await isPaid(claim, byDay: Dunning.lastDay, flow) { return .paid }
        return try await end(claim, after: last, flow)
    }

    /// Waits for a day after the invoice, or for the news that the merchant has paid by hand.
    private func isPaid(_ claim: Claim, byDay day: Int, _ flow: Flow<Self>) async throws -> Bool {
        let due = claim.issuedAt.adding(.seconds(day * 86_400))
        let now = try await flow.now()
        let left = Duration.seconds(max(0, Int64(due.timeIntervalSince(now).rounded(.up))))
        return try await flow.wait(.platformInvoicePaid, upTo: left) != nil
    }

    /// Asks for the amount once. Paid: now or before.
    private func ask(_ claim: Claim, _ round: Int, _ flow: Flow<Self>) async throws -> PayOutcome {
        let standing = try await look(claim, "\(round)", flow)
        if standing.isPaid { return .paid }
        let outcome: PayOutcome
        if let customer = standing.customer {
            outcome = try await charge(claim, customer, standing.stripeInvoice, round, flow)
        } else {
            outcome = .declined("there is no card on the account yet")
        }
        switch outcome {
        case .paid: try await notePaid(claim, "\(round)", flow)
        case .atBank: break
        case .declined(let reason):
            try await flow.write(.noteFailure, for: round, in: shop) { tx in
                try await BillingDesk(shop: shop, tx: tx).noteFailure(
                    claim, round: round, because: reason)
            }
        }
        return outcome
    }

    private func look(
        _ claim: Claim, _ item: String, _ flow: Flow<Self>
    ) async throws -> BillingDesk.Standing {
        try await flow.transaction(.look, for: item, on: shop.transactions) { tx in
            try await BillingDesk(shop: shop, tx: tx).standing(of: claim.invoice)
        }
    }

    private func notePaid(_ claim: Claim, _ item: String, _ flow: Flow<Self>) async throws {
        try await flow.write(.notePaid, for: item, in: shop) { tx in
            try await BillingDesk(shop: shop, tx: tx).notePaid(claim.invoice)
        }
    }

    /// What Stripe refuses for good, such as a customer that was deleted there, is not paid either: the
    /// letters go on and so do the days, and the next round asks anew. That our own key is refused is no
    /// merchant's fault: then the run stops for an operator.
    private func charge(
        _ claim: Claim, _ customer: String, _ known: String?, _ round: Int, _ flow: Flow<Self>
    ) async throws -> PayOutcome {
        do {
            return try await request(claim, customer, known, round, flow)
        } catch let failure as StepFailed where failure.code != StripeFailure.keyRefused {
            return .declined(failure.failure.message)
        }
    }

    private func request(
        _ claim: Claim, _ customer: String, _ known: String?, _ round: Int, _ flow: Flow<Self>
    ) async throws -> PayOutcome {
        let cashier = PlatformCashier(stripe: shop.stripe)
        let invoice =
            if let known {
                StripeInvoice.ID(rawValue: known)
            } else {
                try await prepare(claim, StripeID(rawValue: customer), round, flow)
            }
        return try await flow.step(.pay, for: round, retry: .patient) { attempt in
            try await cashier.pay(invoice, attempt)
        }
    }

    /// Makes Stripe's invoice. It is noted once it can be paid: a round that was refused half way is begun
    /// again by the next one, which finds what is there.
    private func prepare(
        _ claim: Claim, _ customer: StripeCustomer.ID, _ round: Int, _ flow: Flow<Self>
    ) async throws -> StripeInvoice.ID {
        let cashier = PlatformCashier(stripe: shop.stripe)
        let made = try await flow.step(.draft, for: round, retry: .patient) { attempt in
            try await cashier.draft(claim, for: customer, attempt)
        }
        _ = try await flow.step(.addItem, for: round, retry: .patient) { attempt in
            try await cashier.addItem(of: claim, to: made, attempt)
        }
        _ = try await flow.step(.finalize, for: round, retry: .patient) { attempt in
            try await cashier.finalize(made, attempt)
        }
        try await flow.write(.noteDraft, for: round, in: shop) { tx in
            try await Collections().note(stripeInvoice: made.rawValue, of: claim.invoice, in: tx)
        }
        return made
    }

    // MARK: - The end

    private func end(
        _ claim: Claim, after last: PayOutcome, _ flow: Flow<Self>
    ) async throws -> Output {
        if try await isPaidAfterAll(claim, last, flow) {
            try await notePaid(claim, "end", flow)
            return .paid
        }
        let subscription = try await flow.transaction(.giveUp, on: shop.transactions) { tx in
            try await BillingDesk(shop: shop, tx: tx).giveUp(claim)
        }
        guard let subscription else { return .paid }
        if !subscription.isEmpty {
            _ = try await flow.step(.cancelSubscription, retry: .patient) { attempt in
                try await PlatformCashier(stripe: shop.stripe).cancel(subscription, attempt)
            }
        }
        return .downgraded
    }

    /// The last look before the plan ends: the news of a payment may be late or lost, and a bank that is
    /// still moving the money is waited for.
    private func isPaidAfterAll(
        _ claim: Claim, _ last: PayOutcome, _ flow: Flow<Self>
    ) async throws -> Bool {
        guard let asked = try await look(claim, "end", flow).stripeInvoice else { return false }
        for week in 0...Self.weeksAtBank {
            if try await isPaidAtStripe(asked, week, flow) { return true }
            guard case .atBank = last, week < Self.weeksAtBank else { return false }
            let next = Dunning.lastDay + 7 * (week + 1)
            if try await isPaid(claim, byDay: next, flow) { return true }
        }
        return false
    }

    private func isPaidAtStripe(_ asked: String, _ week: Int, _ flow: Flow<Self>) async throws -> Bool {
        do {
            return try await flow.step(.readInvoice, for: week, retry: .patient) { _ in
                try await shop.stripe.invoice(StripeID(rawValue: asked)).status == .paid
            }
        } catch let failure as StepFailed where failure.code == StripeFailure.resourceMissing {
            // What is not there was not paid there.
            return false
        }
    }
}

/// The merchant has paid an invoice, by whatever way.
package struct PlatformInvoicePaid: Codable, Sendable, Hashable {
    package let invoice: PlatformInvoiceID
    package init(invoice: PlatformInvoiceID) { self.invoice = invoice }
}

extension Signal where Payload == PlatformInvoicePaid {
    package static var platformInvoicePaid: Signal<PlatformInvoicePaid> { "platform_invoice_paid" }
}

/// What an account is asked for.
struct Claim: Codable, Sendable {
    let invoice: PlatformInvoiceID
    let reference: String
    let title: String
    let due: Money
    let issuedAt: Date
}

struct PaperIDs: Sendable {
    let invoice: PlatformInvoiceID
    let creditNote: PlatformInvoiceID
}

enum PayOutcome: Codable, Sendable {
    case paid
    /// The bank is moving the money and has not said yet whether it comes.
    case atBank
    case declined(String)
}
