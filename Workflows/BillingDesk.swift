// What is written down about an account's month, inside the transaction of the step that asks for it.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials

struct BillingDesk: Sendable {
    let shop: Shop
    let tx: Transaction<OneTenant>

    /// Issues the month's papers, unless that was done before, in which case nothing is written.
    func issue(_ month: BillingMonth, as ids: PaperIDs, by run: RunID) async throws -> Issued {
        _ = try await BillingAccounts().lock(in: tx)
        let account = try await BillingAccounts().refreshIdentity(in: tx)
        for kind in PlatformInvoiceDraft.Kind.allCases
        where try await PlatformInvoices().find(kind, of: month, in: tx) != nil { return .before }
        guard let statement = try await Statements().find(month, in: tx) else { return .nothing }
        let seller = try await BillingAccounts().seller(in: tx)
        let vat = try PlatformVAT(
            seller: seller.country, buyer: account.country, hasCheckedNumber: account.hasCheckedNumber)
        let overruns = try await Statements().overruns(of: month, in: tx)
        let paper = Paper(account: account, seller: seller, vat: vat, month: month, overruns: overruns)
        let issued = try await issue(statement, paper, as: ids, by: run)
        guard overruns.contains(where: { $0.store != tx.tenant }) else { return issued }
        return .moving(overruns.map { StoreDebt(store: $0.store, amount: $0.amount) }, then: issued)
    }

    private func issue(
        _ statement: MonthStatement, _ paper: Paper, as ids: PaperIDs, by run: RunID
    ) async throws -> Issued {
        let drafts = try await drafts(statement, paper)
        try await post(drafts, statement, paper, as: ids)
        try await accrue(statement, paper)
        // From the number to the commit all other accounts wait for this one, so whatever needs no number
        // comes before it, and the letter after the commit.
        var invoice: PlatformInvoice?
        if let draft = drafts.invoice { invoice = try await keep(draft, paper, statement, id: ids.invoice) }
        if let draft = drafts.credit { _ = try await keep(draft, paper, statement, id: ids.creditNote) }
        guard let invoice else { return drafts.credit == nil ? .nothing : .settled }
        guard invoice.due.isPositive else { return .settled }
        try await Collections().open(invoice.id, run: run.rawValue, in: tx)
        return .owed(
            Claim(
                invoice: invoice.id, reference: invoice.reference,
                title: "CartFlux \(invoice.reference), \(paper.month.title)", due: invoice.due,
                issuedAt: invoice.issuedAt))
    }

    /// What the account's other stores have accepted is billed with the home store: the debts move into its
    /// books, each store's side in a transaction of its own. Posted again, it changes nothing.
    func move(_ debts: [StoreDebt], of month: BillingMonth, to home: TenantID) async throws {
        let part = debts.first { $0.store == tx.tenant }?.amount ?? .zero(.eur)
        let all = tx.tenant == home ? debts.map(\.amount).total(.eur) : .zero(.eur)
        guard
            let transaction = try LedgerTransaction.overrunsBilled(
                month, with: home, in: tx.tenant, part: part, all: all, at: shop.clock.now)
        else { return }
        try await Ledger().post(transaction, in: tx)
    }

    /// Tells the merchant that the month's invoice is there.
    func announce(_ month: BillingMonth) async throws {
        guard let invoice = try await PlatformInvoices().find(.invoice, of: month, in: tx) else { return }
        try await write(.issued(reference: invoice.reference, total: invoice.total, due: invoice.due))
    }

    struct Standing: Codable, Sendable {
        let isPaid: Bool
        let customer: String?
        let stripeInvoice: String?
    }

    func standing(of invoice: PlatformInvoiceID) async throws -> Standing {
        let account = try await BillingAccounts().load(in: tx)
        let collection = try await Collections().find(invoice, in: tx)
        return Standing(
            isPaid: collection?.status == .paid, customer: account.stripeCustomer,
            stripeInvoice: collection?.stripeInvoice)
    }

    func notePaid(_ invoice: PlatformInvoiceID) async throws {
        let now = shop.clock.now
        guard try await Collections().markPaid(invoice, at: now, in: tx) else { return }
        let paid = try await PlatformInvoices().load(invoice, in: tx)
        try await Ledger().post(
            .platformInvoicePaid(invoice, billedStore: tx.tenant, amount: paid.due, at: now), in: tx)
        try await Attention().resolve(.platformInvoice, subject: "\(invoice)", by: "payment", in: tx)
    }

    func noteFailure(_ claim: Claim, round: Int, because reason: String) async throws {
        // The row's lock decides: Stripe's news of a payment may be written at the same moment.
        guard try await Collections().noteFailure(reason, of: claim.invoice, in: tx) else { return }
        try await Attention().open(
            .platformInvoice, subject: "\(claim.invoice)",
            message: "\(claim.due) of invoice \(claim.reference) could not be collected: \(reason)", in: tx)
        let isLast = round == Dunning.days.count - 1
        let next = isLast ? Dunning.lastDay : Dunning.days[round + 1]
        try await write(
            .declined(
                reference: claim.reference, due: claim.due, round: round, isLast: isLast,
                daysLeft: next - Dunning.days[round]))
    }

