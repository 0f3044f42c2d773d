// The engine's own figures, through swift-metrics.

import Durable
import Metrics

enum FleetMetrics {
    static func departed(_ departure: Departure, workflow: WorkflowName, after duration: Duration) {
        let dimensions = [("workflow", workflow.rawValue), ("departure", "\(departure)")]
        Counter(label: "engine_run_departures_total", dimensions: dimensions).increment()
        Metrics.Timer(label: "engine_run_stay_seconds", dimensions: [("workflow", workflow.rawValue)])
            .record(duration: duration)
    }

    static func rescued(_ runs: Int) {
        Counter(label: "engine_lease_rescues_total").increment(by: runs)
    }
}
