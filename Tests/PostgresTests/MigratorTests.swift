import Foundation
import Postgres
import Testing

@Suite("Migrations")
struct MigratorTests {
    private struct Folder {
        let url: URL
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: url.appending(path: name))
        }
    }

    private func withFolder(
        _ body: (Folder, String, PostgresConnection) async throws -> Void
    ) async throws {
        let folder = Folder(
            url: FileManager.default.temporaryDirectory.appending(path: uniqueName("migrations")))
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder.url) }  // A leftover in /tmp harms nobody.
        let schema = uniqueName("m")
        try await withConnection { connection in
            try await body(folder, schema, connection)
            _ = try await connection.execute("drop schema if exists \(identifier: schema) cascade")
        }
    }

    @Test("are applied once, in the order of their names") func once() async throws {
        try await withFolder { folder, schema, connection in
            try folder.write(
                "0002_fill.sql", "insert into \(schema).t values (1); insert into \(schema).t values (2);")
            try folder.write(
                "0001_make.sql",
                "create table \(schema).t (a int); -- one\ncomment on table \(schema).t is 'x;y'")
            try folder.write("notes.txt", "not sql")
            let migrator = Migrator(directory: folder.url, schema: schema)

            #expect(try await migrator.migrate(connection) == ["0001_make.sql", "0002_fill.sql"])
            #expect(try await migrator.migrate(connection) == [])
            try folder.write("0003_more.sql", "insert into \(schema).t values (3)")
            #expect(try await migrator.migrate(connection) == ["0003_more.sql"])
            let row = try await connection.execute("select count(*) from \(raw: schema).t").rows[0]
            #expect(try row.decode(0, as: Int.self) == 3)
        }
    }

    @Test("that were edited after they had been applied are refused, before anything is applied")
    func edited() async throws {
        try await withFolder { folder, schema, connection in
            try folder.write("0001_make.sql", "create table \(schema).t (a int)")
            let migrator = Migrator(directory: folder.url, schema: schema)
            try await migrator.migrate(connection)
            try folder.write("0001_make.sql", "create table \(schema).t (a int, b int)")
            try folder.write("0000_new.sql", "create table \(schema).u (a int)")

            let error = await failure { try await migrator.migrate(connection) }
            #expect(error?.description.contains("0001_make.sql was changed") == true)
            let row = try await connection.execute("select to_regclass(\("\(schema).u")) is null").rows[0]
            #expect(try row.decode(0, as: Bool.self))
        }
    }

    @Test("with a mistake leave nothing of themselves, and name file and line") func mistake() async throws {
        try await withFolder { folder, schema, connection in
            try folder.write("0001_make.sql", "create table \(schema).t (a int)")
            try folder.write("0002_bad.sql", "create table \(schema).u (a int);\n\ncreate tabel v (a int);\n")
            let migrator = Migrator(directory: folder.url, schema: schema)

            let error = await failure { try await migrator.migrate(connection) }
            #expect(error?.description.contains("0002_bad.sql:3") == true, "\(String(describing: error))")
            try folder.write("0002_bad.sql", "create table \(schema).u (a int)")
            #expect(try await migrator.migrate(connection) == ["0002_bad.sql"])
        }
    }

    @Test("may not end their transaction themselves") func commits() async throws {
        try await withFolder { folder, schema, connection in
            try folder.write("0001_commit.sql", "create table \(schema).t (a int); commit")
            let error = await failure {
                try await Migrator(directory: folder.url, schema: schema).migrate(connection)
            }
            #expect(error?.description.contains("0001_commit.sql begins or ends a transaction") == true)
        }
    }

    @Test("that find a table held give up, say what to do, and are applied when it is free")
    func heldLock() async throws {
        try await withFolder { folder, schema, connection in
            try folder.write("0001_make.sql", "create table \(schema).t (a int)")
            let migrator = Migrator(
                directory: folder.url, schema: schema, lockPatience: .milliseconds(20), lockAttempts: 2)
            try await migrator.migrate(connection)
            try folder.write(
                "0002_change.sql",
                "create table \(schema).u (a int); alter table \(schema).t add column b int;")

            try await withConnection { holder in
                _ = try await holder.execute("begin")
                _ = try await holder.execute("lock table \(raw: schema).t in access share mode")
                let error = await failure { try await migrator.migrate(connection) }
                let words = error?.description ?? "no error"
                #expect(words.contains("0002_change.sql waited 2 times"), "\(words)")
                #expect(words.contains("55P03") && words.contains("migrate again"), "\(words)")
                // Nothing of the file is left, and nobody stands in line for the table.
                let rest = try await holder.execute(
                    "select to_regclass(\("\(schema).u")) is null, count(*) from pg_locks where not granted "
                        + "and relation = \("\(schema).t")::regclass"
                ).rows[0]
                #expect(try rest.decode(0, as: Bool.self))
                #expect(try rest.decode(1, as: Int.self) == 0)
                _ = try await holder.execute("commit")
            }

            #expect(try await migrator.migrate(connection) == ["0002_change.sql"])
        }
    }

    @Test("by several processes at once are applied by one of them") func concurrent() async throws {
        try await withFolder { folder, schema, connection in
            for number in 1...5 {
                try folder.write("000\(number)_t.sql", "create table \(schema).t\(number) (a int)")
            }
            let migrator = Migrator(directory: folder.url, schema: schema)
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await withConnection { try await migrator.migrate($0).count } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.sorted() == [0, 0, 0, 5])
        }
    }
}
