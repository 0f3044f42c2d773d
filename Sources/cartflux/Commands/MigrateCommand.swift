import ArgumentParser
import CommerceMigrations
import EngineMigrations
import Foundation
import Postgres

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database to this version: the engine's schema, then the shop's.")

    func run() async throws {
        let applied = try await Self.migrate(
            try Settings().parsed(.migrateDatabaseURL) { try PostgresConfiguration($0) })
        print(applied.isEmpty ? "nothing to apply" : applied.map { "applied \($0)" }.joined(separator: "\n"))
    }

    static func migrate(_ configuration: PostgresConfiguration) async throws -> [String] {
        let connection = try await PostgresConnection.connect(configuration)
        let engine = try await Migrator(directory: EngineMigrations.directory, schema: "engine").migrate(
            connection)
        let shop = try await Migrator(directory: CommerceMigrations.directory, schema: "shop").migrate(
            connection)
        await connection.close()
        return engine.map { "engine/\($0)" } + shop.map { "shop/\($0)" }
    }
}
