// What is done about an order after it was placed, for the shopper's pages and the merchant's alike. A row
// and the run that carries it are made in one transaction. Who waits is told after the commit: the rows are
// the truth, so a word that gets lost only means that the run looks a little later, or that a duty of the
// shop says it again (`HoldWakes`).

import Commerce
import CommerceStore
import Foundation

/// The runs behind the desk.
package struct ReturnRuns: Sendable {
    package typealias Withdraw =
        @Sendable (_ withdrawal: WithdrawalID, _ tx: Transaction<OneTenant>) async throws -> UUID
    package typealias Tell = @Sendable (_ run: UUID, _ once: String) async throws -> Void
    package typealias Refund =
        @Sendable (_ canceled: [UnitID], _ order: OrderID, _ tx: Transaction<OneTenant>) async throws -> Void
    /// Answers a run that is on hold.
    package typealias Reply = @Sendable (_ answer: SupplierReview, _ run: UUID) async throws -> Void

    package let withdraw: Withdraw
    package let tell: Tell
    package let refund: Refund
    package let reply: Reply

    package init(
        withdraw: @escaping Withdraw, tell: @escaping Tell, refund: @escaping Refund, reply: @escaping Reply
    ) {
        self.withdraw = withdraw
        self.tell = tell
        self.refund = refund
        self.reply = reply
    }
}

package struct ReturnsDesk: Sendable {
    private let database: Database
    private let runs: ReturnRuns

    package init(database: Database, runs: ReturnRuns) {
        self.database = database
        self.runs = runs
    }

    // MARK: - The shopper

    /// Takes a declaration. Sent twice it is one.
    package func withdraw(
        _ draft: Withdrawals.Draft, for tenant: TenantID, at now: Date
    ) async throws -> Withdrawals.Outcome {
        let (outcome, idle) = try await database.transaction(for: tenant) { tx in
            let outcome = try await Withdrawals().submit(draft, at: now, in: tx)
            guard case .declared(let withdrawal, isFirst: true) = outcome else {
                return (outcome, [] as [SupplierOrders.Held])
            }
            let run = try await runs.withdraw(withdrawal.id, tx)
            try await Withdrawals().recordRun(run, of: withdrawal.id, in: tx)
            return (outcome, try await SupplierOrders().held(of: draft.order, in: tx).filter(\.isEmpty))
        }
        try await release(idle)
        return outcome
    }

    /// The shopper has sent the goods. False where the order has no such withdrawal.
    package func prove(
        _ tracking: String, of id: WithdrawalID, order: OrderID, for tenant: TenantID, at now: Date
    ) async throws -> Bool {
        let found = try await database.transaction(for: tenant) { tx -> Withdrawal? in
            guard let known = try await Withdrawals().find(id, in: tx), known.order == order else {
                return nil
            }
            try await Withdrawals().prove(tracking, of: id, at: now, in: tx)
            return known
        }
        guard let found else { return false }
        if let run = found.run { try await runs.tell(run, "sent:\(id)") }
        return true
    }

    package func correctAddress(
        of order: OrderID, to address: Address, for tenant: TenantID
    ) async throws -> Orders.AddressRefusal? {
        let (refusal, waiting) = try await database.transaction(for: tenant) { tx in
            try await correctAddress(of: order, to: address, by: "shopper", in: tx)
        }
        try await resume(waiting)
        return refusal
    }

    // MARK: - The merchant

    /// The goods are back: what was withdrawn from is refunded now.
    package func receive(
        _ id: WithdrawalID, by actor: String, at now: Date, in tx: Transaction<OneTenant>
    ) async throws -> UUID? {
        try await Withdrawals().receive(id, by: actor, at: now, in: tx)
        try await Audit().record(
            actor: actor, action: "withdrawal.received", target: "withdrawal:\(id)", reason: nil, in: tx)
        return try await Withdrawals().load(id, in: tx).run
    }

    package func tellReceived(_ id: WithdrawalID, _ run: UUID) async throws {
        try await runs.tell(run, "received:\(id)")
    }

    /// Cancels so many units of each line that no supplier was asked for, and refunds them. Throws
    /// `.conflict` where the supplier was faster; then nothing is canceled.
    package func cancel(
        _ wanted: [OrderLineID: Int], of order: OrderID, by actor: String, reason: String,
        in tx: Transaction<OneTenant>
    ) async throws -> [SupplierOrders.Held] {
        try await tx.lockOrder(order)
        let open = try await SupplierOrders().units(ofOrder: order, in: tx).filter { $0.state == .allocated }
        let chosen = wanted.flatMap { line, count in open.filter { $0.line == line }.prefix(count).map(\.id) }
        let canceled = try await SupplierOrders().cancelUnforwarded(
            chosen, of: order, because: "canceled by the merchant", in: tx)
        guard !canceled.isEmpty, canceled.count == wanted.values.reduce(0, +) else {
            throw WebProblem(.conflict, "the supplier was asked for these already, or they are canceled")
        }
        try await runs.refund(canceled, order, tx)
        try await Orders().refreshStatus(order, in: tx)
        try await Audit().record(
            actor: actor, action: "order.canceled_units", target: "order:\(order)", reason: reason, in: tx)
        return try await SupplierOrders().held(of: order, in: tx).filter(\.isEmpty)
    }

    package func release(_ idle: [SupplierOrders.Held]) async throws {
        for held in idle { try await runs.reply(SupplierReview(.cancel, to: held.item), held.run) }
    }

    /// Corrects where an order goes; returns whose runs wait for just that.
    package func correctAddress(
        of order: OrderID, to address: Address, by actor: String, in tx: Transaction<OneTenant>
    ) async throws -> (refusal: Orders.AddressRefusal?, waiting: [SupplierOrders.Held]) {
        let refusal = try await Orders().correctAddress(of: order, to: address, phone: nil, in: tx)
        guard refusal == nil else { return (refusal, []) }
        try await Audit().record(
            actor: actor, action: "order.address_corrected", target: "order:\(order)", reason: nil, in: tx)
        return (nil, try await SupplierOrders().held(of: order, in: tx).filter(\.wantsAddress))
    }

    package func resume(_ waiting: [SupplierOrders.Held]) async throws {
        for held in waiting { try await runs.reply(SupplierReview(.retry, to: held.item), held.run) }
    }
}

