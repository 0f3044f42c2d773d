import Foundation
import Postgres
import TestServers
import Testing

@Suite("TLS", .timeLimit(.minutes(2)))
struct TLSTests {
    /// Lends a server that speaks TLS with a certificate for `localhost`, by its address under that name.
    private func withTLS(_ body: (String, Certificates) async throws -> Void) async throws {
        let certificates = try await Certificates.make()
        // What stays in the temporary folder harms nobody.
        defer { try? certificates.remove() }
        try await PrivateServers.with([.postgres]) { servers in
            // Postgres takes a key only from a file that nobody else may read, so it writes the file itself.
            for (name, path) in [("tls.crt", certificates.server), ("tls.key", certificates.serverKey)] {
                let text = try String(contentsOfFile: path, encoding: .utf8)
                try await servers.addresses.psql(
                    """
                    copy (select unnest(string_to_array(rtrim('\(text)', E'\\n'), E'\\n')))
                    to program 'umask 077; cat > "$PWD/\(name)"'
                    """)
            }
            try await servers.addresses.psql(
                """
                alter system set ssl_cert_file = 'tls.crt';
                alter system set ssl_key_file = 'tls.key';
                alter system set ssl = on;
                """)
            try await servers.restartPostgres(immediate: false)
            try await body(servers.superuserURL.replacing("127.0.0.1", with: "localhost"), certificates)
        }
    }

    private func asked(_ url: String) async throws -> Bool {
        let connection = try await PostgresConnection.connect(try PostgresConfiguration(url))
        let rows = try await connection.execute(
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
        ).rows
        await connection.close()
        return try rows[0].decode(0, as: Bool.self)
    }

    @Test("with sslmode=verify-full the right authority and name are let in, others are refused")
    func verified() async throws {
        try await withTLS { url, certificates in
            let checked = "\(url)?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert="
            let isLetIn = try await asked(checked + certificates.authority)
            #expect(isLetIn)

            // The same server by a name that its certificate does not have.
            let other = url.replacing("localhost", with: "db.example.test")
            let refusals = [
                (
                    "\(other)?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=\(certificates.authority)",
                    "does not match"
                ),
                (checked + certificates.stranger, "certificate verify failed"),
                (checked + "/no/such/file", "/no/such/file"),
            ]
            for (address, reason) in refusals {
                let error = await failure { _ = try await asked(address) }
                let words = error?.description ?? "it was let in"
                #expect(words.contains(reason), "\(words)")
            }
        }
    }

    @Test("a server without TLS is refused where it must be verified, not spoken to in the clear")
    func plain() async throws {
        let certificates = try await Certificates.make()
        // What stays in the temporary folder harms nobody.
        defer { try? certificates.remove() }
        let url = try await TestServers.shared.superuserURL.replacing("127.0.0.1", with: "localhost")

        let error = await failure {
            _ = try await asked(
                "\(url)?hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=\(certificates.authority)")
        }

        let words = error?.description ?? "it was let in"
        #expect(words.contains("SSL"), "\(words)")
    }
}
