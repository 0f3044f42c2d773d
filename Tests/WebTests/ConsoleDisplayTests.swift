import CommerceStore
import Durable
import Fleet
import Foundation
import Testing

@testable import Console
@testable import WebSupport

@Suite("How the operators' console tells times, and what it can be asked by key")
struct ConsoleDisplayTests {
    /// 20:14:05 in Bucharest.
    private let instant = Date(timeIntervalSince1970: 1_795_371_245)
    private let bucharest = TimeZone(identifier: "Europe/Bucharest") ?? .gmt

    @Test("an instant is told in the reader's zone with UTC beside it, and read back by the same clock")
    func zones() {
        #expect(ReaderZone.whole(instant) == "22 Nov 2026 18:14:05 UTC")
        #expect(ReaderZone.instant("2026-11-22 18:14:05") == instant)
        ReaderZone.$current.withValue(bucharest) {
            let whole = ReaderZone.whole(instant)
            #expect(whole.hasPrefix("22 Nov 2026 20:14:05 ") && whole.hasSuffix(" (18:14:05 UTC)"))
            #expect(Show.time(instant, instant).markup.contains("title=\"\(whole)\""))
            #expect(Show.clock(instant).markup.contains(">2026-11-22 20:14:05"))
            #expect(ReaderZone.instant("2026-11-22 20:14:05") == instant)
            #expect(ReaderZone.instant("2026-11-22 20:14") == instant.addingTimeInterval(-5))
        }
        #expect(ReaderZone.instant("yesterday") == nil)
        #expect(ReaderZone.instant("2026-11-22T18:14:05Z") == nil)
        #expect(ReaderZone.named("Mars/Olympus") == nil && ReaderZone.named("UTC") == .gmt)
    }

    @Test("the zone and the colours are kept for the browser, and every page says which zone holds")
    func display() async throws {
        let person = try await Operator.signedIn(.viewer)
        #expect(try await person.get("/ops").body.contains("times in UTC"))
        let wrong = try await person.post("/ops/display", ["zone": "Mars/Olympus", "scheme": "dark"])
        #expect(wrong.status == 422 && wrong.body.contains("id=\"zone-error\""))

        let done = try await person.post("/ops/display", ["zone": "Europe/Bucharest", "scheme": "dark"])

        #expect(done.status == 303)
        let page = try await person.get("/ops/runs").body
        #expect(page.contains("times in Europe/Bucharest") && page.contains("data-scheme=\"dark\""))
    }

    @Test("every page lists its keys and brings their script; those who are not signed in get neither")
    func keys() async throws {
        let person = try await Operator.signedIn(.viewer)

        let page = try await person.get("/ops/queues").body

        #expect(page.contains("<dialog id=\"keys\" aria-labelledby=\"keys-title\">"))
        #expect(page.contains("<kbd>g r</kbd>") && page.contains(ConsoleKeys.asset.path))
        #expect(try await person.get(ConsoleKeys.asset.path).status == 200)
        let outside = try await (try await Operator.make(.viewer)).get("/ops/sign-in").body
        #expect(!outside.contains("<dialog") && !outside.contains(ConsoleKeys.asset.path))
    }

    @Test("the button that holds a page still says in words that it does not yet")
    func held() async throws {
        let page = try await Operator.signedIn(.viewer).get("/ops/queues").body

        #expect(page.contains("aria-pressed=\"true\" aria-keyshortcuts=\"p\">Live updates: on</button>"))
        #expect(page.contains(">Single keys: on</button>"))
    }

    @Test("runs are filtered by version and by attempts, and what is no number is said at the field")
    func filters() async throws {
        let person = try await Operator.signedIn(.viewer)
        let mark = UUID().uuidString.prefix(8).lowercased()
        let run = try await person.failedRun(workflow: "versioned_\(mark)")
        let name = try #require(try await person.running.runs.detail(run)).line.workflow

        let first = try await person.get("/ops/runs?workflow=\(name)&version=1").body
        let second = try await person.get("/ops/runs?workflow=\(name)&version=2").body
        let trying = try await person.get("/ops/runs?workflow=\(name)&attempts=1").body
        let wrong = try await person.get("/ops/runs?version=one")

        #expect(first.contains("run-\(run)\""))
        #expect(!second.contains("run-\(run)\"") && !trying.contains("run-\(run)\""))
        #expect(wrong.status == 422 && wrong.body.contains("id=\"version-error\""))
        var filter = RunFilter()
        filter.workflow = name.rawValue
        #expect(try await person.running.runs.estimate(filter) >= 0)
    }

    @Test("a timeline is zoomed, paged and drawn with idle time by its address")
    func timeline() async throws {
        let person = try await Operator.signedIn(.viewer)
        let run = try await person.failedRun()
        _ = try await person.running.engine.execute(
            """
            insert into engine.step (run, name, item, epoch, attempt, failed, output, started_at, ended_at)
            select \(run.rawValue), 'many', n::text, 6, 1, false, '1',
                clock_timestamp() - interval '40 s', clock_timestamp() - interval '39 s'
            from generate_series(1, 250) n
            """)

        let whole = try await person.get("/ops/runs/\(run)").body
        let rest = try await person.get("/ops/runs/\(run)?skip=200").body
        let outside = try await person.get("/ops/runs/\(run)?from=2020-01-01%2000:00&to=2020-01-02%2000:00")
        let idle = try await person.get("/ops/runs/\(run)?idle=shown").body

        #expect(whole.contains("Steps 1 to 200 of 252") && whole.contains("skip=200\">Later</a>"))
        #expect(rest.contains("Steps 201 to 252 of 252") && rest.contains(">Earlier</a>"))
        #expect(outside.status == 200 && outside.body.contains("No step is on record in this span"))
        #expect(outside.body.contains(">Whole run</a>"))
        #expect(idle.contains("Idle time is drawn") && !idle.contains("class=\"cut\""))
        #expect(whole.contains("<span class=\"axis\">") && whole.contains("Zoom in</a>"))
        let tab = try await person.get("/ops/runs/\(run)?tab=logs").body
        #expect(tab.contains("aria-current=\"page\">Logs</a>"))
    }
}
