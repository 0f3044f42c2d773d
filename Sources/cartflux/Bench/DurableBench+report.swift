import Foundation

/// All rounds of the workload `durable`.
struct DurableResults {
    var loadBefore = 0.0
    /// Workflows per second by width.
    var bare: [Int: [Double]] = [:]
    var engine: [Int: [EngineLoad]] = [:]
    var noStep: [NoStepLoad] = []
    var quiet: [QuietResult] = []

    /// The width with the best median.
    var bestBare: Int { Self.best(bare) }
    var bestEngine: Int { Self.best(engine.mapValues { $0.map(\.workflowsPerSecond) }) }

    private static func best(_ rates: [Int: [Double]]) -> Int {
        rates.max { ($0.value.median, $0.key) < ($1.value.median, $1.key) }?.key ?? 0
    }
}

extension DurableBench {
    private static let steps = 5.0
    private static let megabyte = 1_000_000.0

    func report(_ results: DurableResults) async throws -> BenchReport {
        try await scene.report(
            .durable, loadBefore: results.loadBefore, rates(results) + costs(results) + calm(results),
            notes: notes(results))
    }

    private func rates(_ results: DurableResults) -> [BenchFigure] {
        var figures: [BenchFigure] = []
        for width in Self.widths {
            let bare = results.bare[width] ?? []
            let engine = (results.engine[width] ?? []).map(\.workflowsPerSecond)
            figures += [
                BenchFigure("bare_workflows_\(width)", "bare loop, \(width) at once", "workflows/s", bare),
                BenchFigure("engine_workflows_\(width)", "engine, \(width) at once", "workflows/s", engine),
            ]
        }
        let bare = results.bare[results.bestBare] ?? []
        let engine = (results.engine[results.bestEngine] ?? []).map(\.workflowsPerSecond)
        figures += [
            BenchFigure("bare_steps", "bare loop at its best", "steps/s", bare.map { $0 * Self.steps }),
            BenchFigure(
                "engine_steps", "engine at its best", "steps/s", engine.map { $0 * Self.steps },
                .atLeast(20_000)),
            BenchFigure(
                "share_of_bare", "engine, share of the bare loop", "%",
                zip(engine, bare).map { 100 * $0 / $1 },
                .atLeast(40)),
            BenchFigure(
                "started", "runs without steps, started", "runs/s", results.noStep.map(\.startedPerSecond)),
            BenchFigure(
                "drained", "runs without steps, drained", "runs/s", results.noStep.map(\.drainedPerSecond),
                .atLeast(15_000)),
        ]
        return figures
    }

    private func costs(_ results: DurableResults) -> [BenchFigure] {
        let best = results.engine[results.bestEngine] ?? []
        let memory = results.engine[Self.memoryWidth] ?? []
        return [
            BenchFigure("commits", "commits per workflow", "", best.map(\.commits), .below(0.3)),
            BenchFigure("wal", "WAL per workflow", "bytes", best.map(\.walBytes)),
            BenchFigure("dead_tuples", "dead row versions per workflow", "", best.map(\.deadTuples)),
            BenchFigure(
                "memory", "worker, peak with \(Self.memoryWidth) runs in flight", "MB",
                memory.map { $0.peakMemoryBytes / Self.megabyte }, .below(150)),
        ]
    }

    private func calm(_ results: DurableResults) -> [BenchFigure] {
        [
            BenchFigure(
                "lone", "lone workflow, enqueue to end, p50", "ms", results.quiet.map(\.loneMedian),
                .atMost(5)),
            BenchFigure(
                "start_p50", "enqueue to start at 50/s, p50", "ms", results.quiet.map(\.startMedian),
                .below(3)),
            BenchFigure(
                "start_p99", "enqueue to start at 50/s, p99", "ms", results.quiet.map(\.startP99),
                .below(15)),
            BenchFigure(
                "idle", "idle worker, share of a core", "%", results.quiet.map(\.idleShare), .below(2)),
        ]
    }

    private func notes(_ results: DurableResults) -> [String] {
        [
            "A workflow has five steps with results of 100 bytes. Starts are inside all rates of workflows.",
            "One worker process (its memory and idling are its own); this process starts the runs beside it.",
            "Bare loop: same rows, waves as large as its width, one connection starts and one works.",
            "Best: bare loop \(results.bestBare), engine \(results.bestEngine) slots, whose costs are shown.",
            "Commits and WAL are all of the database's: heartbeats, sweeps and sign-ins are in them.",
        ]
    }
}