/// What the order's page shows about withdrawing and correcting.
package struct OrderReturns: Sendable, Equatable {
    package struct Made: Sendable, Equatable {
        package let id: WithdrawalID
        package let submittedAt: Date
        package let contents: [String]
        package let isProven: Bool
        package let isReceived: Bool
        package let isRefunded: Bool
        package let expectsGoods: Bool
    }

    package var offer = WithdrawalOffer.nothing
    package var made: [Made] = []
    package var canBeReaddressed = false

    package init() {}

    init(of order: OrderID, in tx: Transaction<OneTenant>) async throws {
        let withdrawals = Withdrawals()
        offer = try await withdrawals.offer(of: order, in: tx)
        canBeReaddressed = try await Orders().canBeReaddressed(order, in: tx)
        for one in try await withdrawals.all(of: order, in: tx) {
            let open = try await withdrawals.unrefunded(of: one.id, in: tx)
            made.append(
                Made(
                    id: one.id, submittedAt: one.submittedAt,
                    contents: try await withdrawals.contents(of: one.id, in: tx),
                    isProven: one.tracking != nil, isReceived: one.receivedAt != nil,
                    isRefunded: one.refundedAt != nil, expectsGoods: !open.expected.isEmpty))
        }
    }
}

extension AddressForm {
    /// The address, or what is wrong with each field.
    package func verdict() -> Result<Address, BuyerRefusal> {
        do {
            return .success(try checked())
        } catch .addressIncomplete(let refused) {
            return .failure(BuyerRefusal(problems: refused.map { FieldError($0.field, $0.reason) }))
        } catch {
            return .failure(BuyerRefusal(problems: [FieldError("line", error.description)]))
        }
    }
}
