// The platform's own billing at the command line. Running a month by hand is what the schedule does: it may
// be done at any time and any number of times, and bills each account once.

import ArgumentParser
import Commerce
import CommerceStore
import Durable
import Foundation
import Workflows

struct BillingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "billing", abstract: "Previews, runs and shows the monthly billing of all accounts.",
        discussion: "Months are written like 2026-11 and are months in Europe/Bucharest.",
        subcommands: [PreviewCommand.self, RunMonthCommand.self, ShowCommand.self],
        defaultSubcommand: ShowCommand.self)

    struct PreviewCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "preview", abstract: "What a month would bill if it were closed now. Keeps nothing.")

        @Argument(help: "The month, like 2026-11.") var month: String
        @Option(help: "How many accounts are listed.") var limit = 20

        func run() async throws {
            let month = try BillingMonth(parsing: month)
            let found = try await BillingCommand.withPlatform { platform in
                try await PlatformMonths(platform.database).preview(month)
            }
            print(BillingText.preview(month, found, limit: limit))
        }
    }

    struct RunMonthCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run",
            abstract: "Bills a month now; accounts that have been billed stay as they are.",
            discussion: "Starts the run and returns. A worker carries it out; follow it with `cartflux runs`."
        )

        @Argument(help: "The month, like 2026-11.") var month: String

        func run() async throws {
            let month = try BillingMonth(parsing: month)
            let run = try await BillingCommand.withPlatform { platform in
                guard try await PlatformMonths(platform.database).isOver(month, at: platform.clock.now) else {
                    throw ValidationError("\(month) is not over yet; `billing preview` shows where it stands")
                }
                // Carries the commit of the start; leaving this scope ends and awaits it.
                async let _: Void = platform.runs.run()
                let started = try await platform.runs.start(
                    MonthlyPlatformBilling.self, .init(month: month), for: .none)
                return started
            }
            print("started \(run.id) for \(month)")
        }
    }

    struct ShowCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows how far a month has come, or one account's papers.")

        @Argument(help: "The month, like 2026-11.") var month: String
        @Option(help: "An account, by the slug of one of its stores.") var store: String?

        func run() async throws {
            let month = try BillingMonth(parsing: month)
            let slug = store
            let text = try await BillingCommand.withPlatform { platform in
                if let slug { return try await BillingText.account(slug, month, platform.database) }
                let standing = try await PlatformMonths(platform.database).standing(of: month)
                return standing.map(BillingText.standing) ?? "\(month) is not closed yet"
            }
            print(text)
        }
    }

    static func withPlatform<R: Sendable>(_ body: (Platform) async throws -> R) async throws -> R {
        let platform = try await Platform(Settings(), label: "cartflux.billing")
        do {
            let result = try await body(platform)
            await platform.close()
            return result
        } catch {
            await platform.close()
            throw error
        }
    }
}

extension Platform {
    /// For a command that serves nothing.
    func close() async {
        await redis.shutdown()
        await enginePool.shutdown()
    }
}

/// How the billing reads in a terminal.
enum BillingText {
    static func preview(_ month: BillingMonth, _ found: [PlatformMonths.Preview], limit: Int) -> String {
        let sum = { (amounts: [Money]) in amounts.total(.eur) }
        let head =
            "\(month): \(found.count) accounts, subscriptions \(sum(found.map(\.subscription))) net, "
            + "fees \(sum(found.map(\.fees))), credits \(sum(found.map(\.credits))), "
            + "supplier price differences \(sum(found.map(\.overruns)))"
        let lines = found.prefix(max(0, limit)).map {
            "\($0.home)  \($0.plan)  subscription \($0.subscription)  fees \($0.fees)  credits \($0.credits)"
                + "  supplier price differences \($0.overruns)"
        }
        let rest = found.count - lines.count
        return ([head] + lines + (rest > 0 ? ["... and \(rest) more"] : [])).joined(separator: "\n")
    }

    static func standing(_ standing: PlatformMonths.Standing) -> String {
        "\(standing.month): \(standing.isClosed ? "closed" : "cut, statements not made"), "
            + "\(standing.accounts) accounts, \(standing.invoices) invoices and "
            + "\(standing.creditNotes) credit notes over \(standing.total), due \(standing.due), "
            + "paid \(standing.paid)"
    }

    static func account(
        _ slug: String, _ month: BillingMonth, _ database: Database
    ) async throws -> String {
        guard let store = try await Tenants(database).tenant(ofSlug: slug) else {
            throw ValidationError("no store has the slug \(slug)")
        }
        let owner = try await database.transaction(for: store) { try await Stores().load(in: $0).owner }
        guard let home = try await BillingAccounts().home(of: owner, database) else {
            throw ValidationError("\(slug) has no account that is billed")
        }
        return try await database.transaction(for: home) { tx in
            guard let statement = try await Statements().find(month, in: tx) else {
                return "\(slug) has nothing in \(month)"
            }
            var lines = [
                "\(month), \(statement.plan): subscription \(statement.subscription) net, "
                    + "fees \(statement.fees.total), credits \(statement.credits.total), "
                    + "passed on to suppliers \(statement.supplier)"
            ]
            for line in try await Statements().lines(of: month, in: tx) {
                lines.append(
                    "  store \(line.store): \(line.orders) orders, \(line.isCredit ? "credits" : "fees") "
                        + "\(line.fees.total), suppliers \(line.supplier)")
            }
            for kind in PlatformInvoiceDraft.Kind.allCases {
                guard let paper = try await PlatformInvoices().find(kind, of: month, in: tx) else { continue }
                let collection = try await Collections().find(paper.id, in: tx)
                lines.append(
                    "\(kind.rawValue) \(paper.reference): total \(paper.total), withheld \(paper.withheld), "
                        + "due \(paper.due)" + (collection.map { ", \($0.status.rawValue)" } ?? ""))
                for line in try await PlatformInvoices().lines(of: paper.id, in: tx) {
                    lines.append("  \(line.title): \(line.net) + \(line.vat) VAT")
                }
            }
            return lines.joined(separator: "\n")
        }
    }
}
