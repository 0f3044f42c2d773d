// The books at the command line: what stands on every account, added up anew from the entries, and whether
// it is what Stripe says.

import ArgumentParser
import Commerce
import CommerceStore
import Workflows

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Shows the books of all stores and compares them with Stripe.",
        subcommands: [ShowCommand.self, ReconcileCommand.self, ReportsCommand.self],
        defaultSubcommand: ShowCommand.self)

    struct ShowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Every account with its balance, derived from the entries.",
            discussion: "Exit code 1 when the books do not balance.")

        @Option(help: "Only accounts that begin so, such as stripe: or revenue:") var account = ""

        func run() async throws {
            let books = try await BillingCommand.withPlatform { platform in
                try await LedgerReports(platform.database).trialBalance()
            }
            for posting in books.accounts where posting.account.rawValue.hasPrefix(account) {
                print("\(posting.account.rawValue)\t\(posting.amount)")
            }
            for excess in books.imbalance { print("out of balance by \(excess)") }
            guard books.imbalance.isEmpty else { throw ExitCode(1) }
        }
    }

    struct ReconcileCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reconcile", abstract: "Compares the books with Stripe's balances now.",
            discussion: """
                Keeps nothing; the schedule keeps one report a day. Money on its way differs for a moment:
                look twice. Exit code 1 when anything differs.
                """)

        func run() async throws {
            let found = try await BillingCommand.withPlatform { platform in
                try await LedgerComparison(database: platform.database, stripe: platform.stripe).run()
            }
            for difference in found.differences { print(LedgerCommand.line(difference)) }
            for store in found.unread { print("the account of store \(store) cannot be read") }
            print("\(found.accounts) accounts compared, \(found.differences.count) differences")
            guard found.differences.isEmpty else { throw ExitCode(1) }
        }
    }

    struct ReportsCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reports", abstract: "The daily comparisons, newest first.")

        @Option(help: "How many days, up to 366.") var limit = 30

        func run() async throws {
            let reports = try await BillingCommand.withPlatform { platform in
                try await LedgerReports(platform.database).recent(limit: limit)
            }
            for report in reports {
                print("\(report.day): \(report.accounts) accounts, \(report.differences.count) differences")
                for difference in report.differences { print("  \(LedgerCommand.line(difference))") }
            }
        }
    }

    static func line(_ difference: LedgerDifference) -> String {
        "\(difference.account.rawValue): \(difference.booked) in the books, \(difference.found) at Stripe"
    }
}
