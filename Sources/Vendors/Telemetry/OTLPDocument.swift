// Spans as OTLP/HTTP writes them in JSON (opentelemetry.proto.collector.trace.v1): ids in hexadecimal, 64-bit
// numbers as text, enumerations as numbers.

import Foundation
import Tracing

/// The body of one post to `/v1/traces`.
struct OTLPDocument: Encodable {
    let resourceSpans: [ResourceSpans]

    init(_ spans: [FinishedSpan], of service: OTLPService) {
        var resource = [OTLPAttribute("service.name", .string(service.name))]
        resource.append(OTLPAttribute("service.instance.id", .string(service.instance)))
        resource.append(OTLPAttribute("process.pid", .int64(Int64(service.process))))
        let scope = ScopeSpans(scope: Scope(name: "cartflux"), spans: spans.map { OTLPSpanText($0) })
        resourceSpans = [ResourceSpans(resource: Resource(attributes: resource), scopeSpans: [scope])]
    }

    struct ResourceSpans: Encodable {
        let resource: Resource
        let scopeSpans: [ScopeSpans]
    }
    struct Resource: Encodable { let attributes: [OTLPAttribute] }
    struct Scope: Encodable { let name: String }
    struct ScopeSpans: Encodable {
        let scope: Scope
        let spans: [OTLPSpanText]
    }
}

/// Who speaks.
struct OTLPService: Sendable {
    let name: String
    let instance: String
    let process: Int32
}

struct OTLPSpanText: Encodable {
    let traceId: String
    let spanId: String
    let parentSpanId: String?
    let name: String
    let kind: Int
    let startTimeUnixNano: String
    let endTimeUnixNano: String
    let attributes: [OTLPAttribute]
    let events: [Event]
    let links: [Link]
    let status: Status

    struct Event: Encodable {
        let timeUnixNano: String
        let name: String
        let attributes: [OTLPAttribute]
    }
    struct Link: Encodable {
        let traceId: String
        let spanId: String
    }
    struct Status: Encodable {
        let code: Int
        let message: String?
    }

    init(_ span: FinishedSpan) {
        traceId = span.identity.traceID
        spanId = span.identity.spanID
        parentSpanId = span.parent.map {
            TraceIdentity(traceHigh: 0, traceLow: 0, span: $0, isSampled: true).spanID
        }
        name = span.name
        kind = Self.number(of: span.kind)
        startTimeUnixNano = "\(span.startedAt)"
        endTimeUnixNano = "\(max(span.endedAt, span.startedAt))"
        attributes = OTLPAttribute.list(span.attributes)
        events = span.events.map {
            Event(
                timeUnixNano: "\($0.nanosecondsSinceEpoch)", name: $0.name,
                attributes: OTLPAttribute.list($0.attributes))
        }
        links = span.links.compactMap { link in
            link.context.trace.map { Link(traceId: $0.traceID, spanId: $0.spanID) }
        }
        status = Status(
            code: span.status.map { $0.code == .ok ? 1 : 2 } ?? 0, message: span.status?.message)
    }

    private static func number(of kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}

struct OTLPAttribute: Encodable {
    let key: String
    let value: Value

    struct Value: Encodable {
        var stringValue: String?
        var intValue: String?
        var doubleValue: Double?
        var boolValue: Bool?
    }

    /// A longer value is cut: attributes are for finding spans, not for keeping documents.
    private static let valueLimit = 1_000

    init(_ key: String, _ attribute: SpanAttribute) {
        self.key = key
        switch attribute {
        case .int32(let number): value = Value(intValue: "\(number)")
        case .int64(let number): value = Value(intValue: "\(number)")
        case .double(let number): value = Value(doubleValue: number)
        case .bool(let flag): value = Value(boolValue: flag)
        case .string(let text): value = Value(stringValue: String(text.prefix(Self.valueLimit)))
        case .stringConvertible(let thing):
            value = Value(stringValue: String("\(thing)".prefix(Self.valueLimit)))
        default: value = Value(stringValue: String("\(attribute)".prefix(Self.valueLimit)))
        }
    }

    static func list(_ attributes: SpanAttributes) -> [OTLPAttribute] {
        var list: [OTLPAttribute] = []
        attributes.forEach { list.append(OTLPAttribute($0, $1)) }
        return list.sorted { $0.key < $1.key }
    }
}
