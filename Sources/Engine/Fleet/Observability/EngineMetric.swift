// Every figure of the engine by its name, with its unit in the name as Prometheus wants it. Labels take few
// values: workflow, step, queue, outcome, the kind of a vendor account. Never a run, a tenant or an item.

/// The names of the engine's figures, as they stand in dashboards and alerts.
public enum EngineMetric: String, CaseIterable, Sendable {
    // Runs and steps.
    case runDepartures = "engine_run_departures_total"
    case runStay = "engine_run_stay_seconds"
    case runDuration = "engine_run_duration_seconds"
    case runsEnded = "engine_runs_ended_total"
    case runsPoisoned = "engine_runs_poisoned_total"
    case runsAside = "engine_runs_set_aside"
    case stepDuration = "engine_step_duration_seconds"
    case stepAttempts = "engine_step_attempts_total"
    case stepRetries = "engine_step_retries_total"

    // The journal and its leases.
    case journalBatch = "engine_journal_batch_entries"
    case journalCommit = "engine_journal_commit_seconds"
    case fencedWrites = "engine_fenced_writes_total"
    case leaseRescues = "engine_lease_rescues_total"

    // Workers and queues.
    case workers = "engine_workers"
    case workerSlots = "engine_worker_slots"
    case workerRuns = "engine_worker_runs"
    case queueReady = "engine_queue_ready_runs"
    case queueLeased = "engine_queue_leased_runs"
    case queueDelayed = "engine_queue_delayed_runs"
    case queueOldestAge = "engine_queue_oldest_age_seconds"
    case queuePaused = "engine_queue_paused"

    // What others allow.
    case limitRefusals = "engine_limit_refusals_total"
    case limitsParked = "engine_limits_parked"
    case breakersOpen = "engine_breakers_open"
    case breakerOpenings = "engine_breaker_openings_total"

    // Duties.
    case schedulerLag = "engine_scheduler_lag_seconds"
    case scheduleOverdue = "engine_schedule_overdue_seconds"
    case scheduleFirings = "engine_schedule_firings_total"
    case weeksAhead = "engine_storage_weeks_ahead"
    case findings = "engine_invariant_findings"
    case gaugesRefreshed = "engine_gauges_refreshed_timestamp_seconds"

    /// The upper bounds of the buckets of a histogram that the usual ones (up to ten seconds) do not suit.
    public var bounds: [Double]? {
        switch self {
        case .runDuration, .runStay:
            [
                0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600,
                86_400, 604_800, 2_592_000,
            ]
        case .stepDuration:
            [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
        case .journalBatch: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]
        default: nil
        }
    }
}
