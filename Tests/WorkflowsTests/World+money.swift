import Commerce
import CommerceStore
import Durable
import DurableTesting
import Foundation
import Testing
import VendorSandbox
import Workflows

extension World {
    /// Where the store's books and Stripe's own balances differ: always nothing.
    func differencesFromStripe() async throws -> [String] {
        let account = try await transaction { try await Stores().load(in: $0).stripeAccount }
        var differences: [String] = []
        for balance in await stripe.vendor.objects("balances") ?? [] {
            let owner = balance["account"].string ?? ""
            guard owner == "platform" || owner == account else { continue }
            let ours: LedgerAccount = owner == "platform" ? .stripePlatform : .stripeConnected(tenant)
            let theirs = Money.eur(balance["total"]["eur"].integer ?? 0)
            let booked = try await booked(ours)
            if theirs != booked { differences.append("\(ours.rawValue): \(booked) here, \(theirs) there") }
        }
        return differences
    }

    func booked(_ account: LedgerAccount) async throws -> Money {
        try await transaction { try await Ledger().balance(of: account, in: .eur, tx: $0) }
    }

    func refunds(of order: OrderID) async throws -> [Refund] {
        try await transaction { try await Refunds().all(of: order, in: $0) }
    }

    /// Starts a refund, as an operator or another workflow would, and lets it end.
    @discardableResult
    func refund(
        _ units: [UnitID]?, of run: RunID, cause: RefundCause = .supplierUnavailable, once key: String
    ) async throws -> RunID {
        let payment = try #require(try await payment(of: run))
        let started = try fleet.journal.start(
            RefundOrder.self,
            RefundOrder.Input(order: payment.order, payment: payment.id, cause: cause, units: units),
            once: key, for: Tenant(tenant))
        try await settle()
        return started
    }

    /// Time passes at Stripe, and what it does meanwhile is brought to its runs.
    func passTimeAtStripe(_ seconds: Int64) async throws {
        try await pull(stripe, "clock", ["advance_seconds": .integer(seconds)])
        try await settle()
    }
}
