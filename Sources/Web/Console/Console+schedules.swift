// Schedules: when each fires next by the clock of its own zone, what became of its last times, and the two
// things that people do to them.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var scheduleEndpoints: [Endpoint] {
        [
            privatePage("/ops/schedules", scheduleList),
            privatePage("/ops/schedules/{name}") { request, admin in
                try await schedulePage(request, admin, []).response()
            },
            privateForm("/ops/schedules/{name}/{verb}", may: .operate, actOnSchedule),
        ]
    }

    private func scheduleList(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let now = request.receivedAt
        let rows = try await tools.schedules.list().map { line -> [HTML] in
            let path = "/ops/schedules/\(PercentCoding.encode(line.name.rawValue))"
            let name: HTML = "<a href=\"\(path)\">\(line.name.rawValue)</a>"
            guard let stored = line.stored else {
                return [name, "\(line.workflow.rawValue)", .empty, .empty, .empty, "\(line.problem ?? "")"]
            }
            return [
                name, "\(line.workflow.rawValue)",
                "\("\(stored.schedule.rule)") \("\(stored.schedule.zone)")",
                stored.next.map { "\("\($0.local)") (\(Show.time($0.instant, now)))" } ?? "never",
                line.lag < .seconds(1) ? .empty : "\(Show.duration(line.lag))",
                Self.state(stored, line.isRunning),
            ]
        }
        return ConsolePage(
            request, title: "Schedules", admin: admin,
            main: "<h1>Schedules</h1>"
                + DataTable(
                    caption: "Schedules",
                    headings: ["Schedule", "Workflow", "Rule", "Next", "Late", "State"], rows: rows,
                    empty: "No schedule is declared yet."
                ).html
        ).response()
    }

    private static func state(_ stored: StoredSchedule, _ isRunning: Bool) -> HTML {
        if stored.retiredAt != nil { return Show.tag("retired") }
        if let pause = stored.pause { return "\(Show.tag("paused", "warn")) by \(pause.by): \(pause.reason)" }
        return isRunning ? Show.tag("active, a run is alive", "now") : Show.tag("active", "good")
    }

    private func schedulePage(
        _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) async throws -> ConsolePage {
        let name = ScheduleName(try request.parameter("name"))
        let detail: ScheduleDetail
        do {
            detail = try await tools.schedules.detail(name, upTo: 10)
        } catch SchedulesError.noSuchSchedule {
            throw WebProblem(.notFound)
        }
        let now = request.receivedAt
        let schedule = detail.stored.schedule
        let facts = FactList(facts: [
            ("State", Self.state(detail.stored, false)), ("Workflow", "\(detail.stored.workflow.rawValue)"),
            ("Rule", "\("\(schedule.rule)")"), ("Zone", "\("\(schedule.zone)")"),
            ("A skipped local time", "\(schedule.gap.rawValue.replacing("_", with: " "))"),
            ("A repeated one", "\(schedule.repeated.rawValue)"), ("Overlap", "\(schedule.overlap.rawValue)"),
            ("Missed times", "\("\(schedule.catchUp)")"),
            ("Last", Show.time(detail.stored.lastNominal, now)),
        ])
        let next = DataTable(
            caption: "Next times", headings: ["By its clock", "From UTC", "Instant"],
            rows: detail.upcoming.enumerated().map { place, next in
                let before = place == 0 ? now : detail.upcoming[place - 1].instant
                return [
                    "\("\(next.local)")", Self.offset(next.instant, since: before, in: schedule.zone),
                    Show.clock(next.instant),
                ]
            },
            empty: "No time to come.")
        let last = DataTable(
            caption: "Last times", headings: ["Nominal", "Kind", "Outcome", "Why", "Run", "Who"],
            rows: detail.firings.map { firing in
                [
                    Show.clock(firing.nominal), "\(firing.kind)", "\(firing.outcome?.rawValue ?? "")",
                    "\(firing.reason ?? "")", firing.run.map { Show.run($0) } ?? .empty,
                    "\(firing.actor ?? "")",
                ]
            }, empty: "It has not fired yet.")
        return ConsolePage(
            request, title: "Schedule \(name.rawValue)", admin: admin,
            main: """
                <h1>\(name.rawValue)</h1>\(ErrorSummary.html(problems))\(facts.html)\
                \(forms(detail, request, admin, problems))\(next.html)\(last.html)
                """)
    }

    /// How far the zone's clocks are from UTC then, and whether they change on the way there.
    private static func offset(_ instant: Date, since before: Date, in zone: ScheduleZone) -> HTML {
        guard let zone = TimeZone(identifier: zone.name) else { return .empty }
        let seconds = zone.secondsFromGMT(for: instant)
        let minutes = abs(seconds) / 60
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let told = "\(seconds < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
        let change: HTML? =
            zone.secondsFromGMT(for: before) == seconds ? nil : Show.tag("clocks change before", "warn")
        return "\(told) \(change)"
    }

    /// What came of it last, for who is about to start it once more.
    private static func last(_ firings: [FiringLine]) -> String {
        guard let last = firings.first else { return " It has not fired yet." }
        let outcome = last.outcome.map { $0.rawValue.replacing("_", with: " ") } ?? "not decided yet"
        return " Its last time was \(ReaderZone.whole(last.nominal)): \(outcome)."
    }

    private func forms(
        _ detail: ScheduleDetail, _ request: WebRequest, _ admin: Admin, _ problems: [FieldError]
    ) -> HTML {
        guard admin.role.may(.operate) else { return .empty }
        let stored = detail.stored
        let pause = stored.pause == nil ? ("pause", "Pause") : ("resume", "Resume")
        let verbs = [
            (pause.0, pause.1, "What comes due while it is paused is not owed."),
            (
                "run-now", "Run now",
                "Starts one run beside the series, which goes on as it was. What the workflow does once per "
                    + "period, such as a month's invoices, it does not do twice."
                    + Self.last(detail.firings)
            ),
        ]
        let forms = verbs.map { verb, title, words -> HTML in
            let path = "/ops/schedules/\(PercentCoding.encode(stored.schedule.name.rawValue))/\(verb)"
            let wasSent = request.method == "POST" && request.path.hasSuffix("/\(verb)")
            let reason = Entry("reason", "Why", hint: "Kept in the audit.", id: "\(verb)-reason")
            let open: HTML = wasSent ? " open" : ""
            return """
                <details\(open)><summary>\(title)</summary>\
                <form method="post" action="\(path)" class="stack">\
                \(request.tokenField)<input type="hidden" name="once" value="\(UUID().uuidString)">\
                <p class="fine">\(words)</p>\
                \(reason.html(request, wasSent ? problems : [], wasSent: wasSent))\
                <p><button>\(title)</button></p></form></details>
                """
        }
        return "<div class=\"verbs\">\(forms)</div>"
    }

    private func actOnSchedule(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let name = ScheduleName(try request.parameter("name"))
        guard let mandate = mandate(request, admin) else {
            let problem = FieldError("reason", "Say why, in up to 1,000 characters: the audit keeps it.")
            return try await schedulePage(request, admin, [problem]).response(status: 422)
        }
        let path = "/ops/schedules/\(PercentCoding.encode(name.rawValue))"
        do {
            switch try request.parameter("verb") {
            case "pause": try await tools.schedules.pause(name, by: mandate)
            case "resume": try await tools.schedules.resume(name, by: mandate)
            case "run-now":
                let once = request.form["once"].flatMap { UUID(uuidString: $0) }?.uuidString
                let run = try await tools.schedules.runNow(name, once: once, by: mandate)
                return .seeOther("/ops/runs/\(run)")
            default: throw WebProblem(.notFound)
            }
        } catch SchedulesError.noSuchSchedule {
            throw WebProblem(.notFound)
        } catch let error as SchedulesError {
            return try await schedulePage(request, admin, [FieldError("run", "\(error)")]).response(
                status: 409)
        }
        return .seeOther(path)
    }
}
