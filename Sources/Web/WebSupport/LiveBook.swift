// Who listens to what, and what each has not been told yet. Pure: the hub keeps it under a lock and does
// what it answers. Nothing here grows with the news: a listener has at most one entry per topic however often
// it changes, which also makes one message of many, and what is remembered of topics is bounded.
//
// A version is the moment of a change in milliseconds, always rising. The page brings the moment at which it
// was made, or the version it last heard; where the book cannot vouch that nothing happened since, it says
// that something did.

struct LiveBook: Sendable {
    struct Change: Sendable, Equatable {
        let topic: LiveTopic
        let version: Int64
    }

    private struct Listener {
        let topics: Set<LiveTopic>
        let owner: String
        let account: String?
        var pending: [LiveTopic: Int64] = [:]
    }

    /// The most streams of one session. Browsers open six connections to one host, and pages and forms need
    /// some of them.
    static let perOwner = 4
    /// The most streams of one account in this process, over all its sessions: a few browsers with a few
    /// pages each, and far fewer than one person could open to keep everybody else from listening.
    static let perAccount = 12
    private static let remembered = 4_096
    /// By so much clocks of our hosts may differ.
    static let clockSlack: Int64 = 2_000

    private var listeners: [Int: Listener] = [:]
    private var byTopic: [LiveTopic: Set<Int>] = [:]
    private var byOwner: [String: Set<Int>] = [:]
    private var byAccount: [String: Set<Int>] = [:]
    private var lastNumber = 0
    private var lastVersion: Int64 = 0
    private var changes: [LiveTopic: Int64] = [:]
    /// Since when nothing was missed; nil while nothing is heard.
    private var hearingSince: Int64?

    var isEmpty: Bool { listeners.isEmpty }
    var isHearing: Bool { hearingSince != nil }

    /// The oldest stream of those that have to give way before another one of this session and this account
    /// may open; nil while there is room. Numbers rise, so the smallest is the oldest.
    func inTheWay(of owner: String, account: String? = nil) -> Int? {
        if let own = byOwner[owner], own.count >= Self.perOwner { return own.min() }
        guard let account, let all = byAccount[account], all.count >= Self.perAccount else { return nil }
        return all.min()
    }

    /// Nil where the owner or the account has as many streams as it may have.
    mutating func add(
        _ topics: Set<LiveTopic>, owner: String, account: String? = nil, since: Int64?, at now: Int64
    ) -> Int? {
        guard inTheWay(of: owner, account: account) == nil else { return nil }
        lastNumber += 1
        var listener = Listener(topics: topics, owner: owner, account: account)
        for topic in topics where mayHaveChanged(topic, since: since) {
            listener.pending[topic] = version(at: now)
        }
        listeners[lastNumber] = listener
        byOwner[owner, default: []].insert(lastNumber)
        if let account { byAccount[account, default: []].insert(lastNumber) }
        for topic in topics { byTopic[topic, default: []].insert(lastNumber) }
        return lastNumber
    }

    private func mayHaveChanged(_ topic: LiveTopic, since: Int64?) -> Bool {
        guard let since, let hearingSince else { return true }
        let moment = since - Self.clockSlack
        if moment < hearingSince { return true }
        return (changes[topic] ?? 0) > moment
    }

    /// Returns whom to wake.
    mutating func heard(_ news: [LiveNews], at now: Int64) -> Set<Int> {
        change(Set(news.flatMap(\.topics)), at: now)
    }

    /// The news are heard from now on, and some may have been missed: everything may have changed.
    mutating func listening(at now: Int64) -> Set<Int> {
        hearingSince = version(at: now)
        changes = [:]
        return changeAll(at: now)
    }

    /// Nothing is heard any more.
    mutating func deaf() { hearingSince = nil }

    /// Returns whom to wake: everybody, to look for themselves.
    mutating func changeAll(at now: Int64) -> Set<Int> {
        let version = version(at: now)
        for (number, listener) in listeners {
            for topic in listener.topics { listeners[number]?.pending[topic] = version }
        }
        return everybody
    }

    /// Those whose owner has left.
    func streams(of owner: String) -> Set<Int> { byOwner[owner] ?? [] }

    var everybody: Set<Int> { Set(listeners.keys) }

    /// What the listener has not been told, oldest first. It counts as told once this returns.
    mutating func take(_ number: Int) -> [Change] {
        guard let pending = listeners[number]?.pending, !pending.isEmpty else { return [] }
        listeners[number]?.pending = [:]
        return pending.map { Change(topic: $0.key, version: $0.value) }
            .sorted { ($0.version, $0.topic.text) < ($1.version, $1.topic.text) }
    }

    mutating func remove(_ number: Int) {
        guard let listener = listeners.removeValue(forKey: number) else { return }
        for topic in listener.topics {
            byTopic[topic]?.remove(number)
            if byTopic[topic]?.isEmpty == true { byTopic[topic] = nil }
        }
        byOwner[listener.owner]?.remove(number)
        if byOwner[listener.owner]?.isEmpty == true { byOwner[listener.owner] = nil }
        if let account = listener.account {
            byAccount[account]?.remove(number)
            if byAccount[account]?.isEmpty == true { byAccount[account] = nil }
        }
        // Nobody keeps the news coming, so from here on they are missed.
        if listeners.isEmpty { hearingSince = nil }
    }

    private mutating func change(_ topics: Set<LiveTopic>, at now: Int64) -> Set<Int> {
        let version = version(at: now)
        var woken: Set<Int> = []
        for topic in topics {
            changes[topic] = version
            for number in byTopic[topic] ?? [] {
                listeners[number]?.pending[topic] = version
                woken.insert(number)
            }
        }
        if changes.count > Self.remembered {
            changes = [:]
            if isHearing { hearingSince = version }
        }
        return woken
    }

    private mutating func version(at now: Int64) -> Int64 {
        lastVersion = max(lastVersion + 1, now)
        return lastVersion
    }
}
