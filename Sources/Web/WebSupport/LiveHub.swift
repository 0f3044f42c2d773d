// One subscription to the fleet's news for a whole process, fanned out to its open pages. It is made with the
// first listener and ends with the last. What a page is told is bounded in size and in pace; whoever does not
// read is cut off (see `EventFeed`). Where the news cannot be had, pages are told to look for themselves at a
// slow pace: live pages are a comfort, and their loss is never an error.

import Commerce
import Foundation
import Synchronization

package final class LiveHub: Sendable {
    /// What is heard of the fleet. Nil means: from here on news are heard, and some may have been missed.
    package typealias News = AsyncStream<[LiveNews]?>

    package struct Pace: Sendable {
        /// Between two messages to one page.
        package var update: Duration = .seconds(1)
        /// How often it is asked whether the news still come, and whether each listener may still hear them.
        package var pulse: Duration = .seconds(15)

        package init() {}
    }

    /// How a listener is woken, and told that it gave way to a newer one.
    private struct Wake {
        let source: AsyncStream<Void>.Continuation
        let gaveWay: @Sendable () -> Void

        func yield() { source.yield() }
        func finish() { source.finish() }
    }

    private struct State {
        var book = LiveBook()
        var wakes: [Int: Wake] = [:]
        var listening: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let pace: Pace
    private let news: @Sendable () -> News
    private let isReachable: @Sendable () async -> Bool

    /// - Parameters:
    ///   - news: opens the news of the fleet.
    ///   - isReachable: whether the news can come at all just now.
    package init(
        pace: Pace = Pace(), isReachable: @escaping @Sendable () async -> Bool = { true },
        news: @escaping @Sendable () -> News
    ) {
        self.pace = pace
        self.isReachable = isReachable
        self.news = news
    }

    /// Hears nothing, so that its pages look for themselves.
    package static func deaf() -> LiveHub {
        LiveHub(isReachable: { false }) { AsyncStream { $0.finish() } }
    }

    /// What may have changed, a list whenever it is time to look; the stream ends when `mayHear` says no,
    /// when the owner leaves, and with its reader.
    ///
    /// - Parameters:
    ///   - topics: what the caller has found this listener may hear.
    ///   - owner: the session; `end` takes it.
    ///   - account: whose session it is, where that is known: its streams are counted over all sessions.
    ///   - since: what the page knows already, as a version or the moment it was made.
    ///   - gaveWay: called, once, when this listener is ended because the account or session opened more
    ///     pages than may listen.
    ///   - mayHear: asked again at every pulse.
    func listen(
        to topics: Set<LiveTopic>, owner: String, account: String? = nil, since: Int64?,
        gaveWay: @escaping @Sendable () -> Void = {},
        while mayHear: @escaping @Sendable () async -> Bool
    ) throws(WebProblem) -> AsyncStream<[LiveBook.Change]> {
        let (wakes, source) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let wake = Wake(source: source, gaveWay: gaveWay)
        let (added, displaced) = state.withLock { state -> (Int?, [Wake]) in
            // The newest page is the one that is looked at; most old ones are gone, which is not known yet.
            var displaced: [Wake] = []
            while let oldest = state.book.inTheWay(of: owner, account: account) {
                if let wake = state.wakes.removeValue(forKey: oldest) { displaced.append(wake) }
                state.book.remove(oldest)
            }
            let number = state.book.add(topics, owner: owner, account: account, since: since, at: Self.now)
            if let number { state.wakes[number] = wake }
            return (number, displaced)
        }
        for old in displaced {
            // First why, then the end: whoever reads the end asks why.
            old.gaveWay()
            old.finish()
        }
        guard let number = added else {
            throw WebProblem(.tooManyListeners, headers: ["Retry-After": "30"])
        }
        startListening()
        wake.yield()
        // A reader that has not taken the last list gets the next one in its place only after a while; so
        // there are never more than a few.
        let (lists, told) = AsyncStream<[LiveBook.Change]>.makeStream(bufferingPolicy: .bufferingNewest(4))
        // Ends with the listener, who cancels it through the stream's end, or with its right to hear; it
        // owns nothing but its place, which it gives back.
        let watch = Task {
            await tell(number, wakes, told, mayHear)
            leave(number)
            told.finish()
        }
        told.onTermination = { _ in watch.cancel() }
        return lists
    }

    private func tell(
        _ number: Int, _ wakes: AsyncStream<Void>, _ source: AsyncStream<[LiveBook.Change]>.Continuation,
        _ mayHear: @Sendable () async -> Bool
    ) async {
        var asked = ContinuousClock.now
        for await _ in wakes {
            if ContinuousClock.now - asked >= pace.pulse / 2 {
                guard await mayHear() else { return }
                asked = .now
            }
            let changes = state.withLock { $0.book.take(number) }
            guard !changes.isEmpty else { continue }
            source.yield(changes)
            // Everything that happens meanwhile goes into the next message. Cancelled with the listener.
            do { try await Task.sleep(for: pace.update) } catch { return }
        }
    }

    /// Ends the streams of a session that is over, at once in this process; others notice at their next
    /// pulse.
    package func end(owner: String) {
        let ended = state.withLock { state in state.book.streams(of: owner).compactMap { state.wakes[$0] } }
        for wake in ended { wake.finish() }
    }

    /// How many listen.
    package var count: Int { state.withLock { $0.wakes.count } }

    private func leave(_ number: Int) {
        let last = state.withLock { state -> Task<Void, Never>? in
            state.book.remove(number)
            state.wakes[number] = nil
            guard state.book.isEmpty else { return nil }
            defer { state.listening = nil }
            return state.listening
        }
        last?.cancel()
    }

    // MARK: The news

    private func startListening() {
        state.withLock { state in
            guard state.listening == nil else { return }
            // Cancelled when the last listener leaves; nobody awaits it, since it owns only the subscription.
            state.listening = Task { [self] in
                await withTaskGroup { group in
                    group.addTask { await self.hear() }
                    group.addTask { await self.keepPulse() }
                }
            }
        }
    }

    private func hear() async {
        for await heard in news() {
            note { book in
                guard let heard else { return book.listening(at: Self.now) }
                return book.heard(heard, at: Self.now)
            }
        }
        guard !Task.isCancelled else { return }
        note { book in
            book.deaf()
            return book.changeAll(at: Self.now)
        }
    }

    private func keepPulse() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: pace.pulse) } catch { return }
            let isReachable = await isReachable()
            note { book in
                // Woken without anything to tell, a listener is asked whether it may still hear.
                isReachable && book.isHearing ? book.everybody : book.changeAll(at: Self.now)
            }
        }
    }

    private func note(_ body: (inout LiveBook) -> Set<Int>) {
        let woken = state.withLock { state in body(&state.book).compactMap { state.wakes[$0] } }
        for wake in woken { wake.yield() }
    }

    /// The moment in milliseconds.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
