import Commerce
import Foundation
import Testing

@testable import WebSupport

/// How pages are kept, without a shop: how many, for how long, and who waits for whom.
@Suite("How pages are kept") struct CachedPagesTests {
    private static let start = Date(timeIntervalSince1970: 1_795_000_000)

    private static func site(named name: String = "A") -> StoreSite {
        StoreSite(
            tenant: TenantID(), name: name, languages: [.english], country: .romania, shipping: .eur(0),
            takesOrders: true)
    }

    private static func address(_ path: String, of store: StoreSite) -> PageAddress {
        let request = WebRequest(
            id: "1", method: "GET", path: path, query: [:], headers: [:], authority: "a.test",
            clientAddress: "10.0.0.1", site: .store(store), session: Session(), receivedAt: start)
        return PageAddress(request, query: "")
    }

    private static func shell(_ text: String) -> PageShell {
        PageShell(.html(HTML(text: text)), PageSlots())
    }

    private static func text(_ shell: PageShell) -> String {
        guard case .bytes(let bytes) = shell.response(filling: { _ in "" }).body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - How many

    @Test("pages never take more than their bytes, and what is asked for outlives what is not")
    func bounded() {
        let store = Self.site()
        let state = PageState(version: 1, store: store)
        let fresh = Self.start..<Self.start.addingTimeInterval(60)
        var pages = CachedPages(limit: 64_000)
        let wanted = Self.address("/wanted", of: store)
        pages.keep(
            CachedPages.Page(shell: Self.shell("wanted"), state: state, fresh: fresh), at: wanted)

        for number in 1...500 {
            let page = CachedPages.Page(
                shell: Self.shell(String(repeating: "x", count: 1_000)), state: state, fresh: fresh)
            pages.keep(page, at: Self.address("/p/\(number)", of: store))
            #expect(pages.page(at: wanted) != nil, "after \(number)")
            #expect(pages.bytes <= 64_000)
        }

        #expect(pages.count > 16 && pages.count < 64)
        #expect(pages.page(at: Self.address("/p/1", of: store)) == nil)
        #expect(pages.page(at: Self.address("/p/500", of: store)) != nil)
    }

    @Test("a page that would drive out the others is not kept, nor is what stood in its place")
    func tooLarge() {
        let store = Self.site()
        let state = PageState(version: 1, store: store)
        let fresh = Self.start..<Self.start.addingTimeInterval(60)
        let address = Self.address("/", of: store)
        var pages = CachedPages(limit: 64_000)
        pages.keep(CachedPages.Page(shell: Self.shell("small"), state: state, fresh: fresh), at: address)
        let large = Self.shell(String(repeating: "x", count: 3_000))

        pages.keep(CachedPages.Page(shell: large, state: state, fresh: fresh), at: address)

        #expect(pages.page(at: address) == nil)
        #expect(pages.count == 0 && pages.bytes == 0)
    }

    @Test("a page kept anew takes the place of the one before")
    func replaced() {
        let store = Self.site()
        let state = PageState(version: 1, store: store)
        let fresh = Self.start..<Self.start.addingTimeInterval(60)
        let address = Self.address("/", of: store)
        var pages = CachedPages(limit: 64_000)
        for text in ["one", "two", "six"] {
            pages.keep(CachedPages.Page(shell: Self.shell(text), state: state, fresh: fresh), at: address)
        }

        #expect(pages.page(at: address).map { Self.text($0.shell) } == "six")
        #expect(pages.count == 1 && pages.bytes < 1_000)
    }

    // MARK: - For how long

    @Test("a page stands with the version, the store and its own time, and ends with the first of them")
    func endings() async throws {
        let clock = PageClock()
        let (version, made) = (Tally(1), Tally())
        let cache = PageCache(
            bytes: 64_000, now: { clock.now }, readVersion: { _ in Int64(version.value) })
        let store = Self.site()
        let address = Self.address("/", of: store)
        func ask(_ store: StoreSite) async throws -> String {
            let shell = try await cache.shell(at: address, of: store, for: 10) {
                Self.shell("\(made.next())")
            }
            return Self.text(shell)
        }

        #expect(try await ask(store) == "1")
        _ = version.next()
        #expect(try await ask(store) == "1", "the version is believed for a second")
        clock.advance(1)
        #expect(try await ask(store) == "2")
        clock.advance(9)
        #expect(try await ask(store) == "2")
        clock.advance(1)
        #expect(try await ask(store) == "3", "its own time is over")
        clock.advance(-3600)
        #expect(try await ask(store) == "4", "a clock that was set back makes nothing young")
        let changed = StoreSite(
            tenant: store.tenant, name: "B", languages: store.languages, country: store.country,
            shipping: store.shipping, takesOrders: false)
        #expect(try await ask(changed) == "5", "the store is another")
        #expect(try await ask(changed) == "5")
    }

    @Test("a version that cannot be read is an error, and no page")
    func noVersion() async throws {
        let store = Self.site()
        let cache = PageCache(
            bytes: 64_000, versionSeconds: 0, readVersion: { _ in throw WebProblem(.unavailable) })

        await #expect(throws: WebProblem.self) {
            try await cache.shell(at: Self.address("/", of: store), of: store, for: 10) {
                Self.shell("a page")
            }
        }
    }

