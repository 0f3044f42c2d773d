// What an operator does to an order of a store. A refund starts the same run as every other refund, and
// takes its pieces in the transaction that starts it. What the console's order page can do has its verbs
// there.

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
        commandName: "orders", abstract: "Acts on a store's orders.",
        subcommands: [
            RefundCommand.self, WaitingCommand.self, AnswerCommand.self, PaperCommand.self,
        ])

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
            let (item, key) = (item.map { SKU(unchecked: $0) }, once ?? UUID().uuidString)
            // Whoever gets no answer can ask again without a second refund.
            if once == nil { print("asking with --once \(key)") }
            let cause = RefundCause(rawValue: cause) ?? .goodwill
            let run = try await BillingCommand.withPlatform { platform in
                let wish = RefundWish(
                    order: number, cause: cause, item: item, pieces: pieces, once: key)
                return try await platform.refund(
                    wish, of: try await store.tenant(on: platform), by: mandate)
            }
            print(run.map { "started \($0)" } ?? "asked for before with this key: nothing more goes back")
        }
    }
}

extension Platform {
    /// Starts the refund, and writes down who asked for it: in the operators' audit, and in the store's own
    /// together with the start. Nil where it was asked for before with this key.
    func refund(_ wish: RefundWish, of store: TenantID, by mandate: Mandate) async throws -> RunID? {
        let facts = [
            "tenant": "\(store)", "cause": wish.cause.rawValue, "once": wish.once,
            "units": wish.item.map { "\(wish.pieces) x \($0)" } ?? "all that is left",
        ]
        let entry = AuditEntry("order.refund", on: "\(wish.order)", by: mandate, after: facts)
        return try await Audit.recording(entry, in: enginePool) {
            try await database.transaction(for: store) { tx in
                try await runs.refund(wish, by: mandate.actor, because: mandate.reason, with: tx)?.id
            }
        }
    }
}
