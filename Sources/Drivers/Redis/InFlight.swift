internal import DequeModule

// The requests whose bytes were given to the socket, in the order in which their replies will come. A pure
// account: it knows positions in the stream of bytes, so that after a break it can tell what may have run
// from what was never sent.

struct InFlight {
    private var requests: Deque<Request> = []
    /// Replies that have come for a pipeline at the front.
    private var replies: [RedisValue] = []
    /// How many requests at the front have nobody waiting for them any more. Deadlines rise along the queue.
    private var abandoned = 0

    var isEmpty: Bool { requests.isEmpty }

    mutating func append(_ batch: Deque<Request>) { requests.append(contentsOf: batch) }

    /// Counts off a reply. Nothing is resumed here: what a finished request occupied must be free before its
    /// caller goes on.
    mutating func accept(_ reply: RedisValue) -> Acceptance {
        guard let first = requests.first else { return .unexpected }
        if first.replyCount > 1 {
            if replies.isEmpty { replies.reserveCapacity(first.replyCount) }
            replies.append(reply)
            if replies.count < first.replyCount { return .partial }
        }
        requests.removeFirst()
        if abandoned > 0 { abandoned -= 1 }
        defer { replies = [] }
        return .finished(Answer(request: first, replies: first.replyCount > 1 ? .many(replies) : .one(reply)))
    }

    /// Fails the requests whose time is over. Their places stay, for the replies that may still come.
    mutating func expire(at now: Moment) {
        while abandoned < requests.count, requests[abandoned].deadline <= now {
            let request = requests[abandoned]
            request.waiter?.fail(
                .timeout(after: request.timeLimit(until: request.deadline), mayHaveRun: true))
            requests[abandoned].waiter = nil
            abandoned += 1
        }
    }

    var nextDeadline: Moment {
        abandoned < requests.count ? requests[abandoned].deadline : .distantFuture
    }

    /// When the connection counts as dead: the oldest request is late by as much again, and nothing has been
    /// heard since its time was over. Until then a server that is merely slow keeps its connection.
    func presumedDead(heard: Moment, patience: Duration) -> Moment {
        guard abandoned > 0, let first = requests.first else { return .distantFuture }
        return max(first.deadline, heard) + patience
    }

    /// Ends everything after a break: returns what was not written at all, and what may have run.
    /// - Parameter unwritten: how many bytes of the requests never reached the socket.
    mutating func breakOff(unwritten: Int) -> (unsent: Deque<Request>, lost: Deque<Request>) {
        var unsent: Deque<Request> = []
        var left = unwritten
        while let last = requests.last, last.byteCount <= left {
            left -= last.byteCount
            unsent.prepend(requests.removeLast())
        }
        // Whoever was told that time is over must not see the command run later.
        while let first = unsent.first, first.waiter == nil { requests.append(unsent.removeFirst()) }
        defer { self = InFlight() }
        return (unsent, requests)
    }
}

enum Acceptance {
    case finished(Answer)
    /// More replies belong to the same request.
    case partial
    /// Nobody asked.
    case unexpected
}

/// All replies of one request.
struct Answer: Sendable {
    enum Replies: Sendable {
        case one(RedisValue)
        case many([RedisValue])
    }

    let request: Request
    let replies: Replies

    func deliver() {
        switch (request.waiter, replies) {
        case (.one(let continuation), .one(let reply)): continuation.resume(returning: .success(reply))
        case (.many(let continuation), .one(let reply)): continuation.resume(returning: .success([reply]))
        case (.many(let continuation), .many(let replies)): continuation.resume(returning: .success(replies))
        case (.one, .many): preconditionFailure("one waiter has one reply")
        case (nil, _): break
        }
    }
}
