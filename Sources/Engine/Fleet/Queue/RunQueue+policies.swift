// Keeping the mirror of the policies true. Postgres decides and Redis obeys: a claim finds the policies
// beside the runs, in the same move. They are compared once a second, after every failure of Redis, and
// whenever a claim finds none, so that losing all of Redis lets nothing run that is paused or over its cap.

import Durable
import Foundation
import Redis
import Synchronization

/// What the queue asks of the truth about policies and about who runs what.
protocol PolicyRecords: Sendable {
    /// Rises with every change of a policy.
    func version() async throws -> Int64
    /// Everything that differs from the defaults.
    func policies(for queue: String) async throws -> [PolicyRule]
    /// Runs that are under way: all of a queue, or those of `ids`.
    func underWay(in queue: String, of ids: [RunID]?) async throws -> [RunUnderWay]
}

/// One line of the mirror.
struct PolicyRule: Sendable, Hashable {
    let what: String
    let rule: String

    static func tenant(_ tenant: Tenant, weight: Double, cap: Int?, isPaused: Bool) -> PolicyRule {
        PolicyRule(what: "t:\(tenant)", rule: "\(weight) \(cap.map { "\($0)" } ?? "-") \(isPaused ? 1 : 0)")
    }

    static func workflow(_ workflow: WorkflowName, cap: Int?, isPaused: Bool) -> PolicyRule {
        PolicyRule(what: "w:\(workflow)", rule: "1 \(cap.map { "\($0)" } ?? "-") \(isPaused ? 1 : 0)")
    }

    static let queueIsPaused = PolicyRule(what: "q", rule: "1")
}

/// A run that some worker owns.
struct RunUnderWay: Sendable, Hashable {
    let id: RunID
    let token: String
    let workflow: WorkflowName
    let tenant: Tenant
}

extension RunQueue {
    private static let page = 1_000
    /// Tenants and lanes let go in one move; more than any fleet is expected to have set aside.
    private static let portion = 20_000
    private static let portions = 100

    /// Writes the policies anew where they are older than in Postgres.
    func followPolicies() async throws {
        guard let records else { return }
        let mirrored = try await redis.call(QueueScripts.policyVersion, keys: [key]).int ?? 0
        guard mirrored != 0 else { return try await restorePolicies() }
        guard Int64(mirrored) != (try await records.version()) else { return }
        try await installPolicies(records)
    }

    /// Brings back what Redis may have lost: the policies, and the leases of all runs that are under way.
    func restorePolicies() async throws {
        guard let records else { return mustCompare.store(false, ordering: .releasing) }
        let running = try await records.underWay(in: name, of: nil)
        try await adopt(running)
        try await installPolicies(records)
        mustCompare.store(false, ordering: .releasing)
    }

    private func installPolicies(_ records: any PolicyRecords) async throws {
        // Before the rules: a change in between makes the next comparison find an old version.
        let version = try await records.version()
        let rules = try await records.policies(for: name) + [PolicyRule(what: "v", rule: "\(version)")]
        let gathered = "\(key):gather:\(UUID().uuidString)"
        for start in stride(from: 0, to: rules.count, by: Self.page) {
            let page = rules[start..<min(start + Self.page, rules.count)]
            try await redis.call(
                QueueScripts.gatherPolicies, keys: [key, gathered],
                page.flatMap { [RedisArgument($0.what), RedisArgument($0.rule)] })
        }
        let isNewer = try await redis.call(
            QueueScripts.installPolicies, keys: [key, gathered], [RedisArgument(version)])
        guard isNewer.int == 1 else { return }
        for number in 1...Self.portions {
            let left = try await redis.call(
                QueueScripts.release, keys: [key],
                [RedisArgument(version), RedisArgument(Self.portion), number == Self.portions ? 1 : 0])
            if left.int == 0 { break }
        }
    }

    /// Leases those of `ids` again that are under way in Postgres. Returns them.
    @discardableResult
    func adopt(forgotten ids: [RunID]) async throws -> Set<RunID> {
        guard let records, !ids.isEmpty else { return [] }
        let running = try await records.underWay(in: name, of: ids)
        try await adopt(running)
        return Set(running.map(\.id))
    }

    private func adopt(_ runs: [RunUnderWay]) async throws {
        for start in stride(from: 0, to: runs.count, by: Self.page) {
            var arguments = [RedisArgument(Self.lease.milliseconds)]
            for run in runs[start..<min(start + Self.page, runs.count)] {
                arguments.append(RedisArgument(run.id.description))
                arguments.append(RedisArgument(run.token))
                arguments.append(RedisArgument(run.workflow.rawValue))
                arguments.append(RedisArgument(run.tenant.rawValue))
            }
            try await redis.call(QueueScripts.adopt, keys: [key], arguments)
        }
    }
}
