// The high-water mark. Above it a start is refused before anything is written, with an error that says when
// to come back: a fleet that takes more than it can do only fails later and worse. What is measured is what
// would break: the backlog of ready runs and the memory of Redis, looked at a few times a second at most, by
// one caller at a time. While Redis does not answer nothing is refused, because Postgres takes the runs.

import Durable
import Foundation
import Redis
import Synchronization

/// When a fleet refuses more work.
public struct HighWater: Sendable, Hashable {
    /// Ready runs of a queue.
    public var backlog: Int
    /// Percent of the memory that Redis may use.
    public var redisMemoryPercent: Int
    /// What a refused caller is told to wait.
    public var retryAfter: Duration

    public init(
        backlog: Int = 2_000_000, redisMemoryPercent: Int = 70, retryAfter: Duration = .seconds(5)
    ) {
        precondition(backlog > 0 && (1...100).contains(redisMemoryPercent) && retryAfter > .zero)
        self.backlog = backlog
        self.redisMemoryPercent = redisMemoryPercent
        self.retryAfter = retryAfter
    }
}

/// What was found when somebody last looked.
struct Load: Sendable, Hashable {
    var ready = 0
    var redisMemory = 0
    /// 0 where Redis has no limit of its own.
    var redisMemoryLimit = 0

    /// What is over its mark, in words; nil where nothing is.
    func excess(over mark: HighWater) -> String? {
        if ready >= mark.backlog { return "\(ready) ready runs are queued" }
        let (used, limit) = (redisMemory, redisMemoryLimit)
        if limit > 0, used / 100 * 100 >= limit / 100 * mark.redisMemoryPercent {
            return "Redis uses \(used >> 20) of its \(limit >> 20) MiB"
        }
        return nil
    }

    /// Reads `INFO memory`.
    mutating func read(info: String) {
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[1]) else { continue }
            if parts[0] == "used_memory" { redisMemory = number }
            if parts[0] == "maxmemory" { redisMemoryLimit = number }
        }
    }
}

/// Refuses starts while there is too much.
final class Backpressure: Sendable {
    private struct State {
        var load = Load()
        var measuredAt: ContinuousClock.Instant?
        var isMeasuring = false
    }

    private let queue: RunQueue
    private let mark: HighWater
    private let state = Mutex(State())
    private static let freshness: Duration = .milliseconds(250)

    init(_ queue: RunQueue, mark: HighWater) {
        self.queue = queue
        self.mark = mark
    }

    /// Throws `RunsError.overloaded` above the high-water mark.
    func check() async throws(RunsError) {
        let mustMeasure = state.withLock { state -> Bool in
            let isFresh = state.measuredAt.map { ContinuousClock.now - $0 < Self.freshness } ?? false
            guard !isFresh, !state.isMeasuring else { return false }
            state.isMeasuring = true
            return true
        }
        if mustMeasure { await measure() }
        let load = state.withLock { $0.load }
        guard let excess = load.excess(over: mark) else { return }
        throw .overloaded(by: excess, retryAfter: mark.retryAfter)
    }

    private func measure() async {
        var load = Load()
        do {
            let replies = try await queue.redis.pipeline([
                QueueScripts.depth.command(keys: [queue.key], []), RedisCommand("INFO", "memory"),
            ])
            load.ready = replies[0].array?.first?.int ?? 0
            load.read(info: replies[1].string ?? "")
        } catch {
            // Not knowing refuses nobody: see the note on top.
            load = Load()
        }
        state.withLock { [load] state in
            state = State(load: load, measuredAt: .now, isMeasuring: false)
        }
    }
}
