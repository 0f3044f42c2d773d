// Webhooks as they came in: what is waiting for its match, what failed and why, and one of them as it is. An
// event that matches nothing yet comes up again by itself; nothing here replays one by hand.

import Commerce
import CommerceStore
import Durable
import Foundation
import WebSupport

extension Console {
    var webhookEndpoints: [Endpoint] {
        [
            privatePage("/ops/webhooks", inboxPage),
            privatePage("/ops/webhooks/{source}/{event}", eventPage),
        ]
    }

    private static let pageSize = 50
    private static let states = ["", "received", "unmatched", "failed", "processed"]

    private func inboxPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let state = request.query["state"].flatMap { Self.states.contains($0) && !$0.isEmpty ? $0 : nil }
        let subject = request.query["subject"].flatMap { $0.isEmpty ? nil : $0 }
        var last: (source: String, id: String)?
        if let source = request.query["source"], let id = request.query["before"], !id.isEmpty {
            last = (source, id)
        }
        let lines = try await oversight.inbox(
            state: state, subject: subject, before: last, limit: Self.pageSize)
        let tallies = try await oversight.inboxTallies()
        let tabs = Self.states.map { each -> HTML in
            let mark: HTML = each == state ?? "" ? " aria-current=\"page\"" : ""
            let count = tallies.first { $0.state == each }.map { " (\($0.count))" } ?? ""
            let path = PageAddress("/ops/webhooks", ["state": each]).with([:])
            return
                "<li><a href=\"\(path)\"\(mark)>\(each.isEmpty ? "All" : each.capitalized)\(count)</a></li>"
        }
        let older =
            lines.count == Self.pageSize
            ? lines.last.map { ["source": $0.source, "before": $0.id] } : nil
        let search = Entry("subject", "Event or object", hint: "evt_…, pi_…")
        return ConsolePage(
            request, title: "Webhooks", admin: admin,
            main: """
                <h1>Webhooks</h1><form method="get" action="/ops/webhooks" class="filters panel">\
                \(search.html(request, []))<div><button>Find</button></div></form>\
                <nav aria-label="States"><ul class="tabs">\(tabs)</ul></nav>\
                \(InboxTable(lines: lines, now: request.receivedAt).html)\
                <p class="pager">\(Pager(request: request, last: older, places: ["source", "before"]).html)\
                </p>
                """
        ).response()
    }

    private func eventPage(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let found = try await oversight.event(
            source: try request.parameter("source"), id: try request.parameter("event"))
        guard let (line, payload) = found else { throw WebProblem(.notFound) }
        let now = request.receivedAt
        let facts = FactList(facts: [
            ("State", InboxTable.state(line)), ("Source", "\(line.source)"), ("Kind", "\(line.kind)"),
            ("About", "\(line.subject ?? "")"),
            ("Store", line.tenant.map { Show.tenant($0.description) } ?? "not known yet"),
            ("Attempts", "\(line.attempts)"), ("Received", Show.time(line.receivedAt, now)),
            ("Processed", Show.time(line.processedAt, now)),
            (
                "Next attempt",
                line.state == "received" || line.state == "unmatched"
                    ? Show.time(line.nextAttemptAt, now) : "none"
            ),
        ])
        let problem: HTML? = line.problem.map { "<div class=\"note bad\"><p>\($0)</p></div>" }
        // An event's body names people and cards; those who only look are shown what it is about.
        let body: HTML =
            admin.role.may(.operate)
            ? Show.json(Payload(json: payload))
            : "<p>Its body takes the role operator or one above it.</p>"
        return ConsolePage(
            request, title: "Webhook \(line.id)", admin: admin,
            main: "<h1>\(line.kind)</h1>\(problem)\(facts.html)<section><h2>As it came</h2>\(body)</section>"
        ).response()
    }
}

struct InboxTable: Sendable {
    let lines: [PlatformOversight.InboxLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Webhooks that came in",
            headings: ["Event", "State", "Kind", "About", "Store", "Attempts", "Received", "Problem"],
            rows: lines.map { line in
                let path =
                    "/ops/webhooks/\(PercentCoding.encode(line.source))/\(PercentCoding.encode(line.id))"
                return [
                    "<a href=\"\(path)\"><code>\(line.id)</code></a> \(source(line))",
                    Self.state(line), "\(line.kind)", "\(line.subject ?? "")",
                    line.tenant.map { Show.tenant($0.description) } ?? .empty, "\(line.attempts)",
                    Show.time(line.receivedAt, now), Show.words(line.problem ?? ""),
                ]
            }, empty: "No webhook matches."
        ).html
    }

    private func source(_ line: PlatformOversight.InboxLine) -> HTML {
        "<span class=\"fine\">\(line.source)</span>"
    }

    static func state(_ line: PlatformOversight.InboxLine) -> HTML {
        switch line.state {
        case "processed": Show.tag(line.state, "good")
        case "failed": Show.tag(line.state, "bad")
        case "unmatched": Show.tag(line.state, "warn")
        default: Show.tag(line.state)
        }
    }
}
