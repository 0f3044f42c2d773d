import Durable
import Foundation
import Logging
import Synchronization
import Testing
import VendorHTTP
import WebSupport

@testable import Fleet

@Suite("Metrics")
struct MetricsTests {
    private func lines(_ registry: MetricsRegistry) async -> [String: Double] {
        let pairs = await registry.exposition().split(separator: "\n").compactMap {
            line -> (String, Double)? in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return nil }
            return Double(line[line.index(after: space)...]).map { (String(line[..<space]), $0) }
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }

    @Test("a run leaves its duration, its steps, retries, failures, ends and batches in the figures")
    func wholeRun() async throws {
        let fleet = try await TracedFleet.open()
        let before = await lines(Installed.instruments.metrics)

        try await fleet.working(.traced()) {
            let run = try await fleet.runs.start(TracedOrder.self, 1, for: "t")
            _ = try await fleet.runs.result(of: run.id, as: TracedOrder.self, upTo: .seconds(30))
            // The worker counts the departure after it has told the result.
            try await until("the departure is counted") {
                let now = await lines(Installed.instruments.metrics)
                let series = "engine_run_departures_total{workflow=\"traced_order\",departure=\"finished\"}"
                return now[series, default: 0] > before[series, default: 0]
            }
        }
        let after = await lines(Installed.instruments.metrics)

        // Other tests run the same workflows beside this one, so the figures may have grown by more.
        for series in [
            "engine_step_duration_seconds_count{workflow=\"traced_order\",step=\"first\"}",
            "engine_step_attempts_total{workflow=\"traced_order\",step=\"first\",outcome=\"succeeded\"}",
            "engine_step_attempts_total{workflow=\"traced_order\",step=\"second\",outcome=\"failed\"}",
            "engine_step_retries_total{workflow=\"traced_order\",step=\"second\"}",
            "engine_runs_ended_total{workflow=\"traced_order\",outcome=\"succeeded\"}",
            "engine_run_duration_seconds_count{workflow=\"traced_order\"}",
            "engine_run_duration_seconds_bucket{workflow=\"traced_order\",le=\"2592000\"}",
            "engine_run_stay_seconds_count{workflow=\"traced_child\"}",
            "engine_journal_batch_entries_count", "engine_journal_batch_entries_bucket{le=\"1000\"}",
            "engine_journal_commit_seconds_count",
        ] {
            #expect(after[series, default: 0] > before[series, default: 0], "\(series)")
        }
        let text = await Installed.instruments.metrics.exposition()
        #expect(!text.contains("\(fleet.configuration.queue)-"))
        #expect(!text.contains("tenant="))
        #expect(!text.contains("run=\""))
    }