    /// Ends the plan. Nil where the invoice was paid meanwhile; otherwise the subscription to cancel, or
    /// nothing to cancel. Until Stripe has cancelled it, it looks paid for, so it is noted as ending: else
    /// the next news of it would bring the plan back.
    func giveUp(_ claim: Claim) async throws -> String? {
        let account = try await BillingAccounts().lock(in: tx)
        guard try await Collections().giveUp(claim.invoice, in: tx) else { return nil }
        let now = shop.clock.now
        if try await AccountPlans().fall(at: now, because: .dunning, in: tx) {
            try await write(.downgraded(reference: claim.reference, due: claim.due))
        }
        guard let subscription = account.stripeSubscription else { return "" }
        try await BillingAccounts().note(endingSubscription: subscription, in: tx)
        return subscription
    }

    private struct Paper {
        let account: BillingAccount
        let seller: PlatformIdentity
        let vat: PlatformVAT
        let month: BillingMonth
        let overruns: [AcceptedOverruns]
    }

    private struct Drafts {
        var invoice: PlatformInvoiceDraft?
        var credit: PlatformInvoiceDraft?
    }

    private func drafts(_ statement: MonthStatement, _ paper: Paper) async throws -> Drafts {
        let plan = try await AccountPlans().plan(statement.plan, in: tx).title
        return Drafts(
            invoice: .invoice(
                PlatformStatement(statement, vat: paper.vat.rate), plan: plan, month: paper.month,
                vat: paper.vat, overruns: paper.overruns),
            credit: .creditNote(statement.credits, month: paper.month, vat: paper.vat))
    }

    private func post(
        _ drafts: Drafts, _ statement: MonthStatement, _ paper: Paper, as ids: PaperIDs
    ) async throws {
        let now = shop.clock.now
        if let draft = drafts.invoice, !draft.taxes.isZero || !statement.subscription.isZero {
            try await Ledger().post(
                .platformInvoiceIssued(
                    ids.invoice, billedStore: tx.tenant, PlatformStatement(statement, vat: paper.vat.rate),
                    vatCountry: paper.vat.country, at: now), in: tx)
        }
        if let draft = drafts.credit, !draft.taxes.isZero {
            try await Ledger().post(
                .platformCreditIssued(ids.creditNote, statement.credits, vat: paper.vat, at: now), in: tx)
        }
    }

    private func keep(
        _ draft: PlatformInvoiceDraft, _ paper: Paper, _ statement: MonthStatement, id: PlatformInvoiceID
    ) async throws -> PlatformInvoice {
        let issued = try await PlatformInvoices().issue(
            draft, to: paper.account, from: paper.seller, id: id, at: shop.clock.now, in: tx)
        let document = PlatformInvoiceDocument(
            invoice: issued, draft: draft, seller: paper.seller, buyer: InvoiceParty(paper.account),
            passedOn: draft.kind == .invoice ? statement.supplier : .zero(draft.currency))
        PlatformInvoices().keep(document.html, of: id, in: tx)
        return issued
    }

    /// The share of whoever brought the account: a fifth of what the platform keeps of the month, refunds
    /// taken off.
    private func accrue(_ statement: MonthStatement, _ paper: Paper) async throws {
        guard let affiliate = try await Affiliates().earning(in: paper.month, in: tx) else { return }
        let earned = PlatformStatement(statement, vat: paper.vat.rate).affiliateBase()
        let returned = TaxedAmount(
            gross: statement.credits.markups + statement.credits.commissions, rate: paper.vat.rate
        ).net
        let base = earned + returned
        let amount = base.applying(AffiliateTerms.share, rounding: .halfUp)
        guard !amount.isZero else { return }
        let now = shop.clock.now
        try await Affiliates().accrue(
            amount, on: base, to: affiliate, for: paper.month,
            availableAt: now.adding(.seconds(AffiliateTerms.holdDays * 86_400)), in: tx)
        try await Ledger().post(
            .affiliateAccrued(paper.month.rawValue, affiliate: affiliate, amount: amount, at: now), in: tx)
    }

    private func write(_ news: BillingLetter.News) async throws {
        try await BillingLetter.queue(news, shop, in: tx)
    }
}

/// What became of a month's papers.
enum Issued: Codable, Sendable {
    case nothing
    case before
    case settled
    case owed(Claim)
    /// Before anything else, what the account's stores owe is moved into the books of its home.
    indirect case moving([StoreDebt], then: Issued)
}

/// What one store of an account has accepted to pay, as a month bills it.
struct StoreDebt: Codable, Sendable {
    let store: TenantID
    let amount: Money
}

extension PlatformStatement {
    init(_ statement: MonthStatement, vat: BasisPoints) {
        self.init(
            markups: statement.fees.markups, commissions: statement.fees.commissions,
            processing: statement.fees.processing, subscription: statement.subscription,
            overruns: statement.overruns, vat: vat)
    }
}
