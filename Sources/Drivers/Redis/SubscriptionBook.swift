// Which subscriber listens to which channels, and what the server has been told and has confirmed of it.
// Pure: the hub keeps it under a lock and does what it returns, so that the order of a subscription, a
// cancellation and a broken link cannot matter.

struct SubscriptionBook: Sendable {
    typealias Sink = AsyncStream<RedisMessage>.Continuation

    struct Changes: Equatable {
        var subscribe: [String] = []
        var unsubscribe: [String] = []

        var isEmpty: Bool { subscribe.isEmpty && unsubscribe.isEmpty }
    }

    private struct Subscriber {
        let channels: Set<String>
        /// Channels that the server has not confirmed on this link.
        var missing: Set<String>
        let sink: Sink
    }

    private var subscribers: [Int: Subscriber] = [:]
    private var listeners: [String: Set<Int>] = [:]
    private var lastNumber = 0
    /// Channels whose listeners came or went since the server was last told.
    private var changed: Set<String> = []
    /// Channels that the server was told on this link, with the number of confirmations still to come.
    private var told: [String: Int] = [:]
    private var confirmations: [String: Int] = [:]
    private(set) var isStopped = false

    /// Returns the subscriber's number, and whether all its channels are confirmed already.
    mutating func add(_ channels: Set<String>, _ sink: Sink) -> (number: Int, isConfirmed: Bool)? {
        if isStopped { return nil }
        lastNumber += 1
        let missing = channels.filter { told[$0] == nil || confirmations[$0] != nil }
        subscribers[lastNumber] = Subscriber(channels: channels, missing: missing, sink: sink)
        for channel in channels {
            listeners[channel, default: []].insert(lastNumber)
            changed.insert(channel)
        }
        return (lastNumber, missing.isEmpty)
    }

    mutating func remove(_ number: Int) {
        guard let subscriber = subscribers.removeValue(forKey: number) else { return }
        for channel in subscriber.channels {
            listeners[channel]?.remove(number)
            if listeners[channel]?.isEmpty == true { listeners[channel] = nil }
            changed.insert(channel)
        }
    }

    /// What the server must be told now. It counts as told once this returns.
    mutating func takeChanges() -> Changes {
        var changes = Changes()
        for channel in changed.sorted() {
            let isWanted = listeners[channel] != nil
            if isWanted && told[channel] == nil {
                told[channel] = 1
                confirmations[channel, default: 0] += 1
                changes.subscribe.append(channel)
            } else if !isWanted && told[channel] != nil {
                told[channel] = nil
                changes.unsubscribe.append(channel)
            }
        }
        changed = []
        return changes
    }

    /// Returns whose last missing channel this was. Of several confirmations that are under way for a channel
    /// only the last one counts: the server left the channel in between.
    mutating func confirmed(_ channel: String) -> [Sink] {
        guard let count = confirmations[channel] else { return [] }
        confirmations[channel] = count > 1 ? count - 1 : nil
        guard count == 1 else { return [] }
        return (listeners[channel] ?? []).compactMap { number in
            guard subscribers[number]?.missing.remove(channel) != nil else { return nil }
            return subscribers[number]?.missing.isEmpty == true ? subscribers[number]?.sink : nil
        }
    }

    func sinks(for channel: String) -> [Sink] {
        (listeners[channel] ?? []).compactMap { subscribers[$0]?.sink }
    }

    /// The server knows nothing any more.
    mutating func linkLost() {
        told = [:]
        confirmations = [:]
        changed = Set(listeners.keys)
        for (number, subscriber) in subscribers { subscribers[number]?.missing = subscriber.channels }
    }

    mutating func stop() -> [Sink] {
        isStopped = true
        defer { subscribers = [:] }
        return subscribers.values.map(\.sink)
    }
}
