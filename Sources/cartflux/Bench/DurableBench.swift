// One round measures everything once, the bare loop and the engine in turn at each width, so that both meet
// the same machine. The bench starts runs from its own process, as a web process would; the worker is a
// child. A rate counts from before the first start to the end of the last run.

import Foundation

/// What the engine did with a pile of five-step workflows.
struct EngineLoad: Sendable {
    let workflowsPerSecond: Double
    let commits: Double
    let walBytes: Double
    let deadTuples: Double
    let peakMemoryBytes: Double
}

/// What the engine did with a pile of runs without steps.
struct NoStepLoad: Sendable {
    let startedPerSecond: Double
    let drainedPerSecond: Double
}

struct DurableBench: Bench {
    let scene: BenchScene

    var servers: BenchServers { scene.servers }
    var database: BenchDatabase { scene.database }

    /// Slots that are tried; targets for memory are for the middle one.
    static let widths = [256, 512, 1_024]
    static let memoryWidth = 512
    private static let warmUp = 5_000
    private static let workflowsAtMost = 200_000

    func run() async throws -> BenchReport {
        var results = DurableResults()
        results.loadBefore = try ProcessUsage.machineLoad()
        // A bench that was killed may have left something.
        try await BenchQueue.remove(servers)
        scene.say("warming up")
        let warm = try await engineLoad(Self.warmUp, slots: Self.memoryWidth)
        let warmNoStep = try await noStepLoad(Self.warmUp)
        let workflows = count(at: warm.workflowsPerSecond)
        let noSteps = count(at: warmNoStep.drainedPerSecond)
        for round in 1...scene.rounds {
            for width in Self.widths {
                scene.say("round \(round) of \(scene.rounds): bare loop and engine, \(width) at once")
                try await database.reset()
                let bare = try await BareLoop.rate(width: width, for: .seconds(scene.seconds), servers)
                results.bare[width, default: []].append(bare)
                results.engine[width, default: []].append(try await engineLoad(workflows, slots: width))
            }
            scene.say("round \(round) of \(scene.rounds): runs without steps")
            results.noStep.append(try await noStepLoad(noSteps))
            scene.say("round \(round) of \(scene.rounds): latencies and idling")
            results.quiet.append(try await quiet())
        }
        try await scene.clear()
        return try await report(results)
    }

    private func count(at rate: Double) -> Int {
        min(max(Self.warmUp, Int(rate * Double(scene.seconds))), Self.workflowsAtMost)
    }

    private func engineLoad(_ count: Int, slots: Int) async throws -> EngineLoad {
        try await database.reset()
        let before = try await database.counters()
        let (elapsed, peak) = try await WorkerProcess.with(slots: slots, in: database) { worker in
            try await BenchClient.with(servers) { client in
                let began = ContinuousClock.now
                try await client.start(count, of: FiveStepBench.self)
                try await database.waitUntilDrained()
                return (ContinuousClock.now - began, try ProcessUsage(of: worker.id).peakMemoryBytes)
            }
        }
        try await check(ended: count)
        let used = try await database.counters() - before
        let workflows = Double(count)
        return EngineLoad(
            workflowsPerSecond: workflows / elapsed.inSeconds, commits: used.commits / workflows,
            walBytes: used.walBytes / workflows, deadTuples: used.deadTuples / workflows,
            peakMemoryBytes: Double(peak))
    }

    private func noStepLoad(_ count: Int) async throws -> NoStepLoad {
        try await database.reset()
        // The client stays until the end: it may still be telling the dispatcher of the last starts.
        let load = try await BenchClient.with(servers) { client in
            let began = ContinuousClock.now
            try await client.start(count, of: NoStepBench.self)
            let starting = (ContinuousClock.now - began).inSeconds
            let draining = try await WorkerProcess.with(slots: Self.memoryWidth, in: database) { worker in
                try await database.waitUntilDrained()
                return try await database.drainSeconds(of: worker.id)
            }
            return NoStepLoad(
                startedPerSecond: Double(count) / starting, drainedPerSecond: Double(count) / draining)
        }
        try await check(ended: count)
        return load
    }

    func check(ended wanted: Int) async throws {
        let ended = try await database.endedRuns()
        guard ended == wanted else {
            throw BenchError.unexpectedRows("ended runs", wanted: wanted, got: ended)
        }
    }
}
