// Merchants' suppliers from the operator's side: which feeds a store reads, how the last syncs went, what a
// dry run found and which rows were set aside. Each command parses, asks one repository, and prints.

import ArgumentParser
import Commerce
import CommerceStore
import Durable
import Foundation
import Workflows

struct SuppliersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suppliers", abstract: "Looks at a store's supplier feeds, and reads them.",
        subcommands: [ListCommand.self, SyncCommand.self, DiffCommand.self, QuarantineCommand.self],
        defaultSubcommand: ListCommand.self)

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the feeds of a store and its last syncs.")
        @OptionGroup var store: StoreOptions

        func run() async throws {
            let (feeds, syncs) = try await store.look("cartflux.suppliers") { tx in
                (try await FeedBook().all(in: tx), try await SupplierSyncs().recent(in: tx))
            }
            print(feeds.isEmpty ? "the store reads no feed" : SupplierText.feeds(feeds))
            if !syncs.isEmpty { print("\n" + SupplierText.syncs(syncs)) }
        }
    }

    struct SyncCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sync", abstract: "Starts a sync of a feed.",
            discussion: """
                The run is carried on by the workers; `cartflux runs why ID` says how it is doing. \
                With --dry-run it finds what would change and changes nothing; see `diff`.
                """)
        @OptionGroup var store: StoreOptions
        @Option(help: "The feed; may be left out where the store has one.") var feed: String?
        @Flag(help: "Find what would change, and change nothing.") var dryRun = false
        @Flag(help: "Take articles off although they are more than a feed may take off at once.")
        var force = false

        func run() async throws {
            let platform = try await Platform(Settings(), label: "cartflux.suppliers")
            let tenant = try await store.tenant(on: platform)
            let feeds = try await platform.database.transaction(for: tenant) {
                try await FeedBook().all(in: $0)
            }
            let wanted = feeds.filter { feed == nil || $0.id.description == feed }
            guard let only = wanted.first, wanted.count == 1 else {
                throw ValidationError("name one feed of the store with --feed; `suppliers list` shows them")
            }
            let input = SupplierSync.Input(
                feed: only.id, mode: dryRun ? .dryRun : .apply, isForced: force)
            let run = try await platform.database.transaction(for: tenant) { tx in
                try await platform.runs.start(
                    SupplierSync.self, input, once: "by-hand:\(UUID())", for: Tenant(tenant), in: tx.postgres)
            }
            print("started \(run.id)")
        }
    }

    struct DiffCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff", abstract: "Shows what a dry run found.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var sync: SyncOptions
        @Option(help: "Go on behind this article.") var after: String?

        func run() async throws {
            let (limit, after) = (sync.limit, after.flatMap(SKU.init(rawValue:)))
            let changes = try await store.look("cartflux.suppliers") { tx in
                let line = try await sync.line(.dryRun, in: tx)
                return try await SupplierItems().changes(found: line.id, after: after, limit: limit, in: tx)
            }
            print(changes.isEmpty ? "nothing would change" : SupplierText.changes(changes))
        }
    }

    struct QuarantineCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "quarantine", abstract: "Shows the rows that a sync set aside, and why.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var sync: SyncOptions
        @Option(help: "Go on behind this row.") var after = 0

        func run() async throws {
            let (limit, after) = (sync.limit, after)
            let problems = try await store.look("cartflux.suppliers") { tx in
                let line = try await sync.line(nil, in: tx)
                return try await SupplierSyncs().quarantined(by: line.id, after: after, limit: limit, in: tx)
            }
            print(
                problems.isEmpty
                    ? "no row was set aside" : problems.map(\.description).joined(separator: "\n"))
        }
    }
}

/// Which store is looked at.
struct StoreOptions: ParsableArguments {
    @Argument(help: "The store's slug.") var store: String

    func tenant(on platform: Platform) async throws -> TenantID {
        try await tenant(in: platform.database)
    }

    func tenant(in database: Database) async throws -> TenantID {
        guard let tenant = try await Tenants(database).tenant(ofSlug: store) else {
            throw ValidationError("no store is called \(store)")
        }
        return tenant
    }

    func look<Value: Sendable>(
        _ label: String, _ body: (CommerceStore.Transaction<OneTenant>) async throws -> Value
    ) async throws -> Value {
        let platform = try await Platform(Settings(), label: label)
        return try await platform.database.transaction(for: try await tenant(on: platform), body)
    }
}

/// Which sync is looked at.
struct SyncOptions: ParsableArguments {
    @Option(help: "The sync; the newest by default.") var sync: String?
    @Option(help: "How many lines at most.") var limit = 100

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit goes from 1 to 10,000") }
    }

    func line(
        _ mode: SyncMode?, in tx: CommerceStore.Transaction<OneTenant>
    ) async throws -> SupplierSyncLine {
        if let sync { return try await SupplierSyncs().load(SupplierSyncID(parsing: sync), in: tx) }
        let recent = try await SupplierSyncs().recent(limit: 100, in: tx)
        guard let line = recent.first(where: { mode == nil || $0.mode == mode }) else {
            throw ValidationError("there is no such sync yet; start one with `suppliers sync`")
        }
        return line
    }
}

enum SupplierText {
    static func feeds(_ feeds: [Feed]) -> String {
        RunText.columns(
            [["feed", "adapter", "state", "next", "address"]]
                + feeds.map { feed in
                    [
                        "\(feed.id)", feed.adapter, feed.isActive ? "active" : "off",
                        feed.nextSync.formatted(.iso8601), feed.address,
                    ]
                })
    }

    static func syncs(_ syncs: [SupplierSyncLine]) -> String {
        let header = [
            "sync", "mode", "state", "began", "rows", "added", "changed", "same", "removed", "aside",
            "repriced", "paused", "problem",
        ]
        return RunText.columns(
            [header]
                + syncs.map { sync in
                    let counts = sync.counts
                    let numbers = [
                        counts.read, counts.added, counts.changed, counts.unchanged, counts.removed,
                        counts.refused, counts.repriced, counts.paused,
                    ]
                    return [
                        "\(sync.id)", sync.mode.rawValue, sync.state.rawValue,
                        sync.startedAt.formatted(.iso8601),
                    ] + numbers.map { "\($0)" } + [sync.problem ?? ""]
                })
    }

    static func changes(_ changes: [SupplierItems.Change]) -> String {
        RunText.columns(
            [["article", "what", "cost", "stock", "title"]]
                + changes.map { change in
                    [
                        change.reference.rawValue, change.kind.rawValue,
                        arrow(change.before?.cost.description, change.after?.cost.description),
                        arrow(change.before.map { "\($0.stock)" }, change.after.map { "\($0.stock)" }),
                        change.after?.title ?? change.before?.title ?? "",
                    ]
                })
    }

    private static func arrow(_ before: String?, _ after: String?) -> String {
        guard let before, let after, before != after else { return before ?? after ?? "" }
        return "\(before) -> \(after)"
    }
}
