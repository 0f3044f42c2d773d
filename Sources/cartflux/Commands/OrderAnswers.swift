// What of an order waits for a person, and the answers to it: the same verbs as on the console's page of
// the order. Questions and papers are named by the ids that `orders waiting` prints, so that an answer is
// for what was read, and not for what has come up since.

import ArgumentParser
import Commerce
import CommerceStore
import Console
import Durable
import Fleet
import Foundation
import WebSupport

/// One order of a store.
struct OrderOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @Argument(help: "The order's number, such as 1001.") var order: String

    /// Looks at the order in a transaction of its store.
    func look<Value: Sendable>(
        on platform: Platform,
        _ body: @Sendable (Order, CommerceStore.Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        let number = try OrderNumber(parsing: order)
        return try await platform.database.transaction(for: try await store.tenant(on: platform)) { tx in
            guard let order = try await Orders().find(number: number, in: tx) else {
                throw ValidationError("the store has no order \(number)")
            }
            return try await body(order, tx)
        }
    }
}

extension OrdersCommand {
    struct WaitingCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "waiting", abstract: "Shows what of an order waits for a person.")
        @OptionGroup var order: OrderOptions

        func run() async throws {
            let order = order
            let lines = try await BillingCommand.withPlatform { platform in
                try await order.look(on: platform) { order, tx in
                    let holds = try await SupplierOrders().waiting(of: order.id, in: tx).map { hold in
                        let words = hold.answers.map(\.rawValue).joined(separator: ", ")
                        return "\(hold.item)  \(hold.supplier): \(hold.message) (\(words))"
                    }
                    let papers = try await Invoices().waitingForPerson(of: order.id, in: tx).map { paper in
                        "\(paper.id)  \(paper.kind): \(paper.problem ?? "") (paper)"
                    }
                    return holds + papers
                }
            }
            print(lines.isEmpty ? "nothing waits for a person" : lines.joined(separator: "\n"))
        }
    }

    struct AnswerCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "answer", abstract: "Answers a supplier order that is on hold.",
            discussion: """
                `accept_price` takes up to what the question shows, or up to --limit; should the supplier \
                ask more, the order is on hold again. What is above the sale and the platform's tolerance \
                is owed by the merchant: ask them first.
                """)
        @OptionGroup var order: OrderOptions
        @Argument(help: "The question's id, as `orders waiting` prints it.") var question: String
        @Argument(help: "retry, accept_price or cancel.") var answer: String
        @Option(help: "With accept_price: the most that may be paid for all of it, such as 12.00.")
        var limit: String?
        @OptionGroup var who: MandateOptions

        func validate() throws {
            guard let word = SupplierReview.Word(rawValue: answer) else {
                throw ValidationError("an answer is one of \(SupplierReview.Word.allCases.map(\.rawValue))")
            }
            guard limit == nil || word == .acceptPrice else {
                throw ValidationError("--limit belongs to accept_price")
            }
        }

        func run() async throws {
            let (order, question, limit, mandate) = (order, question, limit, try who.mandate)
            let word = SupplierReview.Word(rawValue: answer) ?? .retry
            let result = try await BillingCommand.withPlatform { platform in
                let hold = try await order.look(on: platform) { order, tx in
                    try await SupplierOrders().waiting(of: order.id, in: tx)
                        .first { $0.item.description == question.lowercased() }
                }
                guard let hold, let review = hold.review(word) else {
                    throw ValidationError("nobody waits for that answer; see `orders waiting`")
                }
                return try await Operations(platform.runs, masterKeys: platform.fleet.masterKeys).answer(
                    try Self.limited(review, limit, hold), to: hold.run, by: mandate)
            }
            print(RunText.result(result))
        }

        private static func limited(
            _ review: SupplierReview, _ limit: String?, _ hold: SupplierHolding
        ) throws -> SupplierReview {
            guard let limit, let asked = hold.asked else { return review }
            let most = try Money(exactly: limit, asked.currency)
            guard most.isPositive else { throw ValidationError("--limit is more than nothing") }
            return SupplierReview(.acceptPrice(upTo: most), to: hold.item)
        }
    }

    struct PaperCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "paper",
            abstract: "Asks SmartBill once more for an invoice, storno or credit that waits for a person.",
            discussion: """
                What an earlier attempt has left at SmartBill is looked for first, so nothing is issued \
                twice. Starts the run and returns; follow it with `cartflux runs`.
                """)
        @OptionGroup var order: OrderOptions
        @Argument(help: "The paper's id, as `orders waiting` prints it.") var paper: String
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let (order, paper, mandate) = (order, paper, try who.mandate)
            let isTaken = try await BillingCommand.withPlatform { platform in
                let found = try await order.look(on: platform) { order, tx in
                    try await Invoices().waitingForPerson(of: order.id, in: tx)
                        .first { $0.id.description == paper.lowercased() }
                }
                guard let found else { return false }
                return try await platform.paperDesk().issueAgain(
                    found.id, of: try await order.store.tenant(on: platform), by: mandate,
                    on: platform.database, platform.enginePool)
            }
            guard isTaken else {
                throw ValidationError("no such paper waits for a person; see `orders waiting`")
            }
            print("asked for again")
        }
    }
}
