// What a fleet with little to do costs and how fast it answers. The probe's age at its first line is measured
// by one clock across both processes. A lone workflow counts from the call of `start` to the published end,
// which follows its commit.

import Durable
import Foundation
import Histogram

/// Latencies of a calm fleet, and what it uses while nothing happens.
struct QuietResult: Sendable {
    let startMedian: Double
    let startP99: Double
    let loneMedian: Double
    let idleShare: Double
}

extension DurableBench {
    private static let idleTime: Duration = .seconds(10)
    /// Connections, caches and the first sweep are behind the worker then.
    private static let settleTime: Duration = .seconds(2)
    private static let runsPerSecond = 50
    /// Enough runs for a p99.
    private static let probes = 500
    private static let loneRuns = 200
    private static let loneWarmUps = 20

    func quiet() async throws -> QuietResult {
        try await database.reset()
        return try await WorkerProcess.with(slots: Self.memoryWidth, in: database) { worker in
            try await Task.sleep(for: Self.settleTime)
            let idle = try await Self.idleShare(of: worker)
            return try await BenchClient.with(servers) { client in
                let lone = try await loneMilliseconds(client)
                let starts = try await startMilliseconds(client)
                return QuietResult(
                    startMedian: starts.milliseconds(at: 50), startP99: starts.milliseconds(at: 99),
                    loneMedian: lone.milliseconds(at: 50), idleShare: idle)
            }
        }
    }

    /// The share of one core, in percent.
    static func idleShare(of worker: WorkerProcess) async throws -> Double {
        let before = try ProcessUsage(of: worker.id).processorSeconds
        let began = ContinuousClock.now
        try await Task.sleep(for: Self.idleTime)
        let used = try ProcessUsage(of: worker.id).processorSeconds - before
        return 100 * used / (ContinuousClock.now - began).inSeconds
    }

    private func loneMilliseconds(_ client: BenchClient) async throws -> LatencyHistogram {
        let watch = EndWatch()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch.listen(to: client.runs.events) }
            defer { group.cancelAll() }
            var latencies = LatencyHistogram()
            for number in -Self.loneWarmUps..<Self.loneRuns {
                let began = StartProbe.now
                let run = try await client.start(FiveStepBench.self, number)
                // The first ends may come before the subscription.
                let isHeard = await watch.end(of: run, upTo: .seconds(1))
                if number >= 0, isHeard { latencies.record(nanoseconds: StartProbe.now - began) }
            }
            return latencies
        }
    }

    private func startMilliseconds(_ client: BenchClient) async throws -> LatencyHistogram {
        try await database.reset()
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.probes {
                try await Task.sleep(
                    until: began + .seconds(1) / Self.runsPerSecond * number, clock: .continuous)
                // A slow start must not hold up the next one.
                group.addTask { _ = try await client.start(StartProbe.self, StartProbe.now) }
            }
            try await group.waitForAll()
        }
        try await database.waitUntilDrained()
        try await check(ended: Self.probes)
        var latencies = LatencyHistogram()
        for nanoseconds in try await database.probedNanoseconds() {
            latencies.record(nanoseconds: nanoseconds)
        }
        return latencies
    }
}

/// Latencies from a microsecond to a minute.
struct LatencyHistogram: Sendable {
    private var microseconds = Histogram<UInt32>(
        highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)

    mutating func record(nanoseconds: Int) {
        microseconds.record(UInt64(min(max(nanoseconds / 1_000, 1), 60_000_000)))
    }

    func milliseconds(at percentile: Double) -> Double {
        Double(microseconds.valueAtPercentile(percentile)) / 1_000
    }
}
