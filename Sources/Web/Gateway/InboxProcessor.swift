// The work behind the webhooks. An event is worked on right after it was written down, and again later if
// that failed or if it matched nothing yet: a webhook can overtake our own commit. The event's own claims
// about whose it is are not believed; the tenant is found by the PaymentIntent, the account or the message.

import Commerce
import CommerceStore
import Foundation
import Logging
import Resend
import ServiceLifecycle
import Stripe
import WebSupport

/// An event about a payment, with the payment it was matched to.
package struct PaymentNews: Sendable {
    package let event: StripeEvent
    package let payment: Payment
}

/// What became of handing an event on.
package enum Delivery: Sendable, Equatable {
    case delivered
    /// Nobody waits for it yet; it is tried again.
    case notYet(String)
}

/// Hands an event on to the run that serves the order. It joins the transaction that marks the event as
/// processed, so that both happen or neither; `once` is the event's id.
package typealias DeliverPaymentNews =
    @Sendable (_ news: PaymentNews, _ once: String, _ tx: Transaction<OneTenant>) async throws -> Delivery

/// Tells whoever waits for news of a store's account, in the transaction that records them.
package typealias TellAccount = @Sendable (_ once: String, _ tx: Transaction<OneTenant>) async throws -> Void

/// Reads an account at Stripe as it is now: events about it come in bursts and out of order.
package typealias ReadStripeAccount = @Sendable (_ id: StripeAccount.ID) async throws -> StripeAccount

