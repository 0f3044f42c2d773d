import Synchronization

/// Spans that have ended and wait for the collector. It takes so many and no more: a collector that is away
/// costs spans, never memory, and what was lost is counted.
final class SpanBuffer: Sendable {
    private struct State {
        var spans: [FinishedSpan] = []
        var dropped = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func append(_ span: FinishedSpan) {
        state.withLock { state in
            if state.spans.count < limit { state.spans.append(span) } else { state.dropped += 1 }
        }
    }

    /// The oldest spans, and how many were dropped since somebody last took some.
    func take(upTo count: Int) -> (spans: [FinishedSpan], dropped: Int) {
        state.withLock { state in
            let taken = Array(state.spans.prefix(count))
            state.spans.removeFirst(taken.count)
            defer { state.dropped = 0 }
            return (taken, state.dropped)
        }
    }

    var isEmpty: Bool { state.withLock { $0.spans.isEmpty } }
}
