internal import Glibc
internal import Logging
internal import Synchronization

// The life of the subscriptions' thread: dial, tell the server the channels, hand messages on, and again
// after a break. A subscribed connection asks for nothing and may hear nothing for hours, so it pings when
// it is quiet: otherwise a server that hung would go unnoticed.

final class SubscriptionLoop {
    private static let quietBeforePing: Duration = .seconds(10)

    private let hub: SubscriptionHub
    private var backoff = Backoff()
    private var random = SystemRandomNumberGenerator()
    private var outgoing: [UInt8] = []
    private var written = 0
    /// The silence for which a ping was sent, by the moment it began.
    private var quietSince: Moment?
    private var isReported = false

    init(_ hub: SubscriptionHub) { self.hub = hub }

    func run() {
        while live() {}
        hub.ended()
    }

    private func live() -> Bool {
        do throws(DialFailure) {
            let link = try Link.dial(hub.configuration) { wait(for: $0, until: $1) }
            established()
            let loss = serve(link)
            hub.book.withLock { $0.linkLost() }
            guard let loss else { return false }
            report(loss)
        } catch {
            if error.isStopped { return false }
            report(error.error)
        }
        return wait(for: nil, until: Moment.now + backoff.next(using: &random)) != .stopped
    }

    private func established() {
        backoff.reset()
        outgoing = []
        written = 0
        quietSince = nil
        isReported = false
    }

    private func serve(_ link: Link) -> RedisError? {
        do throws(RedisError) {
            while !isStopped {
                tellChanges()
                let wanted = try write(to: link)
                if try receive(from: link) { continue }
                let deadline = try attendToQuiet(link)
                if written < outgoing.count && wanted == 0 { continue }
                _ = Readiness.wait(hub.wake, socket: link.interest(POLLIN | wanted), until: deadline)
            }
            return nil
        } catch {
            return error
        }
    }

    private func tellChanges() {
        let changes = hub.book.withLock { $0.takeChanges() }
        if !changes.subscribe.isEmpty {
            RedisCommand("SUBSCRIBE", changes.subscribe.map { RedisArgument($0) }).encode(into: &outgoing)
        }
        if !changes.unsubscribe.isEmpty {
            RedisCommand("UNSUBSCRIBE", changes.unsubscribe.map { RedisArgument($0) }).encode(into: &outgoing)
        }
    }

    private func write(to link: Link) throws(RedisError) -> Int32 {
        while written < outgoing.count {
            let progress = outgoing.withUnsafeBytes { link.write(.init(rebasing: $0[written...])) }
            switch progress {
            case .moved(let count): written += count
            case .blocked(let events): return Int32(events)
            case .ended(let reason): throw .connection(reason: reason, mayHaveRun: true)
            }
        }
        outgoing.removeAll(keepingCapacity: true)
        written = 0
        return 0
    }

    private func receive(from link: Link) throws(RedisError) -> Bool {
        try link.receive { (reply) throws(RedisError) in
            try deliver(reply)
        }
    }

    private func deliver(_ reply: RedisValue) throws(RedisError) {
        switch reply {
        case .array(let parts) where parts.count >= 2:
            guard let kind = parts[0].string else { throw .protocolViolation("a message of no kind") }
            let channel = parts[1].string ?? ""
            switch kind {
            case "message":
                let payload = parts.count > 2 ? parts[2].bytes ?? [] : []
                let sinks = hub.book.withLock { $0.sinks(for: channel) }
                for sink in sinks { sink.yield(.published(channel: channel, payload: payload)) }
            case "subscribe":
                for sink in hub.book.withLock({ $0.confirmed(channel) }) { sink.yield(.subscribed) }
            default: break  // "unsubscribe" and "pong" only show that the server is there.
            }
        case .error(let code, let message):
            hub.logger.error(
                "Redis refuses a subscription; it hears nothing until that changes",
                metadata: ["error": "\(code) \(message)"])
        case .status: break
        default: throw .protocolViolation("a subscription heard \(reply)")
        }
    }

    /// Pings a quiet server and gives up on a silent one. Returns until when the thread may sleep.
    private func attendToQuiet(_ link: Link) throws(RedisError) -> Moment {
        let now = Moment.now
        let ping = link.heard + Self.quietBeforePing
        let death = ping + hub.configuration.commandTimeout
        if now >= death { throw .connection(reason: "the server has fallen silent", mayHaveRun: false) }
        if now < ping { return ping }
        if quietSince != link.heard {
            RedisCommand("PING").encode(into: &outgoing)
            quietSince = link.heard
        }
        return death
    }

    private func wait(for socket: SocketInterest?, until deadline: Moment) -> PauseEnd {
        while true {
            if isStopped { return .stopped }
            if deadline <= .now { return .deadline }
            let found = Readiness.wait(hub.wake, socket: socket, until: deadline)
            if found.socket && !isStopped { return .ready }
        }
    }

    private var isStopped: Bool { hub.book.withLock { $0.isStopped } }

    private func report(_ error: RedisError) {
        if isReported { return }
        isReported = true
        hub.logger.warning(
            "Redis subscriptions are interrupted",
            metadata: ["at": "\(hub.configuration.place)", "error": "\(error)"])
    }
}
