// The tracer of our processes. A span is one small object that is written down when it ends; what is done
// with it then is the exporter's affair. Every trace is kept unless whoever began it says otherwise.

import Synchronization
import Tracing

/// Makes spans for OpenTelemetry.
package final class OTLPTracer: Tracer {
    let buffer: SpanBuffer

    /// - Parameter limit: how many ended spans may wait for the collector.
    package init(limit: Int = 16_384) { buffer = SpanBuffer(limit: limit) }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.trace
        let identity = TraceIdentity(under: parent)
        context.trace = identity
        return OTLPSpan(
            operationName, context: context, identity: identity, parent: parent?.span, kind: kind,
            startedAt: instant().nanosecondsSinceEpoch, buffer: identity.isSampled ? buffer : nil)
    }

    /// Nothing to do: the exporter looks at the buffer by itself.
    package func forceFlush() {}

    package func extract<Carrier, Extract>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract: Extractor, Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: TraceIdentity.header, from: carrier) else { return }
        context.trace = TraceIdentity(text) ?? context.trace
    }

    package func inject<Carrier, Inject>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject: Injector, Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.text, forKey: TraceIdentity.header, into: &carrier)
    }
}

/// A span that ended.
struct FinishedSpan: Sendable {
    let identity: TraceIdentity
    let parent: UInt64?
    let kind: SpanKind
    let startedAt: UInt64
    var endedAt: UInt64 = 0
    var name: String
    var attributes = SpanAttributes([:])
    var status: SpanStatus?
    var events: [SpanEvent] = []
    var links: [SpanLink] = []
}

/// A span under way. Whatever comes after its end is ignored.
package final class OTLPSpan: Span {
    package let context: InstrumentationContext
    private let state: Mutex<FinishedSpan?>
    private let buffer: SpanBuffer?

    /// Of events and of links: more tell nobody more.
    private static let listLimit = 64

    init(
        _ name: String, context: InstrumentationContext, identity: TraceIdentity, parent: UInt64?,
        kind: SpanKind, startedAt: UInt64, buffer: SpanBuffer?
    ) {
        self.context = context
        self.buffer = buffer
        state = Mutex(
            buffer == nil
                ? nil
                : FinishedSpan(
                    identity: identity, parent: parent, kind: kind, startedAt: startedAt, name: name))
    }

    package var isRecording: Bool { state.withLock { $0 != nil } }

    package var operationName: String {
        get { state.withLock { $0?.name ?? "" } }
        set { state.withLock { $0?.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0?.attributes ?? SpanAttributes([:]) } }
        set { state.withLock { $0?.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { state.withLock { $0?.status = status } }

    package func addEvent(_ event: SpanEvent) {
        state.withLock { span in
            guard let count = span?.events.count, count < Self.listLimit else { return }
            span?.events.append(event)
        }
    }

    package func addLink(_ link: SpanLink) {
        state.withLock { span in
            guard let count = span?.links.count, count < Self.listLimit else { return }
            span?.links.append(link)
        }
    }

    /// Keeps the type of the error alone: its text may name people.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let endedAt = instant().nanosecondsSinceEpoch
        let ended = state.withLock { span in
            defer { span = nil }
            return span
        }
        guard var ended, let buffer else { return }
        ended.endedAt = endedAt
        buffer.append(ended)
    }
}
