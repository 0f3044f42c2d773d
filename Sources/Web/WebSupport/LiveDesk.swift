// Opens the event stream of a page whose face has found that it may hear the topics. Events carry the topic
// and its version; the id is the version, which the browser brings back when it reconnects. A page that gives
// way to newer ones of the same account is told so, and when to come back: it asks by itself until then,
// instead of pushing out another one at once.

import Foundation

package struct LiveDesk: Sendable {
    /// After so many seconds a page that gave way tries again: other pages may be closed by then.
    static let comebackSeconds = 120

    package let hub: LiveHub
    private let limit: ListenerLimit

    /// - Parameter limit: how many pages of the face may listen in this process.
    package init(hub: LiveHub, limit: ListenerLimit) {
        self.hub = hub
        self.limit = limit
    }

    /// - Parameters:
    ///   - owner: the session; `LiveHub.end` takes it.
    ///   - account: whose session it is: streams are counted over all sessions of one account.
    ///   - mayHear: whether it still may, asked every few seconds.
    package func response(
        _ topics: Set<LiveTopic>, to request: WebRequest, owner: String, account: String,
        while mayHear: @escaping @Sendable () async -> Bool
    ) throws(WebProblem) -> WebResponse {
        let since = [request.headers["last-event-id"], request.query["since"]]
            .compactMap { $0.flatMap { Int64($0) } }.max()
        let gaveWay = Noted<Bool>()
        let lists = try hub.listen(
            to: topics, owner: owner, account: account, since: since, gaveWay: { gaveWay.note(true) },
            while: mayHear)
        let (events, source) = AsyncStream<ServerSentEvent>.makeStream(
            bufferingPolicy: .bufferingNewest(2 * LiveTopic.limit))
        // Ends with the lists, or is cancelled through the stream's end when the reader goes away; it owns
        // nothing but the two.
        let pass = Task {
            for await list in lists {
                for change in list {
                    source.yield(
                        ServerSentEvent(
                            "changed", id: "\(change.version)",
                            data: "\(change.topic.text) \(change.version)"))
                }
            }
            // The page asks once more and learns why it has ended.
            source.yield(
                gaveWay.value == true
                    ? ServerSentEvent("full", data: "\(Self.comebackSeconds)") : ServerSentEvent("end"))
            source.finish()
        }
        source.onTermination = { _ in pass.cancel() }
        return try EventFeed(events, limit: limit).response
    }
}
