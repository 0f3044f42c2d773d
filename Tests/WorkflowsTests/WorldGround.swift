// What the worlds of this target stand on: the migrated database, the key, and the fleet that carries a
// shop's workflows in virtual time.

import CommerceMigrations
import CommerceStore
import Durable
import DurableTesting
import EngineMigrations
import Foundation
import Postgres
import TestServers
import Workflows

extension TestServers {
    /// A database as the migrations leave it, and as `fill` goes on.
    func migrated(
        _ name: String, _ fill: @escaping @Sendable (PostgresConnection) async throws -> Void = { _ in }
    ) async throws -> TestTemplate {
        try await template(named: name) { url in
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url))
            _ = try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(
                connection)
            _ = try await Migrator(directory: CommerceMigrations.directory, schema: "shop").migrate(
                connection)
            try await fill(connection)
            await connection.close()
        }
    }
}

extension Credentials {
    static var ofTests: Credentials {
        get throws { try Credentials(Data(repeating: 7, count: 32).base64EncodedString()) }
    }
}

extension Shop {
    /// A fleet that carries these workflows, with a journal that the shop's own writes go into.
    func fleet(
        _ clock: ManualClock, _ transactions: MemoryTransactions, _ signals: LateSignals,
        seenAs: @escaping @Sendable (InMemoryJournal) -> any Journal
    ) -> TestFleet {
        var registry = WorkflowRegistry()
        register(into: &registry)
        let fleet = TestFleet(registry, clock: clock, seenAs: seenAs)
        transactions.use(fleet.journal)
        signals.use(fleet.journal)
        return fleet
    }
}
