import Commerce
import Durable
import Fleet
import Foundation
import Postgres
import Testing
import WebSupport

@testable import CommerceStore
@testable import Console

@Suite("The figures of the day, and the log of a run, at the operators' console")
struct ConsolePulseTests {
    @Test("webhooks that wait and orders that nobody forwarded are noted for the day")
    func pulse() async throws {
        let person = try await Operator.signedIn(.viewer)
        let samples = Samples(person.running.engine)
        let now = Date()

        try await ShopPulse(
            PlatformOversight(person.running.database), PlatformOrders(person.running.database), samples
        ).note(at: now)

        let day = try await samples.lastDay(at: now)
        for name in [SampleName.inboxLag, .unforwarded, .inbox("failed"), .inbox("unmatched")] {
            #expect(day[name]?.last?.value != nil, "\(name.rawValue)")
        }
    }

    @Test("the lag of the inbox is the age of the oldest event that nobody has handled")
    func lag() {
        let now = Date()
        func lag(_ tallies: [PlatformOversight.InboxTally]) -> Double {
            ShopFigures(inbox: tallies, late: 0).inboxLag(at: now)
        }
        let unmatched = PlatformOversight.InboxTally(
            state: "unmatched", count: 1, oldest: now.addingTimeInterval(-900))
        let received = PlatformOversight.InboxTally(
            state: "received", count: 2, oldest: now.addingTimeInterval(-30))

        #expect(lag([unmatched]) == 0)
        #expect(lag([unmatched, received]) == 30)
    }

    @Test("a line says in words what it shows, and what it does not know")
    func sentences() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        func line(_ values: [Double?]) -> String {
            let points = values.enumerated().map { place, value in
                Samples.Quarter(began: start.addingTimeInterval(Double(place) * 900), value: value)
            }
            return Sparkline(what: "Runs", span: Sparkline.day, points: points).html.markup
        }
        let words = "Runs, highest of each quarter hour in 24 hours"

        let known = line([0, 7, 3, 7, 1])
        #expect(known.contains("\(words): at most 7, last at 08:45 UTC."))
        #expect(known.components(separatedBy: "h3v").count == 5)
        #expect(known.contains("v-24h3") && known.contains("v-3h3"))
        #expect(line([0, 0]).contains("\(words): none."))
        #expect(line([nil, nil]).contains("not known yet"))
        #expect(line([nil, 4]).contains("at most 4, last at 08:15 UTC. Known since 08:15 UTC."))
        ReaderZone.$current.withValue(TimeZone(identifier: "Europe/Bucharest") ?? .gmt) {
            #expect(line([4]).contains("last at 10:00"))
        }
    }

    @Test("each figure on the overview that was noted shows its day, and says what it is")
    func overview() async throws {
        let person = try await Operator.signedIn(.viewer)
        let now = Date()
        try await Samples(person.running.engine).note([.live(.running): 41, .stepLatency: 90], at: now)

        let page = try await person.get("/ops")

        for what in [
            "Runs started within a minute", "Runs running", "Runs ready", "Runs waiting: signal",
            "Runs failed of 24 hours", "Age of the oldest ready run", "Age of the oldest step",
            "What 95 of 100 steps took at most", "Lag of the inbox", "Webhooks unmatched",
            "Orders paid and not forwarded",
        ] {
            #expect(page.body.contains("aria-label=\"\(what)"), "\(what)")
        }
        #expect(page.body.contains("at most 1 m 30 s"))
        #expect(page.body.contains("title=\"p95 of the last attempt of each step"))
        #expect(!page.body.contains("cannot be read"))
    }

    @Test("the log tells what was recorded of a run in order, as text, and where the rest is")
    func log() async throws {
        let person = try await Operator.signedIn(.operator)
        let run = try await person.failedRun(message: "it <b>broke</b>")
        let slow = try JSONB(
            encoding: FailureRecord(code: "slow", message: "too slow", step: "fragile"))
        _ = try await person.running.engine.execute(
            """
            insert into engine.attempt (run, name, item, number, counts, error, started_at, next_at)
            select run, name, item, 1, true, \(slow), started_at - interval '0.5 s', started_at
            from engine.step where run = \(run.rawValue) and name = 'fragile'
            """)

        let page = try await person.get("/ops/runs/\(run)?tab=logs").body

        let story = [
            "accepted: checkout_to_fulfilment", "before: attempt 1 began", "before: done, after",
            "fragile: attempt 1 began, and failed: too slow", "fragile: failed for good",
            "ended: failed: it &lt;b&gt;broke&lt;/b&gt;",
        ]
        let places = story.map { page.firstRange(of: $0)?.lowerBound }
        for (line, place) in zip(story, places) { #expect(place != nil, "\(line)") }
        let found = places.compactMap(\.self)
        #expect(found == found.sorted())
        #expect(page.contains("lines with <code>run</code> <code>\(run)</code>"))

        let act = ["reason": "the <vendor> is back", "epoch": "7", "status": "failed"]
        #expect(try await person.post("/ops/runs/\(run)/retry", act).status == 303)
        let after = try await person.get("/ops/runs/\(run)?tab=logs").body
        #expect(after.contains("<strong>retry</strong>, because: the &lt;vendor&gt; is back"))
    }
}
