import Commerce
import Foundation
import Testing

@testable import WebSupport

/// The book behind a reference, so that an expectation may turn its pages.
private final class OpenBook {
    private var book = LiveBook()

    var isHearing: Bool { book.isHearing }

    func add(
        _ topics: Set<LiveTopic>, owner: String, account: String? = nil, since: Int64?, at now: Int64
    ) -> Int? {
        book.add(topics, owner: owner, account: account, since: since, at: now)
    }

    func inTheWay(of owner: String, account: String?) -> Int? {
        book.inTheWay(of: owner, account: account)
    }

    @discardableResult
    func heard(_ news: [LiveNews], at now: Int64) -> Set<Int> { book.heard(news, at: now) }

    @discardableResult
    func listening(at now: Int64) -> Set<Int> { book.listening(at: now) }

    func deaf() { book.deaf() }
    func changeAll(at now: Int64) -> Set<Int> { book.changeAll(at: now) }
    func take(_ number: Int) -> [LiveBook.Change] { book.take(number) }
    func remove(_ number: Int) { book.remove(number) }
    func streams(of owner: String) -> Set<Int> { book.streams(of: owner) }
}

/// What is told to whom, event by event.
@Suite("Who listens to what")
struct LiveBookTests {
    private let run = UUID()
    private let store = TenantID(rawValue: UUID())

    /// A book that hears since 1,000, with one listener who knows everything up to 10,000.
    private func opened(_ topics: Set<LiveTopic>, since: Int64? = 10_000) throws -> (OpenBook, Int) {
        let book = OpenBook()
        let first = try #require(book.add([.fleet], owner: "somebody else", since: nil, at: 900))
        book.listening(at: 1_000)
        _ = book.take(first)
        let number = try #require(book.add(topics, owner: "me", since: since, at: 10_000))
        return (book, number)
    }

    @Test("many changes of a topic are one message, with the latest version")
    func coalescing() throws {
        let (book, number) = try opened([.store(store)])
        for moment in 0..<Int64(100) {
            let woken = book.heard([LiveNews(run: UUID(), tenant: store)], at: 20_000 + moment)
            #expect(woken.contains(number))
        }

        #expect(book.take(number) == [LiveBook.Change(topic: .store(store), version: 20_099)])
        #expect(book.take(number).isEmpty)
    }

    @Test("nobody is told of another's store or run")
    func others() throws {
        let (book, number) = try opened([.store(store), .run(run)])

        let woken = book.heard(
            [LiveNews(run: UUID(), tenant: TenantID(rawValue: UUID())), LiveNews(run: UUID(), tenant: nil)],
            at: 20_000)

        #expect(!woken.contains(number))
        #expect(book.take(number).isEmpty)
    }

    @Test("versions rise even when the clock does not")
    func versions() throws {
        let (book, number) = try opened([.run(run)])
        var last: Int64 = 0
        for moment: Int64 in [30_000, 30_000, 29_000, 31_000] {
            book.heard([LiveNews(run: run, tenant: nil)], at: moment)
            let version = try #require(book.take(number).first?.version)
            #expect(version > last)
            last = version
        }
    }

    @Test("a page that knows everything is told nothing; one that may have missed something is")
    func since() throws {
        let (book, number) = try opened([.run(run)])
        #expect(book.take(number).isEmpty)
        book.heard([LiveNews(run: run, tenant: nil)], at: 20_000)

        let late = try #require(book.add([.run(run)], owner: "a", since: 30_000, at: 30_000))
        let early = try #require(book.add([.run(run)], owner: "b", since: 19_000, at: 30_000))
        let older = try #require(book.add([.run(run)], owner: "c", since: 500, at: 30_000))
        let unknown = try #require(book.add([.run(run)], owner: "d", since: nil, at: 30_000))

        #expect(book.take(late).isEmpty)
        for number in [early, older, unknown] { #expect(book.take(number).count == 1) }
    }

    @Test("when the news begin again, or cannot be had, everybody looks for themselves")
    func gaps() throws {
        let (book, number) = try opened([.run(run), .store(store)])

        #expect(book.listening(at: 20_000).contains(number))
        #expect(book.take(number).count == 2)
        book.deaf()
        #expect(book.changeAll(at: 21_000).contains(number))
        #expect(book.take(number).count == 2)
        #expect(!book.isHearing)
    }

    @Test("one session has a few streams and no more, and gets its places back")
    func perSession() throws {
        let book = OpenBook()
        let numbers = (0..<LiveBook.perOwner).compactMap { _ in
            book.add([.fleet], owner: "me", since: nil, at: 1)
        }

        #expect(numbers.count == LiveBook.perOwner)
        #expect(book.add([.fleet], owner: "me", since: nil, at: 1) == nil)
        #expect(book.add([.fleet], owner: "another", since: nil, at: 1) != nil)
        #expect(book.streams(of: "me") == Set(numbers))
        book.remove(numbers[0])
        #expect(book.add([.fleet], owner: "me", since: nil, at: 1) != nil)
    }

    @Test("one account has so many streams over all its sessions, and the oldest of them gives way")
    func perAccount() throws {
        let book = OpenBook()
        let numbers = (0..<LiveBook.perAccount).compactMap { place in
            book.add([.fleet], owner: "session \(place)", account: "ana", since: nil, at: 1)
        }

        #expect(numbers.count == LiveBook.perAccount)
        #expect(book.inTheWay(of: "another session", account: "ana") == numbers.min())
        #expect(book.add([.fleet], owner: "another session", account: "ana", since: nil, at: 1) == nil)
        #expect(book.inTheWay(of: "another session", account: "ion") == nil)
        #expect(book.inTheWay(of: "another session", account: nil) == nil)
        book.remove(numbers[0])
        #expect(book.inTheWay(of: "another session", account: "ana") == nil)
        #expect(book.add([.fleet], owner: "another session", account: "ana", since: nil, at: 1) != nil)
        #expect(book.inTheWay(of: "another session", account: "ana") == numbers[1])
    }

    @Test("what is remembered of topics is bounded, and what was forgotten counts as changed")
    func bounded() throws {
        let book = try opened([.fleet]).0
        book.heard([LiveNews(run: run, tenant: nil)], at: 20_000)
        for moment in 0..<Int64(50) {
            book.heard((0..<100).map { _ in LiveNews(run: UUID(), tenant: nil) }, at: 21_000 + moment)
        }

        let number = try #require(book.add([.run(run)], owner: "a", since: 20_500, at: 30_000))
        #expect(book.take(number).count == 1)
    }

    @Test(
        "a topic is read as it is written, and nothing else is one",
        arguments: ["", "run", "run:", "run:7", "store:", "store:x", "fleet:1", "order:1", "Fleet", ":"])
    func topics(text: String) {
        #expect(LiveTopic(text) == nil)
        for topic in [LiveTopic.fleet, .run(run), .store(store)] { #expect(LiveTopic(topic.text) == topic) }
    }
}