    @Test("a write under an old epoch is counted as fenced")
    func fenced() async throws {
        let fleet = try await TracedFleet.open()
        let before = await lines(Installed.instruments.metrics)["engine_fenced_writes_total", default: 0]
        let writer = JournalWriter(
            fleet.configuration.database, worker: nil, lease: nil, logger: .quiet, onReady: { _ in })

        let verdict = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await writer.run() }
            let verdict = await writer.commit(
                .release(.shutdown), under: Lease(run: RunID(), epoch: 7), reply: nil)
            writer.stop()
            return try verdict.get()
        }

        #expect(verdict == .fenced)
        let after = await lines(Installed.instruments.metrics)["engine_fenced_writes_total", default: 0]
        #expect(after >= before + 1)
    }

    @Test("ready runs of a queue that has no worker show their age; weeks and findings are told too")
    func gauges() async throws {
        let fleet = try await TracedFleet.open()
        let registry = MetricsRegistry()
        let starting = Task { try await fleet.runs.run() }
        _ = try await fleet.runs.start(TracedChild.self, 1, for: "t")
        starting.cancel()
        _ = try await starting.value

        try await FleetGauges(fleet.runs, metrics: FleetMetrics(registry)).refresh()
        let first = await lines(registry)
        let queue = "{queue=\"\(fleet.configuration.queue)\"}"

        #expect(first["engine_queue_oldest_age_seconds\(queue)"].map { $0 > 0 } == true)
        #expect(first["engine_workers\(queue)"] == 0)
        #expect(first["engine_storage_weeks_ahead"].map { $0 >= 2 } == true)
        #expect(first["engine_invariant_findings{breach=\"unqueued\"}"] == 0)
        #expect(first["engine_runs_set_aside{status=\"needs_attention\"}"] == 0)
        #expect(first["engine_schedule_overdue_seconds"] == 0)
    }

    @Test(
        "open breakers and parked accounts are counted by kind, and go back to zero when their time is over")
    func limits() async throws {
        let registry = MetricsRegistry()
        let watch = LimitWatch(FleetMetrics(registry))
        let now = Date(timeIntervalSince1970: 1_000_000)
        let until = now.addingTimeInterval(10)

        for account in ["bigbuy:one", "bigbuy:two"] {
            watch.refused(
                LimitRefusal(key: LimitKey(account), reason: .breakerOpen, until: until), at: now)
        }
        watch.parked(LimitKey("smartbill:RO1", "x"), until: until, at: now)
        let during = await lines(registry)
        watch.closed(LimitKey("bigbuy:one"), at: now)
        let closed = await lines(registry)
        watch.refresh(at: until)
        let after = await lines(registry)

        #expect(during["engine_breakers_open{kind=\"bigbuy\"}"] == 2)
        #expect(during["engine_limit_refusals_total{kind=\"bigbuy\",reason=\"breaker_open\"}"] == 2)
        #expect(during["engine_limits_parked{kind=\"smartbill\"}"] == 1)
        #expect(closed["engine_breakers_open{kind=\"bigbuy\"}"] == 1)
        #expect(after["engine_breakers_open{kind=\"bigbuy\"}"] == 0)
        #expect(after["engine_limits_parked{kind=\"smartbill\"}"] == 0)
        #expect(!during.keys.contains { $0.contains("RO1") })
    }

    @Test("however many names there are, the series stay few")
    func cardinality() async throws {
        let registry = MetricsRegistry()
        let metrics = FleetMetrics(registry)

        for number in 0..<2_000 {
            metrics.workflow("one").step("s\(number)").attempted(1, .failed, in: .seconds(1))
        }
        let steps = await lines(registry).keys.filter { $0.hasPrefix("engine_step_duration_seconds_count") }

        #expect(steps.count == FleetMetrics.nameLimit + 1)
        #expect(steps.contains { $0.contains("step=\"other\"") })
    }

    @Test("a worker's own port serves metrics and probes, and says 503 while something is missing")
    func operations() async throws {
        let registry = MetricsRegistry()
        registry.count("engine_lease_rescues_total", by: 3)
        let isWell = Mutex(true)
        struct Missing: Error {}
        let ports = AsyncStream<Int>.makeStream()
        let server = OperationsServer(
            port: 0, metrics: registry,
            checks: [ReadinessCheck("redis") { if !isWell.withLock({ $0 }) { throw Missing() } }],
            logger: .quiet, isListening: { ports.continuation.yield($0) })

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await port in ports.stream {
                let client = VendorHTTPClient(
                    account: VendorAccount(vendor: "test", name: "ops"), base: "http://127.0.0.1:\(port)",
                    headers: [])
                let metrics = try await client.send(VendorRequest(.get, "/metrics"))
                #expect(metrics.status == 200)
                #expect(metrics.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
                #expect(metrics.text.contains("engine_lease_rescues_total 3"))
                #expect(try await client.send(VendorRequest(.get, "/healthz")).status == 200)
                #expect(try await client.send(VendorRequest(.get, "/readyz")).status == 200)
                isWell.withLock { $0 = false }
                let ready = try await client.send(VendorRequest(.get, "/readyz"))
                #expect(ready.status == 503)
                #expect(ready.text.contains("\"redis\":\"failing\""))
                #expect(try await client.send(VendorRequest(.get, "/")).status == 404)
                break
            }
            group.cancelAll()
        }
    }
}
