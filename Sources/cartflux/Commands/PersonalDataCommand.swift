// A person's right to a copy and to be erased, from the operator's side: for a letter that came on paper, or
// a merchant who cannot sign in. Each command asks through the same desk as the pages.

import ArgumentParser
import Commerce
import CommerceStore
import Foundation
import WebSupport
import Workflows

struct PersonalDataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "personal-data", abstract: "Copies or erases what a store keeps about a shopper.",
        discussion: """
            The run is carried on by the workers. An erasure waits while an order, a refund or a dispute is \
            open; `personal-data list` says for what. Invoices stay as long as the law demands.
            """,
        subcommands: [
            ListCommand.self, ExportCommand.self, EraseCommand.self, FetchCommand.self, PurgeCommand.self,
        ], defaultSubcommand: ListCommand.self)

    fileprivate static let label = "cartflux.personal-data"

    /// Looking takes the shop's databases and the key of what is sealed; no vendor and no engine.
    fileprivate static func credentials(_ settings: Settings) throws -> Credentials {
        try settings.credentials()
    }

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists what was asked in a store, and what became of it.")
        @OptionGroup var store: StoreOptions

        func run() async throws {
            let requests = PersonalDataRequests(try PersonalDataCommand.credentials(Settings()))
            let asked = try await Settings().withShop(PersonalDataCommand.label) { database in
                try await database.transaction(for: try await store.tenant(in: database)) {
                    try await requests.recent(in: $0)
                }
            }
            print(asked.isEmpty ? "nobody has asked yet" : PersonalDataText.requests(asked))
        }
    }

    struct ExportCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Puts together a copy; `fetch` prints it for a week.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var person: PersonOptions

        func run() async throws { try await person.ask(.export, in: store) }
    }

    struct EraseCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "erase", abstract: "Makes unreadable what names a shopper. It cannot be taken back.")
        @OptionGroup var store: StoreOptions
        @OptionGroup var person: PersonOptions

        func run() async throws { try await person.ask(.erasure, in: store) }
    }

    struct FetchCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fetch", abstract: "Prints a copy as JSON.")
        @OptionGroup var store: StoreOptions
        @Argument(help: "The request, as `list` shows it.") var request: String

        func run() async throws {
            let documents = PersonalDataDocuments(try PersonalDataCommand.credentials(Settings()))
            let id = try PersonalDataRequestID(parsing: request)
            let copy = try await Settings().withShop(PersonalDataCommand.label) { database in
                try await database.transaction(for: try await store.tenant(in: database)) {
                    try await documents.find(id, at: Date(), in: $0)
                }
            }
            guard let copy else { throw ValidationError("there is no such copy, or it has expired") }
            print(copy)
        }
    }

    struct PurgeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge", abstract: "Removes papers that the law keeps no longer, in all stores.",
            discussion: "The same happens by itself every month.")

        func run() async throws {
            let removed = try await Settings().withShop(PersonalDataCommand.label) { database in
                var removed = 0
                while true {
                    let bite = try await LapsedPapers(database).purge(at: Date())
                    removed += bite
                    if bite == 0 { return removed }
                }
            }
            print("removed \(removed)")
        }
    }
}

/// Whose data, and who asked.
struct PersonOptions: ParsableArguments {
    @Argument(help: "The shopper's e-mail address.") var email: String
    @Option(help: "Who asks, for the audit.") var by: String

    func ask(_ kind: PersonalDataKind, in store: StoreOptions) async throws {
        let address = try EmailAddress(parsing: email)
        let platform = try await Platform(Settings(), label: "cartflux.personal-data")
        let desk = try platform.personalDataDesk()
        let by = by
        let asked = try await platform.database.transaction(for: try await store.tenant(on: platform)) { tx in
            let language = try await Stores().load(in: tx).languages.first ?? .english
            return try await desk.ask(
                PersonalDataRequests.Draft(
                    kind, of: address, askedBy: .operator, actor: "operator:\(by)", language: language),
                at: Date(), in: tx)
        }
        print("request \(asked.id) is \(asked.status.rawValue)")
    }
}

enum PersonalDataText {
    static func requests(_ requests: [PersonalDataRequest]) -> String {
        RunText.columns(
            [["request", "what", "by", "status", "asked", "answered", "waits for", "rows"]]
                + requests.map { request in
                    [
                        "\(request.id)", request.kind.rawValue, request.askedBy.rawValue,
                        request.status.rawValue, request.askedAt.formatted(.iso8601),
                        request.answeredAt?.formatted(.iso8601) ?? "",
                        request.holds.map(\.rawValue).joined(separator: " "),
                        request.counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                            .joined(separator: " "),
                    ]
                })
    }
}
