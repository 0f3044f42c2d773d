internal import DequeModule

// What callers and the connection's thread share, under one lock: the bytes of the commands that wait to be
// written, already encoded one after another, and who waits for which of them. Callers encode straight into
// the buffer that the thread will write, so a burst of commands costs one write and no copies. Everything
// here is decided without I/O; the caller of a function does what it returns.

/// Who waits for the replies of a request.
enum Waiter: Sendable {
    case one(CheckedContinuation<Result<RedisValue, RedisError>, Never>)
    case many(CheckedContinuation<Result<[RedisValue], RedisError>, Never>)

    func fail(_ error: RedisError) {
        switch self {
        case .one(let continuation): continuation.resume(returning: .failure(error))
        case .many(let continuation): continuation.resume(returning: .failure(error))
        }
    }
}

/// Commands that one caller sent together.
struct Request: Sendable {
    let byteCount: Int
    let replyCount: Int
    let issued: Moment
    /// A request that is not yet written by then fails.
    let startBy: Moment
    /// A request that has no reply by then fails.
    let deadline: Moment
    /// Nil once the caller has stopped waiting. The replies still come and must be counted off.
    var waiter: Waiter?

    func timeLimit(until moment: Moment) -> Duration { .nanoseconds(moment.nanoseconds - issued.nanoseconds) }
}

/// How long a caller waits.
struct Patience: Sendable {
    /// Until the command is written.
    let start: Duration
    /// Until the reply is there, both from the call on.
    let reply: Duration
}

struct CommandQueue: Sendable {
    enum Phase { case open, stopping, stopped }

    enum Admission {
        case accepted(mustWake: Bool)
        case refused(RedisError)
    }

    /// What the thread takes at once.
    struct Batch {
        var bytes: [UInt8] = []
        var requests: Deque<Request> = []
    }

    let maximumCommands: Int
    let maximumBytes: Int

    private(set) var phase = Phase.open
    private var waiting = Batch()
    /// Commands that are waiting here or whose replies are outstanding.
    private var outstanding = 0
    /// Whether the thread sleeps with nothing to do, so that the first caller of a burst must wake it.
    private var isThreadAsleep = false
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []

    init(maximumCommands: Int, maximumBytes: Int) {
        self.maximumCommands = maximumCommands
        self.maximumBytes = maximumBytes
    }

    // MARK: Callers

    mutating func admit(
        commands: Int, patience: Patience, waiter: Waiter, encode: (inout [UInt8]) -> Void
    ) -> Admission {
        guard phase == .open else { return .refused(.closed) }
        guard outstanding + commands <= maximumCommands else {
            return .refused(.queueFull(limit: "\(maximumCommands) commands are waiting"))
        }
        let start = waiting.bytes.count
        guard start < maximumBytes else {
            return .refused(.queueFull(limit: "\(maximumBytes) bytes are waiting to be written"))
        }
        encode(&waiting.bytes)
        let now = Moment.now
        waiting.requests.append(
            Request(
                byteCount: waiting.bytes.count - start, replyCount: commands, issued: now,
                startBy: now + patience.start, deadline: now + patience.reply, waiter: waiter))
        outstanding += commands
        defer { isThreadAsleep = false }
        return .accepted(mustWake: isThreadAsleep)
    }

    /// Returns whether the thread is still to be told.
    mutating func stop() -> Bool {
        guard phase == .open else { return false }
        phase = .stopping
        return true
    }

    /// Returns false when the thread has already ended and there is nothing to wait for.
    mutating func awaitEnd(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard phase != .stopped else { return false }
        stopWaiters.append(continuation)
        return true
    }

    // MARK: The thread

    /// Exchanges what waits for an emptied batch, whose capacity is used again. With nothing waiting the
    /// thread is from now on asleep, and the next caller wakes it.
    mutating func take(into batch: inout Batch) -> Bool {
        if waiting.requests.isEmpty {
            isThreadAsleep = true
            return false
        }
        swap(&batch, &waiting)
        return true
    }

    /// These many commands wait no more.
    mutating func settle(_ commands: Int) { outstanding -= commands }

    /// Puts back what was never written, in front of what came later.
    mutating func putBack(_ batch: Batch) {
        if batch.requests.isEmpty { return }
        waiting.bytes.insert(contentsOf: batch.bytes, at: 0)
        waiting.requests.insert(contentsOf: batch.requests, at: 0)
    }

    /// Removes the requests whose time to start is over. It rises along the queue, so they are at its front.
    mutating func expire(at now: Moment) -> [Request] {
        let late = waiting.requests.prefix { $0.startBy <= now }
        return late.isEmpty ? [] : remove(late.count)
    }

    mutating func removeAll() -> [Request] { remove(waiting.requests.count) }

    private mutating func remove(_ count: Int) -> [Request] {
        let removed = Array(waiting.requests.prefix(count))
        waiting.requests.removeFirst(count)
        waiting.bytes.removeFirst(removed.reduce(0) { $0 + $1.byteCount })
        outstanding -= removed.reduce(0) { $0 + $1.replyCount }
        return removed
    }

    /// When the first waiting request ends. With none the thread is asleep, as after `take`.
    mutating func nextDeadline() -> Moment {
        if let first = waiting.requests.first { return first.startBy }
        isThreadAsleep = true
        return .distantFuture
    }

    /// The thread has ended. Returns who waited for that.
    mutating func end() -> [CheckedContinuation<Void, Never>] {
        phase = .stopped
        defer { stopWaiters = [] }
        return stopWaiters
    }
}
