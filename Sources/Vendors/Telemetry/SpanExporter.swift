// Carries ended spans to a collector by OTLP/HTTP, in batches, from a buffer that is bounded. It may lose
// spans and says how many; it never holds up what is traced. A batch that the collector could not take is
// offered a few times more, with pauses, while the buffer fills behind it.

import CoreMetrics
import Foundation
import Logging
import ServiceLifecycle
import Tracing
import VendorHTTP

/// The names of the exporter's own figures.
package enum TelemetryMetric: String, CaseIterable, Sendable {
    case exported = "telemetry_spans_exported_total"
    case dropped = "telemetry_spans_dropped_total"
}

/// Sends the spans of one tracer, until the process stops and once more then.
package struct SpanExporter: Service {
    private let tracer: OTLPTracer
    private let service: OTLPService
    private let http: VendorHTTPClient
    private let interval: Duration
    private let logger: Logger
    private let exported = Counter(label: TelemetryMetric.exported.rawValue)
    private let dropped = Counter(label: TelemetryMetric.dropped.rawValue)

    private static let batch = 1_000
    private static let patience: Duration = .seconds(5)
    private static let tries = 4
    /// How long a stopping process goes on offering what is left.
    private static let lastWords: Duration = .seconds(5)

    /// - Parameters:
    ///   - endpoint: the collector's base address; `/v1/traces` is added.
    ///   - service: what the process calls itself.
    package init(
        _ tracer: OTLPTracer, endpoint: String, service: String, every interval: Duration = .seconds(1),
        transport: VendorTransport = .shared, logger: Logger
    ) {
        self.tracer = tracer
        self.interval = interval
        self.logger = logger
        let process = ProcessInfo.processInfo
        self.service = OTLPService(
            name: service, instance: "\(process.hostName):\(process.processIdentifier)",
            process: process.processIdentifier)
        http = VendorHTTPClient(
            account: VendorAccount(vendor: "otlp", name: "collector"), base: endpoint, headers: [],
            timeout: Self.patience, bodyLimit: 64 << 10, transport: transport)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { await exportUntilCancelled() }
        // Awaited here; shielded from the cancellation that stopped the exporter, and bounded by itself.
        await Task { await flush() }.value
    }

    private func exportUntilCancelled() async {
        while !Task.isCancelled {
            while !tracer.buffer.isEmpty, !Task.isCancelled { await exportBatch(tries: Self.tries) }
            // Cancellation ends the loop at its condition.
            try? await Task.sleep(for: interval)
        }
    }

    /// Sends everything that has ended, within a few seconds.
    package func flush() async {
        let end = ContinuousClock.now + Self.lastWords
        while !tracer.buffer.isEmpty, ContinuousClock.now < end { await exportBatch(tries: 1) }
        let left = tracer.buffer.take(upTo: .max)
        drop(left.dropped + left.spans.count)
    }

    private func exportBatch(tries: Int) async {
        let (spans, lost) = tracer.buffer.take(upTo: Self.batch)
        drop(lost)
        guard !spans.isEmpty else { return }
        let body: Data
        do {
            body = try JSONEncoder().encode(OTLPDocument(spans, of: service))
        } catch {
            logger.warning("spans could not be written down", metadata: ["error": "\(error)"])
            return drop(spans.count)
        }
        for attempt in 1...tries {
            switch await post(Array(body)) {
            case .taken: return exported.increment(by: spans.count)
            case .refused: return drop(spans.count)
            case .unreachable where attempt < tries && !Task.isCancelled:
                // Cancellation gives the batch its last try at once.
                try? await Task.sleep(for: .milliseconds(200) * (1 << attempt))
            case .unreachable: break
            }
        }
        drop(spans.count)
    }

    private enum Reception { case taken, refused, unreachable }

    private func post(_ body: [UInt8]) async -> Reception {
        do {
            let answer = try await http.send(
                VendorRequest(.post, "/v1/traces", body: .bytes(body, contentType: "application/json")))
            if answer.isSuccess { return .taken }
            logger.warning("the collector refused spans", metadata: ["status": "\(answer.status)"])
            return [429, 502, 503, 504].contains(answer.status) ? .unreachable : .refused
        } catch {
            logger.warning("the collector does not answer", metadata: ["error": "\(error)"])
            return .unreachable
        }
    }

    private func drop(_ count: Int) {
        guard count > 0 else { return }
        dropped.increment(by: count)
        logger.warning("spans dropped", metadata: ["spans": "\(count)"])
    }
}
