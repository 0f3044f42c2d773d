// Promise 12: before a new binary is rolled out, it replays the records of every live run and lists those
// that would not go on as they began. It reads and never claims, so the runs go on under the old workers
// meanwhile.

import Durable
import Foundation
import Logging
import Postgres

/// A live run that would diverge under this code.
public struct DivergentRun: Sendable {
    public let run: RunID
    public let workflow: WorkflowName
    public let version: Int
    public let tenant: Tenant
    public let status: RunStatus
    public let findings: [ReplayFinding]
}

/// What a check of live runs found.
public struct DeployReport: Sendable {
    public var checked = 0
    /// About persons whose keys are gone or not known here, so that nothing could be read.
    public var unreadable = 0
    public var divergent: [DivergentRun] = []
    /// Divergent runs beyond those that are listed.
    public var unlisted = 0

    public var isClean: Bool { divergent.isEmpty && unreadable == 0 }
}

/// Replays live runs against the workflows of this binary.
public struct DeployCheck: Sendable {
    private let pool: PostgresPool
    private let registry: WorkflowRegistry
    private let masterKeys: MasterKeys?
    private let logger: Logger

    private static let page = 200
    private static let listed = 500
    private static let firstID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

    public init(
        _ registry: WorkflowRegistry, pool: PostgresPool, masterKeys: MasterKeys? = nil, logger: Logger
    ) {
        self.pool = pool
        self.registry = registry
        self.masterKeys = masterKeys
        self.logger = logger
    }

    /// Checks all live runs, or those of one workflow.
    public func run(workflow: String? = nil) async throws -> DeployReport {
        var report = DeployReport()
        var cursor = Self.firstID
        while true {
            let page = try await read(after: cursor, workflow)
            guard let last = page.last else { return report }
            cursor = last.run.id.rawValue
            for item in page { try await check(item, &report) }
        }
    }

    private struct Item {
        var run: ClaimedRun
        let status: RunStatus
        let subject: SealedSubject?
    }

    private func check(_ item: Item, _ report: inout DeployReport) async throws {
        report.checked += 1
        let opened: ClaimedRun
        do {
            opened =
                try item.subject?.cipher(masterKeys, tenant: item.run.tenant)
                .opened(item.run, keysOfSignals: [:]) ?? item.run
        } catch {
            report.unreadable += 1
            return
        }
        let findings = await ReplayCheck.findings(opened, in: registry, logger: logger)
        guard !findings.isEmpty else { return }
        guard report.divergent.count < Self.listed else {
            report.unlisted += 1
            return
        }
        report.divergent.append(
            DivergentRun(
                run: opened.id, workflow: opened.workflow, version: opened.version, tenant: opened.tenant,
                status: item.status, findings: findings))
    }

    /// One snapshot per page, so that a run and its steps belong together.
    private func read(after id: UUID, _ workflow: String?) async throws -> [Item] {
        try await pool.withTransaction(isolation: .readOnlySnapshot) { tx in
            let rows = try await tx.execute(
                """
                select id, epoch, tenant, workflow, version, input, created_at, mail, cancel_reason, status,
                    subject_key, (select k.sealed from engine.subject_key k where k.id = subject_key)
                from engine.run
                where id > \(id) and (\(workflow)::text is null or workflow = \(workflow))
                order by id limit \(Self.page)
                """
            ).rows
            var items = try rows.map { row in
                Item(
                    run: ClaimedRun(
                        id: RunID(rawValue: try row.decode(0)), epoch: try row.decode(1),
                        tenant: Tenant(try row.decode(2)),
                        workflow: WorkflowName(rawValue: try row.decode(3)),
                        version: Int(try row.decode(4, as: Int32.self)),
                        input: Payload(json: try row.decode(5, as: JSONB.self).bytes),
                        startedAt: try row.decode(6), mailSeen: try row.decode(7),
                        cancellation: try row.decode(8)),
                    status: RunStatus(rawValue: try row.decode(9)) ?? .pending,
                    subject: try SealedSubject(row, from: 10))
            }
            let places = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($1.run.id.rawValue, $0) })
            for row in try await tx.execute(JournalStatements.steps(of: Array(places.keys))).rows {
                guard let place = places[try row.decode(0, as: UUID.self)] else { continue }
                let key = StepKey(
                    try row.decode(1, as: String.self), item: try row.decode(2, as: String.self))
                items[place].run.steps.append(try StepRecord(row, key: key, from: 3))
            }
            return items
        }
    }
}
