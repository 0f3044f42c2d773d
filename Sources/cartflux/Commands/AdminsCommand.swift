import ArgumentParser
import Commerce
import CommerceStore
import Foundation
import Postgres

struct AdminsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admins", abstract: "The platform's administrators.", subcommands: [AddCommand.self])

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

        func run() async throws {
            let address = try EmailAddress(parsing: email)
            guard let password = readLine(), Passwords.lengths.contains(password.utf8.count) else {
                throw ValidationError(
                    "give a password of \(Passwords.lengths.lowerBound) characters or more on standard input")
            }
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
            let welcome = try await admins.add(address, name: name, password: password)
            print(welcome.secret.address(issuer: "CartFlux", account: address.canonical))
            print("secret          \(welcome.secret.base32)")
            for code in welcome.recoveryCodes { print("recovery code   \(code)") }
            await app.shutdown()
            await platform.shutdown()
        }
    }
}
