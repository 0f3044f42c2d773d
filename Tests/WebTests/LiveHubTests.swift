import Commerce
import Foundation
import Synchronization
import Testing

@testable import WebSupport

/// From the fleet's news to a page, without a server between.
@Suite("Live news")
struct LiveHubTests {
    private let run = UUID()

    private var quick: LiveHub.Pace {
        var pace = LiveHub.Pace()
        pace.update = .milliseconds(1)
        pace.pulse = .milliseconds(20)
        return pace
    }

    /// Hears what the test says, and pulses too rarely to be noticed.
    private func hub() -> (LiveHub, LiveHub.News.Continuation) {
        let (news, source) = LiveHub.News.makeStream()
        var pace = quick
        pace.pulse = .seconds(600)
        return (LiveHub(pace: pace) { news }, source)
    }

    @Test("a listener is told of its own topics, with versions that rise")
    func told() async throws {
        let (hub, news) = hub()
        var lists = try hub.listen(to: [.run(run)], owner: "me", since: nil) { true }.makeAsyncIterator()
        let first = await lists.next()
        news.yield(nil)
        let second = await lists.next()
        news.yield([LiveNews(run: UUID(), tenant: nil)])
        news.yield([LiveNews(run: UUID(), tenant: nil), LiveNews(run: run, tenant: nil)])

        let third = await lists.next()

        for list in [first, second, third] { #expect(list?.map(\.topic) == [.run(run)]) }
        let versions = [first, second, third].compactMap { $0?.first?.version }
        #expect(versions.count == 3 && versions == Set(versions).sorted())
    }

    @Test("the streams of a session end with it, and those of others do not")
    func leaving() async throws {
        let (hub, news) = hub()
        var mine = try hub.listen(to: [.fleet], owner: "me", since: nil) { true }.makeAsyncIterator()
        var other = try hub.listen(to: [.fleet], owner: "another", since: nil) { true }.makeAsyncIterator()
        _ = await mine.next()
        _ = await other.next()

        hub.end(owner: "me")

        let end = await mine.next()
        #expect(end == nil)
        news.yield(nil)
        let next = await other.next()
        #expect(next != nil)
    }

    @Test("who may not hear any more is cut off at the next pulse")
    func rights() async throws {
        let (news, _) = LiveHub.News.makeStream()
        let hub = LiveHub(pace: quick) { news }
        let mayHear = Mutex(true)
        let lists = try hub.listen(to: [.fleet], owner: "me", since: nil) { mayHear.withLock { $0 } }
        mayHear.withLock { $0 = false }

        for await _ in lists {}

        #expect(!mayHear.withLock { $0 })
    }

    @Test("without news the pages are told to look, again and again")
    func deaf() async throws {
        let hub = LiveHub(pace: quick, isReachable: { false }) { LiveHub.News { $0.finish() } }
        var lists = try hub.listen(to: [.run(run)], owner: "me", since: nil) { true }.makeAsyncIterator()

        for _ in 0..<3 {
            let list = await lists.next()
            #expect(list?.map(\.topic) == [.run(run)])
        }
    }

    @Test("one session has a few streams, of which the oldest gives way to the newest")
    func oldest() async throws {
        let (hub, _) = hub()
        let lists = try (0..<LiveBook.perOwner).map { _ in
            try hub.listen(to: [.fleet], owner: "me", since: nil) { true }
        }

        let newest = try hub.listen(to: [.fleet], owner: "me", since: nil) { true }

        #expect(lists.count == hub.count)
        // Ends, or this test does not.
        for await _ in lists[0] {}
        #expect(lists.count == hub.count)
        withExtendedLifetime(newest) {}
    }

    @Test("of an account's pages the newest listen, and the one that gives way is told why it ends")
    func account() async throws {
        let (hub, _) = hub()
        let gaveWay = Mutex<[Int]>([])
        let lists = try (0...LiveBook.perAccount).map { place in
            try hub.listen(
                to: [.fleet], owner: "session \(place)", account: "ana", since: nil,
                gaveWay: { gaveWay.withLock { $0.append(place) } }
            ) { true }
        }
        let other = try hub.listen(to: [.fleet], owner: "session", account: "ion", since: nil) { true }

        // Ends, or this test does not.
        for await _ in lists[0] {}

        #expect(gaveWay.withLock { $0 } == [0])
        #expect(hub.count == LiveBook.perAccount + 1)
        withExtendedLifetime((lists, other)) {}
    }

    @Test("a page that gave way is told when to come back, and one whose session ends is not")
    func comeback() async throws {
        let (hub, _) = hub()
        let desk = LiveDesk(hub: hub, limit: ListenerLimit())
        func open(_ session: String) throws -> EventFeed {
            let request = WebRequest(
                id: "1", method: "GET", path: "/sse", query: [:], headers: [:], authority: "app.test",
                clientAddress: "127.0.0.1", site: .dashboard, session: Session(), receivedAt: Date())
            let response = try desk.response(
                [.fleet], to: request, owner: session, account: "ana", while: { true })
            guard case .events(let feed) = response.body else {
                throw RawHTTPError(message: "no events: \(response.status)")
            }
            return feed
        }
        func heard(_ feed: EventFeed) async throws -> String {
            let pieces = Mutex("")
            try await feed.run({ piece in pieces.withLock { $0 += piece } })
            return pieces.withLock { $0 }
        }
        let first = try open("first")
        let others = try (0..<LiveBook.perAccount).map { try open("session \($0)") }

        let displaced = try await heard(first)
        hub.end(owner: "session 0")
        let ended = try await heard(others[0])

        #expect(displaced.contains("event: full\ndata: \(LiveDesk.comebackSeconds)\n"))
        #expect(!displaced.contains("event: end"))
        #expect(ended.contains("event: end") && !ended.contains("event: full"))
    }

    @Test("a client that does not read is cut off, and what waited for it is let go")
    func slowClient() async throws {
        let (events, source) = AsyncStream<ServerSentEvent>.makeStream()
        for _ in 0..<100 { source.yield(ServerSentEvent("changed")) }
        let limit = ListenerLimit()
        let (cuts, cut) = AsyncStream<Void>.makeStream()

        await #expect(throws: RawHTTPError.self) {
            try await EventFeed(events, limit: limit).run(
                { _ in
                    for await _ in cuts { throw RawHTTPError(message: "the connection is closed") }
                }, cut: { cut.yield() })
        }

        #expect(limit.count == 0)
    }

    @Test("the order page of a shop looks when the fleet tells of the shop")
    func orderPage() async throws {
        let (hub, _) = hub()
        let site = StoreSite(
            tenant: TenantID(rawValue: UUID()), name: "Shop", languages: [.english], country: .romania,
            shipping: .eur(0), takesOrders: true)

        for await _ in HeardProgress(hub).changes(token: "token", for: site) { break }
    }
}
