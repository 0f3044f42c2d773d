import Durable

enum ScheduleMetrics {
    /// How late the scheduler is with what it fires.
    static func lag(_ lag: Duration) {
        FleetMetrics.shared.set(.schedulerLag, to: max(0, lag.seconds))
    }

    static func fired(_ outcome: FiringOutcome, _ reason: SkipReason?) {
        FleetMetrics.shared.count(
            .scheduleFirings, [("outcome", outcome.rawValue), ("reason", reason?.rawValue ?? "")])
    }
}
