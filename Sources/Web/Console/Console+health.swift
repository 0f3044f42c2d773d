// How the platform itself is: who leads its duties, who works, what waits and for how long, and whether the
// history has room for the weeks to come. Each part is read by itself, so that one which cannot be read says
// so and the others stand.

import CommerceStore
import Fleet
import Foundation
import WebSupport

extension Console {
    var healthEndpoints: [Endpoint] { [privatePage("/ops/health", healthPage)] }

    private func healthPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let now = request.receivedAt
        let parts = [
            await panel("Leaders", request) {
                LeaderTable(lines: try await LeaderLine.all(tools.pool), now: now).html
            },
            await panel("Queues", request) { QueueTable(lines: try await tools.control.queues()).html },
            await panel("Workers", request) {
                WorkerTable(lines: try await tools.control.workers(), now: now).html
            },
            await panel("Lag", request) { try await lag(now) },
            await panel("Storage", request) {
                StorageFacts(status: try await StorageStatus.read(tools.pool, now: now), now: now).html
            },
        ]
        let live = LivePart("health", "\(parts)")
        var page = ConsolePage(
            request, title: "Health", admin: admin, main: "<h1>Health</h1>\(live.html)")
        page.live = LivePage([.fleet], pace: 5, pollSeconds: 15, [live])
        page.refreshSeconds = 15
        return page.response()
    }

    /// How far what was accepted is behind.
    private func lag(_ now: Date) async throws -> HTML {
        let census = try await tools.runs.census()
        let findings = try await tools.runs.findings()
        let inbox = try await oversight.inboxTallies()
        let late = try await tools.schedules.list().filter { $0.lag >= .seconds(1) }
        var facts: [(String, HTML)] = [
            ("Oldest ready run", "\(census.oldestReady.map { Show.duration($0) } ?? "none")"),
            ("Runs nowhere, or in two places", "\(findings.count)"),
            (
                "Schedules that are late",
                late.isEmpty
                    ? "none"
                    : "\(late.map { "\($0.name) by \(Show.duration($0.lag))" }.joined(separator: ", "))"
            ),
        ]
        for tally in inbox {
            facts.append(
                ("Webhooks \(tally.state)", "\(tally.count), oldest \(Show.time(tally.oldest, now))"))
        }
        return "<section><h2>Lag</h2>\(FactList(facts: facts).html)</section>"
    }
}

struct LeaderTable: Sendable {
    let lines: [LeaderLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Who leads", headings: ["Duty", "State", "Where", "Term", "Since", "Until"],
            rows: lines.map { line in
                [
                    "\(line.duty)", line.isHeld ? Show.tag("held", "good") : Show.tag("nobody", "bad"),
                    "\(line.host)", "\(String(line.term))", Show.time(line.since, now),
                    Show.time(line.expires, now),
                ]
            }, empty: "No process has done a duty yet: start one with `cartflux schedule`."
        ).html
    }
}

struct StorageFacts: Sendable {
    let status: StorageStatus
    let now: Date

    var html: HTML {
        let isShort = status.weeksAhead < HistoryKeeper.leastWeeksAhead
        let facts = FactList(facts: [
            (
                "Weeks of history ready ahead",
                "\(status.weeksAhead) \(isShort ? Show.tag("too few", "bad") : Show.tag("enough", "good"))"
            ),
            ("Open findings of the scanner", "\(status.openFindings)"),
            ("People whose data can be read", "\(String(status.subjects))"),
            ("People who were erased", "\(String(status.erased))"),
            ("Keys past their time", "\(String(status.expiredKeys))"),
        ])
        let tables = DataTable(
            caption: "Tables that are always written",
            headings: ["Table", "Rows", "Dead rows", "Kilobytes", "Updates in place", "Last vacuum"],
            rows: status.tables.map { table in
                [
                    "\(table.name)", "\(String(table.rows))", "\(String(table.deadRows))",
                    "\(String(table.bytes / 1024))", "\(table.hot.percent) %",
                    Show.time(table.lastVacuum, now),
                ]
            })
        return "<section><h2>Storage</h2>\(facts.html)</section>\(tables.html)"
    }
}
