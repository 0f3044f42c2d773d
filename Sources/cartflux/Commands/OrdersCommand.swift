// What an operator does to an order of a store. A refund starts the same run as every other refund; the start
// and the audit's row of who asked for it commit together.

import ArgumentParser
import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres
import Workflows

struct OrdersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders", abstract: "Acts on a store's orders.", subcommands: [RefundCommand.self])

    struct RefundCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "refund",
            abstract: "Gives a shopper money back: for some pieces, or all that is left.",
            discussion: """
                Starts the run and returns. A worker carries it out; follow it with `cartflux runs`. The \
                cause decides what the platform and the supplier give up of it; `goodwill` is at the \
                merchant's cost.
                """)
        @OptionGroup var store: StoreOptions
        @Argument(help: "The order's number, such as 1001.") var order: String
        @Option(help: "The SKU of what is refunded; everything that is left without it.") var item: String?
        @Option(help: "How many pieces of it.") var pieces = 1
        @Option(help: "Why it is owed: \(RefundWish.causes.map(\.rawValue).joined(separator: ", ")).")
        var cause = RefundCause.goodwill.rawValue
        @Option(help: "A key of yours: asking again with it refunds nothing more.") var once: String?
        @OptionGroup var who: MandateOptions

        func validate() throws {
            guard RefundWish.causes.map(\.rawValue).contains(cause) else {
                throw ValidationError("--cause is one of \(RefundWish.causes.map(\.rawValue))")
            }
            guard pieces > 0 else { throw ValidationError("--pieces is at least 1") }
        }

        func run() async throws {
            let mandate = try who.mandate
            let (store, number, pieces) = (store, try OrderNumber(parsing: order), pieces)
            let (item, once) = (item.map { SKU(unchecked: $0) }, once)
            let cause = RefundCause(rawValue: cause) ?? .goodwill
            let run = try await BillingCommand.withPlatform { platform in
                let wish = RefundWish(
                    store: try await store.tenant(on: platform), order: number, item: item, pieces: pieces,
                    cause: cause, once: once)
                return try await platform.refund(wish, by: mandate)
            }
            print("started \(run)")
        }
    }
}

/// A refund that a person asks for.
struct RefundWish: Sendable {
    /// The others come from what has happened, and are found by the runs that saw it.
    static let causes: [RefundCause] = [.goodwill, .withdrawal, .platformError]

    let store: TenantID
    let order: OrderNumber
    /// Nil for all that is left of the payment.
    var item: SKU?
    var pieces = 1
    let cause: RefundCause
    var once: String?
}

extension Platform {
    /// Starts the refund, and writes down who asked for it.
    func refund(_ wish: RefundWish, by mandate: Mandate) async throws -> RunID {
        let input = try await refundInput(wish)
        let key = "by-hand:\(wish.order):\(wish.once ?? UUID().uuidString)"
        return try await enginePool.withTransaction { tx in
            // The engine starts a run only in a transaction that names the run's store, as a store's own do.
            _ = try await tx.execute("select set_config('cartflux.tenant', \(wish.store.description), true)")
            let started = try await runs.start(
                RefundOrder.self, input, once: key, for: Tenant(wish.store), in: tx)
            let facts = [
                "tenant": "\(wish.store)", "order": "\(wish.order)", "cause": wish.cause.rawValue,
                "units": input.units.map { "\($0.count)" } ?? "all that is left",
            ]
            if started.isNew {
                try await Audit.append(
                    AuditEntry("order.refund", on: "\(started.id)", by: mandate, after: facts), in: tx)
            }
            return started.id
        }
    }

    private func refundInput(_ wish: RefundWish) async throws -> RefundOrder.Input {
        try await database.transaction(for: wish.store) { tx in
            guard let order = try await Orders().find(number: wish.order, in: tx) else {
                throw ValidationError("the store has no order \(wish.order)")
            }
            let payments = try await Payments().all(of: order.id, in: tx)
            guard let payment = payments.first(where: { $0.status == .succeeded }) else {
                throw ValidationError("order \(wish.order) was not paid, so nothing can go back")
            }
            return RefundOrder.Input(
                order: order.id, payment: payment.id, cause: wish.cause,
                units: try await units(wish, of: order.id, in: tx))
        }
    }

    /// The pieces that are meant: those of the article that no refund has had yet.
    private func units(
        _ wish: RefundWish, of order: OrderID, in tx: CommerceStore.Transaction<OneTenant>
    ) async throws -> [UnitID]? {
        guard let item = wish.item else { return nil }
        let lines = try await Orders().lines(of: order, in: tx).filter { $0.sku == item }.map(\.id)
        let gone = try await Refunds().refundedUnits(of: order, in: tx)
        let left = try await SupplierOrders().units(ofOrder: order, in: tx)
            .filter { lines.contains($0.line) && !gone.contains($0.id) }
        guard left.count >= wish.pieces else {
            throw ValidationError(
                "order \(wish.order) has \(left.count) of \(item) that nobody refunded, not \(wish.pieces)")
        }
        return left.prefix(wish.pieces).map(\.id)
    }
}
