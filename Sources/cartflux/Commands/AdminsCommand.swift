import ArgumentParser
import Commerce
import CommerceStore
import Foundation
import Postgres

struct AdminsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admins", abstract: "The platform's administrators.",
        discussion: """
            They sign in at ops.DOMAIN with a password and a second factor. A viewer looks; an operator \
            retries, pauses and replays; finance also acts in bulk on money, with a second person; an admin \
            also changes what runs have recorded.
            """,
        subcommands: [
            AddCommand.self, ListCommand.self, RoleCommand.self, RenewCommand.self, DisableCommand.self,
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

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let password = try AdminsCommand.password()
            let welcome = try await AdminsCommand.withAdmins {
                try await $0.add(address, name: name, password: password, role: role)
            }
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

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let isDone = try await AdminsCommand.withAdmins { try await $0.setRole(role, of: address) }
            guard isDone else { throw ValidationError("nobody signs in as \(email)") }
            print("\(address.canonical) is \(role.rawValue)")
        }
    }

    struct RenewCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "A new password, second factor and recovery codes.",
            discussion: "For a lost phone. Reads the password as `add` does and ends all sessions.")

        @Argument(help: "The e-mail address.") var email: String

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            let password = try AdminsCommand.password()
            let welcome = try await AdminsCommand.withAdmins {
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

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            guard try await AdminsCommand.withAdmins({ try await $0.disable(address) }) else {
                throw ValidationError("nobody signs in as \(email)")
            }
            print("\(address.canonical) may not sign in any more")
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
        let logger = try settings.logger("cartflux.admins")
        let pool = { (variable: Variable) in
            PostgresPool(
                try settings.parsed(variable) { try PostgresConfiguration($0) }, size: 1, logger: logger)
        }
        let (app, platform) = (try pool(.databaseURL), try pool(.platformDatabaseURL))
        let credentials = try settings.parsed(.credentialsKey) { try Credentials(base64Key: $0) }
        let admins = Admins(
            Database(app: app, platform: platform), credentials: credentials, passwords: Passwords())
        let result: Result<R, any Error>
        do { result = .success(try await body(admins)) } catch { result = .failure(error) }
        await app.shutdown()
        await platform.shutdown()
        return try result.get()
    }
}

extension AdminRole: ExpressibleByArgument {}
