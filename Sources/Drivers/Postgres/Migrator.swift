public import Foundation

// Files are applied in the order of their names, each in one transaction together with the row that records
// it. The row keeps a digest of the file, computed by the server: a file that has landed is never edited,
// since nobody could say any more what a database looks like.
//
// A file that waits for a lock makes everybody wait who comes after it, readers too: one long query would
// stop the whole application for as long as it takes. So a file waits for a moment only, gives its place
// in the line back, lets the others pass and tries anew; after a few times it says so and leaves the
// database as it was. A file that knows better sets its own `lock_timeout`.

/// Brings a database to the state that a folder of SQL files describes.
public struct Migrator: Sendable {
    private let directory: URL
    private let schema: String
    private let lockPatience: Duration
    private let lockAttempts: Int

    /// - Parameters:
    ///   - directory: the folder with files named `0001_subject.sql`.
    ///   - schema: where the table `migration` records what has been applied. It is made if missing.
    ///   - lockPatience: how long a file may stand in line for a lock, and then lets others pass.
    ///   - lockAttempts: how often a file is tried before the migration gives up.
    public init(
        directory: URL, schema: String, lockPatience: Duration = .seconds(3), lockAttempts: Int = 10
    ) {
        precondition(lockPatience > .zero && lockAttempts > 0, "a migration waits a while, and tries once")
        self.directory = directory
        self.schema = schema
        self.lockPatience = lockPatience
        self.lockAttempts = lockAttempts
    }

    /// Applies what is missing and returns the names of those files. Several processes may do this at once:
    /// one works and the others wait for it.
    ///
    /// - Throws: ``PostgresError/migration(_:)`` that names the file, for one that was edited after it had
    ///   been applied (then nothing is applied), that the server refuses, or that found its locks held by
    ///   others each time (then those before it stay, and the same call goes on there).
    @discardableResult
    public func migrate(_ connection: PostgresConnection) async throws -> [String] {
        let files = try readFiles()
        _ = try await connection.execute("select pg_advisory_lock(\(lockKey))")
        do {
            let applied = try await apply(files, connection)
            _ = try await connection.execute("select pg_advisory_unlock(\(lockKey))")
            return applied
        } catch {
            // A connection that is lost has lost its locks as well.
            _ = try? await connection.execute("select pg_advisory_unlock(\(lockKey))")
            throw error
        }
    }

    private struct File {
        let name: String
        let text: String
    }

    private func readFiles() throws -> [File] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        } catch {
            throw PostgresError.migration("the folder of migrations \(directory.path) cannot be read")
        }
        return try names.filter { $0.hasSuffix(".sql") }.sorted().map { name in
            guard let text = try? String(contentsOf: directory.appending(path: name), encoding: .utf8) else {
                throw PostgresError.migration("the migration \(name) cannot be read as UTF-8")
            }
            return File(name: name, text: text)
        }
    }

    private func apply(_ files: [File], _ connection: PostgresConnection) async throws -> [String] {
        try await prepareTable(connection)
        let digests = try await digests(of: files, connection)
        let records = try await connection.execute("select name, sha256 from \(table)")
        var recorded: [String: String] = [:]
        for row in records.rows {
            recorded[try row.decode(0)] = try row.decode(1, as: String.self)
        }
        // All are checked before any is applied.
        for (file, digest) in zip(files, digests) {
            if let known = recorded[file.name], known != digest {
                throw PostgresError.migration(
                    "\(file.name) was changed after it had been applied; restore it and write a new file"
                )
            }
        }
        var applied: [String] = []
        for (file, digest) in zip(files, digests) where recorded[file.name] == nil {
            try await applyPatiently(file, digest, connection)
            applied.append(file.name)
        }
        return applied
    }

    private func applyPatiently(
        _ file: File, _ digest: String, _ connection: PostgresConnection
    ) async throws {
        for attempt in 1...lockAttempts {
            do {
                return try await apply(file, digest, connection)
            } catch LockHeld.byOthers {
                // Whoever stood behind this file gets as much time as it took from them.
                if attempt < lockAttempts { try await Task.sleep(for: lockPatience) }
            }
        }
        throw PostgresError.migration(
            """
            \(file.name) waited \(lockAttempts) times for a lock that other sessions hold \
            (\(SQLState.lockNotAvailable.rawValue)), and nothing of it was applied; look for long \
            transactions in pg_stat_activity, wait for them or end them, and migrate again
            """)
    }

    private enum LockHeld: Error { case byOthers }

    private func apply(_ file: File, _ digest: String, _ connection: PostgresConnection) async throws {
        // A migration may take as long as it needs; the limits of the connection are meant for requests.
        _ = try await connection.pipeline([
            "begin", "set local statement_timeout = 0",
            "select set_config('lock_timeout', \("\(lockPatience.milliseconds)ms"), true)",
        ])
        do {
            try await connection.executeScript(file.text)
            try await connection.requireOpenTransaction(file.name)
            let record: Query = "insert into \(table) (name, sha256) values (\(file.name), \(digest))"
            _ = try await connection.pipeline([record, "commit"])
        } catch {
            await connection.rollback()
            guard case .server(let refusal) = error else { throw error }
            if refusal.sqlState == .lockNotAvailable { throw LockHeld.byOthers }
            throw PostgresError.migration(Self.describe(refusal, in: file))
        }
    }

    private func prepareTable(_ connection: PostgresConnection) async throws {
        let known = try await connection.execute("select to_regclass(\("\(table.text)")) is not null")
        if try known.rows[0].decode(0) { return }
        // Only if it is missing: even `if not exists` asks for a privilege that later runs may not have.
        let exists = try await connection.execute("select to_regnamespace(\(schema)) is not null")
        if try !exists.rows[0].decode(0, as: Bool.self) {
            _ = try await connection.execute("create schema \(identifier: schema)")
        }
        _ = try await connection.execute(
            """
            create table \(table) (
                name text primary key,
                sha256 text not null,
                applied_at timestamptz not null default now()
            )
            """)
    }

    private func digests(of files: [File], _ connection: PostgresConnection) async throws -> [String] {
        let texts = files.map(\.text)
        let result = try await connection.execute(
            """
            select encode(sha256(convert_to(t.text, 'UTF8')), 'hex')
            from unnest(\(texts)) with ordinality as t(text, place) order by t.place
            """)
        return try result.column(0)
    }

    private static func describe(_ error: ServerError, in file: File) -> String {
        var place = file.name
        if let position = error.position {
            place += ":\(file.text.unicodeScalars.prefix(position - 1).count { $0 == "\n" } + 1)"
        }
        let hint = error.hint.map { "; \($0)" } ?? ""
        return "migration \(place): \(error.message) (\(error.sqlState.rawValue))\(hint)"
    }

    private var table: Query { "\(identifier: schema).migration" }

    /// Any number that two programs do not choose by accident; this one is made from the schema's name
    /// (FNV-1a).
    private var lockKey: Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "migration \(schema)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(bitPattern: hash)
    }
}

extension PostgresConnection {
    fileprivate func requireOpenTransaction(_ file: String) throws(PostgresError) {
        guard wire?.transaction == .open else {
            throw .migration("\(file) begins or ends a transaction; the migrator does that, so take it out")
        }
    }
}
