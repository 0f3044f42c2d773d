// Which trace and which span, as W3C Trace Context writes them down: `00-<trace>-<span>-<flags>`.

import Tracing

/// The place of a span: what its children and other processes need to know of it.
struct TraceIdentity: Hashable, Sendable {
    let traceHigh: UInt64
    let traceLow: UInt64
    let span: UInt64
    /// What nobody wants recorded is not recorded here either.
    let isSampled: Bool

    static let header = "traceparent"

    init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.isSampled = isSampled
    }

    /// A child of `parent`, or the first of a new trace.
    init(under parent: TraceIdentity?) {
        self.init(
            traceHigh: parent?.traceHigh ?? .random(in: 1...UInt64.max),
            traceLow: parent?.traceLow ?? .random(in: 1...UInt64.max),
            span: .random(in: 1...UInt64.max), isSampled: parent?.isSampled ?? true)
    }

    /// Reads the text form; nil where it is not one. Later versions may say more at the end.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].count == 2, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            parts[1].count == 32, parts[2].count == 16, parts[3].count == 2,
            parts.allSatisfy({ $0.allSatisfy { $0.isHexDigit && !$0.isUppercase } }),
            let high = UInt64(parts[1].prefix(16), radix: 16),
            let low = UInt64(parts[1].suffix(16), radix: 16),
            let span = UInt64(parts[2], radix: 16), let flags = UInt8(parts[3], radix: 16),
            high != 0 || low != 0, span != 0
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, isSampled: flags & 1 == 1)
    }

    var text: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    var traceID: String { Self.hexadecimal(traceHigh) + Self.hexadecimal(traceLow) }
    var spanID: String { Self.hexadecimal(span) }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension InstrumentationContext {
    private enum Key: InstrumentationContextKey { typealias Value = TraceIdentity }

    var trace: TraceIdentity? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}
