// What waits for a person, at the command line: listed over all stores or for one, closed with a reason, and
// the platform's own questions answered. The same verbs as the console's pages.

import ArgumentParser
import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres

struct AttentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attention", abstract: "What waits for a person, and its end.",
        discussion: """
            Most items close by themselves with their cause. One whose cause can still be seen is not closed \
            by hand: the command says what to do instead. Every other one opens again with its cause.
            """,
        subcommands: [ListCommand.self, CloseCommand.self, AnswerCommand.self],
        defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists open items: the platform's own, and the stores'.")
        @Option(help: "Only of the store with this slug.") var store: String?
        @Option(help: "How many, up to 500.") var limit = 100

        func run() async throws {
            let (store, limit) = (store, limit)
            let (own, lines) = try await AttentionCommand.withDatabase { database in
                var tenant: TenantID?
                if let store { tenant = try await AttentionCommand.tenant(store, database) }
                let own = try await database.platformTransaction {
                    try await PlatformAttention().openItems(in: $0)
                }
                return (
                    store == nil ? own : [],
                    try await PlatformOversight(database).attention(of: tenant, limit: limit)
                )
            }
            for item in own {
                print("\(item.topic.rawValue) \(item.subject): \(item.message)")
            }
            let rows = lines.map { line in
                [
                    line.id.description, line.store, line.kind, line.orderNumber.map { "#\($0)" } ?? "",
                    line.openedAt.formatted(.iso8601), line.message,
                ]
            }
            if rows.isEmpty, own.isEmpty { return print("nothing waits for a person") }
            if !rows.isEmpty {
                print(RunText.columns([["item", "store", "kind", "order", "opened", "message"]] + rows))
            }
        }
    }

    struct CloseCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "close", abstract: "Closes an item of a store by hand.",
            discussion: "The reason goes into the store's audit. Exit code 1 where its cause still stands.")
        @OptionGroup var store: StoreOptions
        @Argument(help: "The item, as `list` shows it.") var item: String
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let mandate = try who.mandate
            guard let id = UUID(uuidString: item) else { throw ValidationError("\(item) is no item's id") }
            let store = store
            let closing = try await AttentionCommand.withDatabase { database in
                let tenant = try await store.tenant(in: database)
                return try await database.transaction(for: tenant) { tx in
                    try await Attention().close(
                        AttentionItemID(rawValue: id), by: mandate.actor, because: mandate.reason, in: tx)
                }
            }
            switch closing {
            case .closed: print("closed")
            case .gone: throw ValidationError("no such item of \(store.store) is open")
            case .stands(let advice):
                print(advice)
                throw ExitCode(1)
            }
        }
    }

    struct AnswerCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "answer", abstract: "Decides about product-safety data that seems lost.",
            discussion: """
                `accept` believes the supplier: the products come off the shelves with the next pull. `keep` \
                does not: the earlier data stands, and the supplier is asked again in a month.
                """)
        @Argument(help: "accept or keep.") var answer: SafetyLosses.Answer
        @Option(help: "The platform's supplier.") var supplier = "bigbuy"
        @OptionGroup var who: MandateOptions

        func run() async throws {
            let (mandate, answer, supplier) = (try who.mandate, answer, supplier)
            let entry = AuditEntry("safety.\(answer.rawValue)", on: supplier, by: mandate)
            let count = try await AttentionCommand.withDatabase { database in
                try await OperatorAudit.recording(entry) {
                    try await database.platformTransaction { tx in
                        try await SafetyLosses().answer(
                            answer, of: supplier, by: mandate.actor, reason: mandate.reason, at: Date(),
                            in: tx)
                    }
                }
            }
            guard let count else { throw ValidationError("nothing is asked about \(supplier)") }
            print("\(count) articles")
        }
    }

    private static func tenant(_ slug: String, _ database: Database) async throws -> TenantID {
        guard let tenant = try await Tenants(database).tenant(ofSlug: slug) else {
            throw ValidationError("no store is called \(slug)")
        }
        return tenant
    }

    private static func withDatabase<R: Sendable>(
        _ body: (Database) async throws -> R
    ) async throws -> R {
        let settings = Settings()
        return try await settings.withShop("cartflux.attention", body)
    }
}

extension SafetyLosses.Answer: ExpressibleByArgument {}

extension Settings {
    /// The shop's two pools for the length of a command: it needs no Redis and no vendor.
    func withShop<R: Sendable>(
        _ label: String, _ body: (Database) async throws -> R
    ) async throws -> R {
        let logger = try logger(label)
        let pool = { (variable: Variable) in
            PostgresPool(try parsed(variable) { try PostgresConfiguration($0) }, size: 1, logger: logger)
        }
        let (app, platform) = (try pool(.databaseURL), try pool(.platformDatabaseURL))
        let result: Result<R, any Error>
        do {
            try await RoleCheck.refusePowerfulRole(app, variable: Variable.databaseURL.rawValue)
            try await RoleCheck.refusePowerfulRole(platform, variable: Variable.platformDatabaseURL.rawValue)
            result = .success(try await body(Database(app: app, platform: platform)))
        } catch {
            result = .failure(error)
        }
        await app.shutdown()
        await platform.shutdown()
        return try result.get()
    }
}

/// The chain of what operators did, for acts on rows that are not the engine's.
enum OperatorAudit {
    /// Carries out `act` and records it, or neither. Nil where there was nothing to do.
    static func recording<R: Sendable>(
        _ entry: AuditEntry, _ act: () async throws -> R?
    ) async throws -> R? {
        let settings = Settings()
        let pool = PostgresPool(
            try settings.parsed(.engineDatabaseURL) { try PostgresConfiguration($0) }, size: 1,
            logger: try settings.logger("cartflux.audit"))
        let result: Result<R?, any Error>
        do {
            try await RoleCheck.refusePowerfulRole(pool, variable: Variable.engineDatabaseURL.rawValue)
            result = .success(try await Audit.recording(entry, in: pool, act))
        } catch {
            result = .failure(error)
        }
        await pool.shutdown()
        return try result.get()
    }
}