    // MARK: - Who waits for whom

    @Test("what many need at once is made once")
    func once() async throws {
        let work = SharedWork<String, Int>()
        let made = Tally()
        let (isOpen, open) = AsyncStream<Void>.makeStream()

        let values = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            for _ in 1...10 {
                group.addTask {
                    let found = try await work.value(for: "page") {
                        for await _ in isOpen { break }
                        return made.next()
                    }
                    return (found.value, found.isShared)
                }
            }
            while work.waitingCount(for: "page") < 9 { await Task.yield() }
            #expect(try await work.value(for: "another page") { 7 }.value == 7, "nobody else waits")
            open.yield()
            return try await group.reduce(into: [(Int, Bool)]()) { $0.append($1) }
        }

        #expect(values.map(\.0) == Array(repeating: 1, count: 10))
        #expect(values.count { $0.1 } == 9)
        #expect(try await work.value(for: "page") { 8 }.value == 8, "it is over with the value")
    }

    @Test("who goes away leaves the work to one of those who wait, and the others wait on")
    func wentAway() async throws {
        let work = SharedWork<String, Int>()
        let tries = Tally()
        let (isOpen, open) = AsyncStream<Void>.makeStream()
        defer { open.finish() }
        let visit = { @Sendable () async throws -> Int in
            try await work.value(for: "page") {
                let number = tries.next()
                guard number == 1 else { return number }
                for await _ in isOpen { break }
                throw CancellationError()
            }.value
        }
        // All are awaited below.
        let first = Task { try await visit() }
        while tries.value < 1 { await Task.yield() }
        let others = (1...4).map { _ in Task { try await visit() } }
        while work.waitingCount(for: "page") < 4 { await Task.yield() }

        first.cancel()

        await #expect(throws: CancellationError.self) { try await first.value }
        for other in others { #expect(try await other.value == 2) }
    }

    @Test("nobody queues behind a failure: who waited does the work for himself")
    func failure() async throws {
        let work = SharedWork<String, Int>()
        let tries = Tally()
        let (isOpen, open) = AsyncStream<Void>.makeStream()

        let outcomes = await withTaskGroup(of: Int?.self) { group in
            for _ in 1...5 {
                group.addTask {
                    // That it failed is the outcome.
                    let found = try? await work.value(for: "page") {
                        let number = tries.next()
                        guard number == 1 else { return number }
                        for await _ in isOpen { break }
                        throw WebProblem(.notFound)
                    }
                    return found?.value
                }
            }
            while work.waitingCount(for: "page") < 4 { await Task.yield() }
            open.yield()
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }

        #expect(outcomes.count { $0 == nil } == 1)
        #expect(Set(outcomes.compactMap(\.self)) == [2, 3, 4, 5])
    }
}
