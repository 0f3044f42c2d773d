// One, two and four worker processes on the same pile of work, with the processor time of everybody who takes
// part: what is saturated first is named by the numbers.

import Foundation
import Redis

struct ScaleBench: Bench {
    let scene: BenchScene

    private static let counts = [1, 2, 4]
    private static let slots = 512
    private static let workflowsPerSecond = 4_000

    /// Cores in use, by who used them.
    private struct Use {
        var rate = 0.0
        var postgres = 0.0
        var workers = 0.0
        var redis = 0.0
        var client = 0.0
    }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        var uses: [Int: [Use]] = [:]
        for round in 1...scene.rounds {
            for count in Self.counts {
                scene.say("round \(round) of \(scene.rounds): \(count) workers")
                uses[count, default: []].append(try await measure(workers: count))
            }
        }
        try await scene.clear()
        return try await scene.report(.scale, loadBefore: loadBefore, figures(uses), notes: Self.notes)
    }

    private func measure(workers count: Int) async throws -> Use {
        try await scene.clear()
        let total = Self.workflowsPerSecond * scene.seconds
        let redis = try await BenchQueue.serverProcess(scene.servers)
        return try await WorkerProcess.with(count, slots: Self.slots, in: scene.database) { workers in
            try await BenchClient.with(scene.servers) { client in
                let postgres = try await scene.database.serverProcesses()
                func seconds() throws -> [Double] {
                    [
                        ProcessUsage.processorSeconds(of: postgres),
                        ProcessUsage.processorSeconds(of: workers.map(\.id)),
                        ProcessUsage.processorSeconds(of: [redis]),
                        ProcessUsage.processorSeconds(of: [getpid()]),
                    ]
                }
                let before = try seconds()
                let began = ContinuousClock.now
                try await client.start(total, of: FiveStepBench.self)
                try await scene.database.waitUntilDrained()
                let elapsed = (ContinuousClock.now - began).inSeconds
                let used = zip(try seconds(), before).map { ($0 - $1) / elapsed }
                return Use(
                    rate: Double(total) / elapsed, postgres: used[0], workers: used[1], redis: used[2],
                    client: used[3])
            }
        }
    }

    private func figures(_ uses: [Int: [Use]]) -> [BenchFigure] {
        Self.counts.flatMap { count -> [BenchFigure] in
            let use = uses[count] ?? []
            let name = count == 1 ? "1 worker" : "\(count) workers"
            return [
                BenchFigure("rate_\(count)", name, "workflows/s", use.map(\.rate)),
                BenchFigure("postgres_\(count)", "\(name): Postgres", "cores", use.map(\.postgres)),
                BenchFigure("workers_\(count)", "\(name): workers", "cores", use.map(\.workers)),
                BenchFigure("redis_\(count)", "\(name): Redis", "cores", use.map(\.redis)),
                BenchFigure("client_\(count)", "\(name): who starts them", "cores", use.map(\.client)),
            ]
        }
    }

    private static let notes = [
        "Workflows of five steps; starts are inside the rates. Cores are processor seconds per second.",
        "All of them share one machine: where the cores add up to all it has, it is the processor that ends.",
    ]
}
