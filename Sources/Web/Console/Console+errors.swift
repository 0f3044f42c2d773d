// What failures have in common: one line per cause, with the latest run as an example and the way to act on
// all of them.

import CommerceStore
import Durable
import Fleet
import Foundation
import WebSupport

extension Console {
    var errorEndpoints: [Endpoint] { [privatePage("/ops/errors", errors)] }

    private static let spans: [(value: String, words: String, hours: Int)] = [
        ("1h", "Last hour", 1), ("24h", "Last 24 hours", 24), ("7d", "Last 7 days", 168),
        ("30d", "Last 30 days", 720),
    ]

    private func errors(_ request: WebRequest, _ admin: Admin) async throws -> WebResponse {
        let span = Self.spans.first { $0.value == request.query["span"] } ?? Self.spans[1]
        let since = request.receivedAt.addingTimeInterval(-TimeInterval(span.hours) * 3600)
        let lines = try await tools.runs.causes(since: since)
        let links = Self.spans.map { each -> HTML in
            let mark: HTML = each.value == span.value ? " aria-current=\"page\"" : ""
            return "<li><a href=\"/ops/errors?span=\(each.value)\"\(mark)>\(each.words)</a></li>"
        }
        return ConsolePage(
            request, title: "Errors", admin: admin,
            main: """
                <h1>Errors</h1><p class="lead">Runs accepted in this time that failed, by cause.</p>\
                <nav aria-label="Time"><ul class="tabs">\(links)</ul></nav>\
                \(CauseTable(lines: lines, now: request.receivedAt).html)
                """
        ).response()
    }
}

struct CauseTable: Sendable {
    let lines: [CauseLine]
    let now: Date

    var html: HTML {
        DataTable(
            caption: "Failures by cause",
            headings: ["Code", "Message", "Where", "Runs", "Last hour", "Stores", "First", "Last", ""],
            rows: lines.map { line in
                let query = [
                    "fingerprint": line.fingerprint, "status": "failed,needs_attention,poisoned",
                ]
                return [
                    "<code>\(line.code)</code>", Show.words(line.message),
                    "\(line.workflows.joined(separator: ", ")) \(line.step ?? "")",
                    "<a href=\"\(PageAddress("/ops/runs", query).with([:]))\">\(line.count)</a>",
                    "\(line.lastHour)", "\(line.tenants)", Show.time(line.firstSeen, now),
                    Show.time(line.lastSeen, now),
                    """
                    for instance \(Show.run(line.example)) · \
                    <a href="\(PageAddress("/ops/bulk/order", query).with([:]))">act on all</a>
                    """,
                ]
            }, empty: "Nothing failed."
        ).html
    }
}
