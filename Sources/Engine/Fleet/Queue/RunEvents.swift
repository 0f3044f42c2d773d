// "Something about these runs has changed", for live pages and for callers that await a result. Best effort:
// whoever listens reads the truth from Postgres, and looks again after a while even if nothing was heard.

import Durable
import Logging
import Redis
import Synchronization

public final class RunEvents: Sendable {
    private let redis: RedisClient
    private let logger: Logger
    private let gathering = Mutex<(ids: [RunID], isSending: Bool)>(([], false))
    private static let channel = "cf:runs"
    private static let messageLimit = 500

    package init(redis: RedisClient, logger: Logger) {
        self.redis = redis
        self.logger = logger
    }

    func publish(_ id: RunID) {
        let mustSend = gathering.withLock { state in
            state.ids.append(id)
            defer { state.isSending = true }
            return !state.isSending
        }
        guard mustSend else { return }
        // Ends by itself when nothing is left to send.
        Task { await sendGathered() }
    }

    private func sendGathered() async {
        while true {
            let ids = gathering.withLock { state -> [RunID] in
                let taken = Array(state.ids.prefix(Self.messageLimit))
                state.ids.removeFirst(taken.count)
                if taken.isEmpty { state.isSending = false }
                return taken
            }
            guard !ids.isEmpty else { return }
            let message = ids.map(\.description).joined(separator: " ")
            do {
                _ = try await redis.send(
                    RedisCommand("PUBLISH", RedisArgument(Self.channel), RedisArgument(message)))
            } catch {
                logger.debug("run events not published", metadata: ["error": "\(error)"])
            }
        }
    }

    /// The ids of runs that changed, from now on, until the caller stops reading.
    public func changes() -> AsyncStream<[RunID]> {
        let messages = redis.subscribe([Self.channel])
        let (stream, continuation) = AsyncStream.makeStream(
            of: [RunID].self, bufferingPolicy: .bufferingNewest(1_000))
        // Ends with the subscription; cancelled when the reader goes away.
        let task = Task {
            for await message in messages {
                guard case .published(_, let payload) = message else { continue }
                let words = String(decoding: payload, as: UTF8.self).split(separator: " ")
                continuation.yield(words.compactMap { RunID(String($0)) })
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }
}
