// What is seen of one run while it is in this worker: its figures, its spans, and the fields that log lines
// carry which are written meanwhile, also by code that knows nothing of runs.

import Durable
import Foundation
import Logging
import Tracing

final class RunWatch: RunObserver {
    let run: RunID
    let tenant: Tenant
    let traceID: String?
    private let epoch: Int64
    private let acceptedAt: Date
    private let began: Duration
    private let clock: any DurableClock
    private let metrics: WorkflowMetrics
    private let logger: Logger
    private let tracer: (any Tracer)?
    private let span: (any Span)?

    var workflow: WorkflowName { metrics.name }

    /// - Parameter tracer: nil where nobody traces; then no span is made.
    init(
        _ run: ClaimedRun, clock: any DurableClock, logger: Logger,
        metrics: FleetMetrics = .shared, tracer: (any Tracer)?
    ) {
        self.run = run.id
        tenant = run.tenant
        epoch = run.epoch
        acceptedAt = run.startedAt
        began = clock.uptime
        self.clock = clock
        self.logger = logger
        self.metrics = metrics.workflow(run.workflow)
        self.tracer = tracer
        span = tracer.map { tracer in
            tracer.startAnyTracersSpan(
                "run \(run.workflow)", in: TraceContext.context(from: run.trace), kind: .consumer)
        }
        if let span {
            traceID = TraceContext.text(of: span.context).flatMap { TraceContext.traceID(in: $0) }
            span.attributes = SpanAttributes([
                "run.id": .string("\(run.id)"), "run.tenant": .string("\(run.tenant)"),
                "run.workflow": .string("\(run.workflow)"), "run.version": .int64(Int64(run.version)),
                "run.epoch": .int64(run.epoch), "run.steps.recorded": .int64(Int64(run.steps.count)),
            ])
        } else {
            traceID = run.trace.flatMap { TraceContext.traceID(in: $0) }
        }
    }

    /// Everything that is written and called within `stay` belongs to this run.
    func staying<R: Sendable>(_ stay: () async -> R) async -> R {
        await LogScope.$current.withValue(LogScope(watch: self, step: nil, attempt: 0)) {
            guard let span else { return await stay() }
            return await InstrumentationContext.withValue(span.context) { await stay() }
        }
    }

    func attempting<Output: Sendable>(
        _ step: StepKey, attempt: Int, _ body: () async throws -> Output
    ) async throws -> Output {
        let began = clock.uptime
        let figures = metrics.step(step.name)
        do {
            let output = try await LogScope.$current.withValue(
                LogScope(watch: self, step: step, attempt: attempt)
            ) {
                guard let span else { return try await body() }
                return try await traced(step, attempt, within: span, body)
            }
            figures.attempted(attempt, .succeeded, in: clock.uptime - began)
            return output
        } catch {
            figures.attempted(attempt, Self.outcome(of: error), in: clock.uptime - began)
            throw error
        }
    }

    private func traced<Output: Sendable>(
        _ step: StepKey, _ attempt: Int, within stay: any Span, _ body: () async throws -> Output
    ) async throws -> Output {
        guard let tracer else { return try await body() }
        let span = tracer.startAnyTracersSpan("step \(step.name)", in: stay.context, kind: .internal)
        span.attributes = SpanAttributes([
            "run.id": .string("\(run)"), "run.workflow": .string("\(workflow)"),
            "step.name": .string(step.name), "step.item": .string(step.item),
            "step.attempt": .int64(Int64(attempt)),
        ])
        defer { span.end() }
        do {
            return try await InstrumentationContext.withValue(span.context) { try await body() }
        } catch {
            // A code and no text: the text of a vendor's answer may name people.
            let outcome = Self.outcome(of: error)
            span.attributes["step.outcome"] = outcome.rawValue
            if outcome == .failed {
                span.setStatus(SpanStatus(code: .error, message: FailureRecord(error, step: nil).code))
            }
            throw error
        }
    }

    private static func outcome(of error: any Error) -> StepMetrics.AttemptOutcome {
        if error is FlowSealed || error is RunCancelled || error is CancellationError { return .stopped }
        if case .deferred = error.durableDisposition { return .deferred }
        return .failed
    }

    func ended(_ outcome: Outcome) {
        let status: RunStatus
        var failure: FailureRecord?
        switch outcome {
        case .succeeded: status = .succeeded
        case .cancelled: status = .cancelled
        case .failed(let record): (status, failure) = (.failed, record)
        case .needsAttention(let record): (status, failure) = (.needsAttention, record)
        }
        let age = Duration.seconds(max(0, clock.now.timeIntervalSince(acceptedAt)))
        metrics.ended(status, after: age)
        span?.attributes["run.outcome"] = status.rawValue
        guard let failure else { return }
        span?.setStatus(SpanStatus(code: .error, message: failure.code))
        var fields: Logger.Metadata = ["outcome": "\(status.rawValue)", "code": "\(failure.code)"]
        fields["step"] = failure.step.map { "\($0)" }
        fields["owner"] = failure.owner.map { "\($0.rawValue)" }
        logger.warning(
            "run ended without success", metadata: fields.merging(metadata(nil, 0)) { own, _ in own })
    }

    /// The run has left this worker.
    func left(_ departure: Departure) {
        metrics.departed(departure, after: clock.uptime - began)
        span?.attributes["run.departure"] = departure.rawValue
        span?.end()
    }

    func metadata(_ step: StepKey?, _ attempt: Int) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "run": "\(run)", "workflow": "\(workflow)", "tenant": "\(tenant)", "epoch": "\(epoch)",
        ]
        if let traceID { fields["trace"] = "\(traceID)" }
        if let step {
            fields["step"] = "\(step)"
            fields["attempt"] = "\(attempt)"
        }
        return fields
    }
}

/// What the current task works on, for log lines.
struct LogScope: Sendable {
    let watch: RunWatch
    let step: StepKey?
    let attempt: Int

    @TaskLocal static var current: LogScope?
}

/// What log lines say about the run in whose course they are written.
public enum RunLogging {
    /// Adds run, workflow, tenant, epoch and trace to every line that is written while a worker runs a
    /// workflow, and step and attempt within a step. To be given to the process's log handler.
    public static let metadataProvider = Logger.MetadataProvider {
        guard let scope = LogScope.current else { return [:] }
        return scope.watch.metadata(scope.step, scope.attempt)
    }
}

extension Tracer {
    /// Starts a span of a tracer whose type is not known.
    func startAnyTracersSpan(
        _ name: String, in context: InstrumentationContext, kind: SpanKind
    ) -> any Tracing.Span {
        startSpan(name, context: context, ofKind: kind)
    }
}
