// What a pool decides, without doing it: the pool asks, does what the action says, and reports what came of
// it. Time is passed in, so every rule can be tested without waiting.
//
// Requests are served strictly in the order of their arrival. Connections are lent last-in first-out, so
// that a quiet pool keeps using the few whose caches are warm.

internal import DequeModule

/// The state of a pool of connections.
struct PoolState {
    typealias Instant = ContinuousClock.Instant

    struct RequestID: Hashable, Sendable { let number: Int }
    struct ConnectionID: Hashable, Sendable { let number: Int }

    enum Action: Equatable {
        case lend(ConnectionID, to: RequestID)
        case open(ConnectionID)
        case close(ConnectionID)
        /// Open no connection before then; report with `retryDue`.
        case retry(ConnectionID, at: Instant)
        case wait
        case refuse(RequestID, Refusal)
        case none
    }

    enum Refusal: Equatable { case timeout, closed, cannotConnect }

    struct Waiter: Equatable {
        let request: RequestID
        let since: Instant
    }

    let size: Int
    let waitLimit: Duration
    private(set) var isClosed = false
    private(set) var idle: [ConnectionID] = []
    private(set) var lent: Set<ConnectionID> = []
    /// Being opened, or waiting for the next attempt.
    private(set) var opening: Set<ConnectionID> = []
    private(set) var waiting: Deque<Waiter> = []
    private var failures = 0
    private var connections = 0

    init(size: Int, waitLimit: Duration) {
        precondition(size > 0, "a pool needs at least one connection")
        self.size = size
        self.waitLimit = waitLimit
    }

    var open: Int { idle.count + lent.count }
    var isDrained: Bool { isClosed && idle.isEmpty && lent.isEmpty && opening.isEmpty }

    /// When the first waiter gives up.
    var nextDeadline: Instant? { waiting.first.map { $0.since + waitLimit } }

    /// Somebody wants a connection: it is lent at once, or the request stands in line, and perhaps one is
    /// opened.
    mutating func requested(_ request: RequestID, now: Instant) -> Action {
        if isClosed { return .refuse(request, .closed) }
        if waiting.isEmpty, let connection = idle.popLast() {
            lent.insert(connection)
            return .lend(connection, to: request)
        }
        waiting.append(Waiter(request: request, since: now))
        return openIfWanted()
    }

    /// A connection that was lent comes back. One that is not healthy is closed and, if wanted, replaced.
    mutating func returned(_ connection: ConnectionID, healthy: Bool) -> Action {
        guard lent.remove(connection) != nil else { return .none }
        if isClosed { return .close(connection) }
        if !healthy { return .close(connection) }
        return offer(connection)
    }

    /// To be asked after `close` and after a waiter left: whether another connection is to be opened.
    mutating func openIfWanted() -> Action {
        guard !isClosed, opening.count < waiting.count, open + opening.count < size else { return .wait }
        connections += 1
        let connection = ConnectionID(number: connections)
        opening.insert(connection)
        return .open(connection)
    }

    mutating func opened(_ connection: ConnectionID) -> Action {
        guard opening.remove(connection) != nil else { return .close(connection) }
        failures = 0
        if isClosed { return .close(connection) }
        return offer(connection)
    }

    /// An attempt failed. While the reason may pass, it is repeated after a pause that grows and is spread
    /// by `jitter` (0 to 1), as long as anybody waits; otherwise everybody who waits is told.
    mutating func openFailed(
        _ connection: ConnectionID, isTemporary: Bool, now: Instant, jitter: Double
    ) -> [Action] {
        guard opening.contains(connection) else { return [] }
        if isClosed {
            opening.remove(connection)
            return []
        }
        guard isTemporary else {
            opening.remove(connection)
            failures = 0
            return refuseAll(.cannotConnect)
        }
        failures += 1
        let ceiling = min(Self.longestPause, Self.firstPause * (1 << min(failures - 1, 10)))
        return [.retry(connection, at: now + ceiling * (0.5 + jitter / 2))]
    }

    /// The pause after a failed attempt is over.
    mutating func retryDue(_ connection: ConnectionID) -> Action {
        guard opening.contains(connection) else { return .none }
        // Nobody waits any more: the next request opens one again.
        if isClosed || waiting.isEmpty {
            opening.remove(connection)
            return .none
        }
        return .open(connection)
    }

    /// A request is given up by its task. False if it has been served already.
    mutating func abandoned(_ request: RequestID) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.request == request }) else { return false }
        waiting.remove(at: index)
        return true
    }

    /// Refuses everybody who has waited too long.
    mutating func expired(now: Instant) -> [Action] {
        var actions: [Action] = []
        while let first = waiting.first, first.since + waitLimit <= now {
            waiting.removeFirst()
            actions.append(.refuse(first.request, .timeout))
        }
        return actions
    }

    /// Nothing is lent any more. What is lent is closed when it comes back.
    mutating func close() -> [Action] {
        isClosed = true
        let closing = idle.map { Action.close($0) }
        idle.removeAll()
        return refuseAll(.closed) + closing
    }

    private mutating func offer(_ connection: ConnectionID) -> Action {
        if let next = waiting.popFirst() {
            lent.insert(connection)
            return .lend(connection, to: next.request)
        }
        idle.append(connection)
        return .none
    }

    private mutating func refuseAll(_ refusal: Refusal) -> [Action] {
        let actions = waiting.map { Action.refuse($0.request, refusal) }
        waiting.removeAll()
        return actions
    }

    static let firstPause: Duration = .milliseconds(50)
    static let longestPause: Duration = .seconds(2)
}
