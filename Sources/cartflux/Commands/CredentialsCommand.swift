// The keys that seal what the shop's database holds of logins and second factors: which are in use, and the
// change to a new one.

import ArgumentParser
import CommerceStore

struct CredentialsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials", abstract: "The keys that seal logins and second factors.",
        subcommands: [StatusCommand.self, RotateCommand.self], defaultSubcommand: StatusCommand.self)

    private static let label = "cartflux.credentials"

    struct StatusCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "How much is sealed under which key.",
            discussion: "Exit code 1 where this process lacks a key that is in use.")

        func run() async throws {
            let credentials = try Settings().credentials()
            let used = try await CredentialsCommand.withRotation(credentials) { try await $0.usage() }
            for (key, sealed) in used {
                let standing =
                    if key == credentials.current {
                        "the newest"
                    } else if credentials.unknown(among: [key]).isEmpty {
                        "retired"
                    } else {
                        "not in CREDENTIALS_KEY"
                    }
                print("\(key.padded(to: 24)) \(sealed) sealed, \(standing)")
            }
            if used.isEmpty { print("nothing is sealed yet") }
            if !credentials.unknown(among: used.map { $0.key }).isEmpty { throw ExitCode(1) }
        }
    }

    struct RotateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate", abstract: "Seals everything again under the newest key.",
            discussion: """
                Put the new key behind the old one in CREDENTIALS_KEY of every process and restart them; \
                then put it first and restart them again; then rotate. It may be stopped and started \
                again. When nothing is left, the old key can go; CREDENTIALS_CODES_KEY stays.
                """)

        func run() async throws {
            let credentials = try Settings().credentials()
            let changed = try await CredentialsCommand.withRotation(credentials) { try await $0.run() }
            print(changed == 0 ? "nothing left to rotate" : "\(changed) sealed again")
        }
    }

    private static func withRotation<R: Sendable>(
        _ credentials: Credentials, _ body: (CredentialRotation) async throws -> R
    ) async throws -> R {
        try await Settings().withShop(label) { database in
            try await body(CredentialRotation(database, credentials))
        }
    }
}

extension Settings {
    /// What seals logins and second factors in the shop's database.
    func credentials() throws -> Credentials {
        try parsed(.credentialsKey) { try Credentials($0, codes: optional(.credentialsCodesKey)) }
    }
}
