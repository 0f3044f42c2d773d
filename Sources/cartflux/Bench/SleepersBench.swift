// A million runs that wait for a day: what they cost a worker, and how exactly one of them wakes among them.

import Durable
import Foundation

struct SleepersBench: Bench {
    let scene: BenchScene
    let sleepers: Int

    private static let slots = 512
    private static let nap: TimeInterval = 86_400
    private static let settleTime: Duration = .seconds(5)
    private static let probes = 100
    private static let megabyte = 1_000_000.0

    private struct Result {
        var creation = 0.0
        var memoryBefore = 0.0
        var memoryAfter = 0.0
        var idleShare = 0.0
        var wakeMedian = 0.0
        var wakeWorst = 0.0
    }

    func run() async throws -> BenchReport {
        let loadBefore = try ProcessUsage.machineLoad()
        var results: [Result] = []
        for round in 1...scene.rounds {
            scene.say("round \(round) of \(scene.rounds): \(sleepers) sleeping runs")
            results.append(try await measure())
        }
        try await scene.clear()
        return try await scene.report(.sleepers, loadBefore: loadBefore, figures(results), notes: Self.notes)
    }

    private func measure() async throws -> Result {
        try await scene.clear()
        return try await WorkerProcess.with(slots: Self.slots, in: scene.database) { worker in
            try await BenchClient.with(scene.servers) { client in
                try await Task.sleep(for: Self.settleTime)
                var result = Result()
                result.memoryBefore = Double(try ProcessUsage.memoryBytes(of: worker.id))
                let began = ContinuousClock.now
                try await client.start(sleepers, of: NoStepBench.self, at: Date() + Self.nap)
                result.creation = (ContinuousClock.now - began).inSeconds
                let sleeping = try await scene.database.sleepingRuns()
                guard sleeping == sleepers else {
                    throw BenchError.unexpectedRows("sleeping runs", wanted: sleepers, got: sleeping)
                }
                try await Task.sleep(for: Self.settleTime)
                result.memoryAfter = Double(try ProcessUsage.memoryBytes(of: worker.id))
                result.idleShare = try await DurableBench.idleShare(of: worker)
                let wakes = try await wakeMilliseconds(client)
                result.wakeMedian = wakes.milliseconds(at: 50)
                result.wakeWorst = wakes.milliseconds(at: 100)
                return result
            }
        }
    }

    /// How late runs wake whose time comes one after the other within a few seconds.
    private func wakeMilliseconds(_ client: BenchClient) async throws -> LatencyHistogram {
        let first = Date() + 2
        for number in 0..<Self.probes {
            let due = first + Double(number) * 0.05
            let microseconds = Int(due.timeIntervalSince1970 * 1_000_000)
            _ = try await client.start(WakeProbe.self, microseconds, at: due)
        }
        let deadline = ContinuousClock.now + .seconds(30)
        var lateness: [Int] = []
        while lateness.count < Self.probes, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(200))
            lateness = try await scene.database.probedNanoseconds(of: WakeProbe.name)
        }
        guard lateness.count == Self.probes else {
            throw BenchError.unexpectedRows("woken runs", wanted: Self.probes, got: lateness.count)
        }
        var histogram = LatencyHistogram()
        for nanoseconds in lateness { histogram.record(nanoseconds: nanoseconds) }
        return histogram
    }

    private func figures(_ results: [Result]) -> [BenchFigure] {
        [
            BenchFigure("creation", "\(sleepers) runs put to sleep", "s", results.map(\.creation)),
            BenchFigure(
                "memory", "worker's memory beside them", "MB",
                results.map { $0.memoryAfter / Self.megabyte }),
            BenchFigure(
                "memory_growth", "growth since before them", "MB",
                results.map { ($0.memoryAfter - $0.memoryBefore) / Self.megabyte }, .below(5)),
            BenchFigure(
                "idle", "worker, share of a core", "%", results.map(\.idleShare), .below(2)),
            BenchFigure("wake_p50", "woken later than due, p50", "ms", results.map(\.wakeMedian)),
            BenchFigure(
                "wake_worst", "woken later than due, worst", "ms", results.map(\.wakeWorst), .atMost(20)),
        ]
    }

    private static let notes = [
        "The runs were started with a time that is a day away: the same rows and timers as a `flow.sleep`.",
        "Worst of \(probes) runs that were due one after the other, 50 ms apart, among the sleepers.",
    ]
}
