import Commerce
import Durable
import Fleet
import Foundation
import Postgres
import Testing
import WebSupport

@testable import Console

@Suite("The last hour, and the log of a run, at the operators' console")
struct ConsolePulseTests {
    private func pulse(_ person: Operator) -> FleetPulse {
        FleetPulse(person.running.runs, Control(person.running.runs))
    }

    @Test("an hour has sixty minutes, of which those that are over are counted once")
    func hour() async throws {
        let person = try await Operator.signedIn(.viewer)
        let pulse = pulse(person)
        let now = Date()
        for _ in 0..<3 { try await person.failedRun(RunID(now: now.addingTimeInterval(-600))) }

        let hour = try await pulse.hour(at: now)
        try await person.failedRun(RunID(now: now.addingTimeInterval(-600)))
        let soon = try await pulse.hour(at: now.addingTimeInterval(1))
        let later = try await pulse.hour(at: now.addingTimeInterval(31))

        #expect(hour.count == FleetPulse.length)
        for (one, next) in zip(hour, hour.dropFirst()) {
            #expect(next.began.timeIntervalSince(one.began) == 60)
        }
        let wanted = now.addingTimeInterval(-600)
        let place = try #require(
            hour.firstIndex { $0.began <= wanted && wanted < $0.began.addingTimeInterval(60) })
        let began = hour[place].began
        #expect(hour[place].accepted >= 3 && hour[place].failed >= 3)
        // Within the pace nothing is asked; then what failed meanwhile is there, and what is over stays.
        #expect(soon.first { $0.began == began } == hour[place])
        #expect(try #require(later.first { $0.began == began }).failed > hour[place].failed)
        #expect(later.first { $0.began == began }?.accepted == hour[place].accepted)
    }

    @Test("a line says in words what it shows, and what it does not know")
    func sentences() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        func line(_ values: [Int?]) -> String {
            let minutes = values.enumerated().map { place, value in
                (began: start.addingTimeInterval(Double(place) * 60), value: value)
            }
            return Sparkline(what: "Runs accepted", minutes: minutes).html.markup
        }

        let known = line([0, 7, 3, 7, 1])
        #expect(known.contains("Runs accepted in each of the last 5 minutes: at most 7, last at 08:03 UTC."))
        #expect(known.components(separatedBy: "<rect").count == 5)
        #expect(known.contains("height=\"24\"") && known.contains("height=\"3\""))
        #expect(line([0, 0]).contains("in each of the last 2 minutes: none."))
        #expect(line([nil, nil]).contains("not known yet"))
        #expect(line([nil, 4]).contains("at most 4, last at 08:01 UTC. Known since 08:01 UTC."))
    }

    @Test("the overview shows the last hour in three lines, without asking another host")
    func overview() async throws {
        let person = try await Operator.signedIn(.viewer)

        let page = try await person.get("/ops")

        #expect(page.body.components(separatedBy: "<svg class=\"spark").count == 4)
        for what in ["Runs accepted in each", "Runs that failed in each", "Runs that stood ready in each"] {
            #expect(page.body.contains("aria-label=\"\(what) of the last 60 minutes"), "\(what)")
        }
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
