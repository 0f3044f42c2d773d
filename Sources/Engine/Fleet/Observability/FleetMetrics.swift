// The engine's own figures, through swift-metrics. Handles are made once and kept: making one costs more than
// most steps do.

import CoreMetrics
import Durable
import Synchronization

final class FleetMetrics: Sendable {
    /// Those of the process. Made at the first use, so the process chooses its backend before it starts.
    static let shared = FleetMetrics(MetricsSystem.factory)

    private let factory: any MetricsFactory
    private let workflows = Mutex<[WorkflowName: WorkflowMetrics]>([:])
    private let gauges = Mutex<[GaugeKey: Gauge]>([:])
    private let counters = Mutex<[GaugeKey: Counter]>([:])
    private let fencedWrites: Counter
    private let rescues: Counter
    private let poisonings: Counter
    private let batchEntries: Recorder
    private let commitTime: CoreMetrics.Timer

    private struct GaugeKey: Hashable {
        let metric: EngineMetric
        let labels: [String]
    }

    /// Names come from code, so there are few; what comes beyond shares one series.
    static let nameLimit = 500

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        func counter(_ metric: EngineMetric) -> Counter {
            Counter(label: metric.rawValue, dimensions: [], factory: factory)
        }
        fencedWrites = counter(.fencedWrites)
        rescues = counter(.leaseRescues)
        poisonings = counter(.runsPoisoned)
        batchEntries = Recorder(
            label: EngineMetric.journalBatch.rawValue, dimensions: [], aggregate: true, factory: factory)
        commitTime = CoreMetrics.Timer(
            label: EngineMetric.journalCommit.rawValue, dimensions: [], factory: factory)
    }

    func workflow(_ name: WorkflowName) -> WorkflowMetrics {
        workflows.withLock { known in
            if let metrics = known[name] { return metrics }
            let isOne = known.count < Self.nameLimit
            let name = isOne ? name : WorkflowName(rawValue: "other")
            if !isOne, let metrics = known[name] { return metrics }
            let metrics = WorkflowMetrics(name, factory)
            known[name] = metrics
            return metrics
        }
    }

    /// A batch was committed: how much was in it, how many of its writes came from a worker that had lost
    /// the run, and how long it took.
    func committed(_ entries: Int, fenced: Int, in duration: Duration) {
        batchEntries.record(entries)
        commitTime.recordNanoseconds(duration.nanoseconds)
        if fenced > 0 { fencedWrites.increment(by: fenced) }
    }

    func rescued(_ runs: Int, poisoned: Int) {
        if runs > 0 { rescues.increment(by: runs) }
        if poisoned > 0 { poisonings.increment(by: poisoned) }
    }

    func set(_ metric: EngineMetric, _ labels: [(String, String)] = [], to value: Double) {
        let key = GaugeKey(metric: metric, labels: labels.flatMap { [$0.0, $0.1] })
        let gauge = gauges.withLock { known in
            if let gauge = known[key] { return gauge }
            let gauge = Gauge(label: metric.rawValue, dimensions: labels, factory: factory)
            known[key] = gauge
            return gauge
        }
        gauge.record(value)
    }

    func count(_ metric: EngineMetric, _ labels: [(String, String)] = []) {
        let key = GaugeKey(metric: metric, labels: labels.flatMap { [$0.0, $0.1] })
        let counter = counters.withLock { known in
            if let counter = known[key] { return counter }
            let counter = Counter(label: metric.rawValue, dimensions: labels, factory: factory)
            known[key] = counter
            return counter
        }
        counter.increment()
    }
}

/// The figures of one workflow.
final class WorkflowMetrics: Sendable {
    let name: WorkflowName
    private let factory: any MetricsFactory
    private let stay: CoreMetrics.Timer
    private let duration: CoreMetrics.Timer
    private let departures: [Departure: Counter]
    private let ends: [RunStatus: Counter]
    private let steps = Mutex<[String: StepMetrics]>([:])

    init(_ name: WorkflowName, _ factory: any MetricsFactory) {
        self.name = name
        self.factory = factory
        let labels = [("workflow", name.rawValue)]
        func counter(_ metric: EngineMetric, _ label: String, _ value: String) -> Counter {
            Counter(label: metric.rawValue, dimensions: labels + [(label, value)], factory: factory)
        }
        stay = CoreMetrics.Timer(label: EngineMetric.runStay.rawValue, dimensions: labels, factory: factory)
        duration = CoreMetrics.Timer(
            label: EngineMetric.runDuration.rawValue, dimensions: labels, factory: factory)
        departures = Dictionary(
            uniqueKeysWithValues: Departure.allCases.map {
                ($0, counter(.runDepartures, "departure", $0.rawValue))
            })
        ends = Dictionary(
            uniqueKeysWithValues: [RunStatus.succeeded, .failed, .cancelled, .needsAttention].map {
                ($0, counter(.runsEnded, "outcome", $0.rawValue))
            })
    }

    func departed(_ departure: Departure, after duration: Duration) {
        departures[departure]?.increment()
        stay.recordNanoseconds(duration.nanoseconds)
    }

    /// - Parameter duration: since the run was accepted.
    func ended(_ status: RunStatus, after duration: Duration) {
        ends[status]?.increment()
        self.duration.recordNanoseconds(duration.nanoseconds)
    }

    func step(_ name: String) -> StepMetrics {
        steps.withLock { known in
            if let metrics = known[name] { return metrics }
            let isOne = known.count < FleetMetrics.nameLimit
            let name = isOne ? name : "other"
            if !isOne, let metrics = known[name] { return metrics }
            let metrics = StepMetrics([("workflow", self.name.rawValue), ("step", name)], factory)
            known[name] = metrics
            return metrics
        }
    }
}

/// The figures of one step.
final class StepMetrics: Sendable {
    /// How an attempt ended.
    enum AttemptOutcome: String, CaseIterable {
        case succeeded, failed
        /// Put off without being counted: a limit, a breaker, a pause that a vendor asked for.
        case deferred
        /// The run was taken away, cancelled or went to sleep.
        case stopped
    }

    private let duration: CoreMetrics.Timer
    private let retries: Counter
    private let attempts: [AttemptOutcome: Counter]

    init(_ labels: [(String, String)], _ factory: any MetricsFactory) {
        duration = CoreMetrics.Timer(
            label: EngineMetric.stepDuration.rawValue, dimensions: labels, factory: factory)
        retries = Counter(label: EngineMetric.stepRetries.rawValue, dimensions: labels, factory: factory)
        attempts = Dictionary(
            uniqueKeysWithValues: AttemptOutcome.allCases.map {
                let labels = labels + [("outcome", $0.rawValue)]
                let label = EngineMetric.stepAttempts.rawValue
                return ($0, Counter(label: label, dimensions: labels, factory: factory))
            })
    }

    func attempted(_ number: Int, _ outcome: AttemptOutcome, in duration: Duration) {
        attempts[outcome]?.increment()
        if number > 1 { retries.increment() }
        self.duration.recordNanoseconds(duration.nanoseconds)
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}

extension BatchVerdicts {
    /// How many writes came from a worker that had lost the run.
    var fenced: Int { fencedStarts.count + entries.values.count { $0 == .fenced } }
}
