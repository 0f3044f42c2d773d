// A store's way from the first click to its first sale. The merchant's pages write what is entered into the
// store's own tables and tell the run which step it was; the run does what must not be lost when a browser is
// closed: it opens the account at Stripe, follows it, reminds a merchant who went away, and publishes. What
// is entered, and whether it is enough, is always read from the rows and never from a signal, so a signal
// that is late, doubled or lost changes nothing but the moment.

import Commerce
import CommerceStore
import Durable
import FoundationEssentials
import Resend
import Stripe

/// Carries one store from its draft to being published.
package struct MerchantOnboarding: Workflow {
    package static let name: WorkflowName = "merchant_onboarding"

    package enum Step: String, WorkflowStep {
        case begin
        case look
        case openAccount = "open_account"
        case keepAccount = "keep_account"
        case noteRefusal = "note_refusal"
        case readAccount = "read_account"
        case recordAccount = "record_account"
        case remind
        case publish
    }

    package struct Input: Codable, Sendable {
        package let owner: UserID
        package init(owner: UserID) { self.owner = owner }
    }

    package enum Output: String, Codable, Sendable {
        case published
        /// Nothing was heard for a long time; the draft stays, and its next visit begins a run anew.
        case dormant
    }

    /// What the console shows of the run.
    package struct Progress: Codable, Sendable, Hashable {
        package let next: OnboardingStep
        package let missing: [String]
    }

    let shop: Shop

    package func run(_ input: Input, _ flow: Flow<Self>) async throws -> Output {
        try await flow.write(.begin, in: shop) { tx in
            try await Onboardings().recordRun(flow.id.rawValue, in: tx)
        }
        var account: StripeAccount.ID?
        var isRefused = false
        var asked: Date?
        var turn = 0
        var silence = 0
        while true {
            let view = try await look(turn, flow)
            if view.isPublished { return .published }
            account = account ?? view.account
            if account == nil, !isRefused, view.request != nil {
                account = try await openAccount(view, turn, askedAt: asked, flow)
                isRefused = account == nil
                if asked == nil { asked = try await flow.now() }
            }
            let news = try await flow.wait(.onboarding, upTo: Self.patience(silence))
            turn += 1
            guard let news else {
                if silence == Self.reminders.count { return .dormant }
                try await remind(silence, input, flow)
                silence += 1
                continue
            }
            silence = 0
            switch news.kind {
            case .saved: if news.step == .business { isRefused = false }
            case .account: if let account { try await follow(account, turn, flow) }
            case .publish: if try await publish(turn, flow) { return .published }
            }
        }
    }

    // MARK: - What the rows say

    private struct View: Codable, Sendable {
        struct Request: Codable, Sendable {
            let country: CountryCode
            let email: EmailAddress
            let name: String
            let website: String
        }

        let isPublished: Bool
        let account: StripeAccount.ID?
        /// What Stripe would be asked for; nil before the business is known.
        let request: Request?
        let next: OnboardingStep
        let missing: [String]
    }

    private func look(_ turn: Int, _ flow: Flow<Self>) async throws -> View {
        let view = try await flow.transaction(.look, for: turn, on: shop.transactions) { tx in
            let store = try await Stores().load(in: tx)
            let onboarding = try await Onboardings().find(in: tx)
            let identity = try await Identities().load(in: tx)
            return View(
                // Not the status: a draft that rests for want of room in the plan is still to be published.
                isPublished: onboarding?.publishedAt != nil
                    || store.status == .published || store.status == .closed,
                account: store.stripeAccount.map { StripeAccount.ID(rawValue: $0) },
                request: identity.map { identity in
                    View.Request(
                        country: identity.country, email: identity.email, name: store.name,
                        website: shop.pages.store(store))
                }, next: onboarding?.next ?? .store,
                missing: try await Stores().stripeRequirements(in: tx))
        }
        try await flow.progress(Progress(next: view.next, missing: view.missing))
        return view
    }

    // MARK: - Stripe

    /// Nil when Stripe refuses for good; the merchant reads why and may change the business identity. What
    /// was refused once may be asked for again in the same words, so each turn asks anew; what an earlier one
    /// may have opened all the same is looked for first.
    private func openAccount(
        _ view: View, _ turn: Int, askedAt asked: Date?, _ flow: Flow<Self>
    ) async throws -> StripeAccount.ID? {
        guard let wish = view.request else { return nil }
        let marks = ["store_id": flow.tenant.rawValue]
        let key = "\(turn)"
        let begin = (asked ?? flow.startedAt).adding(.seconds(-3_600))
        @Sendable func known() async throws -> StripeAccount.ID? {
            let window = begin..<shop.clock.now.adding(.seconds(3_600))
            return try await shop.stripe.findAccounts(with: marks, created: window).first?.id
        }
        do {
            let id = try await flow.effect(.openAccount, for: key, retry: .patient) { _ in
                LookedUp(try await known())
            } act: { attempt in
                if asked != nil, let known = try await known() { return known }
                return try await shop.stripe.createAccount(
                    StripeAccountRequest(
                        country: wish.country, email: wish.email, businessName: wish.name,
                        website: wish.website, metadata: marks), key: attempt.key
                ).id
            }
            try await flow.write(.keepAccount, for: key, in: shop) { tx in
                try await Stores().keepStripeAccount(id.rawValue, in: tx)
                try await Onboardings().noteStripeProblem(nil, in: tx)
            }
            return id
        } catch let failure as StepFailed {
            try await flow.write(.noteRefusal, for: key, in: shop) { tx in
                try await Onboardings().noteStripeProblem(failure.failure.message, in: tx)
            }
            return nil
        }
    }

    /// Reads the account as it is now: news of it comes in bursts and out of order.
    private func follow(_ id: StripeAccount.ID, _ turn: Int, _ flow: Flow<Self>) async throws {
        let news = try await flow.step(.readAccount, for: turn, retry: .patient) { _ in
            let asked = try await Stores.time(shop.database)
            let account = try await shop.stripe.account(id)
            return AccountNews(
                state: account.storeState.rawValue, missing: account.missing,
                disabledReason: account.requirements.disabledReason, paysOut: account.payoutsEnabled,
                readAt: asked)
        }
        try await flow.write(.recordAccount, for: turn, in: shop) { tx in
            try await Stores().recordStripe(
                account: id.rawValue, state: Store.StripeState(rawValue: news.state) ?? .pending,
                requirements: news.missing, disabledReason: news.disabledReason, paysOut: news.paysOut,
                readAt: news.readAt, in: tx)
            if news.state == Store.StripeState.enabled.rawValue {
                let owner = try await Stores().load(in: tx).owner
                try await Onboardings().note(.payments, by: owner, in: tx)
            }
        }
    }

    private struct AccountNews: Codable, Sendable {
        let state: String
        let missing: [String]
        let disabledReason: String?
        let paysOut: Bool
        let readAt: Date
    }

    // MARK: - Publishing

    private func publish(_ turn: Int, _ flow: Flow<Self>) async throws -> Bool {
        try await flow.transaction(.publish, for: turn, on: shop.transactions) { tx in
            let now = shop.clock.now
            // A draft that rests for want of room in the plan is published once it is awake.
            guard try await Onboardings().checklist(at: now, in: tx).mayPublish,
                try await Stores().publish(in: tx)
            else { return false }
            try await Onboardings().markPublished(at: now, in: tx)
            try await Onboardings().note(.publish, by: try await Stores().load(in: tx).owner, in: tx)
            return true
        }
    }

    // MARK: - A merchant who went away

    /// After a day, three days and a week of silence; then, for a while, nothing more.
    private static let reminders: [Duration] = [.seconds(86_400), .seconds(3 * 86_400), .seconds(7 * 86_400)]
    private static let dormancy: Duration = .seconds(90 * 86_400)

    private static func patience(_ silence: Int) -> Duration {
        silence < reminders.count ? reminders[silence] : dormancy
    }

    private func remind(_ number: Int, _ input: Input, _ flow: Flow<Self>) async throws {
        try await flow.write(.remind, for: number, in: shop) { tx in
            let store = try await Stores().load(in: tx)
            let next = try await Onboardings().find(in: tx)?.next ?? .store
            let words = OnboardingReminder(
                store: store.name, next: next, language: store.languages.first ?? .english,
                page: shop.pages.wizard(store))
            let letter = try await Emails().queue(
                Emails.Draft(
                    cause: "onboarding-reminder-\(number):\(flow.id)", order: nil,
                    sender: OutgoingMessage.sender("CartFlux", at: shop.sender),
                    recipient: store.contactEmail, language: words.language, subject: words.subject,
                    html: words.html, plain: words.plain), in: tx)
            guard letter.status == .queued else { return }
            try await shop.starter.start(
                SendLetter.self, SendLetter.Input(letter: letter.id), once: "\(letter.id)", with: tx)
        }
    }
}

/// News for a store's onboarding: where to look, never what was entered.
package struct OnboardingSignal: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case saved, account, publish
    }

    package let kind: Kind
    package let step: OnboardingStep?

    package init(_ kind: Kind, step: OnboardingStep? = nil) {
        self.kind = kind
        self.step = step
    }
}

extension Signal where Payload == OnboardingSignal {
    package static var onboarding: Signal<OnboardingSignal> { "onboarding" }
}

extension StripeAccount {
    /// As a store keeps it.
    var storeState: Store.StripeState {
        switch standing {
        case .pending: .pending
        case .restricted, .rejected: .restricted
        case .active: .enabled
        }
    }

    /// What Stripe still wants, to be named to the merchant.
    var missing: [String] {
        let asked = requirements.currentlyDue + requirements.pastDue
        return Array(Set(asked.isEmpty ? requirements.pendingVerification : asked)).sorted()
    }
}