package final class InboxProcessor: Service {
    /// Events waiting for their first try; more are left to the sweep, which finds them in the table.
    private static let waitingLimit = 1_000
    /// Events worked on at once.
    private static let concurrency = 4
    /// How often the table is searched for what is due.
    private static let sweepInterval: Duration = .seconds(5)
    /// After so many tries, about a week, a person has to look at it.
    private static let attemptLimit = 180

    let database: Database
    let inbox: Inbox
    let tenants: Tenants
    private let deliver: DeliverPaymentNews
    private let readAccount: ReadStripeAccount
    private let tellAccount: TellAccount
    private let deliverBilling: DeliverBillingNews?
    private let metrics: MetricsRegistry
    private let logger: Logger
    private let fresh: AsyncStream<Inbox.Event>
    private let freshSource: AsyncStream<Inbox.Event>.Continuation

    package init(
        database: Database, metrics: MetricsRegistry, logger: Logger,
        readAccount: @escaping ReadStripeAccount, tellAccount: @escaping TellAccount = { _, _ in },
        deliverBilling: DeliverBillingNews? = nil,
        deliver: @escaping DeliverPaymentNews
    ) {
        self.database = database
        inbox = Inbox(database)
        tenants = Tenants(database)
        self.deliver = deliver
        self.readAccount = readAccount
        self.tellAccount = tellAccount
        self.deliverBilling = deliverBilling
        self.metrics = metrics
        self.logger = logger
        (fresh, freshSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingLimit))
    }

    /// Works on a new event soon. Never blocks and never loses one: the row is in the table.
    func nudge(_ event: Inbox.Event) {
        freshSource.yield(event)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.workOnFresh() }
                group.addTask { await self.sweepForever() }
            }
        }
    }

    private func workOnFresh() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await event in fresh {
                if running == Self.concurrency {
                    await group.next()
                    running -= 1
                }
                group.addTask { await self.process(event) }
                running += 1
            }
        }
    }

    /// Takes what is due from the table and works on it. Returns how many there were.
    @discardableResult
    package func sweep() async throws -> Int {
        let due = try await inbox.takeDue()
        for event in due { await process(event) }
        return due.count
    }

    private func sweepForever() async {
        while !Task.isCancelled {
            do {
                while try await sweep() > 0 {}
                try await Task.sleep(for: Self.sweepInterval)
            } catch is CancellationError {
                return
            } catch {
                logger.error("the webhook inbox could not be swept", metadata: ["error": "\(error)"])
                // Cancelled during the pause: the loop's condition ends it.
                try? await Task.sleep(for: Self.sweepInterval)
            }
        }
    }

    /// Works on one event and records what became of it. Whatever fails here is tried again by the sweep.
    package func process(_ event: Inbox.Event) async {
        let outcome: Outcome
        do {
            outcome = event.source == ResendHooks.source ? try await mail(event) : try await payment(event)
            try await record(outcome, event)
        } catch is CancellationError {
            return
        } catch {
            metrics.count("cartflux_webhook_events_total", [("source", event.source), ("outcome", "error")])
            logger.error(
                "a webhook event could not be processed",
                metadata: ["source": "\(event.source)", "event": "\(event.id)", "error": "\(error)"])
            return
        }
        metrics.count(
            "cartflux_webhook_events_total", [("source", event.source), ("outcome", outcome.label)])
    }

    enum Outcome: Sendable, Equatable {
        /// Done, and marked in the transaction that did it.
        case done(TenantID)
        case nothingToDo
        case unmatched(String)
        case unreadable(String)

        var label: String {
            switch self {
            case .done: "processed"
            case .nothingToDo: "ignored"
            case .unmatched: "unmatched"
            case .unreadable: "failed"
            }
        }
    }

    private func record(_ outcome: Outcome, _ event: Inbox.Event) async throws {
        switch outcome {
        case .done: return
        case .nothingToDo: try await inbox.mark(source: event.source, id: event.id, .processed)
        case .unmatched(let reason):
            let isHopeless = event.attempts >= Self.attemptLimit
            try await inbox.mark(
                source: event.source, id: event.id, isHopeless ? .failed : .unmatched, problem: reason)
        case .unreadable(let reason):
            try await inbox.mark(source: event.source, id: event.id, .failed, problem: reason)
        }
    }

    // Stripe ----------------------------------------------------------------------------------------------

    private func payment(_ entry: Inbox.Event) async throws -> Outcome {
        let event: StripeEvent
        do {
            event = try StripeEvent(parsing: StorablePayload.body(entry.payload))
        } catch {
            return .unreadable("\(error)")
        }
        if case .unreadable(let reason) = event.subject { return .unreadable(reason) }
        if case .account(let snapshot) = event.subject {
            return try await account(event.account ?? snapshot.id, entry)
        }
        if let outcome = try await moved(event, entry) { return outcome }
        if let payer = event.payer { return try await billing(event, of: payer, entry) }
        guard let intent = event.paymentIntent else { return .nothingToDo }
        guard let tenant = try await tenants.tenant(ofPaymentIntent: intent) else {
            return .unmatched("no payment of ours has the intent \(intent)")
        }
        return try await hand(event, entry, to: tenant) { try await Payments().find(intent: intent, in: $0) }
    }

    func hand(
        _ event: StripeEvent, _ entry: Inbox.Event, to tenant: TenantID,
        _ find: @Sendable (Transaction<OneTenant>) async throws -> Payment?
    ) async throws -> Outcome {
        try await database.transaction(for: tenant) { tx in
            guard let payment = try await find(tx) else {
                return .unmatched("no payment of ours is what \(event.id) tells about")
            }
            switch try await deliver(PaymentNews(event: event, payment: payment), entry.id, tx) {
            case .notYet(let reason): return .unmatched(reason)
            case .delivered:
                try await inbox.markProcessed(source: entry.source, id: entry.id, in: tx)
                return .done(tenant)
            }
        }
    }

    private func billing(
        _ event: StripeEvent, of customer: String, _ entry: Inbox.Event
    ) async throws -> Outcome {
        guard let deliverBilling else { return .nothingToDo }
        guard let tenant = try await BillingAccounts().home(ofCustomer: customer, database) else {
            return .unmatched("no account of ours is the customer \(customer)")
        }
        return try await database.transaction(for: tenant) { tx in
            try await deliverBilling(event, tx)
            try await inbox.markProcessed(source: entry.source, id: entry.id, in: tx)
            return .done(tenant)
        }
    }

    /// The account is the event's top-level one, never what an object says about itself.
    private func account(_ id: StripeAccount.ID, _ entry: Inbox.Event) async throws -> Outcome {
        guard let tenant = try await tenants.tenant(ofStripeAccount: id.rawValue) else {
            return .unmatched("no store has the account \(id)")
        }
        let asked = try await Stores.time(database)
        let account = try await readAccount(id)
        return try await database.transaction(for: tenant) { tx in
            try await Stores().recordStripe(
                account: id.rawValue, state: account.storeState,
                requirements: account.requirements.currentlyDue,
                disabledReason: account.requirements.disabledReason, paysOut: account.payoutsEnabled,
                readAt: asked, in: tx)
            try await tellAccount(entry.id, tx)
            try await inbox.markProcessed(source: entry.source, id: entry.id, in: tx)
            return .done(tenant)
        }
    }

    // Resend ----------------------------------------------------------------------------------------------

    private func mail(_ entry: Inbox.Event) async throws -> Outcome {
        guard let event = ResendEvent(parsing: StorablePayload.body(entry.payload)) else {
            return .unreadable("this is no event")
        }
        guard let status = event.status, let message = event.message?.rawValue else { return .nothingToDo }
        guard let tenant = try await tenants.tenant(ofEmail: message) else {
            return .unmatched("no message of ours has the id \(message)")
        }
        return try await database.transaction(for: tenant) { tx in
            try await Emails().recordDelivery(providerID: message, status, in: tx)
            try await inbox.markProcessed(source: entry.source, id: entry.id, in: tx)
            return .done(tenant)
        }
    }
}

extension StripeAccount {
    fileprivate var storeState: Store.StripeState {
        switch standing {
        case .pending: .pending
        case .active: .enabled
        case .restricted, .rejected: .restricted
        }
    }
}
