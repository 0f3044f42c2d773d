import Commerce
import CommerceMigrations
import CommerceStore
import EngineMigrations
import Fleet
import Foundation
import Postgres
import TestServers
import Testing

/// Commands that people give by hand, as the program they are: with its own environment, against a migrated
/// database of the test's own.
@Suite("Commands of operators")
struct OperatorCommandTests {
    private struct Desk: Sendable {
        let raw: TestDatabase
        let environment: [String: String]
        let key: String
        let logs: URL

        /// How the program ended, and what it said.
        func run(
            _ arguments: String..., changing: [String: String] = [:]
        ) async throws -> (status: Int32, said: String) {
            let process = try await CartFluxProcess.start(
                arguments, as: UUID().uuidString, environment: environment.merging(changing) { $1 },
                logs: logs)
            let status = await process.ended()
            return (status, try String(contentsOf: process.log, encoding: .utf8))
        }

        func audit(of subject: String) async throws -> [AuditRecord] {
            let pool = PostgresPool(try PostgresConfiguration(raw.url(role: "cartflux_engine")), size: 1)
            let found = try await Audit.list(on: subject, from: pool)
            await pool.shutdown()
            return found
        }
    }

    private func withDesk(_ body: (Desk) async throws -> Void) async throws {
        let template = try await TestServers.shared.template(named: "commands") { url in
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
            // The shop's doors into the engine need the engine to be there.
            try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(connection)
            try await Migrator(directory: CommerceMigrations.directory, schema: "shop").migrate(connection)
            await connection.close()
        }
        let raw = try await TestServers.shared.createDatabase(from: template)
        let logs = FileManager.default.temporaryDirectory.appending(
            path: "cartflux-commands-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        // Leftovers in the temporary folder harm nobody.
        defer { try? FileManager.default.removeItem(at: logs) }
        let key = Data(repeating: 7, count: 32).base64EncodedString()
        let environment = [
            "DATABASE_URL": raw.url(role: "cartflux_app"),
            "ENGINE_DATABASE_URL": raw.url(role: "cartflux_engine"),
            "PLATFORM_DATABASE_URL": raw.url(role: "cartflux_platform"), "CREDENTIALS_KEY": key,
        ]
        try await body(Desk(raw: raw, environment: environment, key: key, logs: logs))
    }

    @Test("what waits for a person is listed: the platform's own and every store's, or one store's alone")
    func attention() async throws {
        try await withDesk { desk in
            let empty = try await desk.run("attention", "list")
            #expect(empty.status == 0 && empty.said.contains("nothing waits for a person"), "\(empty.said)")
            try await desk.raw.psql(
                """
                insert into shop.platform_attention (id, kind, subject, message, opened_at)
                values (gen_random_uuid(), 'safety_loss', 'bigbuy', 'forty articles lost their data', now());
                """)
            for slug in ["lumina", "casa"] {
                let (owner, store) = (UserID(), TenantID())
                try await desk.raw.psql(
                    """
                    select shop.add_user('\(owner)', '\(slug)@example.test', 'Ana');
                    insert into shop.store (tenant_id, owner_id, slug, name, currency, plan, status,
                        contact_email)
                    values ('\(store)', '\(owner)', '\(slug)', 'Store', 'EUR', 'pro', 'published',
                        'shop@example.test');
                    insert into shop.attention_item (tenant_id, id, kind, subject, message)
                    values ('\(store)', gen_random_uuid(), 'domain', '\(slug)', '\(slug) leads elsewhere');
                    """)
            }

            let all = try await desk.run("attention", "list")
            let one = try await desk.run("attention", "list", "--store", "casa")

            #expect(all.status == 0 && one.status == 0, "\(all.said) \(one.said)")
            for line in ["forty articles lost", "lumina leads elsewhere", "casa leads elsewhere"] {
                #expect(all.said.contains(line), "\(all.said)")
            }
            #expect(one.said.contains("casa leads elsewhere"))
            #expect(!one.said.contains("lumina") && !one.said.contains("forty articles"), "\(one.said)")
        }
    }

    @Test(
        "a role that row security does not bind is refused before anything is read or written",
        arguments: ["DATABASE_URL", "PLATFORM_DATABASE_URL", "ENGINE_DATABASE_URL"])
    func powerfulRole(variable: String) async throws {
        try await withDesk { desk in
            let given = [variable: desk.raw.url(role: "postgres")]

            let answered = try await desk.run(
                "attention", "answer", "keep", "--reason", "they are right", "--actor", "test",
                changing: given)

            #expect(answered.status != 0)
            #expect(answered.said.contains("postgres is a superuser"), "\(answered.said)")
            #expect(answered.said.contains(variable))
            #expect(try await desk.audit(of: "bigbuy").isEmpty)
        }
    }

    @Test("what is changed about administrators is in the audit, with who and why, and nothing else is")
    func admins() async throws {
        try await withDesk { desk in
            let email = try EmailAddress(parsing: "ops@example.test")
            try await add(email, desk)

            let moved = try await desk.run(
                "admins", "role", email.canonical, "viewer", "--actor", "maria", "--reason",
                "she changed desks")
            let disabled = try await desk.run("admins", "disable", email.canonical, "--actor", "ion")
            let enabled = try await desk.run("admins", "enable", email.canonical, "--actor", "ion")
            let twice = try await desk.run("admins", "enable", email.canonical, "--actor", "ion")
            let nobody = try await desk.run("admins", "role", "nobody@example.test", "admin")

            for done in [moved, disabled, enabled] { #expect(done.status == 0, "\(done.said)") }
            #expect(moved.said.contains("is viewer"))
            #expect(twice.status != 0 && nobody.status != 0)
            let rows = try await desk.audit(of: email.canonical).reversed()
            #expect(rows.map(\.verb) == ["admin.role", "admin.disable", "admin.enable"])
            #expect(rows.map(\.actor) == ["maria", "ion", "ion"])
            #expect(
                rows.map(\.reason) == ["she changed desks", "at the command line", "at the command line"])
            #expect(rows.first?.after.contains("viewer") == true)
            #expect(try await desk.audit(of: "nobody@example.test").isEmpty)
        }
    }

    /// As `admins add` does it, which wants a password from a person.
    private func add(_ email: EmailAddress, _ desk: Desk) async throws {
        let pools = try ["cartflux_app", "cartflux_platform"].map {
            PostgresPool(try PostgresConfiguration(desk.raw.url(role: $0)), size: 1)
        }
        let admins = Admins(
            Database(app: pools[0], platform: pools[1]), credentials: try Credentials(desk.key),
            passwords: Passwords())
        _ = try await admins.add(email, name: "Ana", password: "a long password", role: .operator)
        for pool in pools { await pool.shutdown() }
    }
}
