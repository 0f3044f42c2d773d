internal import Glibc
internal import Logging
internal import Synchronization

// The life of a connection's thread: dial, serve until the link breaks, pause, dial again.
//
// Serving turns in a circle of write what has gathered, read what has come, sleep in `poll`. While one
// burst is being written the next one gathers, so under load commands travel in large writes without any
// timer, and alone a command leaves at once. A command that was given to the socket is never written again:
// after a break its caller is told that it may have run. What was not yet written simply waits for the next
// link.

final class ConnectionLoop {
    private let connection: Connection
    private let configuration: RedisConfiguration
    private let logger: Logger

    private var backoff = Backoff()
    private var random = SystemRandomNumberGenerator()
    private var inFlight = InFlight()
    private var outgoing = CommandQueue.Batch()
    /// How much of `outgoing.bytes` is written.
    private var written = 0
    /// Answers read in this turn.
    private var answers: [Answer] = []
    /// The failure that was logged last, so that an outage is reported once and not at every attempt.
    private var reported: RedisError?
    /// Why the latest attempt to connect failed; it explains the timeouts of those who wait.
    private var lastFailure: RedisError?

    init(_ connection: Connection) {
        self.connection = connection
        configuration = connection.configuration
        logger = connection.logger
    }

    func run() {
        while live() {}
        finish()
    }

    /// One link, from dialling to its end. Returns false when the connection was stopped.
    private func live() -> Bool {
        do throws(DialFailure) {
            let link = try Link.dial(configuration) { wait(for: $0, until: $1) }
            established()
            let loss = serve(link)
            breakOff(loss)
            if loss == nil { return false }
        } catch {
            if error.isStopped { return false }
            failed(error)
        }
        return wait(for: nil, until: Moment.now + backoff.next(using: &random)) != .stopped
    }

    // MARK: Up

    private func established() {
        backoff.reset()
        lastFailure = nil
        if reported != nil {
            logger.notice("Redis is reachable again", metadata: ["at": "\(configuration.place)"])
        }
        reported = nil
        connection.linkNumber.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    /// Serves callers over the link. Returns why it ended, nil for a stop.
    private func serve(_ link: Link) -> RedisError? {
        do throws(RedisError) {
            while true {
                let hasTaken = written < outgoing.bytes.count || takeBatch()
                let wanted = hasTaken ? try write(to: link) : 0
                let hasMore = try receive(from: link)
                // After a complete write, look at once whether more has gathered meanwhile.
                if hasMore || (hasTaken && wanted == 0) { continue }
                let interest = link.interest(POLLIN | wanted)
                let found = Readiness.wait(connection.wake, socket: interest, until: try expire(link))
                if found.isWoken, isStopping { return nil }
            }
        } catch {
            return error
        }
    }

    private func takeBatch() -> Bool {
        outgoing.bytes.removeAll(keepingCapacity: outgoing.bytes.capacity <= 1 << 20)
        outgoing.requests.removeAll(keepingCapacity: true)
        written = 0
        let hasTaken = connection.queue.withLock { $0.take(into: &outgoing) }
        if hasTaken { inFlight.append(outgoing.requests) }
        return hasTaken
    }

    /// Returns the `poll` events that the socket waits for, or 0 when everything is written.
    private func write(to link: Link) throws(RedisError) -> Int32 {
        while written < outgoing.bytes.count {
            let progress = outgoing.bytes.withUnsafeBytes { link.write(.init(rebasing: $0[written...])) }
            switch progress {
            case .moved(let count): written += count
            case .blocked(let events): return Int32(events)
            case .ended(let reason): throw .connection(reason: reason, mayHaveRun: true)
            }
        }
        return 0
    }

    private func receive(from link: Link) throws(RedisError) -> Bool {
        defer { deliver() }
        return try link.receive { (reply) throws(RedisError) in
            switch inFlight.accept(reply) {
            case .finished(let answer): answers.append(answer)
            case .partial: break
            case .unexpected: throw .protocolViolation("a reply that nothing asked for")
            }
        }
    }

    private func deliver() {
        if answers.isEmpty { return }
        let count = answers.reduce(0) { $0 + $1.request.replyCount }
        connection.queue.withLock { $0.settle(count) }
        for answer in answers { answer.deliver() }
        answers.removeAll(keepingCapacity: true)
    }

    /// Ends what is late, and returns until when the thread may sleep.
    private func expire(_ link: Link) throws(RedisError) -> Moment {
        let now = Moment.now
        inFlight.expire(at: now)
        let death = inFlight.presumedDead(heard: link.heard, patience: configuration.commandTimeout)
        if death <= now { throw .connection(reason: "the server has fallen silent", mayHaveRun: true) }
        return min(inFlight.nextDeadline, death)
    }

    private func breakOff(_ loss: RedisError?) {
        let error = loss ?? .connection(reason: "the client was shut down", mayHaveRun: true)
        let (unsent, lost) = inFlight.breakOff(unwritten: outgoing.bytes.count - written)
        let kept = unsent.reduce(0) { $0 + $1.byteCount }
        let rest = CommandQueue.Batch(bytes: Array(outgoing.bytes.suffix(kept)), requests: unsent)
        let count = lost.reduce(0) { $0 + $1.replyCount }
        connection.queue.withLock {
            $0.settle(count)
            $0.putBack(rest)
        }
        for request in lost { request.waiter?.fail(error) }
        outgoing = CommandQueue.Batch()
        written = 0
        if let loss {
            lastFailure = loss
            report(loss)
        }
    }

    // MARK: Down

    private func failed(_ failure: DialFailure) {
        lastFailure = failure.error
        report(failure.error)
        guard failure.isLasting else { return }
        for request in connection.queue.withLock({ $0.removeAll() }) {
            request.waiter?.fail(failure.error)
        }
    }

    private func report(_ error: RedisError) {
        guard reported == nil else { return }
        reported = error
        logger.warning("Redis is lost", metadata: ["at": "\(configuration.place)", "error": "\(error)"])
    }

    /// Waits while there is no link, ending the requests that run out of time meanwhile.
    private func wait(for socket: SocketInterest?, until deadline: Moment) -> PauseEnd {
        while true {
            let now = Moment.now
            let (late, next) = connection.queue.withLock { ($0.expire(at: now), $0.nextDeadline()) }
            for request in late { request.waiter?.fail(explainedTimeout(of: request)) }
            if isStopping { return .stopped }
            if deadline <= now { return .deadline }
            let found = Readiness.wait(connection.wake, socket: socket, until: min(deadline, next))
            if found.isWoken, isStopping { return .stopped }
            if found.socket { return .ready }
        }
    }

    private func explainedTimeout(of request: Request) -> RedisError {
        guard let lastFailure else {
            return .timeout(after: request.timeLimit(until: request.startBy), mayHaveRun: false)
        }
        if case .connection(let reason, _) = lastFailure {
            return .connection(reason: reason, mayHaveRun: false)
        }
        return .connection(reason: "\(lastFailure)", mayHaveRun: false)
    }

    private var isStopping: Bool { connection.queue.withLock { $0.phase != .open } }

    private func finish() {
        let (left, waiters) = connection.queue.withLock { ($0.removeAll(), $0.end()) }
        for request in left { request.waiter?.fail(.closed) }
        for waiter in waiters { waiter.resume() }
    }
}
