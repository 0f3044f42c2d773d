// Three addresses for machines. `/healthz` says the process runs, and nothing else: a dead database must
// not make a supervisor restart every web process. `/readyz` says whether it can serve now.

import Foundation

/// One thing this process needs in order to serve.
package struct ReadinessCheck: Sendable {
    package let name: String
    package let check: @Sendable () async throws -> Void

    package init(_ name: String, _ check: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.check = check
    }
}

struct Probes: Sendable {
    /// A check that takes longer counts as failed.
    private static let patience: Duration = .seconds(2)

    let metrics: MetricsRegistry
    let checks: [ReadinessCheck]

    static let paths = ["/healthz", "/readyz", "/metrics"]

    var endpoints: [Endpoint] {
        Self.paths.map { path in
            Endpoint("GET", path, scope: .operations, kind: .plain) { _ in try await answer(to: path) }
        }
    }

    func answer(to path: String) async throws -> WebResponse {
        switch path {
        case "/healthz": return .text("ok\n")
        case "/readyz": return try await readiness()
        case "/metrics":
            return .text(await metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
        default: throw WebProblem(.notFound)
        }
    }

    private func readiness() async throws -> WebResponse {
        let results = await withTaskGroup(of: (String, Bool).self) { group in
            for check in checks { group.addTask { (check.name, await passes(check)) } }
            return await group.reduce(into: [String: String]()) { $0[$1.0] = $1.1 ? "ok" : "failing" }
        }
        let isReady = results.values.allSatisfy { $0 == "ok" }
        struct Readiness: Encodable {
            let status: String
            let checks: [String: String]
        }
        return try .json(
            Readiness(status: isReady ? "ready" : "not ready", checks: results), status: isReady ? 200 : 503)
    }

    private func passes(_ check: ReadinessCheck) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await check.check()
                    return true
                } catch {
                    // The failure itself is the answer; its text may name hosts, which a probe must not tell.
                    return false
                }
            }
            group.addTask {
                // Cancelled when the check answers first; then nobody reads this value.
                try? await Task.sleep(for: Self.patience)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
