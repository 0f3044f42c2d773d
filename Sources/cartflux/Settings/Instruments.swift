// By what a process is seen from outside: its figures, its probes and its traces. Made before anything else,
// because whoever counts or traces asks once, at its start, whether somebody looks.

import Fleet
import Logging
import Metrics
import Redis
import ServiceLifecycle
import Telemetry
import Tracing
import WebSupport

struct Instruments {
    let metrics: MetricsRegistry
    private let settings: Settings
    private let exporter: SpanExporter?
    private let logger: Logger
    private let port: Int?

    /// Installs what the settings ask for, once per process.
    init(_ settings: Settings, label: String) throws {
        self.settings = settings
        logger = try settings.logger(label)
        let bounds = EngineMetric.allCases.compactMap { metric in metric.bounds.map { (metric.rawValue, $0) }
        }
        metrics = MetricsRegistry(bounds: Dictionary(uniqueKeysWithValues: bounds))
        port =
            settings.optional(.metricsPort) == nil
            ? nil : try settings.integer(.metricsPort, in: 0...65_535, default: 0)
        MetricsSystem.bootstrap(metrics)
        guard let endpoint = settings.optional(.tracesEndpoint) else {
            exporter = nil
            return
        }
        guard endpoint.hasPrefix("http://") || endpoint.hasPrefix("https://") else {
            throw SettingProblem(variable: .tracesEndpoint, reason: "must begin with http:// or https://")
        }
        let tracer = OTLPTracer()
        exporter = SpanExporter(tracer, endpoint: endpoint, service: label, logger: logger)
        InstrumentationSystem.bootstrap(tracer)
    }

    /// Whether this process serves its figures on a port of its own.
    var isScraped: Bool { port != nil }

    /// The exporter, which stops after all that is traced, and the probes where a port is set for them.
    /// To stand before the other services, because services stop in the opposite order.
    func services(_ platform: Platform) -> [any Service] {
        var services: [any Service] = []
        if let exporter { services.append(exporter) }
        if let port {
            services.append(
                OperationsServer(
                    address: settings.text(.metricsHost, default: "127.0.0.1"), port: port, metrics: metrics,
                    checks: platform.readiness, logger: logger))
        }
        return services
    }
}

extension Platform {
    /// What a process needs in order to do anything.
    var readiness: [ReadinessCheck] {
        [
            ReadinessCheck("postgres") { _ = try await enginePool.execute("select 1") },
            ReadinessCheck("redis") { _ = try await redis.send(RedisCommand("PING")) },
        ]
    }
}
