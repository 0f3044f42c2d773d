import Tracing

/// The span of one group commit. It is the child of the run's step it was made for where it carries one
/// write, and stands alone, linked to all of them, where it carries several; heartbeats and untraced runs
/// get none.
struct CommitSpan {
    /// A collector gains nothing from more.
    private static let linkLimit = 32

    private let span: any Span

    init?(_ batch: JournalBatch, _ tracer: (any Tracer)?) {
        guard let tracer else { return nil }
        let contexts = batch.writes.lazy.compactMap(\.context).prefix(Self.linkLimit)
        guard let first = contexts.first else { return nil }
        let isShared = batch.writes.count > 1
        span = tracer.startAnyTracersSpan(
            "journal commit", in: isShared ? .topLevel : first, kind: .client)
        span.attributes = SpanAttributes([
            "journal.entries": .int64(Int64(batch.count)), "db.system.name": .string("postgresql"),
        ])
        if isShared {
            for context in contexts { span.addLink(SpanLink(context: context, attributes: [:])) }
        }
    }

    func end(failed: Bool) {
        if failed { span.setStatus(SpanStatus(code: .error)) }
        span.end()
    }
}
