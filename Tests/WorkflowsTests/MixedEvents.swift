import Commerce
import CommerceStore
import Durable
import Foundation
import Stripe
import VendorSandbox
import Workflows

/// Brings Stripe's events three times each, in no order, and as late as chance has it.
struct MixedEvents {
    private var random: SeededRandom
    private var copies: [String: Int] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func chance() -> Bool { Bool.random(using: &random) }

    /// Delivers some of what has happened so far.
    mutating func deliverSome(in world: World) async throws {
        for event in await open(in: world).shuffled(using: &random) where Bool.random(using: &random) {
            try await deliver(event, in: world)
        }
    }

    /// Delivers everything that is left, and what comes of it.
    mutating func deliverAll(in world: World) async throws {
        for _ in 0..<12 {
            let left = await open(in: world)
            guard !left.isEmpty else { return }
            for event in left.shuffled(using: &random) { try await deliver(event, in: world) }
            try await world.fleet.settle(upTo: .seconds(240))
        }
    }

    private func open(in world: World) async -> [JSON] {
        (await world.stripe.vendor.objects("events") ?? []).filter { copies[$0["id"].string ?? ""] ?? 0 < 3 }
    }

    private mutating func deliver(_ raw: JSON, in world: World) async throws {
        if try await world.deliver(StripeEvent(parsing: raw.bytes)) {
            copies[raw["id"].string ?? "", default: 0] += 1
        }
    }
}

/// The same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

extension World {
    /// Brings one event to where it belongs. False when that is not known yet.
    func deliver(_ event: StripeEvent) async throws -> Bool {
        let courier = PaymentCourier(MemorySignals(journal: fleet.journal), starter: starter)
        return try await transaction { tx in
            guard let payment = try await event.payment(in: tx) else { return true }
            if case .notYet = try await courier.deliver(event, about: payment, in: tx) { return false }
            return true
        }
    }

    /// What stands in the books and at the order, the same for every store that went through the same.
    func ending(of order: OrderID) async throws -> [String] {
        try await transaction { tx in
            let order = try await Orders().load(order, in: tx)
            let balances = try await Ledger().trialBalance(in: tx).filter { !$0.amount.isZero }.map {
                let account = $0.account.rawValue.split(separator: ":").filter { $0.count < 36 }
                return "\(account.joined(separator: ":")) \($0.amount)"
            }
            let refunds = try await Refunds().all(of: order.id, in: tx).map {
                "refund \($0.breakdown.amount) \($0.status.rawValue)"
            }
            let disputes = try await Disputes().all(of: order.id, in: tx).map {
                "dispute \($0.amount) \($0.status.rawValue) \($0.recovered?.description ?? "-")"
            }
            let status = order.status
            return balances.sorted() + refunds.sorted() + disputes + [
                "\(status.payment) \(status.attention) \(status.isDisputed)"
            ]
        }
    }
}

extension StripeEvent {
    /// The payment of ours that it is about.
    func payment(in tx: Transaction<OneTenant>) async throws -> Payment? {
        let intent: PaymentIntent.ID?
        switch subject {
        case .paymentIntent(let payment): intent = payment.id
        case .refund(let refund): intent = refund.paymentIntent
        case .charge(let charge): intent = charge.paymentIntent
        case .dispute(let dispute): intent = dispute.paymentIntent
        case .shareOfCharge(let charge):
            return try await Payments().find(charge: charge.rawValue, in: tx)
        default: intent = nil
        }
        guard let intent else { return nil }
        return try await Payments().find(intent: intent.rawValue, in: tx)
    }
}
