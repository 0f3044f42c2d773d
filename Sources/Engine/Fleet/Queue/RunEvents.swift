// "Something about these runs has changed", for live pages and for callers that await a result. Best effort:
// whoever listens reads the truth from Postgres, and looks again after a while even if nothing was heard. A
// run is named with its tenant, so that a page about one tenant need not ask whose run it was. Told are the
// ends of runs, their progress, the waits they go into and what operators do to them; single steps are not,
// because at full speed they are too many to be worth a message.

import Durable
import Logging
import Redis
import Synchronization

/// A run that changed.
public struct RunChange: Sendable, Hashable {
    public let run: RunID
    /// Nil where the sender did not say it.
    public let tenant: Tenant?

    public init(run: RunID, tenant: Tenant?) {
        self.run = run
        self.tenant = tenant
    }

    /// The longest name of a tenant that travels.
    private static let tenantLimit = 64
    private static let separator: Character = "/"

    /// The run, and the tenant where its name can stand in a word.
    var word: String {
        guard let name = tenant?.rawValue, name.utf8.count <= Self.tenantLimit,
            !name.contains(where: \.isWhitespace)
        else { return run.description }
        return "\(run)\(Self.separator)\(name)"
    }

    init?(word: Substring) {
        let parts = word.split(separator: Self.separator, maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let run = RunID(String(first)) else { return nil }
        self.run = run
        tenant = parts.count > 1 ? Tenant(String(parts[1])) : nil
    }
}

/// What a listener hears.
public enum RunNews: Sendable, Equatable {
    /// From here on changes are heard; what happened before may have been missed. Comes first, and again
    /// after every break of the connection.
    case listening
    case changed([RunChange])
}

/// What waits to be told. Pure: `RunEvents` keeps it under a lock and sends what it answers.
struct GatheredChanges {
    static let messageLimit = 500
    /// While Redis does not answer, the oldest news are dropped: whoever listens hears of a break anyway.
    static let limit = 5_000

    private(set) var waiting: [RunChange] = []
    private var isSending = false

    /// Whether somebody has to begin to send.
    mutating func add(_ change: RunChange) -> Bool {
        if waiting.count >= Self.limit { waiting.removeFirst(Self.messageLimit) }
        waiting.append(change)
        defer { isSending = true }
        return !isSending
    }

    /// The next message. Nothing once all is told, and then sending has come to its end.
    mutating func take() -> [RunChange] {
        let taken = Array(waiting.prefix(Self.messageLimit))
        waiting.removeFirst(taken.count)
        if taken.isEmpty { isSending = false }
        return taken
    }
}

public final class RunEvents: Sendable {
    private let redis: RedisClient
    private let logger: Logger
    private let gathering = Mutex(GatheredChanges())
    private static let channel = "cf:runs"

    package init(redis: RedisClient, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    func publish(_ id: RunID, of tenant: Tenant) {
        let mustSend = gathering.withLock { $0.add(RunChange(run: id, tenant: tenant)) }
        guard mustSend else { return }
        // Ends by itself when nothing is left to send.
        Task { await sendGathered() }
    }

    private func sendGathered() async {
        while true {
            let changes = gathering.withLock { $0.take() }
            guard !changes.isEmpty else { return }
            let message = changes.map(\.word).joined(separator: " ")
            do {
                _ = try await redis.send(
                    RedisCommand("PUBLISH", RedisArgument(Self.channel), RedisArgument(message)))
            } catch {
                logger.debug("run events not published", metadata: ["error": "\(error)"])
            }
        }
    }

    /// What is heard of runs, from now on, until the caller stops reading. A caller that reads too slowly
    /// misses the oldest news.
    public func news() -> AsyncStream<RunNews> {
        let messages = redis.subscribe([Self.channel])
        let (stream, continuation) = AsyncStream.makeStream(
            of: RunNews.self, bufferingPolicy: .bufferingNewest(1_000))
        // Ends with the subscription; cancelled when the reader goes away.
        let task = Task {
            for await message in messages {
                switch message {
                case .subscribed: continuation.yield(.listening)
                case .published(_, let payload):
                    let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
                    continuation.yield(.changed(words.compactMap { RunChange(word: $0) }))
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    /// The ids of runs that changed, from now on, until the caller stops reading.
    public func changes() -> AsyncStream<[RunID]> {
        let news = news()
        let (stream, continuation) = AsyncStream.makeStream(
            of: [RunID].self, bufferingPolicy: .bufferingNewest(1_000))
        // Ends with the news; cancelled when the reader goes away.
        let task = Task {
            for await case .changed(let changes) in news { continuation.yield(changes.map(\.run)) }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }
}
