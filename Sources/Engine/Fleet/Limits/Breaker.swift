// The circuit breaker as a plain struct: the table of its transitions, which `LimitScripts` repeats in Redis
// for the whole fleet and which a test compares with it event by event. Only outcomes that speak of the other
// side count: a refusal that it answered is a success here.

/// When a breaker opens, and for how long.
public struct BreakerRules: Sendable, Hashable {
    /// Failures in a row that open it.
    public var failures: Int
    /// How long it stays open the first time; twice as long after each probe that failed.
    public var openFor: Duration
    public var longest: Duration
    /// After this long a probe that was never heard of again is given to another caller.
    public var probeFor: Duration

    public init(
        failures: Int = 5, openFor: Duration = .seconds(10), longest: Duration = .seconds(300),
        probeFor: Duration = .seconds(90)
    ) {
        precondition(failures >= 1 && openFor > .zero && longest >= openFor && probeFor > .zero)
        self.failures = failures
        self.openFor = openFor
        self.longest = longest
        self.probeFor = probeFor
    }
}

/// One breaker. Times are milliseconds on the clock of Redis.
struct Breaker: Hashable, Sendable {
    enum Position: Hashable, Sendable {
        case closed(failures: Int)
        case open(until: Int64)
        case halfOpen(probeUntil: Int64)
    }
    enum Verdict: Hashable, Sendable {
        case allowed(generation: Int, isProbe: Bool)
        case refused(until: Int64)
    }

    private(set) var position = Position.closed(failures: 0)
    /// Rises with every opening: what was admitted before it says nothing about now.
    private(set) var generation = 0
    /// Openings in a row without a success.
    private(set) var openings = 0
    let rules: BreakerRules

    init(_ rules: BreakerRules) { self.rules = rules }

    mutating func allow(at now: Int64) -> Verdict {
        switch position {
        case .closed: return .allowed(generation: generation, isProbe: false)
        case .open(let until), .halfOpen(let until):
            guard now >= until else { return .refused(until: until) }
            position = .halfOpen(probeUntil: now + rules.probeFor.milliseconds)
            return .allowed(generation: generation, isProbe: true)
        }
    }

    mutating func succeeded(_ generation: Int) {
        guard generation == self.generation else { return }
        openings = 0
        position = .closed(failures: 0)
    }

    mutating func failed(_ generation: Int, at now: Int64) {
        guard generation == self.generation else { return }
        switch position {
        case .closed(let failures) where failures + 1 < rules.failures:
            position = .closed(failures: failures + 1)
        case .closed, .halfOpen: open(at: now)
        case .open: return
        }
    }

    private mutating func open(at now: Int64) {
        let pause = min(rules.openFor * (1 << min(openings, 20)), rules.longest)
        openings += 1
        generation += 1
        position = .open(until: now + pause.milliseconds)
    }
}
