internal import Logging
internal import Synchronization

// All subscriptions of a client share one connection: a server with a thousand open pages must not hold a
// thousand sockets and threads for them. The connection is made when the first subscription is.

final class SubscriptionHub: Sendable {
    private struct Life {
        var isRunning = false
        var isEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let configuration: RedisConfiguration
    let logger: Logger
    let wake = WakeSignal()
    let book = Mutex(SubscriptionBook())
    private let life = Mutex(Life())

    init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    func subscribe(to channels: [String]) -> AsyncStream<RedisMessage> {
        precondition(!channels.isEmpty, "a subscription needs at least one channel")
        let limit = configuration.maximumUnreadMessages
        let (stream, sink) = AsyncStream<RedisMessage>.makeStream(bufferingPolicy: .bufferingNewest(limit))
        guard let (number, isConfirmed) = book.withLock({ $0.add(Set(channels), sink) }) else {
            sink.finish()
            return stream
        }
        sink.onTermination = { [weak self] _ in self?.end(number) }
        if isConfirmed { sink.yield(.subscribed) }
        startOrWake()
        return stream
    }

    private func end(_ number: Int) {
        book.withLock { $0.remove(number) }
        wake.raise()
    }

    private func startOrWake() {
        let isFirst = life.withLock { life in
            defer { life.isRunning = true }
            return !life.isRunning
        }
        // The thread holds the hub until `stop`, which the client's end calls.
        if isFirst { DriverThread.start { SubscriptionLoop(self).run() } } else { wake.raise() }
    }

    func stop() {
        let sinks = book.withLock { $0.stop() }
        for sink in sinks { sink.finish() }
        wake.raise()
    }

    func shutdown() async {
        stop()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isOver = life.withLock { life in
                if !life.isRunning || life.isEnded { return true }
                life.waiters.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// The thread has ended.
    func ended() {
        let waiters = life.withLock { life in
            life.isEnded = true
            return life.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
