import Commerce
import CommerceStore
import Durable
import Foundation
import Testing

@testable import WebSupport

/// The events and the moving parts of pages, over HTTP.
@Suite("Live pages")
struct LivePageTests {
    // MARK: Operators

    @Test("an operator's page is told when a run changes, and its stream ends when they sign out")
    func operators() async throws {
        let person = try await Operator.signedIn(.operator)
        let run = try await person.failedRun()
        let (seen, source) = AsyncStream<String>.makeStream()
        async let stream = person.listen("run:\(run)") { text in
            source.yield(text)
            return false
        }
        func versions(_ text: String) -> [Int64] {
            text.components(separatedBy: "data: run:\(run) ").dropFirst().compactMap {
                Int64($0.prefix { $0.isNumber })
            }
        }
        // What may have been missed is told at once; then the retry is an event of its own, later.
        var before: Int64 = 0
        for await text in seen {
            guard let last = versions(text).last else { continue }
            before = last
            break
        }
        let asked = Int64(Date().timeIntervalSince1970 * 1000)
        let form = [
            "reason": "again", "epoch": "7", "status": "failed", "once": UUID().uuidString.lowercased(),
        ]
        #expect(try await person.post("/ops/runs/\(run)/retry", form).status == 303)
        for await text in seen where versions(text).contains(where: { $0 > max(before, asked) }) { break }

        #expect(try await person.post("/ops/sign-out", [:]).status == 303)

        let answer = try await stream
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "text/event-stream")
        #expect(answer.body.contains("event: end"))
    }

    @Test("only who is signed in at the console hears of runs, and only of what there is")
    func operatorsTopics() async throws {
        let viewer = try await Operator.signedIn(.viewer)
        let stranger = try await Operator.make(.viewer)

        #expect(try await stranger.get("/sse?topics=fleet").status == 401)
        let tooMany = (0...LiveTopic.limit).map { _ in "run:\(UUID())" }.joined(separator: ",")
        for topics in ["", "secrets", "run:7", "fleet,secrets", "store:7", tooMany] {
            #expect(try await viewer.get("/sse?topics=\(topics)").status == 404, "\(topics)")
        }
        let heard = try await viewer.listen("fleet") { $0.contains("event: changed") }
        #expect(heard.body.contains("data: fleet "))
    }

    @Test("the moving parts come alone, and once while they stay the same")
    func parts() async throws {
        let person = try await Operator.signedIn(.viewer)
        let mark = "live-\(UUID())"
        let run = try await person.failedRun(label: mark)

        for path in ["/ops?", "/ops/queues?", "/ops/runs?label=mark%3D\(mark)&", "/ops/runs/\(run)?"] {
            let whole = try await person.get(String(path.dropLast()))
            let parts = try await person.get("\(path)fragment=live")
            #expect(parts.status == 200, "\(path)")
            #expect(!parts.body.contains("<html") && parts.body.contains("class=\"live\""), "\(path)")
            #expect(!parts.body.contains("fragment=live"), "\(path)")
            #expect(parts.headers["etag"] != nil, "\(path)")
            // A run that is over moves no more.
            let isOver = path.contains("\(run)?")
            #expect(whole.body.contains("id=\"live-bar\"") != isOver, "\(path)")
            #expect(whole.body.contains("aria-keyshortcuts=\"p\"") != isOver, "\(path)")
            #expect(parts.body.contains("id=\"live-over\"") == isOver, "\(path)")
        }
        let list = "/ops/runs?label=mark%3D\(mark)&fragment=live"
        let first = try await person.get(list)
        #expect(first.body.contains("<tr id=\"run-\(run)\">"))
        let tag = try #require(first.headers["etag"])
        #expect(try await person.get(list, headers: ["If-None-Match": tag]).status == 304)
        try await person.failedRun(label: mark)
        let changed = try await person.get(list, headers: ["If-None-Match": tag])
        #expect(changed.status == 200 && changed.headers["etag"] != tag)
    }

    @Test("what a page asks by itself does not keep an administrator signed in")
    func idle() async throws {
        let person = try await Operator.signedIn(.viewer)
        let token = try #require(person.session.flatMap { SecretToken(presented: $0) })
        let admins = person.running.admins
        let almost = Date().addingTimeInterval(Admins.idle - 60)
        let later = Date().addingTimeInterval(Admins.idle + 60)

        #expect(try await admins.find(token, at: almost, isVisit: false) != nil)
        #expect(try await admins.find(token, at: later, isVisit: false) == nil)
        #expect(try await admins.find(token, at: almost) != nil)
        #expect(try await admins.find(token, at: later, isVisit: false) != nil)
    }

    // MARK: Merchants

    @Test("a merchant hears of the stores they are a member of, and of nothing else")
    func merchants() async throws {
        let made = try await MerchantOrder.made(as: .viewer)
        let stranger = try await Merchant.signedUp()
        let own = try await stranger.openStore().store
        let visitor = try await Merchant.visitor()

        #expect(try await visitor.get("/sse?topics=store:\(made.store)").status == 401)
        let others = [
            "store:\(made.store)", "store:\(own),store:\(made.store)", "fleet", "run:\(UUID())",
            "store:\(UUID().uuidString.lowercased())",
        ]
        for topics in others {
            #expect(try await stranger.get("/sse?topics=\(topics)").status == 404, "\(topics)")
        }
        let (seen, source) = AsyncStream<Bool>.makeStream()
        async let stream = made.merchant.listen("store:\(made.store)") { text in
            source.yield(text.contains("event: changed"))
            return false
        }
        for await isTold in seen where isTold { break }

        #expect(try await made.merchant.post("/sign-out", [:]).status == 303)

        let answer = try await stream
        #expect(answer.body.contains("data: store:\(made.store) "))
        #expect(answer.body.contains("event: end"))
    }

    @Test("a merchant's pages give their moving parts alone, to members only")
    func merchantsParts() async throws {
        let made = try await MerchantOrder.made()
        let stranger = try await Merchant.signedUp()

        for page in [made.root, "\(made.root)/orders", made.page] {
            #expect(try await made.merchant.get(page).body.contains("data-topics=\"store:\(made.store)\""))
            let parts = try await made.merchant.get("\(page)?fragment=live")
            #expect(parts.status == 200 && !parts.body.contains("<html"), "\(page)")
            let tag = try #require(parts.headers["etag"])
            let again = try await made.merchant.get("\(page)?fragment=live", headers: ["If-None-Match": tag])
            #expect(again.status == 304, "\(page)")
            #expect(try await stranger.get("\(page)?fragment=live").status == 404, "\(page)")
        }
    }
}
