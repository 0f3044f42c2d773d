// Server-sent events: one long response in which the server says "something changed". Events carry an
// id and a version, never the data: the page fetches the fragment it shows, with its own rights. Each
// open page holds a connection, so their number is bounded, and each ends after a while by itself; the
// browser reconnects on its own, perhaps to another host. A client that does not read is cut off: what waits
// for it is a handful of pieces, never more.

import Foundation
import ServiceLifecycle
import Synchronization

/// One event. `id` comes back as `Last-Event-ID` when the browser reconnects.
package struct ServerSentEvent: Sendable, Equatable {
    package let name: String
    package let id: String?
    package let data: String

    package init(_ name: String, id: String? = nil, data: String = "") {
        self.name = name
        self.id = id
        self.data = data
    }

    /// The event as it travels. Line breaks inside the data become several data lines.
    var wire: String {
        var text = "event: \(name)\n"
        if let id { text += "id: \(id)\n" }
        for line in data.split(separator: "\n", omittingEmptySubsequences: false) {
            text += "data: \(line)\n"
        }
        return text + "\n"
    }
}

/// Counts the open event responses of this process.
package final class ListenerLimit: Sendable {
    private let open = Mutex(0)
    private let limit: Int

    package init(_ limit: Int = 1_000) {
        self.limit = limit
    }

    package var count: Int { open.withLock { $0 } }

    /// Takes a place, or throws `.tooManyListeners`; the page then falls back to reloading itself.
    package func enter() throws(WebProblem) -> ListenerPlace {
        let entered = open.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard entered else { throw WebProblem(.tooManyListeners, headers: ["Retry-After": "30"]) }
        return ListenerPlace(limit: self)
    }

    fileprivate func leave() {
        open.withLock { $0 -= 1 }
    }
}

/// A place among the listeners. Given back when the last copy of its response is gone, however it ended.
package final class ListenerPlace: Sendable {
    private let limit: ListenerLimit

    fileprivate init(limit: ListenerLimit) {
        self.limit = limit
    }

    deinit {
        limit.leave()
    }
}

/// An event response: what to send, how often to show that the line is alive, and when to end.
package struct EventFeed: Sendable {
    private let events: AsyncStream<ServerSentEvent>
    private let place: ListenerPlace
    private let heartbeat: Duration
    private let lifetime: Duration

    /// Throws `.tooManyListeners` when the process holds as many as it wants to.
    package init(
        _ events: AsyncStream<ServerSentEvent>, limit: ListenerLimit, heartbeat: Duration = .seconds(15),
        lifetime: Duration = .seconds(600)
    ) throws(WebProblem) {
        self.place = try limit.enter()
        self.events = events
        self.heartbeat = heartbeat
        self.lifetime = lifetime
    }

    package var response: WebResponse {
        WebResponse(
            status: 200,
            headers: [
                "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
            ],
            body: .events(self))
    }

    /// The most pieces that wait for one client.
    private static let unreadLimit = 32

    /// Calls `send` with each piece of text until the feed ends, the client leaves (then `send` throws)
    /// the lifetime is over or the server shuts down; the browser then reconnects to another host.
    ///
    /// - Parameter cut: closes the connection under a `send` that waits for a client which does not read.
    func run(
        _ send: (String) async throws -> Void, cut: @escaping @Sendable () -> Void = {}
    ) async throws {
        let (pieces, source) = AsyncStream<String>.makeStream(
            bufferingPolicy: .bufferingOldest(Self.unreadLimit))
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                for await event in events {
                    guard case .dropped = source.yield(event.wire) else { continue }
                    cut()
                    break
                }
                source.finish()
            }
            group.addTask {
                let end = ContinuousClock.now + lifetime
                while ContinuousClock.now < end {
                    try await Task.sleep(for: heartbeat)
                    if case .dropped = source.yield(": alive\n\n") {
                        cut()
                        break
                    }
                }
                source.finish()
            }
            try await withGracefulShutdownHandler {
                try await send("retry: 3000\n\n")
                for await piece in pieces { try await send(piece) }
            } onGracefulShutdown: {
                source.finish()
            }
        }
    }
}
