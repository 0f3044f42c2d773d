// How a page learns that an order changed: the fleet tells that a run of the store did, and the records are
// looked at then, and every now and again in any case. Where the fleet cannot be heard, they are looked at
// every second or two, by one watcher per page, for as long as the page is open.

import Commerce
import CommerceStore
import Foundation

/// Where news about an order comes from. Each element only means "look again"; the stream ends when the
/// listener goes away.
package protocol OrderProgress: Sendable {
    func changes(token: String, for store: StoreSite) -> AsyncStream<Void>
}

/// Looks again at a steady pace; more often at first, when a page was just opened and most happens.
package struct PolledProgress: OrderProgress {
    private static let eagerInterval: Duration = .milliseconds(300)
    private static let eagerTime: Duration = .seconds(15)

    private let interval: Duration

    package init(every interval: Duration = .seconds(2)) {
        self.interval = interval
    }

    package func changes(token: String, for store: StoreSite) -> AsyncStream<Void> {
        let eagerUntil = ContinuousClock.now + Self.eagerTime
        return AsyncStream {
            let pause = ContinuousClock.now < eagerUntil ? min(Self.eagerInterval, interval) : interval
            // Cancelled when the listener goes away; then the stream ends.
            do { try await Task.sleep(for: pause) } catch { return nil }
            return ()
        }
    }
}

/// Looks again when the fleet tells of the store: at once, and then at most once in a while, so that a busy
/// store costs no more than looking at a steady pace would.
package struct HeardProgress: OrderProgress {
    private static let betweenLooks: Duration = .seconds(2)
    /// For what happens to an order without a run, and for news that got lost.
    private static let inAnyCase: Duration = .seconds(15)

    private let hub: LiveHub

    package init(_ hub: LiveHub) {
        self.hub = hub
    }

    package func changes(token: String, for store: StoreSite) -> AsyncStream<Void> {
        let heard: AsyncStream<[LiveBook.Change]>
        do {
            heard = try hub.listen(to: [.store(store.tenant)], owner: "order:\(token)", since: nil) { true }
        } catch {
            // More pages of one order than one person opens: the rest look for themselves.
            return PolledProgress().changes(token: token, for: store)
        }
        let (looks, source) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Cancelled when the listener goes away; owns nothing but the two streams, so nobody awaits it.
        let task = Task {
            await withTaskGroup { group in
                group.addTask {
                    for await _ in heard {
                        source.yield()
                        do { try await Task.sleep(for: Self.betweenLooks) } catch { return }
                    }
                }
                group.addTask {
                    while true {
                        do { try await Task.sleep(for: Self.inAnyCase) } catch { return }
                        source.yield()
                    }
                }
            }
        }
        source.onTermination = { _ in task.cancel() }
        return looks
    }
}

/// The event stream of one order's page: its fingerprint at once and whenever it becomes another.
package struct OrderEvents: Sendable {
    private let views: OrderViews
    private let progress: any OrderProgress
    private let limit: ListenerLimit

    package init(views: OrderViews, progress: any OrderProgress, limit: ListenerLimit) {
        self.views = views
        self.progress = progress
        self.limit = limit
    }

    package func feed(token: String, for store: StoreSite, language: Language) async throws -> EventFeed {
        guard let first = try await views.find(token: token, for: store, language: language) else {
            throw WebProblem(.notFound)
        }
        let (events, source) = AsyncStream<ServerSentEvent>.makeStream(bufferingPolicy: .bufferingNewest(8))
        source.yield(Self.event(first))
        // Ends with the story, with the listener (who cancels it through the stream's end), or with the
        // news; nobody needs to await it, because it owns nothing but the stream.
        let watch = Task {
            defer { source.finish() }
            var known = first.fingerprint
            if OrderStory(first).isFinal { return source.finish(after: first) }
            for await _ in progress.changes(token: token, for: store) {
                // A failed look is followed by the next one; the page shows what it knew.
                guard let view = try? await views.find(token: token, for: store, language: language) else {
                    continue
                }
                if view.fingerprint != known {
                    known = view.fingerprint
                    source.yield(Self.event(view))
                }
                if OrderStory(view).isFinal { return source.finish(after: view) }
            }
        }
        source.onTermination = { _ in watch.cancel() }
        return try EventFeed(events, limit: limit)
    }

    private static func event(_ view: OrderView) -> ServerSentEvent {
        ServerSentEvent("progress", id: view.fingerprint, data: view.fingerprint)
    }
}

extension AsyncStream<ServerSentEvent>.Continuation {
    /// Tells the page that nothing more will come, so that it does not reconnect.
    fileprivate func finish(after view: OrderView) {
        yield(ServerSentEvent("end", data: view.fingerprint))
        finish()
    }
}
