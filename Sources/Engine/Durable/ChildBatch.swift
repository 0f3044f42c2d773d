// Many children of one run. Starts and ends travel in group commits, many at a time. Each wake of a run
// replays all its records, so that a run which woke for every end of five thousand children would replay
// millions of them. It wakes when an eighth of those under way have ended instead, which makes the wakes grow
// with the logarithm of the children and costs none while nothing ends, and listens to single ends only when
// few are left. A timer in its place would wake a run whose children take an hour thousands of times, or
// notice their ends late. How many of them work at once is the queue's business; `atMost` only keeps a batch
// from filling it.

import FoundationEssentials

/// How far a batch of children is.
public struct BatchProgress: Codable, Sendable, Hashable {
    public let total: Int
    public let started: Int
    public let succeeded: Int
    public let failed: Int

    public var ended: Int { succeeded + failed }
}

/// The children of one batch as far as this pass knows them.
struct ChildBatch<W: Workflow>: Sendable {
    let flow: Flow<W>
    let links: [ChildLink]
    private let step: String
    private let limit: Int
    private let isUndoable: Bool
    private let places: [String: Int]
    private(set) var ids: [Int: RunID] = [:]
    private(set) var ends: [Int: ChildEnd] = [:]

    /// More starts at once would only make the journal's batches longer.
    private static var startsAtOnce: Int { 500 }
    /// So few ends are worth a wake each.
    private static var fewEnough: Int { 16 }
    /// The part of those under way that must have ended before the run looks again.
    private static var portion: Int { 8 }

    /// Knows what is recorded already.
    init(_ flow: Flow<W>, _ step: String, _ items: [String], atMost limit: Int, isUndoable: Bool) throws {
        let links = items.map { ChildLink(step: step, item: $0) }
        places = Dictionary(links.enumerated().map { ($1.reply, $0) }) { _, _ in
            preconditionFailure("two children of one batch of \(step) have the same id")
        }
        self.flow = flow
        self.step = step
        self.limit = limit
        self.isUndoable = isUndoable
        self.links = links
        for (place, link) in links.enumerated() {
            if let start = flow.session.recorded(link.started) {
                ids[place] = try Flow<W>.replay(start) as RunID
            }
            if let end = flow.session.recorded(link.key) { ends[place] = try Flow<W>.replay(end) as ChildEnd }
        }
    }

    private var session: RunSession { flow.session }
    private var alive: Int { ids.count - ends.count }
    private var isComplete: Bool { ends.count == links.count }

    private var progress: BatchProgress {
        let failed = ends.values.count { $0.failure != nil }
        return BatchProgress(
            total: links.count, started: ids.count, succeeded: ends.count - failed, failed: failed)
    }

    /// Throws where the run cannot record so many children; before the first is started, not in the middle.
    func checkBound() throws(BoundExceeded) {
        guard ids.isEmpty else { return }
        let most = max(0, RunSession.stepLimit - session.withState { $0.recordedCount }) / 2
        if links.count > most { throw .children(count: links.count, limit: most) }
    }

    /// Starts all children and waits until all have ended.
    mutating func finish(
        starting start: @Sendable @escaping (Int) throws -> ChildStart,
        _ report: @Sendable (BatchProgress) async throws -> Void
    ) async throws {
        guard !isComplete else { return }
        try await whileWatching { batch in
            let isFirst = batch.ids.isEmpty
            let places = batch.nextPlaces
            try await batch.begin(places, start)
            let hasNews = try await batch.takeEnds()
            if isFirst || hasNews { try await report(batch.progress) }
            return !batch.isComplete && batch.nextPlaces.isEmpty
        } until: {
            $0.isComplete
        }
    }

    /// Asks those that are under way to stop and waits until all that were started have ended.
    mutating func settle(after cause: FailureRecord) async throws {
        guard alive > 0 else { return }
        let open = ids.filter { ends[$0.key] == nil }
        try await withThrowingTaskGroup(of: Void.self) { [flow, links] group in
            for (place, id) in open { group.addTask { try await flow.cancel(links[place], id, cause) } }
            try await group.waitForAll()
        }
        try await whileWatching { batch in
            _ = try await batch.takeEnds()
            return batch.alive > 0
        } until: {
            $0.alive == 0
        }
    }

    // MARK: Starting

    /// The next children to start, where there is room for them.
    private var nextPlaces: [Int] {
        let room = min(limit - alive, Self.startsAtOnce)
        guard room > 0, ids.count < links.count else { return [] }
        return Array(links.indices.lazy.filter { ids[$0] == nil }.prefix(room))
    }

    private mutating func begin(
        _ places: [Int], _ start: @Sendable @escaping (Int) throws -> ChildStart
    ) async throws {
        guard !places.isEmpty else { return }
        let started = try await withThrowingTaskGroup(of: (Int, RunID).self) {
            [flow, links, isUndoable] group in
            for place in places {
                group.addTask {
                    let child = try start(place)
                    return (place, try await flow.start(child, links[place], isUndoable: isUndoable))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        ids.merge(started) { known, _ in known }
    }

    // MARK: Watching

    /// Takes turns until `isOver`, waiting where `turn` says that there is nothing else to do.
    private mutating func whileWatching(
        _ turn: (inout Self) async throws -> Bool, until isOver: (Self) -> Bool
    ) async throws {
        let live = StepKey("await:\(step)", item: links[0].key.item)
        _ = try session.enter(live)
        defer { session.leave(live) }
        while true {
            try session.checkMayAct(live, isRetry: true)
            let mustWait = try await turn(&self)
            if isOver(self) { return }
            if mustWait { try await session.park(waitCondition) }
        }
    }

    /// Records the ends that have come, all at once. Returns whether there were any.
    private mutating func takeEnds() async throws -> Bool {
        let mail = session.withState { $0.mailbox }
        let arrived = mail.compactMap { signal in
            places[signal.name].flatMap { ends[$0] == nil ? (place: $0, signal: signal) : nil }
        }
        guard !arrived.isEmpty else { return false }
        let taken = try await withThrowingTaskGroup(of: (Int, ChildEnd?).self) { [flow, links] group in
            for (place, signal) in arrived {
                group.addTask {
                    (place, try await flow.take(signal.payload, links[place].key, consuming: signal.id))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        ends.merge(taken) { known, _ in known }
        return true
    }

    private var waitCondition: WaitCondition {
        let open = ids.keys.filter { ends[$0] == nil }.sorted()
        let reason = WaitReason(kind: .child, step: "\(step) (\(ends.count) of \(links.count) have ended)")
        if open.count <= Self.fewEnough {
            return WaitCondition(wakeAt: nil, signals: open.map { links[$0].reply }, reason: reason)
        }
        return WaitCondition(wakeAt: nil, reason: reason, news: open.count / Self.portion)
    }
}
