import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Stripe
import Synchronization
import Testing
import Workflows

@testable import VendorSandbox

/// News of money that arrives when the run has looked for the last time and has not ended yet.
@Suite("News that arrives while a run is ending")
struct LateNewsTests {
    @Test("a refund that fails between the run's last look and its end counts as failed")
    func refundFailsAtTheEnd() async throws {
        let supplier = StandInSupplier()
        let moment = Moment("read_refund")
        try await World.open(supplier: supplier, seenAs: moment.watch) { world in
            moment.act {
                let known = try #require(await world.stripe.vendor.objects("events")).last {
                    $0["type"].string?.hasPrefix("refund.") == true
                }
                var event = try #require(known)
                var refund = event["data"]["object"]
                refund["status"] = "failed"
                event["data"]["object"] = refund
                event["type"] = "refund.failed"
                event["id"] = "evt_failed_at_the_end"
                try await deliver(event, AlwaysAwaited(), world)
            }
            await supplier.sellOutBetween("SKU-1")

            let run = try await world.paidCheckout()

            #expect(moment.hasCome)
            let order = try #require(try await world.order(of: run))
            let refunds = try await world.transaction { try await Refunds().all(of: order.id, in: $0) }
            #expect(refunds.map(\.status) == [.failed])
            #expect(order.status.attention == .refundFailed)
            let owed = try await world.transaction {
                try await Ledger().balance(of: .clearing(.failedRefunds), in: .eur, tx: $0)
            }
            #expect(owed == .eur(-1_500))
            #expect(try await world.imbalance().isEmpty)
        }
    }

    @Test("a success that is reported while the run stops waiting is read and served")
    func paidAtTheEnd() async throws {
        try await World.open { world in
            let run = try await expire(world)
            try await payAfterAll(run, world)
            let payment = try #require(try await world.payment(of: run))
            // Only the note was written; the signal came too late to be read.
            let isAttended = try await world.transaction {
                try await Payments().reportPaid(payment.id, at: world.fleet.clock.now, in: $0)
            }
            #expect(isAttended)

            try await world.fleet.settle(upTo: .seconds(8 * 86_400))

            #expect(try await world.order(of: run)?.status.payment == .latePaid)
            #expect(world.count("order.create") == 1)
            // The units left the shelf although they had been given up.
            #expect(try await world.available() == 9)
        }
    }

    @Test("a success that comes after the run has stopped waiting asks for a person, awaited or not")
    func paidAfterTheEnd() async throws {
        try await World.open { world in
            let run = try await expire(world)
            try await world.fleet.settle()
            #expect(try world.output(of: run)?.end == .expired)

            try await payAfterAll(run, world)
            let events = try #require(await world.stripe.vendor.objects("events"))
            let paid = events.last { $0["type"].string == "payment_intent.succeeded" }
            try await deliver(try #require(paid), AlwaysAwaited(), world)

            #expect(try await world.order(of: run)?.status.attention == .unmatchedPayment)
        }
    }

    @Test("a payment that was noted before its step failed is waited for, not abandoned")
    func notedBeforeTheFailure() async throws {
        let moment = Moment("create_payment", dies: true)
        try await World.open(seenAs: moment.watch) { world in
            moment.act {
                // The repetition is refused, so that the step fails for good.
                world.stripe.workbench.inject(
                    Fault("POST /v1/payment_intents", .status, status: 403, count: 1))
            }
            let run = try await world.checkout()
            try await world.settle()
            #expect(moment.hasCome)
            #expect(try await world.order(of: run)?.expiredAt == nil)

            try await world.pay(run)
            try await world.settle()

            #expect(try await world.order(of: run)?.status.payment == .paid)
            #expect(world.count("payment_intent.create") == 1)
            #expect(world.count("order.create") == 1)
            #expect(try await world.imbalance().isEmpty)
        }
    }

    private func expire(_ world: World) async throws -> RunID {
        let run = try await world.checkout()
        try await world.settle()
        try await world.fleet.settle(upTo: .seconds(4_000))
        #expect(try await world.order(of: run)?.expiredAt != nil)
        return run
    }

    /// Stripe takes money for a payment that it had confirmed to be canceled, and its event is on the way.
    private func payAfterAll(_ run: RunID, _ world: World) async throws {
        let intent = try #require(try await world.payment(of: run)?.intent)
        let stripe = try #require(world.stripe.vendor as? StripeSandbox)
        await stripe.reopen(intent)
        try await world.pay(run)
    }

    private func deliver(_ json: JSON, _ sender: some SignalSender, _ world: World) async throws {
        let event = try StripeEvent(parsing: json.bytes)
        let object = json["data"]["object"]
        let intent = try #require(object["payment_intent"].string ?? object["id"].string)
        let delivery = try await world.transaction { tx in
            let payment = try #require(try await Payments().find(intent: intent, in: tx))
            return try await PaymentCourier(sender, starter: world.starter)
                .deliver(event, about: payment, in: tx)
        }
        #expect(delivery == .delivered)
    }
}

/// A run that is still there, and will not look into its mailbox any more.
private struct AlwaysAwaited: SignalSender {
    func send<P: Codable & Sendable>(_: Signal<P>, _: P, to _: RunID, once _: String) async throws -> Bool {
        true
    }
}

/// The moment when a step has its result and the journal does not know it yet.
private final class Moment: Sendable {
    private let step: String
    private let dies: Bool
    private let action = Mutex<(@Sendable () async throws -> Void)?>(nil)
    private let came = Mutex(false)

    /// - Parameter dies: whether the worker dies in that moment.
    init(_ step: String, dies: Bool = false) {
        self.step = step
        self.dies = dies
    }

    var hasCome: Bool { came.withLock { $0 } }

    /// What happens in that moment, once.
    func act(_ body: @escaping @Sendable () async throws -> Void) { action.withLock { $0 = body } }

    var watch: @Sendable (InMemoryJournal) -> any Journal { { Watched(inner: $0, moment: self) } }

    func meet(_ entry: JournalEntry) async throws(JournalFailure) {
        guard case .step(let record, _) = entry, record.key.name == step else { return }
        let now = action.withLock { action in
            defer { action = nil }
            return action
        }
        guard let now else { return }
        came.withLock { $0 = true }
        do { try await now() } catch { Issue.record(error) }
        if dies { throw .leaseLost }
    }
}

private struct Watched: Journal {
    let inner: InMemoryJournal
    let moment: Moment

    func commit(_ entry: JournalEntry, under lease: Lease) async throws(JournalFailure) -> CommitVerdict {
        try await moment.meet(entry)
        return try await inner.commit(entry, under: lease)
    }
}

extension StripeSandbox {
    fileprivate func reopen(_ intent: String) {
        world[.paymentIntent, intent]["status"] = "requires_payment_method"
    }
}
