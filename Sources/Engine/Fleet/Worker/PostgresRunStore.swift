// The store of a fleet in production: the engine's tables, through a pool for what is rare and through one
// connection of its own for the group commit.

import Durable
import Foundation
import Postgres

struct PostgresRunStore: RunStore {
    let pool: PostgresPool
    /// For the lines of group commits.
    let configuration: PostgresConfiguration

    func openLine() async throws(PostgresError) -> any CommitLine {
        try await PostgresCommitLine.open(configuration)
    }

    func register(_ worker: WorkerIdentity, lease: Duration) async throws -> [ReadyRun] {
        let results = try await pool.pipeline([
            JournalStatements.register(worker, lease: lease),
            JournalStatements.handBackAll(of: worker.id),
        ])
        return try results[1].rows.map { try Self.ready($0, isTakenBack: true) }
    }

    func deregister(_ worker: WorkerIdentity) async throws -> [ReadyRun] {
        let results = try await pool.pipeline([
            JournalStatements.handBackAll(of: worker.id),
            "delete from engine.worker where id = \(worker.id)",
        ])
        return try results[0].rows.map { try Self.ready($0, isTakenBack: true) }
    }

    func handBack(_ runs: [RunID], of worker: WorkerIdentity) async throws -> [ReadyRun] {
        try await pool.execute(JournalStatements.handBack(runs.map(\.rawValue), of: worker.id))
            .rows.map { try Self.ready($0) }
    }

    func handBackStrays(besides held: [RunID], of worker: WorkerIdentity, ownedFor age: Duration)
        async throws -> [ReadyRun]
    {
        let query = JournalStatements.handBackStrays(
            besides: held.map(\.rawValue), of: worker.id, ownedFor: age)
        return try await pool.execute(query).rows.map { try Self.ready($0) }
    }

    func ready(upTo limit: Int, for worker: WorkerIdentity) async throws -> [RunID] {
        try await ClaimWithoutRedis.claim(upTo: limit, for: worker, from: pool)
    }

    func overdue(by grace: Duration, in queue: String, limit: Int) async throws -> [ReadyRun] {
        try await pool.execute(SweepStatements.overdue(by: grace, in: queue, limit: limit))
            .rows.map { try Self.ready($0) }
    }

    func pending(
        after id: RunID, olderThan age: Duration, in queue: String, limit: Int
    ) async throws -> [ReadyRun] {
        let rows = try await pool.execute(
            SweepStatements.pending(after: id.rawValue, olderThan: age, in: queue, limit: limit))
        return try rows.rows.map { try Self.ready($0) }
    }

    func timers(after id: RunID, in queue: String, limit: Int) async throws -> [ReadyRun] {
        let rows = try await pool.execute(SweepStatements.timers(after: id.rawValue, in: queue, limit: limit))
        return try rows.rows.map { try Self.ready($0, at: $0.decode(4, as: Date.self)) }
    }

    func prepareAhead() async throws { _ = try await pool.execute(SweepStatements.ensurePartitions) }

    static func ready(_ row: Row, at instant: Date? = nil, isTakenBack: Bool = false) throws -> ReadyRun {
        var run = try ReadyRun(
            row, from: 1, id: RunID(rawValue: row.decode(0, as: UUID.self)), at: instant)
        run.isTakenBack = isTakenBack
        return run
    }
}

/// The connection of a group commit.
struct PostgresCommitLine: CommitLine {
    private let connection: PostgresConnection

    static func open(_ configuration: PostgresConfiguration) async throws(PostgresError) -> PostgresCommitLine
    {
        var configuration = configuration
        configuration.applicationName = "cartflux journal"
        let connection = try await PostgresConnection.connect(configuration)
        _ = try await connection.execute("set plan_cache_mode = force_generic_plan")
        _ = try await connection.execute("set enable_seqscan = off")
        return PostgresCommitLine(connection: connection)
    }

    var actor: (any Actor)? { connection }

    nonisolated(nonsending) func commit(
        _ batch: JournalBatch, for worker: WorkerIdentity?
    ) async throws(PostgresError) -> BatchVerdicts {
        let parts = batch.parts(for: worker)
        guard !parts.isEmpty else { return BatchVerdicts() }
        let results = try await connection.pipeline(parts.map(\.query))
        var verdicts = BatchVerdicts()
        do {
            for (part, result) in zip(parts, results) { try part.read(result, &verdicts) }
            try await JournalFollowUp.complete(&verdicts, of: batch, on: connection)
        } catch let error as PostgresError {
            throw error
        } catch {
            preconditionFailure("reading the journal's own answers throws nothing else: \(error)")
        }
        return verdicts
    }

    func close() async { await connection.close() }
}
