// Throughput must not depend on how much history there is, nor collapse while some session pins an old
// snapshot.

import Foundation
import Postgres

struct HistoryBench: Bench {
    let scene: BenchScene
    let finishedSteps: Int

    private static let slots = 512
    private static let workflowsPerSecond = 4_000
    private static let chunk = 100_000
    private static let pinned: Duration = .seconds(120)

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        try await scene.clear()
        scene.say("warming up")
        _ = try await rate()
        var empty: [Double] = []
        for round in 1...scene.rounds {
            scene.say("round \(round) of \(scene.rounds): an empty database")
            try await scene.clear()
            empty.append(try await rate())
        }
        try await scene.clear()
        try await fill()
        let steps = try await scene.database.historicSteps()
        var full: [Double] = []
        for round in 1...scene.rounds {
            scene.say("round \(round) of \(scene.rounds): \(steps) finished steps")
            try await scene.database.forgetLiveRuns()
            full.append(try await rate())
        }
        scene.say("an old snapshot, pinned for \(Self.pinned)")
        let pinned = try await rateWhilePinned()
        try await scene.clear()
        return try await scene.report(
            .history, loadBefore: loadBefore, figures(empty, full, pinned),
            notes: [
                "\(steps) finished steps of this week lay in the same partitions that were written to.",
                "Pinned: the last of the rounds of two minutes beside an open repeatable-read snapshot.",
            ])
    }

    /// Workflows of five steps per second, starts included.
    private func rate() async throws -> Double {
        let count = Self.workflowsPerSecond * scene.seconds
        return try await WorkerProcess.with(slots: Self.slots, in: scene.database) { _ in
            try await BenchClient.with(scene.servers) { client in
                let began = ContinuousClock.now
                try await client.start(count, of: FiveStepBench.self)
                try await scene.database.waitUntilDrained()
                return Double(count) / (ContinuousClock.now - began).inSeconds
            }
        }
    }

    private func fill() async throws {
        let runs = finishedSteps / 5
        for first in stride(from: 0, to: runs, by: Self.chunk) {
            scene.say("filling the history: \(first * 5) of \(finishedSteps) steps")
            try await scene.database.fillHistory(runs: min(Self.chunk, runs - first))
        }
        try await scene.database.analyze()
    }

    private func rateWhilePinned() async throws -> Double {
        let pin = try await PostgresConnection.connect(scene.servers.owner)
        _ = try await pin.execute("begin isolation level repeatable read")
        _ = try await pin.execute("select count(*) from engine.run")
        let began = ContinuousClock.now
        var last = 0.0
        repeat { last = try await rate() } while ContinuousClock.now - began < Self.pinned
        _ = try await pin.execute("rollback")
        await pin.close()
        return last
    }

    private func figures(_ empty: [Double], _ full: [Double], _ pinned: Double) -> [BenchFigure] {
        [
            BenchFigure("empty", "empty database", "workflows/s", empty),
            BenchFigure("full", "with \(finishedSteps) finished steps", "workflows/s", full),
            BenchFigure(
                "full_share", "with history, share of empty", "%", [100 * full.median / empty.median],
                .atLeast(90)),
            BenchFigure("pinned", "with an old snapshot pinned", "workflows/s", [pinned]),
            BenchFigure(
                "pinned_share", "pinned, share of empty", "%", [100 * pinned / empty.median], .atLeast(50)),
        ]
    }
}
