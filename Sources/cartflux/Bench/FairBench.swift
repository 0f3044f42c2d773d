// One tenant with a great pile of work beside ten that ask for little: the ten must hardly notice. And two
// tenants with piles and weights of three to one must be served three to one.

import Durable
import Fleet
import Foundation

struct FairBench: Bench {
    let scene: BenchScene
    let queued: Int

    private static let workers = 4
    private static let slots = 8
    private static let smallTenants = 10
    /// Enough runs for a p99 over all small tenants.
    private static let probing: Duration = .seconds(30)
    /// Until four processes are up and the pile of starts is written out: neither is what is measured.
    private static let settling: Duration = .seconds(5)
    private static let big = "bench.big"
    private static let small = "bench.small."
    private static let weighted = (heavy: "bench.heavy", light: "bench.light")
    private static let weightedRuns = 4_000

    private struct Result {
        var alone = 0.0
        var crowded = 0.0
        var share = 0.0
    }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        var results: [Result] = []
        for round in 1...scene.rounds {
            scene.say("round \(round) of \(scene.rounds): small tenants alone")
            var result = Result()
            result.alone = try await waits(beside: 0)
            scene.say("round \(round) of \(scene.rounds): beside \(queued) runs of one tenant")
            result.crowded = try await waits(beside: queued)
            scene.say("round \(round) of \(scene.rounds): weights 3 and 1")
            result.share = try await share()
            results.append(result)
        }
        try await scene.clear()
        return try await scene.report(.fair, loadBefore: loadBefore, figures(results), notes: notes)
    }

    /// The p99 of the small tenants' time from start to first line, in milliseconds.
    private func waits(beside crowd: Int) async throws -> Double {
        try await scene.clear()
        return try await BenchClient.with(scene.servers) { client in
            try await client.start(crowd, of: BusyBench.self, for: Self.big)
            return try await WorkerProcess.with(Self.workers, slots: Self.slots, in: scene.database) { _ in
                try await Task.sleep(for: Self.settling)
                try await probe(client)
                var latencies = LatencyHistogram()
                let probed = try await scene.database.probedNanoseconds(tenants: Self.small + "%")
                for nanoseconds in probed { latencies.record(nanoseconds: nanoseconds) }
                return latencies.milliseconds(at: 99)
            }
        }
    }

    private func probe(_ client: BenchClient) async throws {
        let wanted = Int(Self.probing.inSeconds) * Self.smallTenants
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<wanted {
                try await Task.sleep(
                    until: began + .seconds(1) / Self.smallTenants * number, clock: .continuous)
                let tenant = Self.small + "\(number % Self.smallTenants)"
                group.addTask { _ = try await client.start(StartProbe.self, StartProbe.now, for: tenant) }
            }
            try await group.waitForAll()
        }
        let deadline = ContinuousClock.now + .seconds(30)
        var ended = 0
        while ended < wanted, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(100))
            ended = try await scene.database.probedNanoseconds(tenants: Self.small + "%").count
        }
        guard ended == wanted else {
            throw BenchError.unexpectedRows("probes that ended", wanted: wanted, got: ended)
        }
    }

    /// How many runs of the heavy tenant ended for each of the light one, while both had work.
    private func share() async throws -> Double {
        try await scene.clear()
        return try await BenchClient.with(scene.servers) { client in
            let mandate = try Mandate(actor: "bench", reason: "weights under measurement")
            let control = Control(client.runs)
            try await control.setShare(of: Tenant(Self.weighted.heavy), weight: 3, cap: nil, by: mandate)
            try await control.setShare(of: Tenant(Self.weighted.light), weight: 1, cap: nil, by: mandate)
            try await client.start(Self.weightedRuns, of: BusyBench.self, for: Self.weighted.heavy)
            try await client.start(Self.weightedRuns, of: BusyBench.self, for: Self.weighted.light)
            return try await WorkerProcess.with(Self.workers, slots: Self.slots, in: scene.database) { _ in
                try await scene.database.waitUntilDrained()
                // The heavy one runs out after 4/3 of its runs have ended in all.
                let counts = try await scene.database.endedByTenant(first: Self.weightedRuns)
                return Double(counts[Self.weighted.heavy] ?? 0) / Double(counts[Self.weighted.light] ?? 1)
            }
        }
    }

    private func figures(_ results: [Result]) -> [BenchFigure] {
        [
            BenchFigure("alone", "small tenants alone, p99 wait", "ms", results.map(\.alone)),
            BenchFigure(
                "crowded", "beside \(queued) runs of another, p99 wait", "ms", results.map(\.crowded)),
            BenchFigure(
                "ratio", "crowded to alone", "", results.map { $0.crowded / $0.alone }, .atMost(2)),
            BenchFigure("weights", "served by weights 3 and 1, ratio", "", results.map(\.share)),
            BenchFigure(
                "weights_error", "away from 3", "%", results.map { 100 * abs($0.share / 3 - 1) }, .atMost(5)),
        ]
    }

    private var notes: [String] {
        [
            "\(Self.workers) workers of \(Self.slots) slots; the big tenant's runs hold one for 20 ms.",
            "\(Self.smallTenants) small tenants, one run a second each; a wait is from the call of start "
                + "to the run's first line.",
        ]
    }
}
