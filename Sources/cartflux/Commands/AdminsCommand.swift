import ArgumentParser
import Commerce
import CommerceStore
import Durable
import Fleet
import Foundation
import Postgres

struct AdminsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admins", abstract: "The platform's administrators.",
        discussion: """
            They sign in at ops.DOMAIN with a password and a second factor. A viewer looks; an operator \
            retries, pauses and replays; finance also acts in bulk on money, with a second person; an admin \
            also changes what runs have recorded. What is changed here is written into the operators' audit.
            """,
        subcommands: [
            AddCommand.self, ListCommand.self, RoleCommand.self, RenewCommand.self, DisableCommand.self,
            EnableCommand.self,
        ])

    struct AddCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Makes an administrator with a password and a second factor.",
            discussion: """
                The password is read from the first line of standard input, so that it stands in no history
                and no list of processes. Prints once what the administrator needs: the secret for an
                authenticator app, as a link and as letters, and recovery codes.
                """)

        @Argument(help: "The e-mail address.") var email: String
        @Option(help: "The name.") var name: String
        @Option(help: "viewer, operator, finance or admin.") var role = AdminRole.admin
        @OptionGroup var who: AdminMandateOptions

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let password = try AdminsCommand.password()
            let (name, role) = (name, role)
            let entry = try who.entry("admin.add", on: address, ["role": role.rawValue])
            let welcome = try await AdminsCommand.act(entry) {
                try await $0.add(address, name: name, password: password, role: role)
            }
            guard let welcome else { throw ValidationError("nobody was added") }
            AdminsCommand.show(welcome, address)
        }
    }

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Everybody who may sign in, or may not any more.")

        func run() async throws {
            let lines = try await AdminsCommand.withAdmins { try await $0.all() }
            let rows = lines.map { line in
                [
                    line.admin.email.canonical, line.admin.role.rawValue, line.admin.name,
                    "\(line.sessions) sessions",
                    line.disabledAt.map { "disabled \($0.formatted(.iso8601))" } ?? "",
                ]
            }
            print(rows.isEmpty ? "nobody yet" : RunText.columns(rows))
        }
    }

    struct RoleCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "role", abstract: "Gives somebody another role, from their next request on.")

        @Argument(help: "The e-mail address.") var email: String
        @Argument(help: "viewer, operator, finance or admin.") var role: AdminRole
        @OptionGroup var who: AdminMandateOptions

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let role = role
            let entry = try who.entry("admin.role", on: address, ["role": role.rawValue])
            let done = try await AdminsCommand.act(entry) {
                try await $0.setRole(role, of: address) ? true : nil
            }
            guard done != nil else { throw ValidationError("nobody signs in as \(email)") }
            print("\(address.canonical) is \(role.rawValue)")
        }
    }

    struct RenewCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "A new password, second factor and recovery codes.",
            discussion: "For a lost phone. Reads the password as `add` does and ends all sessions.")

        @Argument(help: "The e-mail address.") var email: String
        @OptionGroup var who: AdminMandateOptions

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let password = try AdminsCommand.password()
            let welcome = try await AdminsCommand.act(try who.entry("admin.renew", on: address)) {
                try await $0.renew(address, password: password)
            }
            guard let welcome else { throw ValidationError("nobody signs in as \(email)") }
            AdminsCommand.show(welcome, address)
        }
    }

    struct DisableCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Lets somebody in no more, and ends their sessions at once.")

        @Argument(help: "The e-mail address.") var email: String
        @OptionGroup var who: AdminMandateOptions

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let done = try await AdminsCommand.act(try who.entry("admin.disable", on: address)) {
                try await $0.disable(address) ? true : nil
            }
            guard done != nil else { throw ValidationError("nobody signs in as \(email)") }
            print("\(address.canonical) may not sign in any more")
        }
    }

    struct EnableCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Lets somebody in again who was disabled.",
            discussion: "With the password and second factor they had; `renew` gives new ones.")

        @Argument(help: "The e-mail address.") var email: String
        @OptionGroup var who: AdminMandateOptions

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let done = try await AdminsCommand.act(try who.entry("admin.enable", on: address)) {
                try await $0.enable(address) ? true : nil
            }
            guard done != nil else { throw ValidationError("\(email) is not disabled") }
            print("\(address.canonical) may sign in again")
        }
    }

    private static func password() throws -> String {
        guard let password = readLine(), Passwords.lengths.contains(password.utf8.count) else {
            throw ValidationError(
                "give a password of \(Passwords.lengths.lowerBound) characters or more on standard input")
        }
        return password
    }

    private static func show(_ welcome: Admins.Welcome, _ address: EmailAddress) {
        print(welcome.secret.address(issuer: "CartFlux", account: address.canonical))
        print("secret          \(welcome.secret.base32)")
        for code in welcome.recoveryCodes { print("recovery code   \(code)") }
    }

    private static func withAdmins<R: Sendable>(_ body: (Admins) async throws -> R) async throws -> R {
        let settings = Settings()
        let credentials = try settings.credentials()
        return try await settings.withShop("cartflux.admins") { database in
            try await body(Admins(database, credentials: credentials, passwords: Passwords()))
        }
    }

    /// Changes who may sign in, and writes down who did it; nil where there was nothing to change.
    private static func act<R: Sendable>(
        _ entry: AuditEntry, _ body: (Admins) async throws -> R?
    ) async throws -> R? {
        try await withAdmins { admins in
            try await OperatorAudit.recording(entry) { try await body(admins) }
        }
    }
}

/// Who changes the list of administrators, and why.
struct AdminMandateOptions: ParsableArguments {
    @Option(help: "Why; it is kept in the audit.") var reason = "at the command line"
    @Option(help: "Who acts; the user who is signed in by default.") var actor: String?

    func entry(
        _ verb: String, on address: EmailAddress, _ after: [String: String] = [:]
    ) throws -> AuditEntry {
        AuditEntry(
            verb, on: address.canonical, by: try MandateOptions.mandate(actor: actor, reason: reason),
            after: after)
    }
}

extension AdminRole: ExpressibleByArgument {}
