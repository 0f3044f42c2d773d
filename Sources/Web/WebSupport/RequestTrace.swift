import HTTPTypes
import Hummingbird
import Tracing

/// The span of a web request: the beginning of everything that the request sets in motion. It names the
/// route's pattern and never the path, which may hold a secret.
struct RequestTrace: Sendable {
    private let tracer: (any Tracer)?

    /// - Parameter tracer: nil where nobody traces; then nothing is made.
    init(_ tracer: (any Tracer)? = RequestTrace.installed) { self.tracer = tracer }

    private static var installed: (any Tracer)? {
        let tracer = InstrumentationSystem.tracer
        return tracer is NoOpTracer ? nil : tracer
    }

    /// - Parameter isTrusted: whether the trace that the caller says it is part of is believed: anybody on
    ///   the internet could otherwise write into our traces.
    func around(
        _ request: Request, isTrusted: Bool, context visit: VisitContext, _ body: () async throws -> Response
    ) async rethrows -> Response {
        guard let tracer else { return try await body() }
        var context = InstrumentationContext.topLevel
        if isTrusted { tracer.extract(request.headers, into: &context, using: HeaderReader()) }
        return try await Self.within(tracer, context, request, visit, body)
    }

    private static func within(
        _ tracer: some Tracer, _ context: InstrumentationContext, _ request: Request, _ visit: VisitContext,
        _ body: () async throws -> Response
    ) async rethrows -> Response {
        let method = Endpoint.methods.contains(request.method.rawValue) ? request.method.rawValue : "other"
        let span = tracer.startSpan("HTTP \(method)", context: context, ofKind: .server)
        defer { span.end() }
        let response = try await InstrumentationContext.withValue(span.context) { try await body() }
        span.operationName = "\(method) \(visit.route)"
        span.attributes = SpanAttributes([
            "http.request.method": .string(method), "http.route": .string(visit.route),
            "http.response.status_code": .int64(Int64(response.status.code)),
        ])
        if response.status.code >= 500 { span.setStatus(SpanStatus(code: .error)) }
        return response
    }
}

private struct HeaderReader: Extractor {
    func extract(key: String, from headers: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { headers[$0] }
    }
}
