// The thread through everything that one request sets in motion. It is kept with the run as the W3C
// `traceparent` of whoever started it, so it outlives processes, and any tracer that is installed reads it.

import Tracing

/// Puts a trace into text and takes it out again, in the form of W3C Trace Context.
enum TraceContext {
    private static let header = "traceparent"

    /// The text form of the trace that the current task is in; nil outside of any.
    static var current: String? {
        guard let context = InstrumentationContext.current else { return nil }
        return text(of: context)
    }

    static func text(of context: InstrumentationContext) -> String? {
        var carrier: [String: String] = [:]
        InstrumentationSystem.instrument.inject(context, into: &carrier, using: DictionaryCarrier())
        return carrier[header]
    }

    /// The context to go on from; a new one where there is no text.
    static func context(from text: String?) -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        guard let text else { return context }
        InstrumentationSystem.instrument.extract(
            [header: text], into: &context, using: DictionaryCarrier())
        return context
    }

    /// The part that all spans of a trace share.
    static func traceID(in text: String) -> String? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.count >= 4 && parts[1].count == 32 ? String(parts[1]) : nil
    }
}

private struct DictionaryCarrier: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }

    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

extension InstrumentationSystem {
    /// The tracer of the process, or nil where none is installed: then nothing is made for it at all.
    static var installedTracer: (any Tracer)? {
        let tracer = InstrumentationSystem.tracer
        return tracer is NoOpTracer ? nil : tracer
    }
}
